"""Bytes of the function's server that belong to no request must never become somebody's answer."""

import threading
import time

import fastcgi_server
from fastcgi_server import read_request
from fastcgi_test import FastcgiCase
from harness import SANITIZER, InBackground, head, until
from http_mode_test import HttpCase
from scripted_server import ok

POISON = ok(b"poison")
DELAYS = (0, 0.001, 0.003, 0.01)  # seconds
NO_BODY = {"HEAD": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(POISON),
           "204": b"HTTP/1.1 204 No Content\r\n\r\n",
           "304": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"}
TRIES = 3


def say_later(visit, data, delay):
    """Sends this in one piece with nothing, or that much later, while the request after it waits."""
    time.sleep(delay)
    visit.send(data)


class AfterAnAnswer(HttpCase):
    def careless(self, careless, **options):
        """A watchdog before a server that treats /careless so, and answers others slowly: whatever
        else it has said by then would be taken for the answer."""
        def script(visit):
            while (request := visit.head()) is not None:
                if b" /careless" in request:
                    if careless(visit, request) is False:
                        return
                else:
                    time.sleep(0.03)
                    visit.send(ok(b"good"))

        options.setdefault("workers", "1")
        return self.serve(script, **options)

    def assert_next_is_good(self, dog, message):
        self.assertEqual(dog.request().text, "good", message)

    def test_a_body_where_none_may_be_reaches_nobody(self):
        for kind, answer in NO_BODY.items():
            for delay in DELAYS:
                def careless(visit, _):
                    if delay == 0:
                        return visit.send(answer + POISON)
                    visit.send(answer)
                    return say_later(visit, POISON, delay)

                dog, _ = self.careless(careless)
                method = "HEAD" if kind == "HEAD" else "GET"
                for _ in range(TRIES):
                    response = dog.request(method, "/careless")
                    self.assertEqual((response.status, response.body), (200 if kind == "HEAD" else int(kind), b""))
                    self.assert_next_is_good(dog, (kind, delay))

    def test_a_body_where_none_may_be_reaches_nobody_on_the_same_connection(self):
        for kind, answer in NO_BODY.items():
            dog, _ = self.careless(lambda visit, _: (visit.send(answer), say_later(visit, POISON, 0.003)))
            client = self.client(dog)
            for _ in range(TRIES):
                client.request("HEAD" if kind == "HEAD" else "GET", "/careless")
                self.assertEqual(client.request().text, "good", kind)

    def test_a_second_answer_to_an_upload_that_goes_on_reaches_nobody(self):
        for delay in DELAYS:
            def careless(visit, request):
                visit.send(ok(b"early"))
                visit.body(request)  # as slowly as it comes
                say_later(visit, POISON, delay)

            dog, _ = self.careless(careless)
            for _ in range(TRIES):
                client = self.client(dog)
                client.send(head("POST", "/careless", body=b"x" * 10) + b"x" * 5)
                self.assertEqual(client.response().text, "early")
                client.send(b"x" * 5)
                self.assert_next_is_good(dog, delay)

    def test_a_late_100_continue_reaches_nobody(self):
        for delay in DELAYS[1:]:
            def careless(visit, request):
                visit.send(ok(b"no need"))
                visit.body(request)
                say_later(visit, b"HTTP/1.1 100 Continue\r\n\r\n", delay)

            dog, _ = self.careless(careless)
            for _ in range(TRIES):
                client = self.client(dog)
                # It does not wait for the 100.
                client.send(head("POST", "/careless", headers={"Expect": "100-continue"}, body=b"x") + b"x")
                self.assertEqual(client.response().text, "no need")
                other = self.client(dog)
                other.send(head())
                self.assertEqual(other.response().text, "good", delay)

    def test_interim_answers_with_a_body_behind_them_reach_nobody(self):
        dog, _ = self.careless(lambda visit, _: visit.send(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + NO_BODY["304"] + POISON))
        for _ in range(TRIES):
            client = self.client(dog)
            client.send(head(path="/careless"))
            self.assertEqual([client.head().status, client.response().status], [103, 304])
            self.assert_next_is_good(dog, "103")

    def test_bytes_that_come_while_a_connection_rests_end_it_and_the_trust(self):
        said = threading.Event()

        def careless(visit, _):
            visit.send(ok(b"short"))
            visit.send(POISON)
            said.set()

        dog, server = self.careless(careless)
        self.assertEqual(dog.request(path="/careless").text, "short")
        said.wait(5)
        dog.wait_log("sent bytes behind the end of an answer: each request gets a connection of its own")
        before = len(server.visits)
        client = self.client(dog)
        for _ in range(5):
            self.assertEqual(client.request().text, "good")
        self.assertEqual(len(server.visits), before + 5)
        self.assertEqual(dog.log().count("behind the end of an answer"), 1)

    def test_what_does_not_begin_an_answer_is_no_answer(self):
        dog, server = self.careless(lambda visit, _: (visit.send(ok(b"short")), say_later(visit, b"rest", 0.003)))
        self.assertEqual(dog.request(path="/careless").text, "short")
        self.assertEqual(dog.request().text, "good")
        dog.wait_log("behind the end of an answer")

    def test_a_server_that_says_that_it_closes_an_idle_connection_is_still_trusted(self):
        def script(visit):
            while visit.head() is not None:
                visit.send(ok(b"good"))
                if len(server.visits) == 1:
                    time.sleep(0.02)
                    visit.send(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")
                    return

        dog, server = self.serve(script, workers="1")
        client = self.client(dog)
        self.assertEqual(client.request().text, "good")
        time.sleep(0.05)
        for _ in range(3):
            self.assertEqual(client.request("POST").text, "good")
        self.assertNotIn("behind the end", dog.log())
        self.assertEqual(len(server.visits), 2)

    def test_after_an_answer_without_a_body_the_connection_is_closed_at_once(self):
        for kind, answer in NO_BODY.items():
            closed = threading.Event()
            dog, server = self.careless(
                lambda visit, _: (visit.send(answer), visit.ended(), closed.set()) and False)
            dog.request("HEAD" if kind == "HEAD" else "GET", "/careless")
            self.assertTrue(closed.wait(0.5), kind)
            self.assertEqual(len(server.visits), 1)


class AfterEndRequest(FastcgiCase):
    def test_records_behind_the_end_of_an_answer_reach_nobody(self):
        for delay in DELAYS:
            for late in (fastcgi_server.ok(b"poison"), fastcgi_server.out(b"more"), fastcgi_server.end()):
                def script(visit):
                    while (request := read_request(visit)) is not None:
                        if request.variables["REQUEST_URI"] != "/careless":
                            time.sleep(0.03)
                            visit.send(fastcgi_server.ok(b"good"))
                            continue
                        visit.send(fastcgi_server.ok(b"whole"))
                        say_later(visit, late, delay)

                dog, _ = self.serve(script, workers="1")
                for _ in range(TRIES):
                    self.assertEqual(dog.request(path="/careless").text, "whole")
                    self.assertEqual(dog.request().text, "good", (delay, late))
                dog.close()

    def test_each_request_on_a_connection_has_an_id_of_its_own(self):
        ids = []

        def script(visit):
            while (request := read_request(visit)) is not None:
                ids.append(request.id)
                visit.send(fastcgi_server.ok())

        dog, server = self.serve(script, workers="1")
        client = self.client(dog)
        for _ in range(3):
            self.assertEqual(client.request("POST", body=b"x" * 100_000).text, "ok")
        self.assertEqual((ids, len(server.visits)), ([1, 2, 3], 1))


class InterimAnswers(HttpCase):
    def test_interim_answers_stop_with_a_client_that_does_not_read(self):
        sent = [0]
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"a" * 8000 + b">\r\n\r\n"

        def script(visit):
            visit.head()
            visit.socket.settimeout(30)
            while sent[0] < 40_000_000:
                visit.socket.sendall(hint)
                sent[0] += len(hint)
            visit.send(ok(b"at last"))

        dog, _ = self.serve(script, exec_timeout="30s", write_timeout="30s")
        client = self.client(dog, receive_buffer=65536)
        client.send(head())
        last = [-1.0]

        def stands():
            moved = sent[0] != last[0]
            last[0] = sent[0]
            time.sleep(0.2)
            return sent[0] > 0 and not moved and sent[0] == last[0]

        until(stands, 10, "the server to be stopped")
        self.assertLess(sent[0], 20_000_000)
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), 16384)
        reading = InBackground(lambda: self.until_final(client))
        self.assertEqual(reading.result(60), "at last")

    def until_final(self, client):
        while (response := client.head()).status == 103:
            pass
        return b"".join(client.pieces(response)).decode()
