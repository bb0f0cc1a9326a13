"""mode=http: what is passed on, and how it ends, against a server that says what a test wants."""

import hashlib
import signal
import socket
import time

from harness import SANITIZER, Case, InBackground, Stopwatch, free_port, head, until
from malformed import CHUNKS, HEADS
from scripted_server import ScriptedServer, answering, ok


class HttpCase(Case):
    def serve(self, script, address=("127.0.0.1", 0), **options):
        """A watchdog before a server with this script, and that server."""
        server = ScriptedServer(script, address)
        self.addCleanup(server.close)
        options.setdefault("upstream_url", server.url)
        dog = self.start("--", "sleep", "1000", mode="http", **options)
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        return dog, server

    def answer_to(self, answer, method="GET", **options):
        """What a client gets for `answer`."""
        dog, _ = self.serve(answering(answer), **options)
        return dog.request(method)

    def lines_for(self, request, **options):
        """The lines of the head that the server gets for a request."""
        dog, server = self.serve(answering(ok()), **options)
        client = self.client(dog)
        client.send(request)
        self.assertEqual(client.response().status, 200)
        return server.received[0].partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


class Requests(HttpCase):
    def test_the_target_is_passed_on_verbatim(self):
        for target in ("/", "//a//b/../c", "/%2F%00%zz?x=%20&y", "/?", "/a;b=c"):
            self.assertEqual(self.lines_for(head(path=target))[0], f"GET {target} HTTP/1.1")

    def test_the_target_follows_the_prefix_of_upstream_url(self):
        server = ScriptedServer(answering(ok()))
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="http", upstream_url=f"{server.url}/api/v1/")
        self.assertEqual(dog.request(path="/x?y").status, 200)
        self.assertTrue(server.received[0].startswith(b"GET /api/v1/x?y HTTP/1.1\r\n"))

    def test_an_absolute_target_s_authority_is_the_host(self):
        lines = self.lines_for(head(path="http://other.example/x?y"))
        self.assertEqual(lines[0], "GET /x?y HTTP/1.1")
        self.assertIn("Host: other.example", lines)

    def test_fields_keep_their_bytes_and_order_and_duplicates(self):
        fields = [("Host", "f.example:81"), ("X-b", "1"), ("x-A", "2,  3"), ("X-b", "\xe4"),
                  ("Cookie", "a=b; c=d"), ("Accept-Encoding", "br")]
        lines = self.lines_for(head(headers=fields))
        self.assertEqual(lines[1:7], [f"{name}: {value}" for name, value in fields])

    def test_fields_about_the_connection_stay_behind(self):
        lines = self.lines_for(head(headers=[
            ("Connection", "x-one, keep-alive, close, host"), ("X-One", "1"), ("Keep-Alive", "x"),
            ("Proxy-Connection", "x"), ("TE", "gzip"), ("Upgrade", "x"), ("X-Two", "2")]))
        names = [line.partition(":")[0] for line in lines[1:]]
        self.assertEqual(names, ["Host", "X-Two", "X-Forwarded-For", "X-Forwarded-Host",
                                 "X-Forwarded-Proto"])

    def test_forwarded_fields_say_where_it_came_from(self):
        lines = self.lines_for(head())
        self.assertEqual(lines[-3:], ["X-Forwarded-For: 127.0.0.1",
                                      "X-Forwarded-Host: function.example",
                                      "X-Forwarded-Proto: http"])

    def test_a_sized_body_keeps_its_length(self):
        dog, server = self.serve(answering(ok()))
        dog.request("POST", body=b"hello")
        self.assertIn(b"\r\nContent-Length: 5\r\n", server.received[0])
        self.assertNotIn(b"chunked", server.received[0])
        self.assertTrue(server.received[0].endswith(b"\r\n\r\nhello"))

    def test_a_chunked_body_stays_chunked_with_its_trailers(self):
        dog, server = self.serve(answering(ok()))
        client = self.client(dog)
        client.send(head("POST", chunked=True) + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n"
                    b"Content-Length: 9\r\n\r\n")
        self.assertEqual(client.response().status, 200)
        self.assertTrue(server.received[0].endswith(
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
            server.received[0])

    def test_a_chunked_body_can_be_collected(self):
        dog, server = self.serve(answering(ok()), http_buffer_req_body="true", max_body_size="1k")
        self.assertEqual(dog.request("POST", body=b"hello " * 10, chunked=True).status, 200)
        self.assertIn(b"\r\nContent-Length: 60\r\n", server.received[0])
        self.assertEqual(dog.request("POST", body=b"x" * 2000, chunked=True).status, 413)

    def test_expect_is_answered_by_the_function(self):
        def script(visit):
            self.assertIn(b"Expect: 100-continue", visit.head())
            visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            visit.send(ok(visit.exactly(5)))

        dog, _ = self.serve(script)
        client = self.client(dog)
        # Connection cannot take it away, or the client would wait for ever.
        client.send(head("POST", headers={"Expect": "100-continue", "Connection": "expect"}, body=b"hello"))
        self.assertEqual(client.head().status, 100)
        client.send(b"hello")
        self.assertEqual(client.response().text, "hello")

    def test_an_expectation_that_fails_closes_the_connection(self):
        dog, _ = self.serve(lambda visit: visit.head() and visit.send(
            b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"))
        client = self.client(dog)
        client.send(head("POST", headers={"Expect": "100-continue"}, body=b"hello"))
        response = client.response()
        self.assertEqual((response.status, response.header("Connection")), (417, "close"))

    def test_pipelined_requests_are_answered_in_order(self):
        def script(visit):
            while (request := visit.head()) is not None:
                path = request.split()[1]
                if path == b"/0":
                    time.sleep(0.1)
                visit.send(ok(path))

        dog, _ = self.serve(script)
        client = self.client(dog)
        client.send(b"".join(head(path=f"/{i}") for i in range(5)))
        self.assertEqual([client.response().text for _ in range(5)], [f"/{i}" for i in range(5)])

    def test_nothing_of_a_refused_request_reaches_the_server(self):
        dog, server = self.serve(answering(ok()))
        for name, message, _ in HEADS:
            self.assertRegex(dog.raw(message), rb"^HTTP/1.1 [45]", name)
        self.assertEqual(server.received, [])

    def test_each_accepted_request_reaches_the_server_as_one(self):
        smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        chunk = b"%x;a=\"b\\\"c\"\r\n%s\r\n0\r\n\r\n" % (len(smuggled), smuggled)
        host = b"Host: a\r\n"
        for message in (
                b"\r\nGET / HTTP/1.1\r\n" + host + b"\r\n",
                b"GET / HTTP/1.0\r\n\r\n",
                b"GET http://a/ HTTP/1.1\r\n" + host + b"\r\n",
                b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 0\r\n\r\n",
                b"POST / HTTP/1.1\r\n" + host + b"Content-Length: %d\r\n\r\n" % len(smuggled) + smuggled,
                b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(smuggled) + smuggled,
                b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: Chunked\r\n\r\n" + chunk,
                b"POST / HTTP/1.1\r\n" + host + b"X:\t a,b \t\r\nConnection: transfer-encoding\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n" + chunk,
                b"DELETE / HTTP/1.1\r\n" + host + b"Connection: content-length\r\n"
                b"Content-Length: %d\r\n\r\n" % len(smuggled) + smuggled):
            heads = []

            def script(visit):
                while (received := visit.head()) is not None:
                    heads.append(received + visit.body(received))
                    visit.send(ok())

            dog, server = self.serve(script)
            client = self.client(dog)
            client.send(message)
            self.assertEqual(client.response().status, 200, message)
            self.assertEqual(dog.request(path="/next").status, 200)
            self.assertEqual([one.split()[1] for one in heads], [b"/", b"/next"], message)
            self.assertEqual(b"".join(server.received), b"".join(heads))

    def test_a_body_that_is_refused_halfway_never_looks_whole(self):
        dog, server = self.serve(answering(ok()))
        for _, message, _ in CHUNKS:
            dog.raw(message)
        time.sleep(0.1)
        for received in server.received:
            self.assertFalse(received.endswith(b"0\r\n\r\n"), received)


class Answers(HttpCase):
    def test_fields_keep_their_bytes_and_order_and_duplicates(self):
        fields = b"Server: x\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nDate: then\r\nX-Y: \xe4\r\n"
        response = self.answer_to(ok(b"hi", fields))
        self.assertEqual(response.headers[:6], [
            ("Server", "x"), ("set-cookie", "a=1"), ("Set-Cookie", "b=2"), ("Date", "then"),
            ("X-Y", "\xe4"), ("Content-Length", "2")])
        self.assertRegex(response.header("X-Duration-Seconds"), r"^\d+\.\d{6}$")
        self.assertEqual(len(response.headers), 7)

    def test_the_reason_is_kept(self):
        self.assertEqual(self.answer_to(b"HTTP/1.1 299 Very Fine\r\nContent-Length: 0\r\n\r\n").reason,
                         "Very Fine")

    def test_fields_about_the_connection_stay_behind(self):
        response = self.answer_to(ok(b"", b"Connection: x-one, close\r\nX-One: 1\r\nKeep-Alive: 1\r\n"))
        self.assertIsNone(response.header("X-One"))
        self.assertIsNone(response.header("Keep-Alive"))
        self.assertIsNone(response.header("Connection"))

    def test_a_chunked_answer_stays_chunked_with_its_trailers(self):
        dog, _ = self.serve(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      b"3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"))
        client = self.client(dog)
        client.send(head(headers={"Connection": "close"}))
        self.assertTrue(client.read_to_end().endswith(b"\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"))

    def test_an_answer_that_ends_with_the_connection_becomes_chunked(self):
        def script(visit):
            visit.head()
            visit.send(b"HTTP/1.0 200 OK\r\n\r\nold school")

        dog, _ = self.serve(script)
        response = dog.request()
        self.assertEqual((response.text, response.complete), ("old school", True))
        self.assertEqual(response.header("Transfer-Encoding"), "chunked")

    def test_head_204_and_304_have_no_body_but_their_length(self):
        answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
                   b"HTTP/1.1 304 Not Modified\r\nContent-Length: 98\r\nETag: x\r\n\r\n",
                   b"HTTP/1.1 204 No Content\r\n\r\n", ok(b"end")]

        def script(visit):
            while visit.head() is not None:
                visit.send(answers.pop(0))

        dog, _ = self.serve(script)
        client = self.client(dog)
        self.assertEqual(client.request("HEAD").header("Content-Length"), "99")
        self.assertEqual(client.request().header("Content-Length"), "98")
        self.assertEqual(client.request().status, 204)
        self.assertEqual(client.request().text, "end")

    def test_interim_responses_are_passed_on(self):
        dog, _ = self.serve(answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok()))
        client = self.client(dog)
        client.send(head())
        hints = client.head()
        self.assertEqual((hints.status, hints.header("Link")), (103, "</a>"))
        self.assertEqual(client.response().text, "ok")

    def test_an_old_client_gets_no_interim_response(self):
        dog, _ = self.serve(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" + ok()))
        self.assertTrue(dog.raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_bytes_leave_as_they_arrive(self):
        def script(visit):
            visit.head()
            visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for _ in range(5):
                time.sleep(0.1)
                visit.send(b"data: %.6f\n\n" % time.time())

        dog, _ = self.serve(script, exec_timeout="200ms", write_timeout="300ms")
        client = self.client(dog)
        client.send(head())
        response = client.head()
        late = [time.time() - float(piece.split()[1]) for piece in client.pieces(response)]
        self.assertEqual((len(late), response.complete), (5, True))
        self.assert_within(max(late), 0, 0.05)


class Connections(HttpCase):
    def test_a_connection_is_used_again(self):
        dog, server = self.serve(answering(ok()))
        client = self.client(dog)
        for _ in range(10):
            self.assertEqual(client.request("POST", body=b"x").status, 200)
        self.assertEqual(len(server.visits), 1)

    def test_a_connection_that_is_to_close_is_not_used_again(self):
        for answer in (ok(fields=b"Connection: close\r\n"), b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"):
            dog, server = self.serve(answering(answer))
            client = self.client(dog)
            for _ in range(3):
                self.assertEqual(client.request().status, 200)
            self.assertEqual(len(server.visits), 3)

    def test_a_connection_that_was_closed_while_idle_costs_no_request(self):
        def script(visit):
            visit.body(visit.head())
            visit.send(ok())  # and closes, without having said so

        dog, _ = self.serve(script)
        client = self.client(dog)
        for _ in range(100):
            self.assertEqual(client.request("POST", body=b"x").status, 200)
            time.sleep(0.005)

    def test_a_get_is_sent_again_when_an_idle_connection_turns_out_dead(self):
        visits = []

        def script(visit):
            visits.append(visit)
            visit.head()
            visit.send(ok(b"%d" % len(visits)))
            if len(visits) == 1:
                visit.head()
                visit.reset()
            visit.ended()

        dog, _ = self.serve(script)
        client = self.client(dog)
        self.assertEqual([client.request().text for _ in range(2)], ["1", "2"])

    def test_a_post_that_was_taken_is_not_sent_again(self):
        def script(visit):
            visit.head()
            visit.send(ok())
            visit.body(visit.head())

        dog, server = self.serve(script)
        client = self.client(dog)
        self.assertEqual(client.request().status, 200)
        self.assertEqual(client.request("POST", body=b"x").status, 502)
        self.assertEqual(len(server.visits), 1)

    def test_a_unix_socket_is_an_upstream(self):
        dog, server = self.serve(answering(ok()), address=f"/tmp/fwatchdog-test-{free_port()}.sock")
        self.assertEqual(dog.request("POST", body=b"x").text, "ok")
        self.assertIn(b"Host: function.example", server.received[0])

    def test_localhost_is_tried_on_ipv6_too(self):
        server = ScriptedServer(answering(ok()), ("::1", 0))
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="http",
                         upstream_url=f"http://localhost:{server.port}")
        self.assertEqual(dog.request().text, "ok")

    def test_ten_thousand_requests_leave_nothing(self):
        dog, _ = self.serve(answering(ok()), workers="1")
        message = head("POST", body=b"x" * 100) + b"x" * 100

        def many(count):
            with dog.client() as client:
                for _ in range(count):
                    client.send(message)
                    if client.response().text != "ok":
                        raise AssertionError("a bad answer")

        many(200)
        before, fds = dog.rss_kb(), dog.fds()
        for worker in [InBackground(lambda: many(500 if SANITIZER else 2500)) for _ in range(4)]:
            worker.result(120)
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), before + 512)
        self.assert_no_more_fds(dog, fds)


