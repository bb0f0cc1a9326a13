#!/usr/bin/env python3
"""What one message of N bytes costs the watchdog in CPU, and one of 4 N, for every parser of outside bytes.

  tests/bench/message_cost.py [NAME]...      NAME: a part of a row's name

Linear is a ratio of about 4; a row beyond 7 is marked, and makes the exit code 1. The function's own
processes and servers do not count. CPU is that of all threads, from /proc/PID/task/*/schedstat.
"""

import os
import socket
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import fastcgi_server as fastcgi  # noqa: E402
from harness import Watchdog, until  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402

ROUNDS = 12
MOST_RATIO = 7
FACTOR = 4


def cpu_seconds(pid):
    return sum(int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
               for task in os.listdir(f"/proc/{pid}/task")) / 1e9


def request(line=b"GET / HTTP/1.1", fields=b"", body=b""):
    return line + b"\r\nHost: a\r\nConnection: close\r\n" + fields + b"\r\n" + body


def filled(unit, size, separator=b""):
    return separator.join([unit] * max(1, size // (len(unit) + len(separator))))


# name: (mode, bytes of the smaller message, what makes a request of so many bytes)
REQUESTS = {
    "a field of N bytes": ("static", 16_000, lambda n: request(fields=b"X: " + b"x" * n + b"\r\n")),
    "N/64 fields": ("static", 4_000, lambda n: request(fields=b"".join(b"F%d: %s\r\n" % (i, b"x" * 55) for i in range(n // 64)))),
    "fields of one name, joined (cgi variables)": (
        "fastcgi", 4_000, lambda n: request(fields=filled(b"Accept: " + b"x" * 54 + b"\r\n", n))),
    "cookies, joined (cgi variables)": ("fastcgi", 4_000, lambda n: request(fields=filled(b"Cookie: " + b"x" * 54 + b"\r\n", n))),
    "Http_ variables": ("streaming", 4_000, lambda n: request(fields=b"".join(b"F%d: %s\r\n" % (i, b"x" * 55) for i in range(n // 64)))),
    "a Connection list (refused)": ("http", 16_000, lambda n: request(fields=b"Connection: " + filled(b"a", n, b",") + b"\r\n")),
    "a Connection list of empty options": ("http", 16_000, lambda n: request(fields=b"Connection: " + b"," * n + b"\r\n")),
    "an X-Forwarded-For list of trusted proxies": (
        "fastcgi", 8_000, lambda n: request(fields=b"X-Forwarded-For: " + filled(b"127.0.0.1", n, b",") + b"\r\n")),
    "a path of one segment": ("static", 8_000, lambda n: request(b"GET /" + b"a" * n + b" HTTP/1.1")),
    "a path of N/2 segments, a site's": ("static", 8_000, lambda n: request(b"GET /" + filled(b"a/", n) + b" HTTP/1.1")),
    "a path of N/2 segments, an application's": ("fastcgi", 8_000, lambda n: request(b"GET /" + filled(b"a/", n) + b" HTTP/1.1")),
    "a path of scripts' names": ("fastcgi", 8_000, lambda n: request(b"GET /" + filled(b"a.php/", n) + b" HTTP/1.1")),
    "a percent-encoded path": ("fastcgi", 8_000, lambda n: request(b"GET /" + filled(b"%61", n) + b" HTTP/1.1")),
    "a query": ("fastcgi", 8_000, lambda n: request(b"GET /?" + filled(b"a=b&", n) + b" HTTP/1.1")),
    "a Range list": ("static", 8_000, lambda n: request(fields=b"Range: bytes=" + filled(b"0-0", n, b",") + b"\r\n")),
    "an If-None-Match list": ("static", 8_000, lambda n: request(fields=b"If-None-Match: " + filled(b'"a"', n, b", ") + b"\r\n")),
    "an Accept-Encoding list": ("static", 8_000, lambda n: request(fields=b"Accept-Encoding: " + filled(b"a;q=0.1", n, b", ") + b"\r\n")),
    "an Accept list": ("static", 8_000, lambda n: request(fields=b"Accept: " + filled(b"a/b", n, b", ") + b"\r\n")),
    "chunks of one byte": ("http", 60_000, lambda n: request(
        b"POST / HTTP/1.1", b"Transfer-Encoding: chunked\r\n", filled(b"1\r\nx\r\n", n) + b"0\r\n\r\n")),
    "a chunk extension": ("http", 900, lambda n: request(
        b"POST / HTTP/1.1", b"Transfer-Encoding: chunked\r\n", b"1;" + b"a" * n + b"\r\nx\r\n0\r\n\r\n")),
    "trailers": ("http", 3_000, lambda n: request(
        b"POST / HTTP/1.1", b"Transfer-Encoding: chunked\r\n", b"0\r\n" + filled(b"T: x\r\n", n) + b"\r\n")),
    "pipelined requests": ("static", 16_000, lambda n: filled(b"GET /_/health HTTP/1.1\r\nHost: a\r\n\r\n", n) + request()),
    "empty lines and garbage (refused)": ("http", 16_000, lambda n: b"\r\n\r\n" + b"\x01" * n),
}

# What is behind the watchdog says this to a short request.
ANSWERS = {
    "an answer of N/64 fields": ("http", 16_000, lambda n: b"HTTP/1.1 200 OK\r\n" + b"".join(
        b"F%d: %s\r\n" % (i, b"x" * 55) for i in range(n // 64)) + b"Content-Length: 0\r\n\r\n"),
    "an answer's Connection list": ("http", 16_000, lambda n: b"HTTP/1.1 200 OK\r\nConnection: " + filled(b"a", n, b",") + b"\r\n\r\n"),
    "an answer in chunks of one byte": ("http", 60_000, lambda n: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                        + filled(b"1\r\nx\r\n", n) + b"0\r\n\r\n"),
    "interim answers": ("http", 16_000, lambda n: filled(b"HTTP/1.1 103 Early Hints\r\n\r\n", n) + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "a CGI head of N/64 fields": ("fastcgi", 16_000, lambda n: fastcgi.out(b"Content-Type: a/b\r\n" + b"".join(
        b"F%d: %s\r\n" % (i, b"x" * 55) for i in range(n // 64)) + b"\r\n") + fastcgi.end()),
    "a CGI head folded N/4 times": ("fastcgi", 16_000, lambda n: fastcgi.out(b"A: b\n" + filled(b" c\n", n) + b"\n") + fastcgi.end()),
    "FastCGI records of one byte": ("fastcgi", 60_000, lambda n: fastcgi.out(b"Content-Type: a/b\n\n")
                                    + filled(fastcgi.out(b"x"), n) + fastcgi.end()),
    "stderr in records of one byte": ("fastcgi", 60_000, lambda n: fastcgi.out(b"Content-Type: a/b\n\n")
                                      + filled(fastcgi.err(b"x"), n) + fastcgi.end()),
}


class Bench:
    """A watchdog in one mode; `answer` is what the server behind it says."""

    def __init__(self, mode, folder):
        self.answer = b""
        options = {"mode": mode, "access_log": "off", "workers": "1", "trusted_proxies": "all"}
        arguments = ()
        self.server = None
        if mode in ("http", "fastcgi"):
            self.server = ScriptedServer(getattr(self, mode))
            options["upstream_url"] = self.server.url.replace("http:", mode + ":")
            arguments = ("--", "sleep", "100000")
        elif mode == "static":
            Path(folder, "index.html").write_text("<p>hello")
            options["static_path"] = folder
        else:
            arguments = ("--", "true")
        if mode == "fastcgi":
            Path(folder, "index.php").write_text("")
            Path(folder, "a.php").mkdir(exist_ok=True)
            options["document_root"] = folder
        self.dog = Watchdog(*arguments, **options)
        until(lambda: self.dog.request(path="/_/health").status == 200, 20, "it to be healthy")

    def http(self, visit):
        while (head := visit.head()) is not None:
            visit.body(head)
            visit.send(self.answer or b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def fastcgi(self, visit):
        while fastcgi.read_request(visit) is not None:
            visit.send(self.answer or fastcgi.ok())

    def cost(self, data):
        """CPU seconds of one exchange: the least of several, which nothing has disturbed."""
        least = float("inf")
        for _ in range(ROUNDS):
            before = cpu_seconds(self.dog.pid)
            with socket.create_connection(("127.0.0.1", self.dog.port), timeout=20) as sock:
                try:
                    sock.sendall(data)
                    while sock.recv(1 << 20):
                        pass
                except ConnectionResetError:
                    pass
            least = min(least, cpu_seconds(self.dog.pid) - before)
        return least

    def close(self):
        self.dog.close()
        if self.server:
            self.server.close()


def main(names):
    rows = [(name, *row, False) for name, row in REQUESTS.items()] + [(name, *row, True) for name, row in ANSWERS.items()]
    bad = 0
    print(f"{'one message of N bytes':45} {'N':>7} {'us':>8} {'4N: us':>8} {'ratio':>6}")
    for name, mode, size, make, is_answer in rows:
        if names and not any(part in name for part in names):
            continue
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(mode, folder)
            base = bench.cost(request())
            costs = []
            for n in (size, FACTOR * size):
                bench.answer = make(n) if is_answer else b""
                costs.append(bench.cost(request() if is_answer else make(n)))
            bench.close()
        small, large = (max(cost - base, 1e-6) for cost in costs)
        ratio = large / small
        # Below a few microseconds a message costs nothing worth a ratio.
        mark = " superlinear" if ratio > MOST_RATIO and large > 200e-6 else ""
        bad += bool(mark)
        print(f"{name:45} {size:7} {costs[0] * 1e6:8.0f} {costs[1] * 1e6:8.0f} {ratio:6.1f}{mark}", flush=True)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
