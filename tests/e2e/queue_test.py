"""Requests beyond max_inflight: a queue instead of a refusal."""

import os
import re
import signal
import urllib.request

from harness import SANITIZER, Case, Hold, InBackground, Stopwatch, free_port, head, until
from scripted_server import ScriptedServer, answering, ok

STEP = ('touch "ran.$Http_Query"; until test -e "go.$Http_Query"; do sleep 0.005; done;'
        ' echo "$Http_Query"; cat')


class Queue(Case):
    """One function at a time, let go by name: a request for /?3 runs until go("3")."""

    def serve(self, most="1", waiting="10", **options):
        self.dog = self.sh(STEP, max_inflight=most, max_queue=waiting,
                           metrics_port=str(free_port()), **options)
        return self.dog

    def ask(self, name, body=None):
        client = self.client(self.dog)
        client.send(head("POST" if body else "GET", f"/?{name}", body=body) + (body or b""))
        return client

    def ran(self, name):
        return (self.dog.folder / f"ran.{name}").exists()

    def running(self, name):
        until(lambda: self.ran(name), 5, f"{name} to run")

    def go(self, *names):
        for name in names:
            (self.dog.folder / f"go.{name}").touch()

    def metric(self, name):
        port = int(self.dog.environment["metrics_port"])
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        return int(re.search(rf"^{name} (\d+)", text, re.MULTILINE).group(1))

    def waiting(self, count):
        until(lambda: self.metric("fwatchdog_requests_queued") == count, 5, f"{count} requests to wait")

    def test_a_request_beyond_max_inflight_waits_for_its_turn(self):
        self.serve()
        first = self.ask("a")
        self.running("a")
        second = self.ask("b")
        self.waiting(1)
        self.assertFalse(self.ran("b"))
        self.go("a", "b")
        self.assertEqual((first.response().text, second.response().text), ("a\n", "b\n"))
        self.waiting(0)

    def test_they_come_first_come_first_served(self):
        self.serve(workers="4")
        first = self.ask("a")
        self.running("a")
        clients = []
        for number in range(8):  # each on whichever worker takes it
            clients.append(self.ask(str(number)))
            self.waiting(number + 1)
        self.go("a")
        first.response()
        for number, client in enumerate(clients):
            self.running(str(number))
            self.assertFalse(self.ran(str(number + 1)))
            self.go(str(number))
            self.assertEqual(client.response().text, f"{number}\n")

    def test_one_that_finds_the_queue_full_is_refused_at_once(self):
        self.serve(waiting="1")
        self.ask("a")
        self.running("a")
        self.ask("b")
        self.waiting(1)
        self.assertEqual(self.dog.request(path="/_/ready").status, 429)
        response = self.dog.request(path="/?c")
        self.assertEqual(response.status, 429)
        self.assertIn("Max concurrent requests: 1", response.text)
        self.assertEqual(response.header("X-OpenFaaS-Internal"), "faas-middleware")
        self.assertEqual(response.header("Retry-After"), "1")
        self.go("a", "b")

    def test_it_is_ready_while_there_is_room_in_the_queue(self):
        self.serve()
        self.ask("a")
        self.running("a")
        self.assertEqual(self.dog.request(path="/_/ready").status, 200)
        self.go("a")

    def test_the_wait_ends_at_queue_timeout(self):
        self.serve(queue_timeout="300ms")
        first = self.ask("a")
        self.running("a")
        watch = Stopwatch()
        response = self.dog.request(path="/?b")
        self.assert_within(watch.seconds, 0.29, 0.8)
        self.assertEqual((response.status, response.header("Retry-After")), (503, "1"))
        self.dog.wait_log(r"GET /\?b - 503 .*queue_timeout: there was no slot within queue_timeout=300ms")
        self.go("a")
        self.assertEqual(first.response().text, "a\n")
        self.assertFalse(self.ran("b"))

    def test_exec_timeout_does_not_count_the_wait(self):
        self.serve(exec_timeout="500ms")
        first = self.ask("a")
        self.running("a")
        second = self.ask("b")
        self.go("b")
        self.assertEqual(first.response().status, 504)
        self.assertEqual(second.response().text, "b\n")

    def test_a_client_that_leaves_leaves_the_queue(self):
        self.serve()
        self.ask("a")
        self.running("a")
        for leave in ("abort", "close"):
            client = self.ask("b")
            self.waiting(1)
            getattr(client, leave)()
            self.waiting(0)
        client = self.ask("c", body=b"x" * 100_000)
        self.waiting(1)
        client.abort()
        self.waiting(0)
        self.dog.wait_log(r"POST /\?c - 499")
        self.go("a")
        self.assertFalse(self.ran("b"))

    def test_a_body_waits_with_its_request(self):
        self.serve()
        first = self.ask("a")
        self.running("a")
        body = os.urandom(3_000_000)
        second = InBackground(lambda: self.dog.request("POST", "/?b", body=body))
        self.waiting(1)
        self.go("a", "b")
        self.assertEqual(first.response().text, "a\n")
        self.assertEqual(second.result().body, b"b\n" + body)

    def test_100_continue_comes_when_its_turn_does(self):
        self.serve()
        first = self.ask("a")
        self.running("a")
        client = self.client(self.dog)
        client.send(head("POST", "/?b", [("Expect", "100-continue")], body=b"hello"))
        self.waiting(1)
        self.assertTrue(client.silent(0.2))
        self.go("a", "b")
        first.response()
        self.assertEqual(client.head().status, 100)
        client.send(b"hello")
        self.assertEqual(client.response().text, "b\nhello")

    def test_pipelined_requests_take_turns_too(self):
        self.serve()
        first = self.ask("a")
        self.running("a")
        client = self.client(self.dog)
        client.send(head(path="/?1") + head(path="/?2"))
        self.go("a", "1", "2")
        self.assertEqual((client.response().text, client.response().text), ("1\n", "2\n"))
        first.response()

    def test_those_who_wait_are_served_during_a_drain(self):
        self.serve(healthcheck_interval="100ms")
        clients = [self.ask("a")]
        self.running("a")
        clients += [self.ask(name) for name in "bcd"]
        self.waiting(3)
        self.dog.signal(signal.SIGTERM)
        self.dog.wait_log("no new connections")
        self.go(*"abcd")
        self.assertEqual([client.response().text for client in clients],
                         [f"{name}\n" for name in "abcd"])
        self.assertEqual(self.dog.wait_exit(), 0)

    def test_those_who_still_wait_at_the_end_get_503(self):
        self.serve(shutdown_timeout="800ms", healthcheck_interval="100ms")
        self.ask("a")
        self.running("a")
        client = self.ask("b")
        self.waiting(1)
        self.dog.signal(signal.SIGTERM)
        self.assertEqual(client.response().status, 503)
        self.assertEqual(self.dog.wait_exit(), 0)
        self.assertFalse(self.ran("b"))

    def test_clients_that_come_and_go_never_cost_a_slot(self):
        dog = self.dog = self.start(fprocess="cat", max_inflight="2", max_queue="20", queue_timeout="50ms",
                                    workers="4", metrics_port=str(free_port()))

        def storm(leave):
            for number in range(40 if SANITIZER else 150):
                client = dog.client()
                client.send(head("POST", body=b"12345") + (b"12345" if number % 3 else b"1"))
                if number % 5 == 0:
                    client.response() if number % 3 else None
                getattr(client, leave)()

        storms = [InBackground(lambda leave=leave: storm(leave))
                  for leave in ("abort", "close") * 3]
        for each in storms:
            each.result()
        until(lambda: self.metric("http_requests_in_flight") == 0, 10, "the last of them to have left")
        dog.until_no_processes()
        clients = [self.client(dog) for _ in range(2)]
        for client in clients:
            client.send(head("POST", body=b"12345"))
        until(lambda: len(dog.processes()) == 2, 5, "both slots to be taken")
        for client in clients:
            client.send(b"12345")
            self.assertEqual(client.response().text, "12345")

    def test_mode_http_waits_too(self):
        server = ScriptedServer(answering(ok()))
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="http", upstream_url=server.url, max_inflight="1",
                         max_queue="100")
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        askers = [InBackground(lambda: [dog.request("POST", body=b"x" * 1000).status
                                        for _ in range(20)]) for _ in range(8)]
        for asker in askers:
            self.assertEqual(set(asker.result()), {200})

    def test_without_max_queue_nothing_waits(self):
        dog = self.start("--", *Hold.command(), max_inflight="1")
        client = self.client(dog)
        client.send(head())
        Hold(dog.folder).started()
        watch = Stopwatch()
        response = dog.request()
        self.assertEqual((response.status, response.header("Retry-After")), (429, "1"))
        self.assert_within(watch.seconds, 0, 0.5)
        Hold(dog.folder).release()

