"""Promptness, backpressure and endurance: nothing is held back, piled up or left behind."""

import hashlib
import random
import re
import threading
import time
from pathlib import Path

from harness import FUNCTIONS, SANITIZER, Case, InBackground, Stopwatch, free_port, head, until


class Promptness(Case):
    alone = True

    def test_each_tick_arrives_within_50_ms(self):
        dog = self.start("--", "python3", str(FUNCTIONS / "tick.py"))
        client = self.client(dog)
        client.send(head())
        late = []
        for piece in client.pieces(client.head()):
            late.append(time.time() - float(piece))
        self.assertEqual(len(late), 6)
        self.assert_within(max(late), 0, 0.05)


class Backpressure(Case):
    alone = True
    most_kb = 8192

    def assert_small(self, dog):
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), self.most_kb)

    def settled(self, read, what):
        """The value of `read()` once it has not changed for a quarter of a second."""
        last = [read(), time.monotonic()]

        def unchanged():
            value = read()
            if value != last[0]:
                last[:] = [value, time.monotonic()]
            return time.monotonic() - last[1] > 0.25

        until(unchanged, 10, what)
        return last[0]

    def test_uploads_of_any_size_reach_a_function_that_reads_late(self):
        """Wherever in the body the function was too full for more."""
        port = free_port()
        server = self.start("--", "python3", str(FUNCTIONS / "warm_server.py"), str(port), mode="http",
                            upstream_url=f"http://127.0.0.1:{port}")
        forked = self.start("--", "sh", "-c", "sleep 0.03; wc -c")
        for size in range(300_000, 1_100_000, 20_000):
            body = bytes(size)
            for dog, answer in ((forked, str(size)), (server, f"POST / {size}")):
                answers = [InBackground(lambda dog=dog: dog.request("POST", body=body)) for _ in range(2)]
                self.assertEqual([a.result().text.strip() for a in answers], [answer] * 2)

    def test_a_slow_client_slows_the_function(self):
        size = 64 * 1024 * 1024
        dog = self.start(fprocess=f"head -c {size} /dev/zero")
        client = self.client(dog, receive_buffer=65536)
        client.send(head())
        response = client.head()
        function = until(dog.processes, 5, "the function")[0]

        def written():
            text = Path(f"/proc/{function}/io").read_text()
            return int(re.search(r"wchar: (\d+)", text).group(1))

        self.assertLess(self.settled(written, "the function to stop writing"), 16 * 1024 * 1024)
        self.assert_small(dog)
        total = sum(len(piece) for piece in client.pieces(response))
        self.assertEqual((total, response.complete), (size, True))
        self.assert_small(dog)

    def test_a_slow_function_slows_the_client(self):
        dog = self.sh("while [ ! -e release ]; do sleep 0.01; done; wc -c")
        size = 64 * 1024 * 1024
        client = self.client(dog, timeout=30)
        sent = [0]

        def upload():
            client.send(head("POST", headers={"Content-Length": size}))
            for _ in range(size // 65536):
                client.send(bytes(65536))
                sent[0] += 65536

        uploading = InBackground(upload)
        self.assertLess(self.settled(lambda: sent[0], "the client to be stopped"), 16 * 1024 * 1024)
        self.assert_small(dog)
        (dog.folder / "release").touch()
        uploading.result()
        self.assertEqual(int(client.response().text), size)
        self.assert_small(dog)

    def test_a_gigabyte_comes_back_byte_identical_in_little_memory(self):
        piece = random.randbytes(1 << 20)
        count = 64 if SANITIZER else 1024
        # However slow the machine is.
        dog = self.start(fprocess="cat", exec_timeout="10m", read_timeout="10m")
        client = self.client(dog, timeout=60)
        sent = hashlib.sha256()

        def upload():
            client.send(head("POST", headers={"Content-Length": count * len(piece)}))
            for number in range(count):
                data = number.to_bytes(8, "big") + piece[8:]
                sent.update(data)
                client.send(data)

        largest = [0]
        done = threading.Event()

        def watch_memory():
            while not done.wait(0.02):
                largest[0] = max(largest[0], dog.rss_kb())

        uploading = InBackground(upload)
        watching = InBackground(watch_memory)
        received = hashlib.sha256()
        response = client.head()
        for data in client.pieces(response):
            received.update(data)
        done.set()
        watching.result()
        uploading.result()
        self.assertTrue(response.complete)
        self.assertEqual(received.hexdigest(), sent.hexdigest())
        if not SANITIZER:
            self.assertLess(largest[0], self.most_kb)


class Endurance(Case):
    """Ten thousand requests leave nothing behind."""

    requests = 2_000 if SANITIZER else 10_000
    connections = 4

    def many(self, dog, count):
        message = head("POST", body=b"a small body") + b"a small body"

        def work():
            with dog.client() as client:
                for _ in range(count // self.connections):
                    client.send(message)
                    response = client.response()
                    if response.status != 200 or response.body != b"a small body":
                        raise AssertionError(f"{response}")

        for worker in [InBackground(work) for _ in range(self.connections)]:
            worker.result(240)

    def leaves_nothing(self, mode):
        dog = self.start(fprocess="cat", mode=mode)
        dog.request()
        fds = until(lambda: not dog.zombies() and dog.fds(), 5, "a quiet start")
        self.many(dog, 1_000)
        before = dog.rss_kb()
        self.many(dog, self.requests - 1_000)
        after = dog.rss_kb()
        until(lambda: not dog.children(), 5, "all children to be reaped")
        self.assert_no_more_fds(dog, fds)
        if not SANITIZER:
            self.assertLessEqual(after, max(before * 1.15, before + 512))

    def test_streaming(self):
        self.leaves_nothing("streaming")

    def test_serializing(self):
        self.leaves_nothing("serializing")

    def test_classic(self):
        self.leaves_nothing("classic")