class Failures(HttpCase):
    def broken(self, answer):
        """The answer to a request whose server says this and closes."""
        def script(visit):
            visit.head()
            visit.send(answer)

        dog, _ = self.serve(script)
        return dog, dog.request()

    def test_what_is_not_http_answers_502_and_none_of_it(self):
        for name, answer in {
                "garbage": b"\x16\x03\x01garbage\r\n\r\n", "nothing": b"", "half a head": b"HTTP/1.1 200",
                "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
                "many options": b"HTTP/1.1 200 OK\r\nConnection: " + b"x," * 33 + b"\r\n\r\n",
                "a NUL in a name": b"HTTP/1.1 200 OK\r\nA\0B: b\r\n\r\n",
                "a folded line": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
                "a status of two digits": b"HTTP/1.1 99 No\r\n\r\n",
                "another version": b"HTTP/2.0 200 OK\r\n\r\n",
                "a large head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
                "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
                "an unasked switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                                     b"Connection: Upgrade\r\n\r\n"}.items():
            with self.subTest(name):
                dog, response = self.broken(answer)
                self.assertEqual(response.status, 502)
                self.assertIsNone(response.header("X-OpenFaaS-Internal"))
                dog.wait_log(r"GET / - 502 .*upstream_broken")

    def test_what_every_proxy_takes_is_mended_and_logged_once(self):
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        for name, (answer, body, warned) in {
                "bare line feeds": (b"HTTP/1.1 200 OK\nX: y\nContent-Length: 1\n\nx", b"x", "LF alone"),
                "a shell's": (b"HTTP/1.0 200 OK\nX: y\n\nx", b"x", "LF alone"),
                "two equal lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: y\r\nContent-Length: 1\r\n\r\nx",
                                      b"x", "more than one length"),
                "length and chunked": (chunked + b"Content-Length: 9\r\nX: y\r\n\r\n1\r\nx\r\n0\r\n\r\n", b"x",
                                       "more than one length"),
                "control characters": (b"HTTP/1.1 200 OK\r\nX: \1y\0\r\nContent-Length: 1\r\n\r\nx", b"x",
                                       "control characters"),
                "white space before a colon": (b"HTTP/1.1 200 OK\r\nX : y\r\nContent-Length : 1\r\n\r\nx", b"x",
                                               "white space before the colon"),
                "chunks with bare line feeds": (chunked + b"X: y\r\n\r\n3\nabc\n0\nT: 1\n\n", b"abc", None),
                "spaces after chunk sizes": (chunked + b"X: y\r\n\r\n3 \r\nabc\r\n0 \r\n\r\n", b"abc", None),
                "another version": (b"HTTP/1.3 200 OK\r\nX: y\r\nContent-Length: 1\r\n\r\nx", b"x", None)}.items():
            with self.subTest(name):
                def script(visit, answer=answer):
                    visit.head()
                    visit.send(answer)

                dog, _ = self.serve(script)
                for _ in range(3):
                    client = self.client(dog)
                    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    raw = client.read_to_end()
                    head, _, rest = raw.partition(b"\r\n\r\n")
                    lines = head.split(b"\r\n")
                    self.assertIn(b"X: y", lines)
                    self.assertEqual(lines[0], b"HTTP/1.1 200 OK")
                    self.assertNotRegex(head, rb"[^\r]\n|[\0\1]| :")
                    self.assertLessEqual(head.count(b"Content-Length"), 1)
                    self.assertFalse(b"Content-Length" in head and b"chunked" in head, head)
                    if b"chunked" in head:
                        self.assertRegex(rest, rb"\A[13]\r\n" + body + rb"\r\n0\r\n(T: 1\r\n)?\r\n\Z")
                    else:
                        self.assertEqual(rest, body)
                log = dog.log()
                self.assertEqual(log.count("was mended"), 1 if warned else 0, log)
                self.assertIn(warned or "", log)

    def test_an_answer_that_breaks_off_looks_broken(self):
        for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                       b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
                       b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            dog, response = self.broken(answer)
            self.assertEqual((response.status, response.complete), (200, False))
            dog.wait_log(r"GET / - 502 ")

    def test_bytes_after_an_answer_spoil_nothing(self):
        dog, server = self.serve(answering(b"HTTP/1.1 204 No Content\r\n\r\nbody that must not be"))
        client = self.client(dog)
        for _ in range(3):
            self.assertEqual(client.request().status, 204)
        self.assertEqual(len(server.visits), 3)

    def test_a_refused_connection_answers_502(self):
        dog, server = self.serve(answering(ok()), startup_timeout="300ms")
        server.listener.close()
        # A thread that is still in accept() takes one more.
        until(lambda: dog.request().status == 502 and "upstream_refused" in dog.log(), 5, "a refusal")
        dog.wait_log(r"GET / - 502 .*upstream_refused: cannot connect to http://127")

    def test_a_silent_server_is_answered_with_504(self):
        dog, server = self.serve(lambda visit: visit.ended(), exec_timeout="300ms")
        watch = Stopwatch()
        self.assertEqual(dog.request().status, 504)
        self.assert_within(watch.seconds, 0.29, 0.6)
        self.assertEqual(dog.request(headers={"X-Timeout": "50ms"}).status, 504)

    def test_an_answer_must_begin_within_response_start_timeout(self):
        def script(visit):
            if b"/slow" in visit.head():
                visit.ended()
            visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
            time.sleep(0.4)
            visit.send(b"k")

        dog, _ = self.serve(script, response_start_timeout="200ms")
        response = dog.request(path="/slow")
        self.assertEqual(response.status, 504)
        self.assertIn("response_start_timeout=200ms", response.text)
        self.assertEqual(dog.request().text, "ok")

    def test_a_client_that_hangs_up_ends_its_request_at_once(self):
        ended = []

        def script(visit):
            visit.head()
            visit.ended()
            ended.append(time.monotonic())

        dog, _ = self.serve(script)
        client = self.client(dog)
        client.send(head())
        time.sleep(0.1)
        client.close()
        left = time.monotonic()
        until(lambda: ended, 5, "the server to be told")
        self.assert_within(ended[0] - left, -0.1, 0.1)
        dog.wait_log(r"GET / - 499 .*client_gone")

    def test_an_early_answer_is_passed_on(self):
        def script(visit):
            visit.head()
            visit.send(b"HTTP/1.1 413 Too much\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
            visit.close()

        dog, _ = self.serve(script)
        client = self.client(dog)
        client.send(head("POST", body=b"x" * 50_000_000))
        sending = InBackground(lambda: client.send(b"x" * 50_000_000))
        self.assertEqual(client.head().status, 413)
        sending.result()

    def test_a_server_that_does_not_read_stops_the_client(self):
        dog, _ = self.serve(lambda visit: visit.head() and time.sleep(3))
        client = self.client(dog)
        sent = [0]

        def upload():
            client.send(head("POST", headers={"Content-Length": "1000000000"}))
            while sent[0] < 200_000_000 and client.send(b"x" * 65536):
                sent[0] += 65536

        InBackground(upload)
        time.sleep(1.5)
        self.assertLess(sent[0], 32_000_000)
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), 8192)

    def test_a_thousand_aborted_requests_leave_nothing(self):
        dog, _ = self.serve(lambda visit: visit.head() and visit.ended(), workers="1")
        fds = dog.fds()
        for number in range(200 if SANITIZER else 1000):
            client = dog.client()
            client.send(head("POST", body=b"x" * 10) + b"x" * (number % 11))
            client.abort() if number % 2 else client.close()
        self.assert_no_more_fds(dog, fds)


