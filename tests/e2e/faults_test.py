"""The function's process is killed, or stopped, at each stage of a request in mode=http."""

import os
import signal
import time
import urllib.request

from harness import Case, Stopwatch, free_port, head, until

SERVER = """
import os, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
stage = open("stage", "a", buffering=1)
while True:
    peer, _ = listener.accept()
    request = b""
    while b"\\r\\n\\r\\n" not in request:
        data = peer.recv(65536)
        if not data:
            break
        request += data
    path = request.split(b" ")[1].decode() if request else ""
    if path == "/quick":
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nquick")
    elif path == "/body":         # the request's body is on its way
        stage.write("body\\n"); time.sleep(1000)
    elif path == "/head":         # before the answer
        stage.write("head\\n"); time.sleep(1000)
    elif path == "/half-head":    # in the middle of its head
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Le")
        stage.write("half-head\\n"); time.sleep(1000)
    elif path == "/answer":       # in the middle of its body
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1000\\r\\n\\r\\nsome")
        stage.write("answer\\n"); time.sleep(1000)
    elif path == "/chunk":
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n4\\r\\nsome\\r\\n")
        stage.write("chunk\\n"); time.sleep(1000)
    elif path == "/tunnel":
        peer.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: x\\r\\nConnection: upgrade\\r\\n\\r\\n")
        stage.write("tunnel\\n"); time.sleep(1000)
    peer.close()
"""
BEFORE_THE_HEAD = ("body", "head", "half-head")
AFTER_THE_HEAD = ("answer", "chunk", "tunnel")


class FaultCase(Case):
    def setUp(self):
        self.dog = self.start("--", "python3", "-c", SERVER, mode="http", restart="always",
                              upstream_url="http://127.0.0.1:{port}",
                              exec_timeout=getattr(self, "exec_timeout", "20s"),
                              hung_after=getattr(self, "hung_after", "0"),
                              stop_timeout="300ms", metrics_port=str(free_port()))
        until(lambda: self.dog.request(path="/quick").status == 200, 20, "it to be ready")
        self.fds = self.dog.fds()
        self.lives = 1

    def function(self):
        return until(lambda: list(self.dog.children()), 10, "the function")[0]

    def reach(self, stage):
        """A client whose request is at this stage."""
        seen = self.dog.folder / "stage"
        before = seen.read_text() if seen.exists() else ""
        client = self.client(self.dog)
        if stage == "body":
            client.send(head("POST", "/body", body=bytes(1_000_000)) + bytes(1000))
        elif stage == "tunnel":
            client.send(head(path="/tunnel", headers=[("Connection", "upgrade"), ("Upgrade", "x")]))
        else:
            client.send(head(path=f"/{stage}"))
        until(lambda: seen.exists() and seen.read_text() == before + stage + "\n", 10, stage)
        return client

    def kill(self):
        os.kill(self.function(), signal.SIGKILL)
        self.lives += 1

    def check_recovery(self):
        until(lambda: self.dog.log().count("is ready after") == self.lives, 20, "it to be ready again")
        self.assertEqual(self.dog.request(path="/quick").text, "quick")
        self.assertEqual(len(self.dog.children()), 1)
        self.assert_no_more_fds(self.dog, self.fds)


class Faults(FaultCase):
    def test_kill_9_before_the_head_is_502(self):
        for stage in BEFORE_THE_HEAD:
            client = self.reach(stage)
            self.kill()
            self.assertEqual(client.response().status, 502, stage)
            client.close()
            self.check_recovery()

    def test_kill_9_after_the_head_is_a_visible_break(self):
        for stage in AFTER_THE_HEAD:
            client = self.reach(stage)
            response = client.head()
            self.kill()
            if stage == "tunnel":
                self.assertEqual(response.status, 101)
                self.assertEqual(client.read_to_end(), b"")
            else:
                self.assertEqual(b"".join(client.pieces(response)), b"some")
                self.assertFalse(response.complete, stage)
            client.close()
            self.check_recovery()

    def test_kill_9_between_requests_costs_none(self):
        client = self.client(self.dog)
        for count in range(1, 6):
            self.assertEqual(client.request(path="/quick").text, "quick")
            os.kill(self.function(), signal.SIGKILL)
            until(lambda: self.dog.log().count("ended by itself: killed by SIGKILL") == count, 5,
                  "it to be noticed")

    def test_a_stopped_function_is_504_at_exec_timeout_and_goes_on_when_it_may(self):
        function = self.function()
        os.kill(function, signal.SIGSTOP)
        client = self.client(self.dog)
        client.send(head(path="/quick", headers=[("X-Timeout", "300ms")]))
        watch = Stopwatch()
        self.assertEqual(client.response().status, 504)
        self.assert_within(watch.seconds, 0.2, 1.0)
        os.kill(function, signal.SIGCONT)
        self.assertEqual(self.dog.request(path="/quick").text, "quick")

    def test_a_client_that_leaves_a_stopped_function_leaves_nothing_behind(self):
        function = self.function()
        os.kill(function, signal.SIGSTOP)
        for leave in ("abort", "close"):
            client = self.client(self.dog)
            client.send(head("POST", "/quick", body=bytes(10_000_000)) + bytes(100_000))
            time.sleep(0.1)
            getattr(client, leave)()
        os.kill(function, signal.SIGCONT)
        self.check_recovery()

    def test_the_end_takes_a_stopped_function_along(self):
        os.kill(self.function(), signal.SIGSTOP)
        watch = Stopwatch()
        self.dog.signal(signal.SIGINT)
        self.assertEqual(self.dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 2.0)
        self.assertEqual(self.dog.processes(), [])

    def test_the_metrics_port_answers_to_the_end(self):
        client = self.reach("answer")
        self.dog.signal(signal.SIGINT)
        self.dog.wait_log("no new connections; requests running: 1")
        port = int(self.dog.environment["metrics_port"])
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        self.assertIn("http_requests_in_flight 1\n", text)
        client.close()
        self.assertEqual(self.dog.wait_exit(), 0)


class StoppedAndStartedAgain(FaultCase):
    hung_after = "2"
    exec_timeout = "300ms"

    def test_a_stopped_function_is_started_again_after_hung_after(self):
        before = self.function()
        os.kill(before, signal.SIGSTOP)
        for _ in range(2):
            self.assertEqual(self.dog.request(path="/quick").status, 504)
        self.dog.wait_log("starting it again")
        until(lambda: self.dog.request(path="/quick").status == 200, 20, "it to answer")
        self.assertNotEqual(self.function(), before)
