"""The manifest for Kubernetes, under a simulated kubelet, endpoints' controller and kube-proxy (kubelet.py).

It is the manifest's own numbers that are tried: what is said here is the program of the function only.
"""

import signal
import sys
import time

from client import Client, head
from harness import Case, Stopwatch, until
from kube_proxy import Service, Traffic, is_echo
from kubelet import Network, Pod
from pod_spec import Probe, Workload, documents
from under_test import COMMAND, FUNCTIONS, ROOT, SANITIZER

MANIFEST = ROOT / "examples/kubernetes/function.yaml"
# Where a rule takes tens of seconds in the manifest (a startup of a minute, a grace period of 40 s), every
# duration is divided by this, so that their proportions stay. Rolling updates run at the manifest's own speed.
FASTER = 10
CAT = {"fprocess": "cat"}
SERVER = {"mode": "http", "upstream_url": "http://127.0.0.1:9000",
          "fprocess": f"{sys.executable} {FUNCTIONS / 'warm_server.py'} 9000"}
# An application without a watchdog, with the same responses; its argument is what it does at SIGTERM.
BARE = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST
    def log_message(self, *_): pass
if sys.argv[1] == "exits":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
import threading
serve = lambda port: http.server.ThreadingHTTPServer(("", port), Handler).serve_forever()
threading.Thread(target=serve, args=(8081,), daemon=True).start()
serve(8080)
"""


def is_count(response, body):
    return response.status == 200 and response.body == b"POST / %d" % len(body)


class Cluster(Case):
    long = True

    @classmethod
    def setUpClass(cls):
        cls.network = Network()

    def workload(self, faster=1, command=COMMAND, with_suggestions=False, **settings):
        return Workload(documents(MANIFEST, with_suggestions)["Deployment"], faster).running(list(command), **settings)

    def pod(self, workload, service=None):
        pod = Pod(self.network, workload, service)
        self.addCleanup(pod.close)
        self.addCleanup(self._show, pod)  # its log, where the test fails
        return pod

    def started(self, workload, service=None):
        pods = [self.pod(workload, service) for _ in range(workload.replicas)]
        for pod in pods:
            pod.wait_ready()
        return pods

    def port(self, workload):
        return workload.containers[0].ports["http"]

    def metric(self, pod, name):
        port = pod.function.container.ports.get("metrics", 8081)  # Knative lets a manifest name one port only
        with Client(port, address=pod.address) as client:
            text = client.request(path="/metrics").text
        return int(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))

    def roll(self, workload, old, service):
        """Replaces every pod, as the controller of a Deployment does. Returns the new ones."""
        old, new = list(old), []
        deadline = time.monotonic() + 120
        while old or not all(pod.ready() for pod in new):
            self.assertLess(time.monotonic(), deadline, "the rolling update does not get on")
            while len(new) < workload.replicas and len(old) + len(new) < workload.replicas + workload.max_surge:
                new.append(self.pod(workload, service))
            available = sum(pod.ready() for pod in old + new)
            while old and available > workload.replicas - workload.max_unavailable:
                available -= 1
                old.pop(0).delete()
            time.sleep(0.02)
        return new

    def update(self, workload, service, check, **traffic):
        """A rolling update under traffic, from a moment before it until every old pod has ended."""
        old = self.started(workload, service)
        traffic = Traffic(service, self.port(workload), check, **traffic)
        self.addCleanup(traffic.stop)
        until(lambda: traffic.sent() > 100, 20, "traffic")
        new = self.roll(workload, old, service)
        for pod in old:
            pod.wait_over()
        asked = traffic.sent()
        until(lambda: traffic.sent() > asked + 50 or len(traffic.lost) > 1000, 20, "traffic to the new pods")
        traffic.stop()
        print(f"{self.id()}: {traffic.requests}, lost {len(traffic.lost)}, "
              f"ends {[round(pod.function.end_seconds, 1) for pod in old]}")
        return old, new, traffic


class RollingUpdate:
    settings, check = None, None

    def test_a_rolling_update_loses_no_request(self):
        workload = self.workload(**self.settings)
        old, new, traffic = self.update(workload, Service(), type(self).check)
        self.assertEqual(traffic.lost, [])
        self.assertGreater(min(traffic.requests.values()), 100 if SANITIZER else 400)
        self.assertEqual(set(traffic.by_endpoint), {pod.address for pod in old + new}, "each pod had its share")
        for pod in old:
            self.assertEqual((pod.function.exit_code, pod.function.killed), (0, False))
            self.assertLess(pod.function.end_seconds, workload.grace)
        for pod in old + new:
            self.assertEqual(pod.function.restarts, [])
            self.assertNotIn("has no effect", pod.log(), "the manifest's settings suit every mode")


class Streaming(RollingUpdate, Cluster):
    settings, check = CAT, staticmethod(is_echo)


class WarmServer(RollingUpdate, Cluster):
    settings, check = SERVER, staticmethod(is_count)


class Start(Cluster):
    """What becomes of a pod whose function starts slowly; FASTER. startup_timeout is a minute by default."""

    def server(self, start_after):
        return self.workload(FASTER, **SERVER, startup_timeout="6s", START_AFTER=start_after)

    def test_a_function_may_take_nearly_all_of_startup_timeout(self):
        pod = self.pod(self.server("5.4"))
        pod.wait_ready()
        self.assertEqual(pod.function.restarts, [])
        self.assertGreater(len(pod.function.probe_failures["startup"]), 40)

    def test_a_function_that_is_not_there_after_startup_timeout_is_ended_by_the_watchdog_which_says_why(self):
        pod = self.pod(self.server("100"))
        until(lambda: pod.function.restarts, 15, "the container to be started again")
        self.assertEqual(pod.function.restarts, ["exit code 69"])
        self.assertFalse(pod.ready())

    def test_a_startup_probe_with_too_little_patience_starts_it_again(self):
        workload = self.server("5.4")
        workload.containers[0].startup.failures = 3
        pod = self.pod(workload)
        until(lambda: pod.function.restarts, 15, "the container to be started again")
        self.assertIn("startup probe", pod.function.restarts[0])


class Life(Cluster):
    """What becomes of a pod whose function or watchdog hangs, that is full, or that is left; FASTER."""

    def ask(self, pod, path="/", **options):
        client = Client(self.port(pod.workload), address=pod.address)
        self.addCleanup(client.close)
        client.send(head(path=path, **options))
        return client

    def test_a_function_that_hangs_is_left_by_requests_and_started_again_by_the_watchdog(self):
        service = Service(added=(0, 0), removed=(0, 0))
        pod = self.pod(self.workload(FASTER, with_suggestions=True, **SERVER, START_AFTER="1"), service)
        pod.wait_ready()
        view = service.view()
        hanging = [self.ask(pod, "/slow/1000") for _ in range(2)]
        self.assertEqual([client.response().status for client in hanging], [504, 504])
        until(lambda: not view.endpoints(), 5, "the pod to be no endpoint")
        until(view.endpoints, 10, "the pod to be an endpoint again")
        self.assertEqual(self.ask(pod).response().text, "GET / 0")
        self.assertEqual(pod.function.restarts, [])

    def test_a_watchdog_that_hangs_is_started_again_by_the_kubelet(self):
        pod = self.pod(self.workload(FASTER, **CAT))
        pod.wait_ready()
        pod.function.signal(signal.SIGSTOP)
        until(lambda: not pod.ready(), 5, "the pod to be unready")
        until(lambda: pod.function.restarts, 20, "the container to be started again")
        self.assertIn("liveness probe", pod.function.restarts[0])
        self.assertTrue(pod.function.killed)
        until(pod.ready, 10, "the pod to be ready again")

    def test_a_connection_alone_would_not_tell_that_the_watchdog_hangs(self):
        workload = self.workload(FASTER, **CAT)
        pod = self.pod(workload)
        pod.wait_ready()
        pod.function.signal(signal.SIGSTOP)
        self.assertIsNone(Probe({"tcpSocket": {"port": "http"}}, workload.containers[0].ports).ask(pod.address))
        self.assertIsNotNone(workload.containers[0].liveness.ask(pod.address))

    def test_a_pod_that_is_full_gets_no_more_requests_and_is_not_started_again(self):
        pod = self.pod(self.workload(FASTER, fprocess="sleep 0.7"))
        pod.wait_ready()
        container = pod.workload.containers[0]
        most, queue = (int(container.environment[name]) for name in ("max_inflight", "max_queue"))
        watch = Stopwatch()
        clients = [self.ask(pod) for _ in range(most + queue)]
        until(lambda: self.metric(pod, "fwatchdog_requests_queued") == queue, 5, "the queue to be full")
        self.assertEqual(self.ask(pod).response().status, 429)
        until(lambda: not pod.ready(), 5, "the pod to be unready")
        self.assertEqual({client.response().status for client in clients}, {200})
        until(lambda: watch.seconds > container.liveness.period * 4, 10, "some liveness probes")
        until(pod.ready, 5, "the pod to be ready again")
        self.assertIn("status 429", pod.function.probe_failures["readiness"])
        self.assertEqual(pod.function.restarts, [])

    def test_the_longest_request_is_answered_although_its_pod_is_deleted(self):
        pod = self.pod(self.workload(FASTER, fprocess="sh -c 'sleep 1.9; echo done'"))
        pod.wait_ready()
        client = self.ask(pod)
        until(lambda: self.metric(pod, "http_requests_in_flight") == 1, 5, "the request to be under way")
        pod.delete()
        late = self.ask(pod)
        until(lambda: "no new connections" in pod.log(), 5, "the port to be closed")
        # This kubelet does not ask any more, but older ones did.
        self.assertIsNone(pod.workload.containers[0].liveness.ask(pod.address))
        for each in (client, late):
            self.assertEqual(each.response().text, "done\n")
        pod.wait_over()
        self.assertEqual((pod.function.exit_code, pod.function.killed), (0, False))


class Losses(Cluster):
    """That the simulation notices what goes wrong; FASTER."""

    def service(self):
        return Service(added=(0, 2 / FASTER), removed=(0, 4 / FASTER))

    def bare(self, at_term):
        return self.workload(FASTER, command=[sys.executable, "-c", BARE, at_term])

    def test_an_application_that_ends_at_SIGTERM_at_once_loses_requests(self):
        old, _, traffic = self.update(self.bare("exits"), self.service(), is_echo)
        self.assertGreater(len(traffic.lost), 0)
        self.assertEqual([pod.function.exit_code for pod in old], [0, 0])

    def test_behind_a_hook_that_waits_for_the_endpoints_it_loses_no_new_connection(self):
        for hook in ({"exec": {"command": ["sleep", "0.6"]}}, {"sleep": {"seconds": 6}}):
            workload = self.bare("exits")
            workload.containers[0].pre_stop = hook
            old, _, traffic = self.update(workload, self.service(), is_echo)
            self.assertEqual([loss for loss in traffic.lost if not loss.startswith("kept")], [])
            for pod in old:
                self.assert_within(pod.function.end_seconds, 0.6, 1.5)

    def test_an_application_that_does_not_know_SIGTERM_is_killed_at_the_end_of_its_grace_period(self):
        pod = self.pod(self.bare("ignores"))
        pod.wait_ready()
        pod.delete()
        pod.wait_over()
        self.assertEqual((pod.function.exit_code, pod.function.killed), (-signal.SIGKILL, True))
        self.assert_within(pod.function.end_seconds, pod.workload.grace, pod.workload.grace + 1)

    def test_endpoints_that_go_later_than_healthcheck_interval_lose_requests(self):
        _, _, traffic = self.update(self.workload(FASTER, **CAT), Service(added=(0, 0.2), removed=(1, 2)), is_echo)
        self.assertGreater(len(traffic.lost), 0)

    def test_a_grace_period_that_is_shorter_than_the_drain_ends_in_a_kill(self):
        workload = self.workload(FASTER, **CAT)
        workload.grace = workload.least_grace = 0.2
        old, _, traffic = self.update(workload, Service(added=(0, 0.2), removed=(0.4, 0.5)), is_echo)
        self.assertEqual([pod.function.killed for pod in old], [True, True])
        self.assertGreater(len(traffic.lost), 0)
