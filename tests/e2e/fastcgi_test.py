"""mode=fastcgi against a server that says what a test wants, record by record."""

import hashlib
import os
import threading
import time

from fastcgi_server import answering, end, err, ok, out, read_request, record
from harness import EXIT_UNAVAILABLE, SANITIZER, Case, InBackground, Stopwatch, free_port, head, until
from scripted_server import ScriptedServer

WATCHDOG_MOST_KB = 8192


class FastcgiCase(Case):
    def serve(self, script, command=("sleep", "1000"), **options):
        server = ScriptedServer(script, options.pop("address", ("127.0.0.1", 0)))
        self.addCleanup(server.close)
        options.setdefault("upstream_url", server.url.replace("http://", "fastcgi://"))
        arguments = ("--", *command) if command else ()
        dog = self.start(*arguments, mode="fastcgi", **options)
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        return dog, server

    def answer_to(self, answer, method="GET", **options):
        return self.serve(answering(answer), **options)[0].request(method)

    def recording(self, answer=None, **options):
        """A watchdog before a server that answers everything, and the requests that came."""
        requests = []

        def script(visit):
            while (request := read_request(visit)) is not None:
                requests.append(request)
                visit.send(answer or ok())

        return self.serve(script, **options)[0], requests


class Requests(FastcgiCase):
    def test_a_request_is_told_in_variables(self):
        dog, requests = self.recording()
        response = dog.request("POST", "/a%20b?c=d", headers={"Cookie": "x=1", "Content-Type": "a/b"},
                               body=b"12345")
        self.assertEqual((response.status, response.text), (200, "ok"))
        told = requests[0].variables
        for name, value in {"REQUEST_METHOD": "POST", "REQUEST_URI": "/a%20b?c=d", "QUERY_STRING": "c=d",
                            "HTTP_COOKIE": "x=1", "CONTENT_TYPE": "a/b", "CONTENT_LENGTH": "5",
                            "GATEWAY_INTERFACE": "CGI/1.1"}.items():
            self.assertEqual(told.get(name), value, name)
        self.assertEqual(requests[0].body, b"12345")
        self.assertEqual(requests[0].flags, 1)  # FCGI_KEEP_CONN

    def test_large_variables_fill_several_records(self):
        dog, requests = self.recording()
        fields = {f"X-Large-{i}": chr(97 + i) * 50_000 for i in range(4)}
        self.assertEqual(dog.request(headers=fields).status, 200)
        for name, value in fields.items():
            self.assertEqual(requests[0].variables["HTTP_" + name.upper().replace("-", "_")], value)

    def test_a_variable_too_large_for_a_record_is_431_and_nothing_is_sent(self):
        dog, requests = self.recording()
        for body in ({}, {"body": b"12345"}, {"body": b"12345", "chunked": True}):
            response = dog.request("POST" if body else "GET", headers={"X-Large": "v" * 66_000}, **body)
            self.assertEqual(response.status, 431)
            self.assertIn("HTTP_X_LARGE is larger than a FastCGI record", response.text)
        self.assertEqual(dog.request(path="/next").status, 200)
        self.assertEqual([request.variables["REQUEST_URI"] for request in requests], ["/next"])

    def test_repeated_fields_that_are_too_large_together_are_431(self):
        dog, requests = self.recording()
        cookies = "".join(f"Cookie: c{i}={'v' * 30_000}\r\n" for i in range(3))
        client = self.client(dog)
        client.send(f"GET / HTTP/1.1\r\nHost: a\r\n{cookies}\r\n".encode())
        self.assertEqual(client.response().status, 431)
        self.assertEqual(requests, [])

    def test_bodies_of_every_size_arrive_whole(self):
        dog, requests = self.recording()
        for size in (0, 1, 65535, 65536, 200_000, 5_000_000):
            for chunked in (False, True):
                body = os.urandom(size)
                self.assertEqual(dog.request("POST", body=body, chunked=chunked).status, 200)
                self.assertEqual(hashlib.sha256(requests[-1].body).digest(), hashlib.sha256(body).digest())
                self.assertEqual(requests[-1].variables["CONTENT_LENGTH"], str(size))

    def test_a_slow_server_slows_the_upload_and_not_the_memory(self):
        def script(visit):
            read_request(visit, body=False)
            time.sleep(1)
            while visit.exactly(1_000_000):
                time.sleep(0.01)

        dog, _ = self.serve(script)
        client = self.client(dog)
        client.send(head("POST", body=bytes(100_000_000)))
        threading.Thread(target=lambda: client.send(bytes(100_000_000)), daemon=True).start()
        time.sleep(0.7)
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), WATCHDOG_MOST_KB)
        client.close()

    def test_unix_sockets(self):
        path = f"/tmp/fwatchdog-{free_port()}.sock"
        dog, _ = self.serve(answering(ok(b"by unix")), address=path)
        self.assertEqual(dog.request().text, "by unix")

    def test_a_server_of_somebody_else_needs_no_command_and_keeps_no_connection(self):
        dog, requests = self.recording(command=())
        self.assertEqual(dog.request().status, 200)
        self.assertEqual(requests[0].flags, 0)

    def test_a_ready_path_is_not_asked_in_http(self):
        dog, _ = self.serve(answering(ok()), ready_path="/ready")
        self.assertEqual(dog.request(path="/_/ready").status, 200)
        self.assertIn("ready_path has no effect", dog.log())

    def test_without_a_command_it_is_unready_until_the_server_listens(self):
        port = free_port()
        dog = self.start(mode="fastcgi", upstream_url=f"fastcgi://127.0.0.1:{port}")
        self.assertEqual(dog.request(path="/_/health").status, 503)
        early = InBackground(dog.request)
        server = ScriptedServer(answering(ok()), ("127.0.0.1", port))
        self.addCleanup(server.close)
        self.assertEqual(early.result().status, 200)

    def test_a_server_that_never_listens_ends_it(self):
        dog = self.start(mode="fastcgi", upstream_url=f"fastcgi://127.0.0.1:{free_port()}",
                         startup_timeout="300ms", leaves=True)
        self.assertEqual(dog.wait_exit(), EXIT_UNAVAILABLE)
        self.assertIn("not ready within startup_timeout=300ms", dog.log())


