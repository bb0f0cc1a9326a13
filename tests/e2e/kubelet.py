"""A kubelet, as far as a container notices it: probes, restarts, and the end of a pod.

A pod has a network of its own, with an address and the ports of the manifest, and each container is PID 1 of
processes of its own. The order of things and the defaults are those of kubernetes.io/docs/concepts/workloads/pods.
"""

import contextlib
import ctypes
import itertools
import os
import queue
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness import SANITIZER_REPORT, InBackground, demand, until
from pod_spec import get
from under_test import PATIENCE

CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
# Seconds before a container is started again: at once, then after these.
BACK_OFF = (0, 10, 20, 40, 80, 160, 300)


def unshare(flags):
    """Gives the calling thread namespaces of its own; CLONE_NEWPID is for its children."""
    if ctypes.CDLL(None, use_errno=True).unshare(flags):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Network:
    """The network of a node. The thread that makes it, and those that it starts, are in it from then on."""

    def __init__(self):
        demand("make network namespaces", "unshare", "--net", "true")
        demand("make process namespaces", "unshare", "--pid", "--fork", "--mount-proc", "true")
        unshare(CLONE_NEWNET)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self._numbers = itertools.count(2)

    def sandbox(self):
        return Sandbox(next(self._numbers))


class Sandbox:
    """What the containers of a pod share: an address, localhost and a link to the node."""

    def __init__(self, number):
        self.address = f"10.244.0.{number}"
        self._link = f"veth{number}"
        self._pause = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"],
                                       stdout=subprocess.PIPE)
        self._pause.stdout.readline()
        self.inside = ["nsenter", f"--net=/proc/{self._pause.pid}/ns/net"]
        self._sh(f"ip link add {self._link} type veth peer name eth0 netns {self._pause.pid}"
                 f" && ip addr add 10.244.0.1/32 dev {self._link} && ip link set {self._link} up"
                 f" && ip route add {self.address}/32 dev {self._link}")
        self._sh(f"ip link set lo up && ip addr add {self.address}/24 dev eth0 && ip link set eth0 up", *self.inside)

    def _sh(self, script, *inside):
        subprocess.run([*inside, "sh", "-c", script], check=True)

    def close(self):
        self._pause.kill()
        self._pause.wait()
        self._pause.stdout.close()