class Edges(HttpCase):
    """What would go unnoticed until somebody's requests are mixed up or never end."""

    def test_a_client_that_still_waits_for_100_continue_gets_no_second_request(self):
        # It may send its body, or its next request: who answers it cannot know which.
        dog, _ = self.serve(lambda visit: (visit.head(), visit.send(ok(b"early")), visit.ended()))
        client = self.client(dog)
        client.send(head("POST", headers={"Expect": "100-continue"}, body=b"GET / HTTP/1.1\r\n\r\n"))
        response = client.response()
        self.assertEqual((response.status, response.text), (200, "early"))
        self.assertEqual(response.header("Connection"), "close")
        self.assertTrue(client.closed())

    def test_exec_timeout_still_counts_once_the_answer_has_begun_in_time(self):
        dog, _ = self.serve(lambda visit: (visit.head(), visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
                                           visit.ended()), response_start_timeout="300ms", exec_timeout="1s")
        watch = Stopwatch()
        response = dog.request()
        self.assertEqual((response.status, response.complete), (200, False))
        self.assert_within(watch.seconds, 0.9, 3)
        dog.wait_log("exec_timeout: the function did not finish within 1s")

    def test_an_idle_connection_that_has_been_closed_is_not_used_again(self):
        path = f"/tmp/fwatchdog-{free_port()}.sock"
        visits = []

        def script(visit):
            visits.append(visit)
            while (request := visit.head()) is not None:
                visit.body(request)
                visit.send(ok())

        dog, _ = self.serve(script, address=path)
        client = self.client(dog)
        client.send(head("POST", body=b"x") + b"x")
        self.assertEqual(client.response().status, 200)
        # Both wait for the watchdog when it goes on, the request first; it must not be written into
        # the closed connection, as a POST cannot be sent again.
        dog.signal(signal.SIGSTOP)
        client.send(head("POST", body=b"x") + b"x")
        visits[-1].socket.shutdown(socket.SHUT_RDWR)
        dog.signal(signal.SIGCONT)
        self.assertEqual(client.response().status, 200)


