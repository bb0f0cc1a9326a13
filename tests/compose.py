#!/usr/bin/env python3
"""Runs examples/compose with a Docker engine of its own: tests/compose.py      (as root; about a minute)

The engine is Debian's docker.io, in namespaces of its own, so that no port, network or image of this machine is
touched. No registry is asked: an image of the name that the file says is made of the binary and busybox, and one
of Debian's prometheus. Grafana is not in Debian and does not run; its data source is asked for what each panel of
the dashboard shows. Ends with one line, "N passed, N failed". A step that cannot run fails.
"""

import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
sys.dont_write_bytecode = True

from harness import InBackground, Stopwatch, until  # noqa: E402
from kube_proxy import Service, Traffic, is_echo  # noqa: E402

FOLDER = ROOT / "build/compose"
EXAMPLE = ROOT / "examples/compose"
BINARY = ROOT / "build/release/fwatchdog"
PACKAGES = "docker.io docker-compose containerd runc iptables iproute2 busybox-static prometheus python3-yaml"
INSIDE = "--inside"
CGROUP = "fwatchdog-compose-test"
FUNCTION = """#!/bin/busybox sh
read -r word
case $word in
fail) exit 1 ;;
slow) busybox sleep 4 ;;
esac
echo "$word"
"""
IMAGE = """FROM scratch
COPY . /
ENV PATH=/usr/bin:/bin fprocess=/function.sh
"""
STARTS = {"greet": 'ENTRYPOINT ["fwatchdog"]', "prom/prometheus": """ENTRYPOINT ["prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]"""}
NOT_TO_BE_HAD = {"grafana"}


def main():
    if INSIDE in sys.argv:
        return inside()
    if os.geteuid() != 0:
        return fail("Please run it as root: it starts a container engine.")
    if not BINARY.exists():
        return fail(f"There is no {BINARY}: build it first (./examples/run.sh --build).")
    if subprocess.run(["bash", "-c", f". examples/packages.sh; install_missing {PACKAGES}"], cwd=ROOT).returncode:
        return fail("Some packages could not be installed.")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        # What is started inside ends with the first process there.
        return subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                               sys.executable, __file__, INSIDE]).returncode
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
        # Of each controller, or of all in one where the machine has that.
        for folder in (*Path("/sys/fs/cgroup").glob(CGROUP), *Path("/sys/fs/cgroup").glob(f"*/{CGROUP}")):
            folder.rmdir()


def fail(why):
    print(f"{why}\n0 passed, 1 failed")
    return 1


