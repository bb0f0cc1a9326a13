#!/usr/bin/env python3
"""Runs the end-to-end tests, several classes at a time, and ends with "N passed, N failed".

  run.py [-j JOBS] [--without MODULE]... [NAME]...     NAME: a part of module.Class.test

Some tests are about time, which a busy machine can spoil: up to MOST_SECOND_TRIES that fail are run
once more at the end, each alone, and the output says so. What a sanitizer reports is final.
"""

import argparse
import concurrent.futures
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import harness  # noqa: E402

MOST_SECOND_TRIES = 4
TIME_LIMIT = 240 * harness.PATIENCE  # seconds a class


def tests_of(case):
    return unittest.defaultTestLoader.getTestCaseNames(case)


def classes(without):
    for path in sorted(HERE.glob("*_test.py")):
        if path.stem in without:
            continue
        module = importlib.import_module(path.stem)
        for case in vars(module).values():
            if isinstance(case, type) and issubclass(case, unittest.TestCase) and \
                    case.__module__ == module.__name__ and tests_of(case):
                yield case


def run_here(class_name, tests, report):
    """Runs tests of one class in this process; writes what came of them as JSON."""
    module, _, name = class_name.partition(".")
    case = getattr(importlib.import_module(module), name)
    suite = unittest.TestSuite(case(test) for test in tests)
    result = unittest.TestResult()
    suite.run(result)
    problems = {}
    for test, text in result.failures + result.errors:
        test = getattr(test, "test_case", test)  # of a subTest
        problems[test.id()] = problems.get(test.id(), "") + text
    for test in result.unexpectedSuccesses:
        problems[test.id()] = "unexpected success"
    for test, reason in result.skipped:
        problems[test.id()] = f"skipped: {reason}"
    Path(report).write_text(json.dumps({"run": result.testsRun, "problems": problems}))


def run_apart(class_name, tests):
    """Runs tests of one class in a process of their own. Returns the names of those that failed, the
    seconds it took, and what there is to say."""
    start = time.monotonic()
    with tempfile.NamedTemporaryFile() as report:
        process = subprocess.Popen(
            [sys.executable, __file__, "--report", report.name, "--class", class_name, *tests],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True)
        try:
            output, _ = process.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"\n{class_name} took more than {TIME_LIMIT} s"
        seconds = time.monotonic() - start
        try:
            outcome = json.loads(Path(report.name).read_text())
        except ValueError:
            return set(tests), seconds, f"FAIL {class_name} gave no result\n{output}"
    problems = outcome["problems"]
    text = "".join(f"FAIL {test}\n{problem}\n" for test, problem in problems.items())
    if problems:
        text += output
    failed = {test.rpartition(".")[2] for test in problems}
    if outcome["run"] < len(tests) or not failed <= set(tests):
        failed = set(tests)
    return failed, seconds, text


def try_again(failures):
    """Runs each failed test alone. Returns how many failed again."""
    again = 0
    for class_name, test in failures:
        failed, seconds, text = run_apart(class_name, [test])
        again += len(failed)
        print(f"{'FAIL' if failed else 'ok  '} {class_name}.{test}: alone, at the second try, in "
              f"{seconds:.1f} s\n{text}", flush=True)
    return again


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-j", "--jobs", type=int, default=5)
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--report", help=argparse.SUPPRESS)
    parser.add_argument("--class", dest="class_name", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.class_name:
        return run_here(options.class_name, options.names, options.report)
    if not harness.BINARY.exists():
        print(f"no {harness.BINARY}: build it first (./examples/run.sh --build)")
        print("0 passed, 1 failed")
        return 1

    jobs = {"together": [], "alone": []}
    # The longest first, so that nothing is left to wait for at the end.
    for case in sorted(classes(options.without),
                       key=lambda case: (not getattr(case, "long", False), -len(tests_of(case)))):
        name = f"{case.__module__}.{case.__name__}"
        tests = [test for test in tests_of(case)
                 if not options.names or any(part in f"{name}.{test}" for part in options.names)]
        if tests:
            jobs["alone" if getattr(case, "alone", False) else "together"].append((name, tests))

    passed = final = 0
    failures = []
    for kind, workers in (("together", options.jobs), ("alone", 1)):
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            running = {pool.submit(run_apart, *job): job for job in jobs[kind]}
            for done in concurrent.futures.as_completed(running):
                name, tests = running[done]
                bad, seconds, text = done.result()
                passed += len(tests) - len(bad)
                if "Sanitizer" in text or "runtime error" in text:
                    final += len(bad)
                else:
                    failures += [(name, test) for test in sorted(bad)]
                print(f"{'ok  ' if not bad else 'FAIL'} {name}: {len(tests) - len(bad)} passed"
                      f"{f', {len(bad)} failed' if bad else ''} in {seconds:.1f} s", flush=True)
                if text:
                    print(text, flush=True)
    failed = final + len(failures)
    if 0 < len(failures) <= MOST_SECOND_TRIES:
        failed = final + try_again(failures)
        passed += final + len(failures) - failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
