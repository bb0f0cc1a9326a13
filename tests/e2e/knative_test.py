"""The manifest for Knative, with a scripted queue-proxy in front of the function (queue_proxy.py).

What Knative makes of a Service is done here as knative.dev/docs describes: PORT and K_* in the environment, the
readiness probe handed to the queue-proxy, a preStop hook that waits for its drain, and a grace period that is
timeoutSeconds.
"""

import json
import sys
import threading
from pathlib import Path

from client import Client, head
from harness import InBackground, Stopwatch, until
from kube_proxy import Service, is_echo
from kubernetes_test import CAT, SERVER, Cluster as KubernetesCluster, is_count
from pod_spec import Workload, documents
from under_test import COMMAND, ROOT, SANITIZER

MANIFEST = ROOT / "examples/knative/service.yaml"
QUEUE_PORT, ADMIN_PORT = 8012, 8022
# The drain of a queue-proxy lasts 30 s after the last request. All durations of the manifest and this one are
# divided by FASTER, to keep their proportions.
DRAIN = 30
FASTER = 5


def pod_template(revision, **queue_settings):
    """The pod that Knative makes for a revision, as the spec of a Deployment."""
    function = dict(revision["containers"][0], name="user-container")
    port = function["ports"][0]["containerPort"]
    probe = function.pop("readinessProbe")
    added = {"PORT": port, "K_SERVICE": "greet", "K_CONFIGURATION": "greet", "K_REVISION": "greet-00001"}
    function["env"] = function["env"] + variables(added)
    function["lifecycle"] = {"preStop": {"httpGet": {"path": "/wait-for-drain", "port": ADMIN_PORT}}}
    queue = {
        "name": "queue-proxy", "command": [sys.executable, str(Path(__file__).with_name("queue_proxy.py"))],
        "env": variables({
            "SERVING_READINESS_PROBE": json.dumps(probe), "USER_PORT": port, "QUEUE_SERVING_PORT": QUEUE_PORT,
            "QUEUE_ADMIN_PORT": ADMIN_PORT, "CONTAINER_CONCURRENCY": revision["containerConcurrency"],
            "DRAIN_SECONDS": DRAIN / FASTER, **queue_settings}),
        "readinessProbe": {"periodSeconds": 1, "timeoutSeconds": 10, "httpGet": {
            "port": QUEUE_PORT, "httpHeaders": [{"name": "K-Network-Probe", "value": "queue"}]}}}
    return {"spec": {"replicas": 2, "template": {"spec": {
        "containers": [function, queue], "terminationGracePeriodSeconds": revision["timeoutSeconds"]}}}}


def variables(settings):
    return [{"name": name, "value": str(value)} for name, value in settings.items()]


class Cluster(KubernetesCluster):
    def workload(self, queue_settings=(), change=(), **settings):
        revision = {**documents(MANIFEST)["Service"]["spec"]["template"]["spec"], **dict(change)}
        return Workload(pod_template(revision, **dict(queue_settings)), FASTER).running(list(COMMAND), **settings)

    def port(self, workload):
        return QUEUE_PORT

    def ask(self, pod, port=QUEUE_PORT):
        client = Client(port, address=pod.address)
        self.addCleanup(client.close)
        client.send(head())
        return client


class RollingUpdate:
    settings, check = None, None

    def test_a_new_revision_loses_no_request(self):
        workload = self.workload(**self.settings)
        service = Service(removed=(0, 4 / FASTER))
        old, new, traffic = self.update(workload, service, type(self).check, follow=True)
        self.assertEqual(traffic.lost, [])
        self.assertGreater(min(traffic.requests.values()), 100 if SANITIZER else 300)
        self.assertEqual(set(traffic.by_endpoint), {pod.address for pod in old + new}, "each pod had its share")
        for pod in old:
            self.assertEqual([(each.exit_code, each.killed) for each in pod.containers], [(0, False)] * 2)
        for pod in old + new:
            self.assertEqual([each.restarts for each in pod.containers], [[], []])


class Streaming(RollingUpdate, Cluster):
    settings, check = CAT, staticmethod(is_echo)


class WarmServer(RollingUpdate, Cluster):
    settings, check = SERVER, staticmethod(is_count)


class Life(Cluster):
    def test_a_function_is_ready_soon_after_it_listens_and_probes_are_no_requests(self):
        pod = self.pod(self.workload(**SERVER, START_AFTER="1"))
        watch = Stopwatch()
        pod.wait_ready()
        self.assert_within(watch.seconds, 1, 3)
        self.assertNotIn("/_/ready", pod.function.log())

    def test_the_function_hears_of_the_end_only_when_the_queue_proxy_has_drained(self):
        pod = self.pod(self.workload(**CAT))
        pod.wait_ready()
        watch = Stopwatch()
        pod.delete()
        until(lambda: "draining" in pod.containers[1].log(), 5, "the queue-proxy to drain")
        self.assertEqual(self.ask(pod).response().status, 200)
        asked = watch.seconds
        until(lambda: "Stopping" in pod.function.log(), DRAIN, "the function to be told")
        self.assert_within(watch.seconds - asked, DRAIN / FASTER - 0.3, DRAIN / FASTER + 2)
        pod.wait_over()
        self.assertEqual([(each.exit_code, each.killed) for each in pod.containers], [(0, False)] * 2)

    def test_no_more_than_container_concurrency_are_at_the_function_and_the_others_wait(self):
        pod = self.pod(self.workload(fprocess="sleep 0.3"))
        pod.wait_ready()
        most = int(pod.workload.containers[1].environment["CONTAINER_CONCURRENCY"])
        clients = [self.ask(pod) for _ in range(3 * most)]
        over = threading.Event()
        most_seen = InBackground(lambda: self.most_in_flight(pod, over))
        self.assertEqual({client.response().status for client in clients}, {200})
        over.set()
        self.assertEqual(most_seen.result(), most)

    def most_in_flight(self, pod, over):
        seen = {0}
        while not over.wait(0.02):
            seen.add(self.in_flight(pod))
        return max(seen)

    def in_flight(self, pod):
        return self.metric(pod, "http_requests_in_flight")

    def test_a_request_that_takes_its_whole_time_is_answered_although_its_pod_is_deleted(self):
        workload = self.workload(fprocess="sh -c 'sleep 5; echo done'")
        pod = self.pod(workload)
        pod.wait_ready()
        client = self.ask(pod)
        until(lambda: self.in_flight(pod) == 1, 5, "the request to be under way")
        pod.delete()
        self.assertEqual(client.response().text, "done\n")
        pod.wait_over()
        self.assertEqual([(each.exit_code, each.killed) for each in pod.containers], [(0, False)] * 2)


class Losses(Cluster):
    """That the simulation notices what goes wrong."""

    def test_timeout_seconds_that_are_no_longer_than_the_drain_end_in_a_kill(self):
        pod = self.pod(self.workload(change={"timeoutSeconds": DRAIN}, **CAT))
        pod.wait_ready()
        pod.delete()
        until(lambda: pod.containers[1].over(), DRAIN, "the queue-proxy to end")
        self.assertTrue(pod.containers[1].killed)

    def test_a_queue_proxy_that_does_not_drain_loses_requests(self):
        workload = self.workload({"DRAIN_SECONDS": 0}, **CAT)
        _, _, traffic = self.update(workload, Service(removed=(0.2, 4 / FASTER)), is_echo, follow=True)
        self.assertGreater(len(traffic.lost), 0)
