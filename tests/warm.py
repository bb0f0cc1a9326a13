#!/usr/bin/env python3
"""Ten thousand requests with warm starts, every answer compared with a cold one, and what is too slow for each run.

  tests/warm.py [REQUESTS]     WATCHDOG names another binary

Ends with "N passed, N failed". A difference in one of ten thousand requests is a difference: those are not tried twice.
Of the other tests some are about time, which a busy machine can spoil: what fails is run once more, and the output says
so.
"""

import os
import re
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "e2e"))
sys.dont_write_bytecode = True

import fork_test  # noqa: E402
import harness  # noqa: E402
from warm_differential import Differential  # noqa: E402
from warm_support import has_socket  # noqa: E402
from warm_surroundings_test import Programs, Reading  # noqa: E402

REQUESTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
# (language, kind, mode, share of the requests)
SERIES = [("php", "zygote", "streaming", 0.15), ("php -n", "zygote", "streaming", 0.1),
          ("python3", "zygote", "streaming", 0.2), ("perl", "zygote", "streaming", 0.2),
          ("bash", "zygote", "streaming", 0.2), ("php", "zygote", "serializing", 0.02),
          ("python3", "zygote", "classic", 0.03), ("bash", "zygote", "serializing", 0.02),
          ("perl", "zygote", "classic", 0.02), ("php", "spare", "streaming", 0.02),
          ("python3", "spare", "serializing", 0.02), ("perl", "spare", "streaming", 0.01),
          ("bash", "auto", "classic", 0.01)]
CONTRACTS = ((fork_test.StreamingContract, "zygote"), (fork_test.StreamingContract, "spare"),
             (fork_test.StreamingContract, "auto"), (fork_test.SerializingContract, "zygote"),
             (fork_test.ClassicContract, "spare"))
# Tests of cold starts that look at what a function did before any request, which a warm start does ahead of it.
AHEAD = ("test_a_path_that_cannot_be_decoded_runs_nothing", "test_the_function_starts_when_the_body_is_complete",
         "test_a_client_that_goes_while_it_uploads_starts_nothing", "test_head_runs_the_function_and_sends_no_body")
# What auto compares is still running where a function does not end by itself.
ENDLESS = re.compile("ignores_term|was_stopped|exec_timeout_(answers|takes)|the_group_dies")


def series(language, kind, mode, share):
    name = f"{language} {kind} {mode}".title().replace(" ", "").replace("-", "")
    fields = {"language": language, "kind": kind, "mode": mode, "requests": int(REQUESTS * share), "largest": 2_000_000}
    return type(name, (Differential, harness.Case), fields)


def is_ahead(pid):
    """Whether a process is one that waits for a request, or was started by it: its session's leader has a socket."""
    try:
        return has_socket(os.getsid(pid))
    except ProcessLookupError:
        return False


def contract(case, kind):
    """The contract of a mode that starts a process for each request, with warm starts."""
    def start(self, *arguments, **options):
        options.setdefault("warm_start", kind)
        dog = case.start(self, *arguments, **options)
        processes = dog.processes
        dog.processes = lambda: [pid for pid in processes() if not is_ahead(pid)]
        return dog

    return type(f"{kind.title()}{case.__name__}", (case,), {"start": start})


def main():
    suite = unittest.TestSuite()
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    for each in SERIES:
        suite.addTests(load(series(*each)))
    for kind in ("spare", "auto"):
        for case in (Programs, Reading):
            suite.addTests(load(type(f"{kind.title()}{case.__name__}", (case,), {"kind": kind})))
    for case, kind in CONTRACTS:
        for test in load(contract(case, kind)):
            name = test._testMethodName
            if name not in AHEAD and not (kind == "auto" and ENDLESS.search(name)):
                suite.addTest(test)
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    problems = {getattr(test, "test_case", test) for test, _ in result.failures + result.errors + result.skipped}
    bad = sum(isinstance(test, Differential) or fails_again(test) for test in problems)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    return 1 if bad or not result.testsRun else 0


def fails_again(test):
    again = unittest.TestResult()
    type(test)(test._testMethodName).run(again)
    failed = not again.wasSuccessful() or bool(again.skipped)
    print(f"{'FAIL' if failed else 'ok  '} {test.id()}: at the second try")
    return failed


if __name__ == "__main__":
    sys.exit(main())
