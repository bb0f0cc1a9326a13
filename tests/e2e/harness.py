"""What every end-to-end test stands on: a running watchdog and waits with a deadline.

$WATCHDOG_WORKERS is how many workers each runs (unset: its default).
"""

import contextlib
import functools
import itertools
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import uuid
from pathlib import Path

from client import Client, head  # noqa: F401, for the tests
from under_test import (BINARY, COMMAND, EXIT_INTERNAL, EXIT_UNAVAILABLE, EXIT_USAGE, FUNCTIONS, PATIENCE, ROOT,  # noqa: F401
                        SANITIZER, STATIC)

SANITIZER_REPORT = re.compile(
    r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:).*")
TAG = "FWATCHDOG_TEST"


def until(condition, timeout=5.0, what="the condition"):
    """Waits until `condition()` is true and returns what it returned."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout * PATIENCE} s for {what}")
        time.sleep(0.005)


def free_port():
    """One that is free, from below those that the system gives to clients: none can come between."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@functools.cache
def refusal(*command):
    """The last word of `command` where it is not allowed here; None where it is."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no word"])[-1]


def demand(right, *command):
    """Fails at once, in one line, where a right is missing that a test needs: `command` uses it."""
    why = refusal(*command)
    if why is not None:
        raise AssertionError(f"this test needs the right to {right}, which is not given here: {why}")


def demand_rights_of(wrapper):
    """The same for what is put before the watchdog."""
    if "unshare" in wrapper:
        words = wrapper[wrapper.index("unshare") + 1:]
        flags = list(itertools.takewhile(lambda word: word.startswith("-"), words))
        demand(f"unshare {' '.join(flags)}", "unshare", *flags, "true")
        if "--mount" in flags:
            demand("mount", "unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
    elif any("setpriv" in word for word in wrapper):
        demand("become another user and look at its processes", "sh", "-c",
               "setpriv --reuid=1000 --regid=1000 --clear-groups sleep 1 & "
               'until [ "$(cat /proc/$!/comm)" != sh ]; do :; done; cat /proc/$!/environ')


def process_status(pid):
    """Fields of /proc/PID/status; None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def environment_of(pid):
    """Its variables as bytes; none where it has ended. In the midst of its exec a process shows none for a moment."""
    for _ in range(5):
        try:
            text = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return []
        status = process_status(pid)
        if text or not status or "VmSize" not in status:  # the kernel's own and zombies have no memory
            return text.split(b"\0")
        time.sleep(0.001)
    return []


def expected_port(environment):
    """The port that a watchdog with this environment listens on; 0 is one that it picks."""
    platforms = environment.get("PORT") if "K_SERVICE" in environment else None
    return int(environment.get("port") or platforms or "8080")


