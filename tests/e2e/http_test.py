"""HTTP/1.1 on the wire: connections, framing, limits, and what is refused."""

import random
import re
import signal
import subprocess
import time

import malformed
from harness import (SANITIZER, Case, Hold, InBackground, Stopwatch, Watchdog, head,
                     raise_descriptor_limit, until)
from scripted_server import ScriptedServer, ok


class Connections(Case):
    def test_a_connection_serves_request_after_request(self):
        dog = self.start(fprocess="cat")
        with dog.client() as client:
            for number in range(20):
                body = str(number).encode()
                self.assertEqual(client.request("POST", body=body).body, body)

    def test_connection_close_is_honoured_and_repeated(self):
        dog = self.start(fprocess="true")
        client = self.client(dog)
        response = client.request(headers={"Connection": "close"})
        self.assertEqual(response.header("Connection"), "close")
        self.assertTrue(client.closed())

    def test_http_1_0_closes(self):
        dog = self.start(fprocess="echo old")
        client = self.client(dog)
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        response = client.response()
        self.assertEqual((response.status, response.body), (200, b"old\n"))
        self.assertIsNone(response.header("Transfer-Encoding"))
        self.assertFalse(client.was_reset)
        self.assertTrue(client.closed())

    def test_http_1_0_with_keep_alive_stays_where_the_length_is_known(self):
        dog = self.start(fprocess="echo old", mode="serializing")
        client = self.client(dog)
        for _ in range(2):
            client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            response = client.response()
            self.assertEqual(response.header("Connection").lower(), "keep-alive")
            self.assertEqual(response.body, b"old\n")

    def test_pipelined_requests_are_answered_in_order(self):
        dog = self.start(fprocess="cat")
        bodies = [str(number).encode() for number in range(20)]
        client = self.client(dog)
        client.send(b"".join(head("POST", body=body) + body for body in bodies))
        self.assertEqual([client.response().body for _ in bodies], bodies)

    def test_a_slow_answer_keeps_its_place_in_the_pipeline(self):
        dog = self.sh('read seconds; sleep "$seconds"; echo "$seconds"')
        bodies = [b"0.3\n", b"0\n", b"0.1\n"]
        client = self.client(dog)
        client.send(b"".join(head("POST", body=body) + body for body in bodies))
        self.assertEqual([client.response().body for _ in bodies], bodies)

    def test_pipelined_requests_of_every_kind_mix(self):
        dog = self.start(fprocess="cat")
        client = self.client(dog)
        client.send(head("POST", body=b"abc") + b"abc" + head(path="/_/health") +
                    head("POST", chunked=True) + b"2\r\nde\r\n0\r\n\r\n" + head("HEAD") +
                    head("POST", body=b"f") + b"f")
        self.assertEqual(client.response().body, b"abc")
        self.assertEqual(client.response().status, 200)
        self.assertEqual(client.response().body, b"de")
        self.assertEqual(client.response("HEAD").body, b"")
        self.assertEqual(client.response().body, b"f")

    def test_a_thousand_pipelined_requests_are_answered(self):
        dog = self.start(fprocess="true")
        count = 200 if SANITIZER else 1000
        client = self.client(dog, timeout=60)
        sending = InBackground(lambda: client.send(head(path="/_/health") * count))
        for _ in range(count):
            self.assertEqual(client.response().status, 200)
        sending.result()

    def test_an_empty_line_before_a_request_is_forgiven(self):
        dog = self.start(fprocess="true")
        client = self.client(dog)
        client.send(b"\r\n" + head())
        self.assertEqual(client.response().status, 200)

    def test_nothing_is_answered_to_a_client_that_says_nothing(self):
        dog = self.start(fprocess="touch ran")
        for sent in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n"):
            client = self.client(dog)
            client.send(sent)
            client.half_close()
            client.read_to_end()
        self.assertFalse((dog.folder / "ran").exists())
        self.assertEqual(dog.request().status, 200)


