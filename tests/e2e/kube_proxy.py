"""The way of requests in a cluster: endpoints of which each client hears late, and clients that never retry."""

import collections
import random
import select
import threading
import time

from client import Client


class Service:
    """The endpoints of a Service. Each client hears of each change after a delay of its own, in order."""

    def __init__(self, added=(0, 2), removed=(0, 4)):
        self._delays = {True: added, False: removed}
        self._lock = threading.Lock()
        self._views = []
        self._current = []

    def change(self, address, there):
        with self._lock:
            if there:
                self._current.append(address)
            else:
                self._current.remove(address)
            for view in self._views:
                view.hear(address, there, time.monotonic() + random.uniform(*self._delays[there]))

    def view(self):
        with self._lock:
            view = View(list(self._current))
            self._views.append(view)
            return view


class View:
    """What one client, or the kube-proxy of its node, knows of the endpoints."""

    def __init__(self, known):
        self._known = known
        self._news = collections.deque()
        self._latest = 0.0

    def hear(self, address, there, at):
        self._latest = max(self._latest, at)
        self._news.append((self._latest, address, there))

    def endpoints(self):
        while self._news and self._news[0][0] <= time.monotonic():
            _, address, there = self._news.popleft()
            if there:
                self._known.append(address)
            else:
                self._known.remove(address)
        return self._known

    def pick(self):
        known = self.endpoints()
        if not known:
            raise ConnectionRefusedError("no endpoint is known")
        return random.choice(known)


def is_echo(response, body):
    """Whether a function that says what it has heard did so; some end it with a newline."""
    return response.status == 200 and response.body.strip() == body


class Loss(Exception):
    pass


class Traffic:
    """Clients with `rate` requests a second between them, which send each request once.

    Half of them make a connection for each request, half keep theirs for as long as the server does.
    `follow` lets those leave an endpoint when they hear that it is gone, as an ingress does; connections
    through a kube-proxy stay. `check(response, body)` is whether a response is right.
    """

    def __init__(self, service, port, check, rate=150, clients=12, follow=False):
        self._service, self._port, self._check, self._follow = service, port, check, follow
        self._interval = clients / rate
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.requests = {"new": 0, "kept": 0}  # that were answered well
        self.lost = []
        self.by_endpoint = collections.Counter()
        self._threads = [threading.Thread(target=self._run, args=(number % 2 == 1,), daemon=True)
                         for number in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self

    def sent(self):
        return sum(self.requests.values()) + len(self.lost)

    def _run(self, keeps):
        view = self._service.view()
        client = address = None
        at = time.monotonic() + random.uniform(0, self._interval)
        while not self._stop.wait(max(0, at - time.monotonic())):
            at = max(at + random.uniform(0.5, 1.5) * self._interval, time.monotonic())
            if client and (self._is_closed(client) or self._follow and address not in view.endpoints()):
                client.close()
                client = None
            try:
                if not client:
                    address = view.pick()
                    client = Client(self._port, address=address, timeout=5)
                keep = self._ask(client) and keeps
            except (Loss, OSError, ValueError) as error:
                keep = False
                with self._lock:
                    self.lost.append(f"{'kept' if keeps else 'new'} connection, {address}: {error!r}")
            else:
                with self._lock:
                    self.requests["kept" if keeps else "new"] += 1
                    self.by_endpoint[address] += 1
            if client and not keep:
                client.close()
                client = None
        if client:
            client.close()

    def _is_closed(self, client):
        """Whether the server has closed a connection that is idle: one looks before one asks."""
        return bool(select.select([client.socket], [], [], 0)[0])

    def _ask(self, client):
        """Whether the connection may be kept."""
        body = b"%d" % random.randrange(10 ** 9) * random.choice((1, 1, 1, 500))
        response = client.request("POST", "/", body=body)
        if response is None:
            raise Loss("no response")
        if not response.complete or not self._check(response, body):
            raise Loss(repr(response)[:300])
        return response.header("Connection", "keep-alive") == "keep-alive"