class Upgrades(HttpCase):
    switched = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: Echo/1\r\n"
                b"Sec-WebSocket-Accept: x\r\n\r\n")

    def echo(self, visit):
        self.assertRegex(visit.head(), rb"\r\nUpgrade: Echo/1\r\nConnection: Upgrade\r\n")
        visit.send(self.switched + b"welcome")
        while visit.buffer or visit._fill():
            data, visit.buffer = visit.buffer, b""
            visit.send(data)
        visit.send(b"goodbye")

    def upgrade(self, dog, early=b""):
        client = self.client(dog)
        client.send(head(headers={"Connection": "Upgrade", "Upgrade": "Echo/1"}) + early)
        response = client.head()
        self.assertEqual((response.status, response.header("Upgrade")), (101, "Echo/1"))
        self.assertEqual(response.header("Sec-WebSocket-Accept"), "x")
        return client

    def exactly(self, client, count):
        while len(client.buffer) < count and client._fill():
            pass
        data, client.buffer = client.buffer[:count], client.buffer[count:]
        return data

    def test_any_protocol_is_tunnelled_both_ways(self):
        dog, _ = self.serve(self.echo, exec_timeout="200ms", max_body_size="1k")
        client = self.upgrade(dog, early=b"early")
        self.assertEqual(self.exactly(client, 12), b"welcomeearly")
        time.sleep(0.3)
        data = bytes(range(256)) * 40_000
        sending = InBackground(lambda: client.send(data))
        self.assertEqual(hashlib.sha256(self.exactly(client, len(data))).digest(),
                         hashlib.sha256(data).digest())
        sending.result()
        client.half_close()
        self.assertEqual(client.read_to_end(), b"goodbye")
        dog.wait_log(r"GET / - 101 Switching Protocols")

    def test_a_tunnel_survives_sigterm_until_it_ends(self):
        dog, _ = self.serve(self.echo, healthcheck_interval="0s")
        client = self.upgrade(dog)
        self.exactly(client, 7)
        dog.signal(15)
        dog.wait_log("requests running: 1")
        time.sleep(0.5)
        client.send(b"still here")
        self.assertEqual(self.exactly(client, 10), b"still here")
        client.close()
        self.assertEqual(dog.wait_exit(), 0)

    def test_a_client_of_http_1_0_is_never_switched(self):
        for connection in (b"Connection: Upgrade\r\nUpgrade: Echo/1\r\n", b""):
            dog, server = self.serve(answering(self.switched))
            client = self.client(dog)
            client.send(b"GET / HTTP/1.0\r\nHost: a\r\n" + connection + b"\r\n")
            self.assertEqual(client.response().status, 502)
            self.assertNotIn(b"pgrade", server.received[0])
            dog.wait_log(r"GET / - 502 .*it switched protocols without being asked")

    def test_an_upgrade_that_is_refused_is_a_plain_answer(self):
        dog, _ = self.serve(answering(ok(b"no")))
        client = self.client(dog)
        for _ in range(2):
            client.send(head(headers={"Connection": "Upgrade", "Upgrade": "websocket"}))
            self.assertEqual(client.response().text, "no")

    def test_a_tunnel_holds_its_place(self):
        dog, _ = self.serve(self.echo, max_inflight="1")
        client = self.upgrade(dog)
        self.assertEqual(dog.request().status, 429)
        client.abort()
        until(lambda: dog.request(path="/_/ready").status == 200, 5, "its place to be free")
        dog.wait_log("client_gone|101")