class Bodies(Case):
    def test_head_answers_with_the_fields_of_get(self):
        dog = self.start(fprocess="echo hello", mode="serializing")
        client = self.client(dog)
        response = client.request("HEAD")
        self.assertEqual(response.header("Content-Length"), "6")
        self.assertEqual(client.request("GET").body, b"hello\n")

    def test_transfer_encoding_is_read_in_any_case(self):
        dog = self.start(fprocess="cat")
        client = self.client(dog)
        client.send(head("POST", headers={"transfer-encoding": "Chunked"}) + b"3\r\nabc\r\n0\r\n\r\n")
        self.assertEqual(client.response().body, b"abc")

    def test_chunk_extensions_and_trailers_are_dropped(self):
        dog = self.start(fprocess="cat")
        client = self.client(dog)
        client.send(head("POST", chunked=True) +
                    b'3;name="value"\r\nabc\r\n0;last\r\nX-Trailer: 1\r\n\r\n')
        self.assertEqual(client.response().body, b"abc")
        client.send(head("POST", chunked=True) + b'2; a=b\r\nab\r\n1 ;\ta = "x;y"\r\nc\r\n0 ; last\r\n\r\n')
        self.assertEqual(client.response().body, b"abc")
        self.assertEqual(client.request("POST", body=b"next").body, b"next")

    def test_a_later_minor_version_is_served_as_1_1(self):
        dog = self.sh("printf 'Content-Type: a/b\\n\\n%s' $SERVER_PROTOCOL", mode="cgi")
        client = self.client(dog)
        for version in (b"HTTP/1.2", b"HTTP/1.9"):
            client.send(head().replace(b"HTTP/1.1", version))
            response = client.response()
            self.assertEqual((response.version, response.status, response.body), ("HTTP/1.1", 200, b"HTTP/1.1"))

    def test_chunks_of_one_byte_arrive_whole(self):
        dog = self.start(fprocess="cat")
        body = random.randbytes(5_000)
        client = self.client(dog)
        client.send(head("POST", chunked=True) + b"".join(b"1\r\n%c\r\n" % byte for byte in body) +
                    b"0\r\n\r\n")
        self.assertEqual(client.response().body, body)

    def test_the_rest_of_an_unwanted_body_does_not_become_a_request(self):
        dog = self.start(fprocess="true")
        inner = head(path="/smuggled")
        for mode_body in (inner, inner * 100):
            client = self.client(dog)
            client.send(head("POST", body=mode_body) + mode_body + head(path="/next"))
            self.assertEqual(client.response().status, 200)
            client.response()
            client.close()
        dog.wait_log("GET /next")
        self.assertNotIn("/smuggled", dog.log())


