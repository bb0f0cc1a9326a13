"""containerd in the namespaces of this process, and containers that it runs as an OpenFaaS provider would.

A container has a network namespace with an address from CNI, files of its own for /etc/hosts and
/etc/resolv.conf, a memory limit, a read-only root with a writable /tmp, and secrets. Everything is gone
when this process ends, as it is the first of its PID namespace; only control groups have to be removed.
"""

import contextlib
import copy
import hashlib
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import networks
import place
from client import Client
from harness import until

RUN = Path("/run/engine")  # a tmpfs of our own
SOCKET = RUN / "containerd.sock"
NAMESPACE = "openfaas-fn"
SECRETS = "/var/openfaas/secrets"
MEMORY = 128 << 20
PORT = 8080
GRACE = 10  # seconds from SIGTERM to SIGKILL
TMP = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
       "options": ["nosuid", "nodev", "noexec", "mode=1777", "size=16m"]}


CTR = ("ctr", "--address", SOCKET, "--namespace", NAMESPACE)
# containerd's own restarts: how often it looks what has to be started again.
CONFIGURATION = 'version = 2\n[plugins."io.containerd.internal.v1.restart"]\ninterval = "500ms"\n'


PLENTY = 8 << 30  # bytes of memory: then the images, of 2 GB, are kept there and not on the disk


class EngineError(Exception):
    pass