def run(*command, **options):
    """The output of a command that succeeds."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def compose(*words):
    return run("docker-compose", "--project-name", "example", *words, cwd=EXAMPLE)


def container(service):
    return compose("ps", "-q", service).strip()


def state(identifier):
    return json.loads(run("docker", "inspect", identifier))[0]


@contextlib.contextmanager
def engine():
    """dockerd for as long as this lasts. Rules of iptables are for networks that reach the outside."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "none", "/run")
    run("ip", "link", "set", "lo", "up")
    socket = "unix:///run/engine.sock"
    os.environ["DOCKER_HOST"] = socket
    log = FOLDER / "dockerd.log"
    with log.open("w") as output:
        daemon = subprocess.Popen(
            ["dockerd", "--host", socket, "--data-root", str(FOLDER / "data"), "--exec-root", "/run/engine",
             "--pidfile", "/run/engine.pid", "--storage-driver", "vfs", "--bridge", "none", "--iptables=false",
             "--ip6tables=false", "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{CGROUP}"],
            stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while subprocess.run(["docker", "info"], capture_output=True).returncode:
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"dockerd does not run here; it says:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield
    finally:
        daemon.terminate()
        daemon.wait()


def build_images():
    script = FOLDER / "function.sh"
    script.write_text(FUNCTION)
    script.chmod(0o755)
    prometheus = "/usr/bin/prometheus"
    libraries = [word for word in run("ldd", prometheus).split() if word.startswith("/")]
    build_image("greet", {"/usr/bin/fwatchdog": BINARY, "/bin/busybox": "/bin/busybox", "/function.sh": script})
    build_image("prom/prometheus", {path: path for path in [prometheus, *libraries]})


def build_image(name, files):
    context = FOLDER / name
    for target, source in files.items():
        path = context / target.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
    (context / "Dockerfile").write_text(IMAGE + STARTS[name])
    run("docker", "build", "--network", "none", "--tag", f"{name}:latest", str(context))


def content(path):
    import yaml  # it is installed by now, which it need not be at the start
    return yaml.safe_load(path.read_text())


def services():
    return content(EXAMPLE / "compose.yaml")["services"]


def provisioning(kind):
    return [content(path) for path in sorted((EXAMPLE / "grafana/provisioning" / kind).glob("*.yaml"))]


def queries():
    dashboard = json.loads((EXAMPLE / "grafana/dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def say(word):
    request = urllib.request.Request("http://127.0.0.1:8080/", data=f"{word}\n".encode())
    with contextlib.closing(urllib.request.urlopen(request, timeout=30)) as response:
        return response.read().decode()


def ask_data_source(path):
    """What Prometheus says to a container of the same network, at the address that Grafana would use."""
    url = provisioning("datasources")[0]["datasources"][0]["url"]
    return json.loads(run("docker", "exec", container("function"), "busybox", "wget", "-qO-", f"{url}{path}"))["data"]


def values(query):
    result = ask_data_source(f"/api/v1/query?query={urllib.parse.quote(query)}")["result"]
    return [float(series["value"][1]) for series in result]


def has_numbers(query):
    return any(not math.isnan(value) for value in values(query))


class Checks:
    """In this order; each says in its name what is so."""

    def test_the_images_are_built(self):
        build_images()

    def test_what_the_file_names_is_what_there_is(self):
        assert set(services()) - NOT_TO_BE_HAD == {"function", "prometheus"}, services().keys()

    def test_its_services_come_up(self):
        compose("up", "-d", "function", "prometheus")

    def test_the_function_becomes_healthy(self):
        until(lambda: state(container("function"))["State"]["Health"]["Status"] == "healthy", 30, "it to be healthy")

    def test_it_responds_at_the_published_port(self):
        assert say("hello") == "hello\n"

    def test_it_is_pid_1_without_capabilities_and_cannot_write(self):
        def inside(*words):
            return run("docker", "exec", container("function"), "busybox", *words)
        assert inside("cat", "/proc/1/comm").strip() == "fwatchdog"
        assert "CapEff:\t0000000000000000" in inside("cat", "/proc/1/status")
        assert state(container("function"))["HostConfig"]["ReadonlyRootfs"]
        try:
            inside("touch", "/new")
        except AssertionError as error:
            assert "Read-only file system" in str(error), error
        else:
            raise AssertionError("it wrote")

    def test_prometheus_scrapes_the_function(self):
        def target():
            targets = ask_data_source("/api/v1/targets?state=active")["activeTargets"]
            return [(each["labels"]["job"], each["health"]) for each in targets]
        until(lambda: target() == [("function", "up")], 30, "the target to be up")

    def test_grafana_is_told_where_both_are(self):
        source, = [each for file in provisioning("datasources") for each in file["datasources"]]
        dashboard = json.loads((EXAMPLE / "grafana/dashboard.json").read_text())
        assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}
        folder, = [each["options"]["path"] for file in provisioning("dashboards") for each in file["providers"]]
        mounts = dict(volume.split(":")[:2] for volume in services()["grafana"]["volumes"])
        assert Path(mounts["./grafana/dashboard.json"]).parent == Path(folder), mounts
        assert mounts["./grafana/provisioning"] == "/etc/grafana/provisioning", mounts

    def test_every_query_of_the_dashboard_has_numbers_once_there_was_traffic(self):
        done = threading.Event()
        worker = threading.Thread(target=self._keep_busy, args=(done,))
        worker.start()
        missing = queries()
        try:
            deadline = time.monotonic() + 60
            while missing and time.monotonic() < deadline:
                missing = [query for query in missing if not has_numbers(query)]
                time.sleep(1)
        finally:
            done.set()
            worker.join()
        assert not missing, missing

    def _keep_busy(self, done):
        while not done.wait(0.05):
            say("hello")
            with contextlib.suppress(urllib.error.HTTPError):
                say("fail")

    def test_a_query_for_what_nobody_serves_has_none(self):
        assert not has_numbers("sum(rate(http_requests_that_nobody_counts[1m]))")

    def test_the_numbers_are_those_of_the_function(self):
        before = values("sum(http_requests_total)")[0]
        for _ in range(10):
            say("hello")
        until(lambda: values("sum(http_requests_total)")[0] >= before + 10, 20, "the requests to be counted")

    def test_stop_loses_no_request_and_ends_with_0(self):
        code, seconds, lost = self._end("stop", "function")
        most = float(services()["function"]["stop_grace_period"].rstrip("s"))
        assert (code, lost) == (0, []) and seconds < most, (code, seconds, lost[:5])

    def test_down_loses_no_request_and_ends_with_0(self):
        compose("up", "-d", "function", "prometheus")
        self.test_the_function_becomes_healthy()
        code, _, lost = self._end("down")
        assert (code, lost) == (0, []), (code, lost[:5])
        assert not run("docker", "ps", "--all", "--quiet"), "containers are left"

    def test_requests_that_a_kill_loses_are_counted(self):
        compose("up", "-d", "function")
        self.test_the_function_becomes_healthy()
        code, _, lost = self._end("kill", "function")
        assert code == 128 + signal.SIGKILL and len(lost) > 4, (code, lost)
        compose("down")

    def _end(self, *command):
        """Ends it under traffic that goes on for three seconds, with long requests under way."""
        identifier = container("function")
        address, = [each["IPAddress"] for each in state(identifier)["NetworkSettings"]["Networks"].values()]
        service = Service()
        for entry in (address, "127.0.0.1"):  # the latter is the published port
            service.change(entry, True)
        traffic = Traffic(service, 8080, is_echo, rate=100)
        until(lambda: traffic.sent() > 100, 20, "traffic")
        long = [InBackground(lambda: outcome("slow")) for _ in range(4)]
        until(lambda: in_flight(address) >= 4, 5, "the long requests to be under way")
        exit_code = InBackground(lambda: int(run("docker", "wait", identifier)))
        watch = Stopwatch()
        ending = InBackground(lambda: compose(*command))
        time.sleep(3)
        traffic.stop()
        lost = traffic.lost + [each.result(60) for each in long if each.result(60) != "slow\n"]
        ending.result(60)
        code, seconds = exit_code.result(60), watch.seconds
        print(f"     {traffic.requests} answered, {len(lost)} lost, over after {seconds:.1f} s")
        assert min(traffic.requests.values()) > 30, traffic.requests
        return code, seconds, lost


def outcome(word):
    """The response, or what became of it."""
    try:
        return say(word)
    except OSError as error:  # http.client's and urllib's among them
        return repr(error)


def in_flight(address):
    with urllib.request.urlopen(f"http://{address}:8081/metrics", timeout=5) as response:
        text = response.read().decode()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("http_requests_in_flight ")))


def check(name, test):
    """Whether it passes; says so."""
    words = name.removeprefix("test_").replace("_", " ")
    try:
        test()
    except Exception:  # whatever it is, the others are to run
        print(f"FAIL {words}\n{traceback.format_exc()}", flush=True)
        return False
    print(f"ok   {words}", flush=True)
    return True


def inside():
    outcomes = []
    checks = Checks()
    tests = [(name, getattr(checks, name)) for name in vars(Checks) if name.startswith("test_")]
    try:
        with engine():
            for name, test in tests:
                outcomes.append(check(name, test))
    except AssertionError as error:
        print(f"FAIL the engine runs\n{error}")
    passed = sum(outcomes)
    print("Grafana itself has not run: it is not in Debian. What it is given and what it would ask has been checked.")
    print(f"{passed} passed, {max(1, len(tests)) - passed} failed")
    return 0 if passed == len(tests) else 1


if __name__ == "__main__":
    sys.exit(main())