class Answers(FastcgiCase):
    def test_status_fields_and_body_are_the_program_s(self):
        response = self.answer_to(out(b"Status: 404 Nope\r\nX-A: 1\r\nContent-type: a/b\r\n\r\n", 5)
                                  + out(b"bo") + out(b"dy", 255) + out(b"") + end(padding=3))
        self.assertEqual((response.status, response.reason, response.text), (404, "Nope", "body"))
        self.assertEqual(response.header("X-A"), "1")

    def test_what_it_writes_to_stderr_is_logged_line_by_line(self):
        dog, _ = self.serve(answering(err(b"one\ntw") + out(b"Content-Type: a/b\n\n") + err(b"o\nthree") + end()))
        self.assertEqual(dog.request().text, "")
        for line in ("one", "two", "three"):
            dog.wait_log(rf"stderr: {line}$")

    def test_a_local_location_is_answered_by_the_same_server(self):
        requests = []

        def script(visit):
            while (request := read_request(visit)) is not None:
                requests.append(request)
                old = request.variables["REQUEST_URI"] == "/old"
                visit.send(out(b"Location: /new?x\n\n") + end() if old else ok(b"new"))

        dog, _ = self.serve(script)
        self.assertEqual(dog.request("POST", "/old", body=b"x").text, "new")
        told = requests[-1].variables
        self.assertEqual((told["REQUEST_METHOD"], told["REQUEST_URI"]), ("GET", "/new?x"))
        self.assertNotIn("CONTENT_LENGTH", told)

    def test_output_leaves_as_it_comes(self):
        go = threading.Event()

        def script(visit):
            read_request(visit)
            visit.send(out(b"Content-Type: a/b\n\none"))
            go.wait(10)
            visit.send(out(b"two") + end())

        dog, _ = self.serve(script)
        client = self.client(dog)
        client.send(head())
        pieces = client.pieces(client.head())
        self.assertEqual(next(pieces), b"one")
        go.set()
        self.assertEqual(b"".join(pieces), b"two")

    def test_a_server_too_busy_is_503_with_retry_after(self):
        response = self.answer_to(end(status=2))
        self.assertEqual((response.status, response.header("Retry-After")), (503, "1"))

    def test_what_is_no_answer_is_502_and_says_why(self):
        for answer, says in (
                (b"HTTP/1.1 200 OK\r\n\r\n", "not FastCGI"),
                (record(6, b"x", version=2), "not FastCGI"),
                (record(6, b"x", request_id=7), "answers a request that it was not asked (7)"),
                (record(11, b"x" * 8), "FastCGI record of type 11"),
                (record(3, b"short"), "END_REQUEST record is malformed"),
                (end(status=1), "one request at a time"),
                (end(), "it printed nothing"),
                (out(b"Status: 99\n\n") + end(), "not a number from 200 to 599"),
                (out(b"Content-Length: 1\nContent-Length: 2\n\n") + end(), "two different Content-Length fields"),
                (out(b"hello") + end(), "ended in the middle of its head"),
                (out(b"A: b\r\n" * 2000), "more than 1024 fields")):
            response = self.answer_to(answer)
            self.assertEqual(response.status, 502, answer)
            self.assertIn(says, response.text)

    def test_an_answer_that_ends_in_the_middle_breaks_the_connection(self):
        def closing(sent):
            def script(visit):
                read_request(visit)
                visit.send(sent)
                visit.socket.close()
            return script

        begun = out(b"Content-Type: a/b\n\nhalf")
        for sent in (begun, begun + out(b"more")[:5], begun + end()[:9], begun + end(exit_code=1)):
            response = self.serve(closing(sent))[0].request()
            self.assertEqual(response.status, 200)
            self.assertFalse(response.complete)
        for sent in (b"", out(b"Content-Type: a/b\n\n")[:9], out(b"Content-Type: a/b\n")):
            self.assertEqual(self.serve(closing(sent))[0].request("POST", body=b"x").status, 502)

    def test_204_has_no_body_whatever_it_says(self):
        dog, _ = self.serve(answering(out(b"Status: 204\n\nnot for you") + end()))
        with dog.client() as client:
            for _ in range(2):
                self.assertEqual(client.request().status, 204)

    def test_exec_timeout_is_504(self):
        watch = Stopwatch()
        dog, _ = self.serve(lambda visit: visit.ended(), exec_timeout="300ms")
        self.assertEqual(dog.request().status, 504)
        self.assert_within(watch.seconds, 0.3, 2)

    def test_a_client_that_leaves_aborts_the_request(self):
        aborted = threading.Event()
        begun = threading.Event()

        def script(visit):
            read_request(visit)
            begun.set()
            request = read_request(visit)
            if request is not None and request.aborted:
                aborted.set()

        dog, _ = self.serve(script)
        client = self.client(dog)
        client.send(head())
        self.assertTrue(begun.wait(5))
        client.close()
        self.assertTrue(aborted.wait(5))
        dog.wait_log(r"GET / - 499 ")

    def test_an_answer_before_the_end_of_the_upload(self):
        def script(visit):
            read_request(visit, body=False)
            visit.send(out(b"Status: 413\n\ntoo much") + end())
            visit.ended()

        dog, _ = self.serve(script)
        response = dog.request("POST", body=bytes(100_000_000), timeout=60)
        self.assertEqual((response.status, response.text), (413, "too much"))