class Continue(Case):
    def test_100_is_sent_when_the_body_is_wanted(self):
        for mode in ("streaming", "serializing", "classic"):
            dog = self.start(fprocess="cat", mode=mode)
            client = self.client(dog)
            client.send(head("POST", headers={"Expect": "100-continue"}, body=b"abc"))
            self.assertEqual(client.head().status, 100, mode)
            client.send(b"abc")
            self.assertEqual(client.response().body, b"abc", mode)

    def test_a_client_that_does_not_wait_is_served(self):
        dog = self.start(fprocess="cat")
        client = self.client(dog)
        client.send(head("POST", headers={"Expect": "100-continue"}, body=b"abc") + b"abc")
        response = client.response()
        if response.status == 100:
            response = client.response()
        self.assertEqual(response.body, b"abc")

    def test_http_1_0_never_gets_100(self):
        dog = self.start(fprocess="cat")
        client = self.client(dog)
        client.send(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
        self.assertEqual(client.response().status, 200)

    def test_413_comes_without_100(self):
        dog = self.start(fprocess="cat", max_body_size="2")
        client = self.client(dog)
        client.send(head("POST", headers={"Expect": "100-continue"}, body=b"abc"))
        self.assertEqual(client.response().status, 413)

    def test_429_comes_without_100(self):
        dog = self.start("--", *Hold.command(), max_inflight="1")
        first = self.client(dog)
        first.send(head())
        Hold(dog.folder).started()
        client = self.client(dog)
        client.send(head("POST", headers={"Expect": "100-continue"}, body=b"abc"))
        self.assertEqual(client.response().status, 429)
        Hold(dog.folder).release()
        self.assertEqual(first.response().status, 200)

    def test_a_failed_start_comes_without_100(self):
        dog = self.start(fprocess="no-such-command")
        client = self.client(dog)
        client.send(head("POST", headers={"Expect": "100-continue"}, body=b"abc"))
        self.assertEqual(client.response().status, 500)


class Limits(Case):
    def test_a_body_of_max_body_size_is_taken(self):
        for mode in ("streaming", "serializing", "classic"):
            dog = self.start(fprocess="wc -c", mode=mode, max_body_size="1k")
            for chunked in (False, True):
                response = dog.request("POST", body=bytes(1024), chunked=chunked)
                self.assertEqual((response.status, int(response.text)), (200, 1024), mode)

    def test_a_larger_body_is_refused_before_it_is_sent(self):
        for mode in ("streaming", "serializing", "classic"):
            dog = self.start(fprocess="touch ran", mode=mode, max_body_size="1KiB")
            client = self.client(dog)
            client.send(head("POST", body=bytes(1025)))
            response = client.response()
            self.assertEqual(response.status, 413, mode)
            self.assertIsNone(response.header("X-OpenFaaS-Internal"))
            self.assertTrue(client.closed(), mode)
            self.assertFalse((dog.folder / "ran").exists(), mode)

    def test_a_chunked_body_is_refused_where_it_becomes_too_large(self):
        for mode in ("streaming", "serializing", "classic"):
            dog = self.sh("cat > /dev/null; touch whole", mode=mode, max_body_size="1000")
            client = self.client(dog)
            client.send(head("POST", chunked=True) + b"3e8\r\n" + bytes(1000) + b"\r\n")
            self.assertTrue(client.silent(0.1), mode)
            client.send(b"1\r\nx\r\n")
            self.assertEqual(client.response().status, 413, mode)
            self.assertTrue(client.closed(), mode)
            dog.until_no_processes()
            self.assertFalse((dog.folder / "whole").exists(), mode)

    def test_the_rest_of_a_body_that_nobody_reads_is_taken_up_to_a_limit(self):
        dog = self.start(fprocess="true")  # answers without reading
        for size, kept in ((100_000, True), (10_000_000, False)):
            client = self.client(dog)
            client.send(head("POST", body=bytes(size)))
            self.assertEqual(client.response().status, 200)
            try:
                client.send(bytes(size) + head(path="/_/health"))
            except OSError:
                self.assertFalse(kept, "it closed although little was left")
                continue
            next_response = client.response()
            self.assertEqual(next_response is not None, kept, size)

    def test_what_is_collected_in_memory_has_a_limit_of_its_own(self):
        for mode in ("serializing", "classic"):
            dog = self.start(fprocess="wc -c", mode=mode)
            client = self.client(dog)
            client.send(head("POST", body=bytes((64 << 20) + 1)))  # announced, not sent
            response = client.response()
            self.assertEqual(response.status, 413, mode)
            self.assertIn("64MiB; max_body_size sets another limit", response.text)
            response = dog.request("POST", body=bytes(65 << 20), chunked=True, timeout=60)
            self.assertEqual(response.status, 413, mode)

    def test_max_body_size_of_0_lifts_the_limit_of_what_is_collected(self):
        for mode in ("serializing", "classic"):
            dog = self.start(fprocess="wc -c", mode=mode, max_body_size="0")
            for chunked in (False, True):
                response = dog.request("POST", body=bytes(65 << 20), chunked=chunked, timeout=60)
                self.assertEqual((response.status, int(response.text)), (200, 65 << 20), mode)

    def test_a_function_that_prints_without_end_is_502_before_memory_is_gone(self):
        for mode in ("serializing", "classic"):
            dog = self.start(fprocess="cat /dev/zero", mode=mode)
            response = dog.request(timeout=60)
            self.assertEqual(response.status, 502, mode)
            self.assertIn("printed more than is collected, 256MiB; mode=streaming has no limit", response.text)
            dog.until_no_processes()

    def test_a_large_head_within_the_limits_is_taken(self):
        dog = self.sh('printf %s "${#Http_X_Big}"')
        target = "/" + "a" * 8000
        response = dog.request(path=target, headers={"X-Big": "b" * 60_000})
        self.assertEqual((response.status, response.text), (200, "60000"))

    def test_large_heads_that_are_answered_at_once_follow_each_other(self):
        dog = self.start(fprocess="true", max_inflight="1", max_body_size="1")
        with dog.client() as client:
            for size in (100, 20_000, 60_000, 120_000, 100):
                response = client.request(path="/_/health", headers={"X-Big": "b" * size})
                self.assertEqual(response.status, 200, size)

    def test_a_head_must_arrive_within_read_timeout(self):
        dog = self.start(fprocess="touch ran", read_timeout="400ms")
        client = self.client(dog)
        watch = Stopwatch()
        client.send(b"GET / HTTP/1.1\r\n")
        response = client.response()
        self.assertEqual((response.status, response.header("Connection")), (408, "close"))
        self.assert_within(watch.seconds, 0.38, 1.0)
        self.assertTrue(client.closed())
        self.assertFalse((dog.folder / "ran").exists())
        dog.wait_log(r" 408 .*read_timeout=400ms")

    def test_bytes_that_trickle_in_do_not_lengthen_read_timeout(self):
        dog = self.start(fprocess="touch ran", read_timeout="400ms")
        client = self.client(dog)
        watch = Stopwatch()
        trickle = b"GET / HTTP/1.1\r\nX-Slow: " + b"z" * 200
        sending = InBackground(lambda: [
            client.send(trickle[i:i + 1]) and time.sleep(0.02) for i in range(60)])
        self.assertEqual(client.response().status, 408)
        self.assert_within(watch.seconds, 0.38, 1.0)
        sending.result()

    def test_a_body_must_arrive_within_read_timeout(self):
        for mode in ("streaming", "serializing", "classic"):
            dog = self.sh("cat > /dev/null; touch whole", mode=mode, read_timeout="400ms")
            client = self.client(dog)
            watch = Stopwatch()
            client.send(head("POST", body=bytes(10)) + b"12345")
            self.assertEqual(client.response().status, 408, mode)
            self.assert_within(watch.seconds, 0.38, 1.0, mode)
            self.assertTrue(client.closed(), mode)
            dog.until_no_processes()
            self.assertFalse((dog.folder / "whole").exists(), mode)
            dog.wait_log(r"POST / - 408 .*client_slow: .*read_timeout=")

    def test_read_timeout_is_not_about_the_function(self):
        dog = self.sh("cat > /dev/null; sleep 0.6; echo done", read_timeout="300ms")
        self.assertEqual(dog.request("POST", body=b"abc").text, "done\n")

    def test_a_connection_on_which_nothing_comes_is_closed_silently(self):
        dog = self.start(fprocess="true", read_timeout="300ms", idle_timeout="300ms")
        client = self.client(dog)
        watch = Stopwatch()
        self.assertTrue(client.closed())
        self.assert_within(watch.seconds, 0.28, 1.0)

    def test_an_idle_connection_is_closed_silently(self):
        dog = self.start(fprocess="true", idle_timeout="300ms")
        client = self.client(dog)
        client.request()
        watch = Stopwatch()
        self.assertTrue(client.closed())
        self.assert_within(watch.seconds, 0.28, 1.0)

    def test_a_request_that_came_in_time_is_served_although_it_was_read_too_late(self):
        dog = self.start(fprocess="true", idle_timeout="300ms")
        client = self.client(dog)
        self.assertEqual(client.request().status, 200)
        dog.signal(signal.SIGSTOP)
        client.send(head())
        time.sleep(0.5)
        dog.signal(signal.SIGCONT)
        self.assertEqual(client.response().status, 200)

    def test_an_idle_connection_outlives_read_timeout(self):
        dog = self.start(fprocess="true", read_timeout="200ms")
        client = self.client(dog)
        client.request()
        self.assertTrue(client.silent(0.5))
        self.assertEqual(client.request().status, 200)

    def test_idle_timeout_does_not_cut_replies_that_are_still_leaving(self):
        dog = self.start(fprocess="true", idle_timeout="500ms")
        client = self.client(dog, receive_buffer=4096)
        count = 100_000  # their answers are far more than sockets hold
        sending = InBackground(lambda: client.send(head(path="/_/health") * count))
        time.sleep(1.5)
        answered = 0
        while answered < count and (response := client.response()):
            self.assertEqual((response.status, response.complete), (200, True))
            answered += 1
        self.assertEqual(answered, count)
        self.assertTrue(sending.result())

    def test_a_client_that_has_said_all_still_gets_the_rest_of_its_reply(self):
        dog = self.start(fprocess="head -c 20000000 /dev/zero", mode="serializing")
        client = self.client(dog, receive_buffer=4096)
        client.send(head())
        response = client.head()
        client.half_close()
        self.assertEqual(sum(map(len, client.pieces(response))), 20_000_000)
        self.assertTrue(client.closed())

    def test_a_client_that_reads_nothing_is_given_up_after_write_timeout(self):
        for mode in ("streaming", "serializing"):
            dog = self.start(fprocess="head -c 30000000 /dev/zero", mode=mode, write_timeout="400ms")
            client = self.client(dog, receive_buffer=4096)
            client.send(head())
            dog.wait_log(r"GET / - 408 .*client_slow: .*\w_timeout=")
            dog.until_no_processes()
            response = client.response()
            self.assertFalse(response.complete, mode)

    def test_a_client_that_reads_slowly_is_served(self):
        dog = self.start(fprocess="head -c 12000000 /dev/zero", write_timeout="1500ms")
        client = self.client(dog, receive_buffer=65536)
        client.send(head())
        response = client.head()
        total = pieces = 0
        for piece in client.pieces(response):
            total += len(piece)
            pieces += 1
            if total < 1_500_000:
                time.sleep(0.03)
        self.assertEqual((total, response.complete), (12_000_000, True))

    def test_write_timeout_is_not_about_a_silent_function(self):
        dog = self.sh("echo one; sleep 0.8; echo two", write_timeout="300ms")
        response = dog.request()
        self.assertEqual((response.body, response.complete), (b"one\ntwo\n", True))


class Malformed(Case):
    """Each is refused, closes the connection, and never reaches the function."""

    @classmethod
    def setUpClass(cls):
        cls.dog = Watchdog("--", "touch", "ran", mode="serializing", read_timeout="2s")

    @classmethod
    def tearDownClass(cls):
        cls.dog.close()

    def setUp(self):
        self.ran = self.dog.folder / "ran"
        self.ran.unlink(missing_ok=True)

    def refuse(self, message, statuses):
        with self.dog.client() as client:
            client.send(message)
            response = client.response()
            self.assertIsNotNone(response, "closed without an answer")
            self.assertIn(response.status, statuses)
            self.assertEqual(response.header("Connection"), "close")
            self.assertEqual(client.read_to_end(), b"", "one answer and no more")
        self.assertFalse(self.ran.exists(), "the function must not run")

    def test_a_well_formed_request_runs_the_function(self):
        self.assertEqual(self.dog.request().status, 200)
        self.assertTrue(self.ran.exists())

    def test_a_client_s_fault_is_not_marked_as_the_platform_s(self):
        response = self.dog.raw(malformed.get(b"X A: 1"))
        self.assertTrue(response.startswith(b"HTTP/1.1 400 "))
        self.assertNotIn(b"X-OpenFaaS-Internal", response)

    def test_a_bad_request_behind_a_good_one_is_refused_after_its_answer(self):
        with self.dog.client() as client:
            client.send(head() + malformed.get(b"X A: 1"))
            self.assertEqual(client.response().status, 200)
            self.assertEqual(client.response().status, 400)
            self.assertTrue(client.closed())

    def test_a_good_request_behind_a_bad_one_is_never_seen(self):
        with self.dog.client() as client:
            client.send(malformed.get(b"X A: 1") + head())
            self.assertEqual(client.response().status, 400)
            self.assertEqual(client.read_to_end(), b"")
        self.assertFalse(self.ran.exists())

    def test_no_refused_target_can_write_a_log_line(self):
        self.dog.raw(b"GET /x\n2026/01/01 00:00:00 forged HTTP/1.1\r\nHost: a\r\n\r\n")
        self.dog.request(path="/after")
        self.dog.wait_log("GET /after")
        self.assertIsNone(re.search(r"^2026/01/01 00:00:00 forged", self.dog.log(), re.MULTILINE))


def add_refusals():
    for name, message, status in malformed.ALL:
        statuses = status if isinstance(status, tuple) else (status,)

        def test(self, message=message, statuses=statuses):
            self.refuse(message, statuses)

        test.__doc__ = f"{name}: {statuses}"
        method = "test_refused_" + re.sub(r"\W+", "_", name).lower()
        assert not hasattr(Malformed, method), method
        setattr(Malformed, method, test)


add_refusals()


class MalformedWhileStreaming(Case):
    def test_a_bad_head_starts_nothing(self):
        dog = self.start(fprocess="touch ran", read_timeout="1s")
        for name, message, _ in malformed.HEADS:
            self.assertRegex(dog.raw(message), rb"^HTTP/1.1 [45]", name)
        self.assertFalse((dog.folder / "ran").exists())

    def test_a_bad_chunk_never_looks_like_the_end_of_a_body(self):
        dog = self.sh("cat > /dev/null; touch whole")
        for name, message, status in malformed.CHUNKS:
            statuses = status if isinstance(status, tuple) else (status,)
            answer = dog.raw(message)
            self.assertIn(int(answer[9:12] or 0), statuses, name)
        dog.until_no_processes()
        self.assertFalse((dog.folder / "whole").exists())


class Crowds(Case):
    alone = True

    def test_a_thousand_slow_clients_do_not_slow_the_others(self):
        raise_descriptor_limit()
        dog = self.start(fprocess="echo prompt")
        slow = [dog.client() for _ in range(1000)]
        try:
            for client in slow:
                client.send(b"POST / HTTP/1.1\r\nHost: a\r\nX-Slow")
            watch = Stopwatch()
            for _ in range(50):
                self.assertEqual(dog.request().text, "prompt\n")
                self.assertEqual(dog.request(path="/_/health").status, 200)
            self.assert_within(watch.seconds, 0, 2.0)
            for client in slow:
                client.send(b": 1\r\nContent-Length: 0\r\n\r\n")
            self.assertTrue(all(client.response().text == "prompt\n" for client in slow))
        finally:
            for client in slow:
                client.close()

    def test_a_thousand_idle_connections_cost_little(self):
        raise_descriptor_limit()
        dog = self.start(fprocess="true")
        before = dog.rss_kb()
        idle = [dog.client() for _ in range(1000)]
        try:
            for client in idle:
                self.assertEqual(client.request(path="/_/health").status, 200)
            if not SANITIZER:
                self.assertLess(dog.rss_kb() - before, 8 * 1024)
        finally:
            for client in idle:
                client.close()

    def test_garbage_does_no_harm(self):
        dog = self.start(fprocess="touch ran", read_timeout="1s")
        for seed in range(100):
            random_bytes = random.Random(seed)
            with dog.client() as client:
                client.send(random_bytes.randbytes(random_bytes.randrange(1, 5000)))
                client.half_close()
                client.read_to_end()
        self.assertFalse((dog.folder / "ran").exists())
        self.assertEqual(dog.request().status, 200)

    def test_resets_at_every_moment_do_no_harm(self):
        dog = self.start(fprocess="cat")
        message = head("POST", body=b"0123456789") + b"0123456789"
        before = dog.fds()
        for length in range(0, len(message) + 1, 3):
            client = dog.client()
            client.send(message[:length])
            client.abort()
        self.assertEqual(dog.request("POST", body=b"fine").body, b"fine")
        self.assert_no_more_fds(dog, before)
        dog.until_no_processes()

    def test_a_client_that_leaves_is_noticed_while_its_body_waits_for_the_function(self):
        dog = self.start(fprocess="sleep 25")
        client = self.client(dog)
        client.send(head("POST", body=bytes(50_000_000)))
        client.socket.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            client.socket.sendall(bytes(50_000_000))
        client.abort()
        dog.wait_log(r"POST / - 499", 4)
        dog.until_no_processes()

    def test_a_client_that_leaves_behind_pipelined_requests_is_noticed(self):
        dog = self.start(fprocess="sleep 25")
        client = self.client(dog)
        client.send(head() + head())
        until(dog.processes, 5, "the function")
        client.abort()
        dog.wait_log(r"GET / - 499", 4)
        dog.until_no_processes()

    def test_a_half_closed_client_gets_its_answer_in_every_mode(self):
        """nc -N, socat and some gateways say that they are done as soon as they have asked."""
        def script(visit):
            while (asked := visit.head()) is not None:
                visit.body(asked)
                time.sleep(0.3)
                visit.send(ok(b"served\n"))

        server = ScriptedServer(script)
        self.addCleanup(server.close)
        script = "cat >/dev/null; sleep 0.3; echo served"
        dogs = {mode: self.sh(script, mode=mode) for mode in ("streaming", "serializing", "classic")}
        dogs["cgi"] = self.sh("cat >/dev/null; sleep 0.3; printf 'Content-Type: text/plain\\n\\nserved\\n'", mode="cgi")
        dogs["http"] = self.start("--", "sleep", "1000", mode="http", upstream_url=server.url)
        for mode, dog in dogs.items():
            for version in ("1.0", "1.1"):
                for method, body in (("GET", b""), ("POST", b"x" * 300_000)):
                    with self.subTest(mode=mode, version=version, method=method):
                        with dog.client() as client:
                            client.send(f"{method} / HTTP/{version}\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                            client.send(body)
                            client.half_close()
                            text = client.read_to_end()
                        self.assertTrue(text.startswith(b"HTTP/1.1 200 OK\r\n"), text[:200])
                        self.assertIn(b"served\n", text)

    def test_a_half_closed_client_gets_all_that_it_has_asked_for(self):
        dog = self.sh('sleep 0.2; echo "at $Http_Path."')
        with dog.client() as client:
            client.send(b"".join(head(path=f"/{i}") for i in range(5)))
            client.half_close()
            text = client.read_to_end()
        self.assertEqual([b"at /%d." % i for i in range(5)], re.findall(rb"at /\d\.", text))

    def test_clients_that_leave_end_the_function_however_they_leave(self):
        """Programs of all kinds, ended or giving up while they wait: each shows itself by a reset."""
        dog = self.sh("sleep 60 & wait")
        url = f"http://127.0.0.1:{dog.port}/"
        for name, command in {
                "curl": ["curl", "-s", url], "curl --max-time": ["curl", "-s", "--max-time", "0.5", url],
                "urllib": ["python3", "-c", f"import urllib.request as r; r.urlopen('{url}')"],
                "urllib's timeout": ["python3", "-c", f"import urllib.request as r; r.urlopen('{url}', timeout=0.5)"],
                "php": ["php", "-r", f"file_get_contents('{url}');"]}.items():
            for ending in (signal.SIGINT, signal.SIGKILL):
                with self.subTest(client=name, ending=ending.name):
                    client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    until(dog.processes, 10, "the function")
                    if "time" not in name:
                        client.send_signal(ending)
                    client.wait()
                    watch = Stopwatch()
                    dog.until_no_processes()
                    self.assert_within(watch.seconds, 0, 1, name)

    def test_a_half_closed_client_leaves_nothing_behind(self):
        dog = self.start(fprocess="cat")
        before = dog.fds()
        for _ in range(50):
            with dog.client() as client:
                client.send(head("POST", body=b"abc") + b"abc")
                client.half_close()
                client.read_to_end()
        self.assert_no_more_fds(dog, before)
        dog.until_no_processes()
        self.assertEqual(dog.request("POST", body=b"fine").body, b"fine")