class Watchdog:
    """A running watchdog in its own folder, with a clean environment and its own processes.

    Arguments are its command line, keywords its environment (None takes a variable away). `wrapper`
    is put before the command; `read_log=False` leaves its output unread; `leaves=True` allows it to
    leave processes behind; `current_folder` is another one than its own; `binary` is another one than
    the binary under test.
    """

    def __init__(self, *arguments, wrapper=(), read_log=True, leaves=False, current_folder=None, binary=BINARY,
                 **variables):
        self.folder = Path(tempfile.mkdtemp(prefix="fwatchdog-test-"))
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        self.lock = self.tmp / ".lock"
        self._leaves = leaves
        self._tag = uuid.uuid4().hex
        self._output = {"stdout": bytearray(), "stderr": bytearray()}
        self._changed = threading.Condition()
        self._pid = None
        self._closed = False
        environment = {"PATH": os.environ["PATH"], "TMPDIR": str(self.tmp), "port": "0",
                       "metrics_port": "0", TAG: self._tag}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        if "WATCHDOG_WORKERS" in os.environ:
            environment["workers"] = os.environ["WATCHDOG_WORKERS"]
        for name, value in variables.items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = str(value)
        self.environment = environment
        demand_rights_of(wrapper)
        self._wrapped = bool(wrapper)
        self.process = subprocess.Popen(
            [*wrapper, *COMMAND[:-1], str(binary), *map(str, arguments)], env=environment,
            cwd=current_folder or self.folder, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._readers = []
        if read_log:
            for name in self._output:
                reader = threading.Thread(target=self._read, args=(name,), daemon=True)
                reader.start()
                self._readers.append(reader)
        try:
            self._await_port(read_log, expected_port(environment))
        except BaseException:
            self._kill_all()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _await_port(self, read_log, port):
        if read_log and port == 0:
            found = self.wait_log(r"Listening on port: (\d+)", 10)
            self.port = int(found.group(1))
            return
        self.port = port

        def accepts():
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}\n{self.log()}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return True
            except OSError:
                return False

        until(accepts, 10, f"port {port} to accept")

    def _read(self, name):
        pipe = getattr(self.process, name)
        while data := os.read(pipe.fileno(), 65536):
            with self._changed:
                self._output[name] += data
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self):
        """The watchdog's own pid, also behind a wrapper that forks."""
        if not self._wrapped:
            return self.process.pid
        if self._pid is None:
            self._pid = until(self._find_pid, 5, "the watchdog's process")
        return self._pid

    def _find_pid(self):
        for pid in self._tagged():
            try:
                if Path(os.readlink(f"/proc/{pid}/exe")).name in (BINARY.name, COMMAND[0]):
                    return pid
            except OSError:
                continue
        return None

    def _tagged(self):
        """Every process that inherited this watchdog's environment, itself included."""
        mark = f"{TAG}={self._tag}".encode()
        return [pid for pid in all_pids() if mark in environment_of(pid)]

    def processes(self):
        """Running processes of the function, children's children included."""
        own = {self.process.pid, self.pid}
        running = []
        for pid in self._tagged():
            status = process_status(pid)
            if pid not in own and status and not status["State"].startswith("Z"):
                running.append(pid)
        return running

    def children(self):
        """{pid: state letter} of the watchdog's own children, zombies included."""
        found = {}
        for pid in all_pids():
            status = process_status(pid)
            if status and int(status["PPid"]) == self.pid:
                found[pid] = status["State"][0]
        return found

    def zombies(self):
        return [pid for pid, state in self.children().items() if state == "Z"]

    def rss_kb(self):
        return int(process_status(self.pid)["VmRSS"].split()[0])

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def log(self, name=None):
        """What it has printed: its error output, then its standard output, or one of them."""
        with self._changed:
            names = [name] if name else ["stderr", "stdout"]
            return "".join(self._output[n].decode(errors="replace") for n in names)

    def log_bytes(self):
        """What it has printed to its error output, as it is."""
        with self._changed:
            return bytes(self._output["stderr"])

    def wait_log(self, pattern, timeout=5.0):
        """The first match of `pattern` (multi-line) in the log."""
        deadline = time.monotonic() + timeout * PATIENCE
        while True:
            found = re.search(pattern, self.log(), re.MULTILINE)
            if found:
                return found
            ended = self.process.poll() is not None and not any(
                reader.is_alive() for reader in self._readers)
            if ended or time.monotonic() > deadline:
                found = re.search(pattern, self.log(), re.MULTILINE)
                if found:
                    return found
                why = f"it ended with {self.process.returncode}" if ended else "time is up"
                raise AssertionError(f"no {pattern!r} in the log ({why}):\n{self.log()[-3000:]}")
            with self._changed:
                self._changed.wait(0.05)

    def client(self, **options):
        return Client(self.port, **options)

    def request(self, method="GET", path="/", headers=(), body=None, chunked=False, timeout=15.0):
        with self.client(timeout=timeout) as client:
            response = client.request(method, path, headers, body, chunked)
            if response is None:
                raise AssertionError(f"no answer to {method} {path}\n{self.log()[-3000:]}")
            return response

    def raw(self, data, timeout=10.0):
        """Everything that the server sends, until it closes, for these bytes."""
        with self.client(timeout=timeout) as client:
            client.send(data)
            return client.read_to_end()

    def signal(self, number):
        os.kill(self.pid, number)

    def stop_everybody(self):
        """SIGTERM for the watchdog and for every process of its function, as a container's end may be."""
        for pid in (self.pid, *self.processes()):
            with contextlib.suppress(ProcessLookupError):  # one that the signal before has ended
                os.kill(pid, signal.SIGTERM)

    def wait_exit(self, timeout=10.0):
        """Its exit code (negative: a signal)."""
        try:
            code = self.process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"still running after {timeout * PATIENCE} s\n{self.log()[-3000:]}") from None
        for reader in self._readers:
            reader.join(2)
        return code

    def running(self):
        return self.process.poll() is None

    def until_no_processes(self, timeout=5.0):
        until(lambda: not self.processes(), timeout, "the function's processes to be gone")

    def _kill_all(self):
        for pid in {*self._tagged(), self.process.pid}:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()
        for reader in self._readers:
            reader.join(2)
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self):
        """Ends it, and fails when it did not end well, left processes, or a sanitizer spoke."""
        if self._closed:
            return
        self._closed = True
        problems = []
        try:
            if self.running():
                code = self._interrupt()
                if code is None:
                    problems.append("it did not end after two SIGINT")
                elif code != 0:
                    problems.append(f"it ended with {code} after SIGINT")
            if not self._leaves and not self.running():
                left = self._left_behind()
                if left:
                    problems.append(f"it left processes: {left}")
        finally:
            self._kill_all()
        report = SANITIZER_REPORT.search(self.log())
        if report:
            problems.append(f"sanitizer: {self.log()[report.start():][:6000]}")
        if problems:
            raise AssertionError("; ".join(problems) + "\nlog: " + self.log()[-2000:])

    def _left_behind(self):
        """Names of processes that are there after its end; the dying get a moment."""
        deadline = time.monotonic() + 0.5 * PATIENCE
        while True:
            left = [process_status(pid) for pid in self._tagged()]
            names = [status["Name"] for status in left if status]
            if not names or time.monotonic() > deadline:
                return names
            time.sleep(0.02)

    def _interrupt(self):
        for patience in (1, 8):
            try:
                self.signal(signal.SIGINT)
                return self.process.wait(patience * PATIENCE)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        return self.process.poll()


