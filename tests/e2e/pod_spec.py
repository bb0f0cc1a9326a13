"""What a manifest says of its pods, in seconds and numbers, with the defaults that Kubernetes fills in."""

import copy
import http.client
import math
import re
import socket

import yaml

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
PROBER = "kube-probe/1.30"
# Kubernetes: what is left of the grace period for a container whose preStop hook took all of it.
LEAST_GRACE = 2


def documents(path, with_suggestions=False):
    """The objects of a manifest by kind; `with_suggestions` takes in the settings that stand in comments."""
    text = path.read_text()
    if with_suggestions:
        text, count = re.subn(r"(?m)^( +)# (- \{name: .*\})$", r"\1\2", text)
        if not count:
            raise AssertionError(f"no setting stands in a comment of {path}")
    return {item["kind"]: item for item in yaml.safe_load_all(text)}


def seconds(duration):
    """`1m30s` in seconds; None for what is no duration."""
    parts = re.findall(r"([\d.]+)(ms|s|m|h)", duration)
    if not parts or "".join(map("".join, parts)) != duration:
        return None
    return sum(float(count) * UNITS[unit] for count, unit in parts)


class Probe:
    """A probe of the kubelet's; `ask` makes a connection of its own each time."""

    def __init__(self, spec, ports, faster=1):
        self.period = spec.get("periodSeconds", 10) / faster
        self.delay = spec.get("initialDelaySeconds", 0) / faster
        # No faster: machine and network are not either.
        self.timeout = spec.get("timeoutSeconds", 1)
        self.successes = spec.get("successThreshold", 1)
        self.failures = spec.get("failureThreshold", 3)
        self.http = spec.get("httpGet")
        port = (self.http or spec["tcpSocket"])["port"]
        self.port = ports.get(port, port)

    def ask(self, address):
        """None when it succeeds, and else why it does not."""
        try:
            if not self.http:
                socket.create_connection((address, self.port), timeout=self.timeout).close()
                return None
            headers = {item["name"]: item["value"] for item in self.http.get("httpHeaders", [])}
            status = get(address, self.port, self.http.get("path", "/"), self.timeout, headers)
            return None if 200 <= status < 400 else f"status {status}"
        except (OSError, http.client.HTTPException) as error:
            return repr(error)


def get(address, port, path, timeout, headers=()):
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"User-Agent": PROBER, "Connection": "close", **dict(headers)})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


class Container:
    """A container of a pod: its settings, its probes and its hook. `command` is what its image starts."""

    def __init__(self, spec, faster=1):
        self.name = spec["name"]
        self.command = spec.get("command")
        self.environment = {item["name"]: shortened(str(item["value"]), faster) for item in spec.get("env", [])}
        self.ports = {port.get("name", "http"): port["containerPort"] for port in spec.get("ports", [])}
        self.startup, self.readiness, self.liveness = (
            Probe(spec[kind], self.ports, faster) if kind in spec else None
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"))
        self.pre_stop = spec.get("lifecycle", {}).get("preStop")


def shortened(value, faster):
    duration = seconds(value)
    return value if duration is None or faster == 1 else f"{round(duration * 1000 / faster)}ms"


class Workload:
    """A Deployment: its pods and how they are replaced.

    `faster` divides every duration that the manifest says, probes' periods, the grace period and the
    options of the watchdog alike, so that they keep their proportions; it does not divide timeouts of probes.
    """

    def __init__(self, manifest, faster=1):
        spec = manifest["spec"]
        pod = spec["template"]["spec"]
        self.faster = faster
        self.containers = [Container(container, faster) for container in pod["containers"]]
        self.grace = pod.get("terminationGracePeriodSeconds", 30) / faster
        self.least_grace = LEAST_GRACE / faster
        self.replicas = spec.get("replicas", 1)
        rolling = spec.get("strategy", {}).get("rollingUpdate", {})
        self.max_surge = self._count(rolling.get("maxSurge", "25%"), math.ceil)
        self.max_unavailable = self._count(rolling.get("maxUnavailable", "25%"), math.floor)

    def _count(self, value, rounded):
        return rounded(self.replicas * int(value[:-1]) / 100) if str(value).endswith("%") else value

    def running(self, command, **settings):
        """The same with an image that starts `command` and has `settings`; the manifest's settings win."""
        changed = copy.deepcopy(self)
        function = changed.containers[0]
        function.command = command
        function.environment = {**settings, **function.environment}
        return changed
