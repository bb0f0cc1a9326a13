"""The contracts of Kubernetes, Knative, Cloud Run and Google's load balancers: probes and preStop hooks."""

import signal
import threading
import time

from harness import Case, free_port, until


class Probes(Case):
    def test_a_network_probe_of_knative_is_answered_at_any_path_without_the_function(self):
        dog = self.sh(': > "$PWD/ran.$$"')
        for value in ("queue", "activator", "autoscaler", "probe"):
            for path in ("/", "/some/where?x=1"):
                response = dog.request(path=path, headers={"K-Network-Probe": value})
                self.assertEqual((200, value), (response.status, response.text))
        self.assertEqual([], list(dog.folder.glob("ran.*")))
        self.assertNotIn("GET", dog.log())

    def test_the_probe_of_a_revision_gets_its_hash_back(self):
        dog = self.start(fprocess="true")
        response = dog.request(headers={"K-Network-Probe": "probe", "K-Network-Hash": "abc"})
        self.assertEqual("abc", response.header("K-Network-Hash"))
        self.assertIsNone(dog.request(headers={"K-Network-Probe": "queue", "K-Network-Hash": "abc"})
                          .header("K-Network-Hash"))

    def test_a_network_probe_of_another_kind_is_400_and_of_another_method_405(self):
        dog = self.start(fprocess="true")
        self.assertEqual(400, dog.request(headers={"K-Network-Probe": "<script>"}).status)
        self.assertEqual(405, dog.request("POST", headers={"K-Network-Probe": "queue"}, body=b"x").status)

    def test_a_network_probe_is_503_while_we_are_unhealthy_or_drain(self):
        dog = self.start(fprocess="cat", healthcheck_interval="5s")
        client = self.client(dog)
        dog.lock.unlink()
        probe = b"GET / HTTP/1.1\r\nHost: a\r\nK-Network-Probe: queue\r\n\r\n"
        client.send(probe)
        self.assertEqual(503, client.response().status)
        dog.signal(signal.SIGTERM)
        dog.wait_log("unready")
        self.assertEqual(503, dog.request(headers={"K-Network-Probe": "queue"}).status)

    def test_options_asks_for_health_as_get_does(self):
        """As Knative does to find out whether a container speaks HTTP/2."""
        dog = self.start(fprocess="cat")
        upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": ""}
        for path in ("/_/health", "/_/ready"):
            self.assertEqual(200, dog.request("OPTIONS", path, headers=upgrade).status)
        dog.lock.unlink()
        self.assertEqual(503, dog.request("OPTIONS", "/_/health").status)

    def test_probes_that_go_well_are_not_logged(self):
        dog = self.start(fprocess="cat")
        for agent in ("kube-probe/1.31", "GoogleHC/1.0", "Knative-Activator-Probe", "Knative-Ingress-Probe"):
            self.assertEqual(200, dog.request(headers={"User-Agent": agent}).status)
        dog.request(headers={"User-Agent": "Knative-Something"})
        dog.wait_log("GET / - 200")
        self.assertEqual(1, dog.log().count("GET /"))

    def test_a_probe_that_the_function_fails_is_logged(self):
        dog = self.sh("exit 3")
        dog.request(headers={"User-Agent": "GoogleHC/1.0"})
        dog.wait_log("GET / - 500 .*exit code 3")

    def test_nobody_hides_a_request_by_the_name_of_a_prober(self):
        dog = self.start(fprocess="cat")
        agent = {"User-Agent": "kube-probe/1.31"}
        dog.request("POST", headers=agent, body=b"x")
        dog.request(path="/?a=b", headers=agent)
        dog.request(path="/hidden", headers=agent)
        for line in (r"POST / - 200", r"GET /\?a=b - 200", r"GET /hidden - 200"):
            dog.wait_log(line)

    def test_a_storm_of_probes_leaves_requests_alone(self):
        dog = self.start(fprocess="cat", max_inflight="2")
        over = threading.Event()

        def storm():
            client = self.client(dog)
            while not over.is_set():
                client.send(b"GET /any HTTP/1.1\r\nHost: a\r\nK-Network-Probe: queue\r\n\r\n")
                if client.response().status != 200:
                    break
                self.probes += 1

        self.probes = 0
        threads = [threading.Thread(target=storm) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            self.assertEqual(200, dog.request("POST", body=b"x").status)
        until(lambda: self.probes > 1000, 20, "a thousand probes")
        over.set()
        for thread in threads:
            thread.join()
        self.assertNotIn("/any", dog.log())


class PreStop(Case):
    """GET /wait-for-drain at the metrics port, as Knative's queue-proxy has it for preStop hooks."""

    def dog(self, **options):
        port = free_port()
        return self.start(fprocess="cat", metrics_port=port, **options), port

    def ask(self, port):
        client = self.client_at(port)
        client.send(b"GET /wait-for-drain HTTP/1.1\r\nHost: a\r\n\r\n")
        return client

    def client_at(self, port):
        from client import Client
        client = Client(port)
        self.addCleanup(client.close)
        return client

    def test_it_is_answered_when_the_time_of_draining_is_over_and_we_serve_until_then(self):
        dog, port = self.dog(healthcheck_interval="1s")
        started = time.monotonic()
        hook = self.ask(port)
        dog.wait_log("unready, serving for 1s more; .*the end is after SIGTERM")
        self.assertEqual(503, dog.request(path="/_/health").status)
        self.assertEqual("x", dog.request("POST", body=b"x").text)
        self.assertEqual("drained\n", hook.response().text)
        self.assertGreater(time.monotonic() - started, 0.9)
        self.assertEqual("x", dog.request("POST", body=b"x").text)  # until the signal
        dog.signal(signal.SIGTERM)
        self.assertEqual(0, dog.wait_exit(5))
        self.assertEqual(1, dog.log().count("unready, serving"))

    def test_every_hook_is_answered_and_one_that_leaves_does_no_harm(self):
        dog, port = self.dog(healthcheck_interval="500ms")
        first, gone, second = self.ask(port), self.ask(port), self.ask(port)
        gone.close()
        for hook in (first, second):
            self.assertEqual(200, hook.response().status)
        self.assertEqual(200, self.ask(port).response().status)
        self.assertEqual(200, dog.request("POST", body=b"x").status)

    def test_a_signal_meanwhile_sets_the_deadline(self):
        dog, port = self.dog(healthcheck_interval="1s", shutdown_timeout="3s")
        hook = self.ask(port)
        dog.wait_log("after SIGTERM")
        dog.signal(signal.SIGTERM)
        self.assertEqual(200, hook.response().status)
        self.assertEqual(0, dog.wait_exit(5))

    def test_only_get_begins_to_drain(self):
        dog, port = self.dog()
        client = self.client_at(port)
        client.send(b"POST /wait-for-drain HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(405, client.response().status)
        self.assertEqual(200, dog.request(path="/_/health").status)

    def test_at_the_function_s_port_it_is_the_function_s(self):
        dog, _ = self.dog()
        self.assertEqual("mine", dog.request("POST", "/wait-for-drain", body=b"mine").text)
        self.assertEqual(200, dog.request(path="/_/health").status)