def run(*arguments, timeout=10, wrapper=(), binary=BINARY, **variables):
    """Runs the watchdog to its end. Returns a CompletedProcess with text output."""
    demand_rights_of(wrapper)
    with tempfile.TemporaryDirectory(prefix="fwatchdog-test-") as folder:
        environment = {"PATH": os.environ["PATH"], "TMPDIR": folder, "port": "0",
                       "metrics_port": "0"}
        for name, value in variables.items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = str(value)
        return subprocess.run([*wrapper, *COMMAND[:-1], str(binary), *map(str, arguments)],
                              env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout * PATIENCE)


class Case(unittest.TestCase):
    """A test with watchdogs that end with it."""

    # Its timing suffers from company: run.py gives it the machine.
    alone = False
    # It takes a minute: run.py begins with it.
    long = False
    longMessage = True
    maxDiff = 2000

    def start(self, *arguments, **options):
        dog = Watchdog(*arguments, **options)
        self.addCleanup(dog.close)
        self.addCleanup(self._show, dog)
        return dog

    def sh(self, program, *arguments, **options):
        """A watchdog whose function is a shell script."""
        return self.start(*arguments, "--", "sh", "-c", program, **options)

    def _show(self, dog):
        outcome = getattr(self, "_outcome", None)
        if outcome is not None and not outcome.success:
            print(f"--- log of {self.id()}:\n{dog.log()[-3000:]}")

    def client(self, dog, **options):
        client = dog.client(**options)
        self.addCleanup(client.close)
        return client

    def assert_no_more_fds(self, dog, before):
        """No descriptor stays open but the few that each worker opens at its first need."""
        until(lambda: dog.fds() <= before + 4, 5, "descriptors to be closed")

    def assert_within(self, seconds, least, most, message=None):
        self.assertGreaterEqual(seconds, least, message)
        self.assertLessEqual(seconds, most * PATIENCE, message)


class Stopwatch:
    def __init__(self):
        self.start = time.monotonic()

    @property
    def seconds(self):
        return time.monotonic() - self.start


class Hold:
    """A function that says that it runs and waits to be let go: `sh hold.sh FOLDER`."""

    def __init__(self, folder):
        self.folder = Path(folder)

    @staticmethod
    def command():
        return ["sh", str(FUNCTIONS / "hold.sh")]

    def started(self, count=1):
        until(lambda: len(list(self.folder.glob("started.*"))) >= count, 5,
              f"{count} functions to run")

    def release(self):
        (self.folder / "release").touch()


class InBackground:
    """Calls `work` in a thread; result() waits for it and raises what it raised."""

    def __init__(self, work):
        self._value = None
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work):
        try:
            self._value = work()
        except BaseException as error:  # handed to the one who asks
            self._error = error

    def result(self, timeout=20.0):
        self._thread.join(timeout * PATIENCE)
        if self._thread.is_alive():
            raise AssertionError(f"no result after {timeout * PATIENCE} s")
        if self._error:
            raise self._error
        return self._value
