"""A scripted stand-in for Knative's queue-proxy, the container between the network and a function's.

It is told what it does in the environment, as the real one: SERVING_READINESS_PROBE (JSON), USER_PORT,
CONTAINER_CONCURRENCY, QUEUE_SERVING_PORT, and QUEUE_ADMIN_PORT. The real one waits until 30 s pass without a
request before it lets go; here DRAIN_SECONDS says how long.

Behaviour as described in knative.dev/docs/serving: it asks the function whether it is ready every 50 ms until it
is, where the probe says no period; passes on at most CONTAINER_CONCURRENCY requests at a time and keeps ten times
as many waiting; responds 503 to probes once it is told to end, serves on, and ends after DRAIN_SECONDS of silence.
"""

import http.client
import json
import os
import select
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

AGGRESSIVE_INTERVAL = 0.05
AGGRESSIVE_PATIENCE = 10
PROBER = "kube-probe/1.30"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


class Prober:
    """Asks the function whether it is ready, as the probe of the manifest says."""

    def __init__(self, probe, port):
        self._http = probe.get("httpGet")
        self._period = probe.get("periodSeconds", 0)
        self._timeout = probe.get("timeoutSeconds", 1)
        self._port = (self._http or probe["tcpSocket"]).get("port", port)
        self.asked = 0

    def ready(self):
        """With no period it is asked again and again until it is ready or patience ends."""
        deadline = time.monotonic() + (0 if self._period else AGGRESSIVE_PATIENCE)
        while not self._ask():
            if time.monotonic() >= deadline:
                return False
            time.sleep(AGGRESSIVE_INTERVAL)
        return True

    def _ask(self):
        self.asked += 1
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout)
        try:
            if not self._http:
                connection.connect()
                return True
            connection.request("GET", self._http.get("path", "/"),
                               headers={"User-Agent": PROBER, "K-Kubelet-Probe": "queue"})
            return 200 <= connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Breaker:
    """At most `most` at a time, and ten times as many that wait; 0 is no limit."""

    def __init__(self, most):
        self._free = threading.Semaphore(most) if most else None
        self._room = threading.Semaphore(11 * most) if most else None

    def enter(self):
        """False when there is no room to wait."""
        if not self._free:
            return True
        if not self._room.acquire(blocking=False):
            return False
        self._free.acquire()
        return True

    def leave(self):
        if self._free:
            self._free.release()
            self._room.release()


class Drain:
    """From the word to end until so many seconds have passed without a request."""

    def __init__(self, quiet):
        self.begun = threading.Event()
        self.over = threading.Event()
        self._quiet = quiet
        self._last = time.monotonic()

    def note_request(self):
        self._last = time.monotonic()

    def begin(self):
        if self.begun.is_set():
            return
        self._last = time.monotonic()
        self.begun.set()
        print("draining", flush=True)
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self):
        while (left := self._last + self._quiet - time.monotonic()) > 0:
            time.sleep(left)
        print("drained", flush=True)
        self.over.set()


class Handler(BaseHTTPRequestHandler):
    """Requests and probes from the network."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # a head and its body leave together

    def setup(self):
        super().setup()
        self._upstream = None

    def finish(self):
        if self._upstream:
            self._upstream.close()
        super().finish()

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("K-Network-Probe") or self.headers.get("User-Agent", "").startswith("kube-probe/"):
            return self._respond_to_probe()
        self.server.drain.note_request()
        if not self.server.breaker.enter():
            return self._send(503, [], b"pending request queue full")
        try:
            with self.server.counting():
                self._send(*self._pass_on(body))
        finally:
            self.server.breaker.leave()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

    def _respond_to_probe(self):
        if self.server.drain.begun.is_set():
            return self._send(503, [], b"shutting down")
        ready = self.server.prober.ready()
        self._send(200 if ready else 503, [], b"queue" if ready else b"not ready")

    def _pass_on(self, body):
        """The response of the function, or a 502; a request is sent once."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        headers["Content-Length"] = str(len(body))
        try:
            upstream = self._connected()
            upstream.request(self.command, self.path, body, headers)
            response = upstream.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._upstream.close()
            self._upstream = None
            return 502, [], repr(error).encode()
        if response.will_close:
            self._upstream.close()
            self._upstream = None
        return response.status, [item for item in response.getheaders() if item[0].lower() not in HOP_BY_HOP], content

    def _connected(self):
        """The connection that there is, unless the function has closed it."""
        if self._upstream and select.select([self._upstream.sock], [], [], 0)[0]:
            self._upstream.close()
            self._upstream = None
        if not self._upstream:
            self._upstream = http.client.HTTPConnection("127.0.0.1", self.server.user_port, timeout=60)
            self._upstream.connect()
        return self._upstream

    def _send(self, status, headers, content):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, environment):
        super().__init__(("", int(environment["QUEUE_SERVING_PORT"])), Handler)
        self.user_port = int(environment["USER_PORT"])
        self.prober = Prober(json.loads(environment["SERVING_READINESS_PROBE"]), self.user_port)
        self.breaker = Breaker(int(environment["CONTAINER_CONCURRENCY"]))
        self.drain = Drain(float(environment["DRAIN_SECONDS"]))
        self._running = 0
        self._changed = threading.Condition()

    def counting(self):
        return self

    def __enter__(self):
        with self._changed:
            self._running += 1

    def __exit__(self, *_):
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def wait_idle(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._running)


class Admin(BaseHTTPRequestHandler):
    """What the preStop hook of the function's container asks, and waits for."""

    def do_GET(self):
        if self.path != "/wait-for-drain":
            return self.send_error(404)
        print("wait-for-drain", flush=True)
        self.server.drain.begin()
        self.server.drain.over.wait()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    server = Server(os.environ)
    admin = ThreadingHTTPServer(("", int(os.environ["QUEUE_ADMIN_PORT"])), Admin)
    admin.daemon_threads = True
    admin.drain = server.drain
    for each in (server, admin):
        threading.Thread(target=each.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: server.drain.begin())
    server.drain.over.wait()
    server.shutdown()
    server.server_close()
    server.wait_idle()
    print(f"asked the function {server.prober.asked} times whether it is ready", flush=True)
    time.sleep(0.1)  # for the response to the hook
    os._exit(0)


if __name__ == "__main__":
    main()