def ctr(*arguments, check=True, **options):
    """Runs a command of containerd's client; returns what became of it."""
    done = subprocess.run([*CTR, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", **options)
    if check and done.returncode != 0:
        raise EngineError(f"ctr {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return done


def memory_available():
    words = Path("/proc/meminfo").read_text().split()
    return int(words[words.index("MemAvailable:") + 1]) << 10


def group_version():
    return 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1


class Engine:
    """A running containerd with our images."""

    def __init__(self, images):
        self.images = images
        RUN.mkdir(exist_ok=True)
        self.data = RUN / "data"
        if memory_available() < PLENTY:
            self.data = place.FOLDER / "containerd"
            shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir()
        (RUN / "containerd.toml").write_text(CONFIGURATION)
        with open(place.FOLDER / "containerd.log", "w") as log:
            self.process = subprocess.Popen(
                ["containerd", "--config", RUN / "containerd.toml", "--root", self.data, "--state", RUN / "state",
                 "--address", SOCKET, "--log-level", "warn"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: ctr("version", check=False).returncode == 0, 30, "containerd to answer")
        self._events = RUN / "events"
        with open(self._events, "w") as file:
            self._listener = subprocess.Popen([*CTR, "events"], stdin=subprocess.DEVNULL, stdout=file)
        self.template = json.loads(ctr("oci", "spec").stdout)

    def load(self, archive):
        ctr("images", "import", archive, timeout=300)

    def chain(self, image):
        """containerd's name of the snapshot of all layers of an image."""
        name, *others = self.images[image]["layers"]
        for layer in others:
            name = "sha256:" + hashlib.sha256(f"{name} {layer}".encode()).hexdigest()
        return name

    def exits(self):
        """The exit codes that containerd has told, by process ID."""
        events = [json.loads(line[line.index("{"):]) for line in self._events.read_text().splitlines()
                  if " /tasks/exit " in line]
        return {event["pid"]: event.get("exit_status", 0) for event in events}

    def close(self):
        for process in (self._listener, self.process):
            process.terminate()
            process.wait(30)


class Container:
    """One run of an image, from its creation to `remove()`.

    `faasd=True` gives it CAP_NET_RAW and no other capability, and no seccomp profile, as faasd does;
    without it there is no capability at all. `user` None leaves the image's. `engine_restarts=True` has
    containerd start it again whenever it has ended. Keywords are variables.

    containerd writes its output to a file; `attached=True` reads it through containerd's pipes instead, and
    is for tests of the very last lines: containerd 1.6 itself loses those of a process that ends right after
    them on their way to the file (of `bash -c "echo last >&2"` 3 times in 60).
    """

    numbers = itertools.count(1)

    def __init__(self, engine, image, *arguments, name=None, user="1000:1000", memory=MEMORY, secrets=(), mounts=(),
                 sysctl=(), seccomp=None, faasd=False, engine_restarts=False, attached=False, **variables):
        self.engine = engine
        self.id = f"{name or image}-{next(self.numbers)}"
        self.folder = RUN / "containers" / self.id
        self.folder.mkdir(parents=True)
        self.log_file = self.folder / "log"
        self.root = self.folder / "root"
        self.root.mkdir()
        config = engine.images[image]["config"]
        self.variables = {**dict(pair.split("=", 1) for pair in config.get("Env") or ()),
                          "OPENFAAS_NAME": name or image, "OPENFAAS_NAMESPACE": NAMESPACE, **variables}
        self.labels = {"openfaas": "true", "faas_function": name or image, "com.openfaas.scale.min": "1",
                       "com.openfaas.namespace": NAMESPACE}
        self.network = networks.Network(self.id)
        self.address = self.network.address
        self.code = None
        self._is_removed = False
        self._attached = None
        self._restarts = engine_restarts
        if engine_restarts:
            self.labels |= {"containerd.io/restart.status": "running",
                            "containerd.io/restart.loguri": f"file://{self.log_file}"}
        self._mount_root(image)
        spec = self._spec(config, arguments, user or config.get("User") or "0:0", faasd)
        spec["mounts"] += [self._file("/etc/hosts", f"127.0.0.1\tlocalhost\n{self.address}\t{self.id}\n"),
                           self._file("/etc/resolv.conf", "nameserver 10.63.0.1\n"), TMP, *mounts]
        if secrets:
            spec["mounts"].append(self._secrets(dict(secrets)))
        spec["linux"]["resources"]["memory"] = {"limit": memory}
        if sysctl:
            spec["linux"]["sysctl"] = dict(sysctl)
        if seccomp:
            spec["linux"]["seccomp"] = seccomp
        (self.folder / "spec.json").write_text(json.dumps(spec))
        self._start(attached)

    def _spec(self, config, arguments, user, faasd):
        spec = copy.deepcopy(self.engine.template)
        uid, _, gid = user.partition(":")
        capabilities = ["CAP_NET_RAW"] if faasd else []
        spec["process"].update(
            args=[*config["Entrypoint"], *(arguments or config.get("Cmd") or ())],
            env=[f"{name}={value}" for name, value in self.variables.items() if value is not None],
            cwd=config.get("WorkingDir") or "/", user={"uid": int(uid), "gid": int(gid or uid)},
            capabilities={kind: capabilities for kind in ("bounding", "effective", "permitted")})
        spec["root"] = {"path": str(self.root), "readonly": True}
        spec["hostname"] = self.id[:63]
        spec["linux"]["cgroupsPath"] = f"{place.CONTROL_GROUP}/{self.id}"
        for namespace in spec["linux"]["namespaces"]:
            if namespace["type"] == "network":
                namespace["path"] = str(self.network.path)
        return spec

    def _file(self, destination, text):
        path = self.folder / destination.replace("/", "_")
        path.write_text(text)
        return {"destination": destination, "type": "bind", "source": str(path), "options": ["rbind", "ro"]}

    def _secrets(self, secrets):
        folder = self.folder / "secrets"
        folder.mkdir()
        for name, text in secrets.items():
            (folder / name).write_text(text)
        return {"destination": SECRETS, "type": "bind", "source": str(folder), "options": ["rbind", "ro"]}

    def _mount_root(self, image):
        ctr("snapshots", "prepare", self.id, self.engine.chain(image))
        command = ctr("snapshots", "mounts", self.root, self.id).stdout
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)

    def _start(self, attached):
        labels = [word for name, value in self.labels.items() for word in ("--label", f"{name}={value}")]
        words = ["run", "--config", self.folder / "spec.json", "--pid-file", self.folder / "pid", *labels]
        if attached:
            with open(self.log_file, "w") as log:
                self._attached = subprocess.Popen([*CTR, *words, self.id], stdin=subprocess.DEVNULL, stdout=log,
                                                  stderr=log)
            until(lambda: (self.folder / "pid").exists() or self._attached.poll() is not None, 20, "the container")
        else:
            ctr(*words, "--detach", "--log-uri", f"file://{self.log_file}", self.id)
        self.pid = int((self.folder / "pid").read_text())

    # What one sees of it.

    def client(self, **options):
        return Client(PORT, address=self.address, **options)

    def request(self, *arguments, **options):
        with self.client() as client:
            return client.request(*arguments, **options)

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def is_healthy(self):
        with contextlib.suppress(OSError, AttributeError):
            return self.request(path="/_/health").status == 200
        return False

    def wait_healthy(self, seconds=60):
        def ready_or_ended():
            if self.has_ended():
                raise EngineError(f"{self.id} ended with {self.wait_exit()}; its log:\n{self.log()}")
            return self.is_healthy()

        until(ready_or_ended, seconds, f"{self.id} to be healthy; its log:\n{self.log()}")
        return self

    def group_file(self, *names):
        """What is in a file of its control group for memory; the names are those of versions 1 and 2."""
        for root, name in itertools.product(("/sys/fs/cgroup/memory", "/sys/fs/cgroup"), names):
            with contextlib.suppress(OSError):
                return (Path(root + place.CONTROL_GROUP) / self.id / name).read_text()
        return None

    def memory_limit(self):
        return int(self.group_file("memory.limit_in_bytes", "memory.max"))

    def processes(self):
        """Process IDs, as seen from outside; none when its control group has gone."""
        return [int(pid) for pid in (self.group_file("cgroup.procs") or "").split()]

    def kernel_kills(self):
        """How many of its processes the kernel has killed for want of memory."""
        words = self.group_file("memory.oom_control", "memory.events").split()
        return int(words[words.index("oom_kill") + 1])

    def execute(self, *command, exec_id=None):
        """What becomes of a command that runs in it."""
        return ctr("tasks", "exec", "--exec-id", exec_id or f"exec-{next(self.numbers)}", self.id, *command,
                   check=False)

    # How it ends.

    def kill(self, number=signal.SIGTERM, everybody=False):
        ctr("tasks", "kill", "--signal", signal.Signals(number).name, *(["--all"] if everybody else []), self.id)

    def has_ended(self, seconds=0):
        """Whether PID 1 has ended, or does so in the time."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            return True
        try:
            return bool(select.select([descriptor], [], [], seconds)[0])
        finally:
            os.close(descriptor)

    def wait_exit(self, seconds=40):
        """The exit code, as containerd tells it."""
        if self._attached and self.code is None:
            self.code = self._attached.wait(seconds)
        if self.code is None:
            if not self.has_ended(seconds):
                raise EngineError(f"{self.id} has not ended after {seconds} s; its log:\n{self.log()}")
            until(lambda: self._task()[1:] == ["STOPPED"], 10, f"containerd to see the end of {self.id}")
            self.code = self.told_exit()
            ctr("tasks", "delete", self.id)
        return self.code

    def _task(self):
        """The process ID and the state that containerd tells of it."""
        lines = [line.split() for line in ctr("tasks", "ls").stdout.splitlines()]
        return next((words[1:] for words in lines if words[0] == self.id), [])

    def current_pid(self):
        """The process ID of its PID 1, while it runs."""
        pid, state = self._task() or (0, "")
        return int(pid) if state == "RUNNING" else None

    def told_exit(self):
        """The exit code in containerd's event of the end of PID 1, which comes soon."""
        until(lambda: self.pid in self.engine.exits(), 10, f"the end of {self.id} to be told")
        return self.engine.exits()[self.pid]

    def stop(self):
        """Docker's end: SIGTERM for PID 1; returns the seconds that it took, and the exit code."""
        start = time.monotonic()
        self.kill()
        if not self.has_ended(GRACE):
            self.kill(signal.SIGKILL)
            self.has_ended(GRACE)
        seconds = time.monotonic() - start
        return seconds, self.wait_exit()

    def stop_as_faasd(self):
        """The network goes first, then SIGTERM for every process, and SIGKILL after the grace period."""
        self.network.remove_interface()
        start = time.monotonic()
        self.kill(everybody=True)
        if not self.has_ended(GRACE):
            self.kill(signal.SIGKILL, everybody=True)
            self.has_ended(GRACE)
        seconds = time.monotonic() - start
        return seconds, self.wait_exit()

    def remove(self):
        """However it is, it goes; once."""
        if self._is_removed:
            return
        self._is_removed = True
        if self._restarts:
            ctr("containers", "label", self.id, "containerd.io/restart.status=", check=False)
            self.pid = self.current_pid() or self.pid
        if self.code is None and hasattr(self, "pid"):
            if not self.has_ended():
                ctr("tasks", "kill", "--signal", "SIGKILL", "--all", self.id, check=False)
                self.has_ended(GRACE)
            self.wait_exit()
        ctr("containers", "rm", self.id, check=False)
        subprocess.run(["umount", self.root], check=False, capture_output=True)
        ctr("snapshots", "rm", self.id, check=False)
        self.network.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
