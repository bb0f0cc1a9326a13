"""Steady traffic to a function that is replaced under it. No request is sent twice."""

import contextlib
import threading
import time

from client import Client

CLIENTS = 8


class Router:
    """Says where new connections go, as the proxy of a provider does."""

    def __init__(self, container):
        self.address = container.address

    def move(self, container):
        self.address = container.address


class Traffic:
    """So many requests a second, from CLIENTS clients. Every second client keeps its connection until it is
    told that it closes; the others make one for each request."""

    def __init__(self, router, expected, rate=200, method="GET", path="/", body=None, port=8080):
        self.router = router
        self.expected = expected
        self.request = {"method": method, "path": path, "body": body}
        self.gap = CLIENTS / rate
        self.port = port
        self.answered = 0
        self.lost = []
        self.slowest = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self):
        self._start = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.monotonic() - self._start

    def _run(self, number):
        keeps = number % 2 == 0
        connection = None
        due = time.monotonic() + self.gap * number / CLIENTS
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due += self.gap
            begun = time.monotonic()
            address = self.router.address
            try:
                if connection is None:
                    connection = Client(self.port, address=address)
                response = connection.request(**self.request)
                closes = self._judge(response)
            except Exception as error:  # noqa: BLE001, each is a loss and is told
                self._lose(f"{address}: {type(error).__name__}: {error}")
                closes = True
            self.slowest = max(self.slowest, time.monotonic() - begun)
            if closes or not keeps:
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _judge(self, response):
        """Counts a response; whether its connection closes."""
        if response is None:
            self._lose("the connection was closed in place of a response")
            return True
        if response.status != 200 or not response.complete or self.expected not in response.text:
            self._lose(repr(response))
            return True
        with self._lock:
            self.answered += 1
        return response.header("Connection") == "close"

    def _lose(self, why):
        with self._lock:
            self.lost.append(f"after {time.monotonic() - self._start:.2f} s: {why}")