class Process:
    """A container that runs: PID 1 in namespaces of its own."""

    def __init__(self, sandbox, container):
        self.folder = tempfile.mkdtemp(prefix="fwatchdog-test-")
        environment = {name: os.environ[name] for name in
                       ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}
        self._log = bytearray()
        command = [*sandbox.inside, "unshare", "--mount-proc", *container.command]
        options = {"env": {**environment, "TMPDIR": self.folder, **container.environment}, "cwd": self.folder,
                   "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        # Of a thread that is for this alone: in the new namespace there cannot be threads of ours.
        self._process = InBackground(lambda: self._start(command, options)).result()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _start(self, command, options):
        unshare(CLONE_NEWPID)
        return subprocess.Popen(command, **options)

    def _read(self):
        while data := os.read(self._process.stdout.fileno(), 65536):
            self._log += data

    def log(self):
        return bytes(self._log).decode(errors="replace")

    def signal(self, number):
        self._process.send_signal(number)

    def execute(self, command, timeout):
        """Runs another command in the container."""
        subprocess.run(["nsenter", f"--target={self._process.pid}", "--net", "--pid", "--mount", *command],
                       timeout=timeout, stdin=subprocess.DEVNULL, capture_output=True)

    def wait(self, timeout=None):
        """Its exit code (negative: a signal), or None when it still runs."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def close(self):
        self._process.kill()
        self._process.wait()
        self._reader.join(2)
        self._process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class ContainerStatus:
    """A container of a pod, from its first start to its end, restarts included. A thread keeps it."""

    def __init__(self, pod, container):
        self.container = container
        self.ready = False
        self.started = False
        self.restarts = []  # why
        self.exit_code = None
        self.killed = False  # by SIGKILL, as it did not end in its time
        self.end_seconds = None  # from the deletion of the pod, or from the decision to restart
        self.probe_failures = {"startup": [], "readiness": [], "liveness": []}
        self.logs = []
        self._pod = pod
        self._events = queue.Queue()
        self._process = None
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def log(self):
        return "".join(self.logs) + (self._process.log() if self._process else "")

    def signal(self, number):
        self._process.signal(number)

    def delete(self, when):
        self._events.put(("delete", when))

    def over(self):
        return not self._thread.is_alive()

    def _keep(self):
        for wait in itertools.chain(BACK_OFF, itertools.repeat(BACK_OFF[-1])):
            if not self._back_off(wait / self._pod.workload.faster):
                return
            if self._run():
                return

    def _back_off(self, wait):
        """False when the pod is deleted meanwhile."""
        until_start = time.monotonic() + wait
        while (left := until_start - time.monotonic()) > 0:
            try:
                if self._events.get(timeout=left)[0] == "delete":
                    return False
            except queue.Empty:
                break
        return True

    def _run(self):
        """Runs it once. Whether that was its end, since the pod is deleted."""
        self._process = process = Process(self._pod.sandbox, self.container)
        self.started, self.exit_code = False, None
        done = threading.Event()
        threading.Thread(target=self._await, args=(process,), daemon=True).start()
        self._probe(process, done)
        while True:
            what, detail, *of = self._events.get()
            if of and of[0] is not process:
                continue  # of a process that is gone
            if what != "started":
                break
            self.started = True
            self._probe(process, done)
        if what == "delete":
            self._end(process, detail)
        elif what == "unhealthy":
            self._end(process, time.monotonic())
        done.set()
        self._set_ready(False)
        self.exit_code = process.wait()
        self.logs.append(process.log())
        self._process = None
        process.close()
        if what == "delete":
            return True
        self.restarts.append(f"exit code {self.exit_code}" if what == "exit" else detail)
        return False

    def _await(self, process):
        code = process.wait()
        self._events.put(("exit", code, process))

    def _probe(self, process, done):
        """Starts what is probed now: the startup probe alone until it has succeeded, then the two others."""
        container = self.container
        if not self.started and container.startup:
            self._watch("startup", container.startup, process, done)
            return
        self.started = True
        if container.readiness:
            self._watch("readiness", container.readiness, process, done)
        else:
            self._set_ready(True)
        if container.liveness:
            self._watch("liveness", container.liveness, process, done)

    def _watch(self, kind, probe, process, done):
        threading.Thread(target=self._ask, args=(kind, probe, process, done), daemon=True).start()

    def _ask(self, kind, probe, process, done):
        successes = failures = 0
        at = time.monotonic() + probe.delay
        while not done.wait(max(0, at - time.monotonic())):
            # A pod that is deleted is no longer asked whether it lives, but whether it is ready.
            if kind != "readiness" and self._pod.deleted:
                return
            why = probe.ask(self._pod.address)
            if done.is_set():
                return
            if why is None:
                successes, failures = successes + 1, 0
            else:
                successes, failures = 0, failures + 1
                self.probe_failures[kind].append(why)
            if kind == "readiness" and (successes == probe.successes or failures == probe.failures):
                self._set_ready(why is None)
            elif kind == "startup" and successes == probe.successes:
                self._events.put(("started", None, process))
                return
            elif kind != "readiness" and failures == probe.failures:
                self._events.put(("unhealthy", f"{kind} probe: {why}", process))
                return
            at += probe.period

    def _set_ready(self, ready):
        self.ready = ready
        self._pod.on_ready()

    def _end(self, process, since):
        """The hook, SIGTERM and, when the grace period is over, SIGKILL."""
        workload = self._pod.workload
        until_kill = since + workload.grace
        if self.container.pre_stop:
            self._call_hook(self.container.pre_stop, process, until_kill)
        until_kill = max(until_kill, time.monotonic() + workload.least_grace)
        process.signal(signal.SIGTERM)
        if process.wait(max(0, until_kill - time.monotonic())) is None:
            self.killed = True
            process.signal(signal.SIGKILL)
            process.wait()
        self.end_seconds = time.monotonic() - since

    def _call_hook(self, hook, process, deadline):
        """What comes of it is only an event in the log of a kubelet: the container is asked to end all the same."""
        left = max(0.1, deadline - time.monotonic())
        if "sleep" in hook:
            time.sleep(min(left, hook["sleep"]["seconds"] / self._pod.workload.faster))
        elif "httpGet" in hook:
            with contextlib.suppress(OSError):
                get(self._pod.address, hook["httpGet"]["port"], hook["httpGet"]["path"], left)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.execute(hook["exec"]["command"], left)


class Pod:
    """A pod on the node. It is an endpoint of `service` while it is ready and not deleted."""

    def __init__(self, network, workload, service=None):
        self.workload = workload
        self.sandbox = network.sandbox()
        self.address = self.sandbox.address
        self.deleted = False
        self._service = service
        self._lock = threading.Lock()
        self._is_endpoint = False
        self.containers = []
        for container in workload.containers:
            self.containers.append(ContainerStatus(self, container))
        self.on_ready()

    @property
    def function(self):
        return self.containers[0]

    def ready(self):
        return len(self.containers) == len(self.workload.containers) and all(each.ready for each in self.containers)

    def on_ready(self):
        with self._lock:
            endpoint = self.ready() and not self.deleted
            if self._service and endpoint != self._is_endpoint:
                self._service.change(self.address, endpoint)
            self._is_endpoint = endpoint

    def delete(self):
        """Marks it as terminating: its endpoint begins to go, and the kubelet begins to end it, at the same time."""
        self.deleted = True
        self.on_ready()
        # The kubelet hears of it through the API server, as the endpoints' controller does.
        threading.Timer(random.uniform(0, 0.1), self._end).start()

    def _end(self):
        now = time.monotonic()
        for each in self.containers:
            each.delete(now)

    def over(self):
        return all(each.over() for each in self.containers)

    def wait_ready(self, timeout=20):
        until(self.ready, timeout, f"pod {self.address} to be ready")

    def wait_over(self):
        until(self.over, (self.workload.grace + self.workload.least_grace) / PATIENCE + 5, "the pod to end")

    def log(self):
        return "".join(f"--- {each.container.name} of {self.address}\n{each.log()}" for each in self.containers)

    def close(self):
        """Removes it, however it is, and fails when a sanitizer spoke."""
        if not self.deleted:
            self.workload.grace = self.workload.least_grace = 0.0
            self.delete()
        until(self.over, 60, "the pod to end")
        self.sandbox.close()
        report = SANITIZER_REPORT.search(self.log())
        if report:
            raise AssertionError(f"sanitizer: {self.log()[report.start():][:6000]}")