class Connections(FastcgiCase):
    def test_a_connection_is_kept_for_the_next_request(self):
        dog, server = self.serve(answering(ok()), workers="1")
        with dog.client() as client:
            for _ in range(20):
                self.assertEqual(client.request().text, "ok")
        self.assertEqual(len(server.visits), 1)

    def test_one_process_is_never_kept_by_an_idle_connection(self):
        """A server that serves one connection at a time, as php-cgi does, while clients come at once."""
        one_at_a_time = threading.Lock()

        def script(visit):
            with one_at_a_time:
                answering(ok())(visit)

        dog, _ = self.serve(script)
        watch = Stopwatch()
        for _ in range(5):
            answers = [InBackground(dog.request) for _ in range(8)]
            self.assertEqual([answer.result().status for answer in answers], [200] * 8)
        self.assert_within(watch.seconds, 0, 1.5)

    def test_a_connection_that_was_closed_meanwhile_is_replaced(self):
        def script(visit):
            read_request(visit)
            visit.send(ok())

        dog, server = self.serve(script)
        with dog.client() as client:
            for _ in range(5):
                self.assertEqual(client.request().status, 200)
                self.assertEqual(client.request("POST", body=b"x").status, 200)

    def test_more_than_the_answer_ends_the_connection(self):
        dog, server = self.serve(answering(ok() + b"more"))
        with dog.client() as client:
            for _ in range(3):
                self.assertEqual(client.request().text, "ok")
        self.assertEqual(len(server.visits), 3)

    def test_nothing_grows_over_1000_requests(self):
        dog, _ = self.serve(answering(err(b"") + ok()))
        with dog.client() as client:
            for _ in range(200):
                client.request()
            fds, memory = dog.fds(), dog.rss_kb()
            for i in range(1000):
                self.assertEqual(client.request("POST", body=b"x" * 1000, chunked=i % 2 == 0).status, 200)
        self.assert_no_more_fds(dog, fds)
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), memory + 1024)
