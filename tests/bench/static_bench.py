#!/usr/bin/env python3
"""Measures mode=static beside nginx serving the same folder.

  tests/bench/static_bench.py [--quick] [WATCHDOG] [--peer OTHER_WATCHDOG]

Both write an access log to a file and have one thread on one CPU, the clients have the other. nginx
has sendfile and tcp_nopush on; "nginx cache" also keeps its files open (open_file_cache). They take
turns in every round; figures are medians over the rounds.
  own us    the server's own CPU time for one request, microseconds
  x nginx   that, divided by nginx's of the same round
Then: resident memory while 64 slow clients download 1 GB each, and how long a folder of 100,000
files takes to be served from, from starting the process to the first answer.
Nothing here passes or fails. Needs nginx (Debian: nginx-light).
"""

import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time

from bench import CPUS, SERVER_CPU, build_tools, free_port, load, on_cpu, parse_comparison, run_json
from proxy_bench import cpu_seconds, end, resident_kb

CLIENT_CPU = CPUS[-1]
WORK = {  # name: (path, clients)
    "1 KB, 64 clients": ("/1k", 64),
    "16 KB, 64 clients": ("/16k", 64),
    "64 KB, 64 clients": ("/64k", 64),
    "1 MB, 16 clients": ("/1m", 16),
    "page, 1 client": ("/", 1),
}
NGINX = """
worker_processes 1; daemon off; pid {out}/nginx.pid; error_log {out}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log {out}/nginx.log; keepalive_requests 1000000000; sendfile on; tcp_nopush on; {more}
  include /etc/nginx/mime.types;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}; }}
}}"""


class Server:
    def __init__(self, label, out, folder, watchdogs):
        self.label = label
        self.port = free_port()
        variables = dict(os.environ)
        if label in watchdogs:
            command = [watchdogs[label]]
            variables.update(mode="static", static_path=str(folder), workers="1",
                             port=str(self.port), metrics_port="0", suppress_lock="true")
        else:
            more = "open_file_cache max=1000;" if label == "nginx cache" else ""
            config = out / f"{label.replace(' ', '-')}.conf"
            config.write_text(NGINX.format(out=out, folder=folder, port=self.port, more=more))
            command = ["/usr/sbin/nginx", "-c", config]
        self.started = time.monotonic()
        with open(out / f"{label}.out", "wb") as log:
            self.process = subprocess.Popen(on_cpu(SERVER_CPU, command), env=variables, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        self.first_answer = self.wait_for_answer() - self.started
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.pids = ([] if label in watchdogs else children.read_text().split()) or [self.process.pid]

    def wait_for_answer(self):
        while time.monotonic() < self.started + 10:
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as probe:
                    probe.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    if probe.recv(100).startswith(b"HTTP/1.1 200"):
                        return time.monotonic()
            except OSError:
                time.sleep(0.0005)
        self.stop()
        raise SystemExit(f"{self.label} does not answer")

    def measure(self, path, clients, seconds):
        before = cpu_seconds(self.pids)
        result = run_json(load(self.port, path, CLIENT_CPU, clients=clients, seconds=seconds))
        used = cpu_seconds(self.pids) - before
        if result["errors"] or not result["requests"]:
            raise SystemExit(f"{self.label}: {result}")
        return {"own": used / result["requests"] * 1e6, "rps": result["rps"],
                "p50": result["p50_ms"] * 1000}

    def slow_clients_kb(self, path, count, seconds):
        """The most resident memory seen while so many clients read a little now and then."""
        clients = []
        for _ in range(count):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.connect(("127.0.0.1", self.port))
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            clients.append(client)
        most = 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for client in clients:
                client.recv(65536)
            most = max(most, resident_kb(self.pids))
            time.sleep(0.02)
        for client in clients:
            client.close()
        return most

    def stop(self):
        end(self.process)


def fill(folder):
    (folder / "index.html").write_bytes(b"<h1>A page</h1>\n" * 200)
    for name, size in (("1k", 1024), ("16k", 16384), ("64k", 65536), ("1m", 1_000_000)):
        (folder / name).write_bytes(os.urandom(size))
    with open(folder / "1g", "wb") as large:
        large.truncate(1 << 30)
    for path in folder.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    time.sleep(4)  # what has just been changed is not kept in memory


def show(name, figures):
    print(f"\n{name:<20}{'own us':>8}{'x nginx':>9}{'req/s':>9}{'p50 us':>9}")
    for label, rounds in figures.items():
        ratio = statistics.median(a["own"] / b["own"] for a, b in zip(rounds, figures["nginx"]))
        print(f"{label:<20}{statistics.median(r['own'] for r in rounds):>8.1f}{ratio:>9.2f}"
              f"{statistics.median(r['rps'] for r in rounds):>9.0f}"
              f"{statistics.median(r['p50'] for r in rounds):>9.0f}", flush=True)


def bench(out, watchdogs, rounds, seconds):
    folder = out / "site"
    folder.mkdir()
    fill(folder)
    servers = [Server(label, out, folder, watchdogs) for label in ("nginx", "nginx cache", *watchdogs)]
    try:
        for name, (path, clients) in WORK.items():
            figures = {server.label: [] for server in servers}
            for _ in range(rounds):
                for server in servers:
                    figures[server.label].append(server.measure(path, clients, seconds))
            show(name, figures)
        print("\n64 slow clients of 1 GB")
        for server in servers:
            print(f"{server.label:<20}{server.slow_clients_kb('/1g', 64, seconds * 2):>8} KB")
    finally:
        for server in servers:
            server.stop()
    many = out / "many"
    many.mkdir()
    for number in range(100_000):
        os.mknod(many / f"{number}.txt")
    (many / "index.html").write_text("many")
    server = Server("fwatchdog", out, many, watchdogs)
    server.stop()
    print(f"\n100,000 files: the first answer after {server.first_answer * 1000:.1f} ms")


def main():
    options = parse_comparison(__doc__)
    watchdogs = {"fwatchdog": options.watchdog, **({"peer": options.peer} if options.peer else {})}
    build_tools()
    with tempfile.TemporaryDirectory(prefix="fwatchdog-bench-") as folder:
        path = pathlib.Path(folder)
        path.chmod(0o755)
        rounds, seconds = (2, 1) if options.quick else (5, 3)
        bench(path, watchdogs, rounds, seconds)


if __name__ == "__main__":
    main()
