#!/usr/bin/env python3
"""Runs examples and templates on a real engine: containerd with runc and CNI, in namespaces of its own.

  run.py [NAME]...     NAME: a part of module.Class.test

As root. Ends with one line, "N passed, N failed". A step that cannot run fails.
"""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import place  # noqa: E402

MODULES = ("every_image", "without_ipv6", "health_and_exit_codes", "log_lines", "out_of_memory", "faasd_order",
           "replacement")
PROGRAMS = {"containerd": "containerd", "runc": "runc", "podman": "podman", "debootstrap": "debootstrap",
            "unshare": "util-linux", "ip": "iproute2", "git": "git",
            "/usr/lib/cni/bridge": "containernetworking-plugins"}
OWN_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


class Result(unittest.TestResult):
    """A line for each test."""

    def startTest(self, test):
        super().startTest(test)
        self.start = time.monotonic()

    def _say(self, word, test, text=""):
        _, module_class, name = f".{test.id()}".rsplit(".", 2)
        sentence = name.removeprefix("test_").replace("_", " ")
        print(f"{word} {module_class}: {sentence} ({time.monotonic() - self.start:.1f} s)\n{text}", end="", flush=True)

    def addSuccess(self, test):
        self._say("ok  ", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._say("FAIL", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._say("FAIL", test, self.errors[-1][1])


def tests(names):
    for module in MODULES:
        for suite in unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(module)):
            chosen = [test for test in suite if not names or any(name in test.id() for name in names)]
            if chosen:
                yield suite.__class__(chosen)


def run_tests(names):
    """In the namespaces that the engine has."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    import case
    import containers
    start = time.monotonic()
    engine = case.load()
    print(f"The kernel has control groups of version {containers.group_version()}: "
          + ("an end of a whole container for want of memory is that of its PID 1 or its server."
             if containers.group_version() == 1 else "the memory of a container is one group."))
    print(f"containerd runs, and has {len(case.IMAGES)} images after {time.monotonic() - start:.0f} s", flush=True)
    result = Result()
    try:
        unittest.TestSuite(tests(names)).run(result)
    finally:
        engine.close()
    failed = len({test.id() for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 0 if result.testsRun and not failed else 1


def prepare():
    import images
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    start = time.monotonic()
    try:
        notes = images.prepare()
    except images.CannotBuild as error:
        print(error)
        return 1
    print("\n".join(notes))
    print(f"the images of {len(images.dockerfiles())} Dockerfiles were made in {time.monotonic() - start:.0f} s",
          flush=True)
    return 0


def remove_control_groups():
    """What is left of them when all processes have gone."""
    for folder in Path("/sys/fs/cgroup").glob(f"*{place.CONTROL_GROUP}"):
        for path, _, _ in os.walk(folder, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(path)


def missing():
    """The packages whose programs are not there."""
    return sorted({package for program, package in PROGRAMS.items()
                   if subprocess.run(["sh", "-c", f"command -v {program}"], capture_output=True).returncode})


def main(names):
    if names[:1] == ["--prepare"]:
        return prepare()
    if names[:1] == ["--tests"]:
        return run_tests(names[1:])
    problem = None
    if os.geteuid() != 0:
        problem = "Please run it as root: it starts containers."
    elif missing():
        problem = f"Please install {' '.join(missing())}; tests/run.sh engine does."
    elif not place.BINARY.exists():
        problem = f"There is no {place.BINARY}: build it first (./examples/run.sh --build)."
    if problem:
        print(f"{problem}\n0 passed, 1 failed")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which ends what we have started
    here = [sys.executable, __file__]
    try:
        if subprocess.run([*OWN_NAMESPACES, *here, "--prepare"]).returncode != 0:
            print("0 passed, 1 failed")
            return 1
        return subprocess.run([*OWN_NAMESPACES, "--net", *here, "--tests", *names]).returncode
    finally:
        remove_control_groups()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
