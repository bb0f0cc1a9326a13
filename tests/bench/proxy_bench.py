#!/usr/bin/env python3
"""Measures mode=http beside nginx and haproxy doing the same work, in front of one nginx.

  tests/bench/proxy_bench.py [--quick] [WATCHDOG] [--peer OTHER_WATCHDOG]

The floor is relay.cc: bytes copied both ways, no HTTP, no log. All proxies write an access log to a
file and have one thread on one CPU; clients and the upstream have the other. They take turns in
every round; figures are medians over the rounds.
  own us    the proxy's own CPU time for one request, microseconds
  x floor, x nginx    that, divided by theirs of the same round
  req/s     whole 2xx answers a second
  p50 us    median latency of one client, and what it adds to going to the upstream directly
  idle KB   resident memory for each of some thousand idle keep-alive clients
Nothing here passes or fails. Needs nginx and haproxy (Debian: nginx-light haproxy).
"""

import os
import pathlib
import resource
import socket
import statistics
import subprocess
import tempfile
import time

from bench import CPUS, SERVER_CPU, TOOLS, build_tools, free_port, load, on_cpu, parse_comparison, run_json

CLIENT_CPU = CPUS[-1]
WORK = {  # name: (path, clients, load's options)
    "GET, 64 clients": ("/", 64, {}),
    "POST 64 KB": ("/", 16, {"body_bytes": 65536}),
    "GET 1 MB": ("/megabyte", 16, {}),
    "GET, 1 client": ("/", 1, {}),
}

UPSTREAM = """
worker_processes 1; daemon off; pid {folder}/upstream.pid; error_log {folder}/upstream.err;
events {{ worker_connections 30000; }}
http {{
  access_log off; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path {folder}/ub; client_body_buffer_size 128k;
  server {{
    listen 127.0.0.1:{upstream} backlog=4096; root {folder};
    location = / {{ return 200 "hello world, this is a small answer\\n"; }}
  }}
}}"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 30000; }}
http {{
  access_log {folder}/nginx.log; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path {folder}/nb; proxy_temp_path {folder}/np; keepalive_timeout 600s;
  client_body_buffer_size 128k; proxy_request_buffering off; proxy_buffering off;
  upstream function {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://function; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}"""
HAPROXY = """
global
  nbthread 1
  maxconn {most}
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option forwardfor
  http-reuse always
  timeout client 600s
  timeout server 60s
  timeout connect 5s
  timeout http-keep-alive 600s
frontend in
  bind 127.0.0.1:{port}
  default_backend function
backend function
  server function 127.0.0.1:{upstream}
"""


def cpu_seconds(pids):
    """On the CPU so far, all threads."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_kb(pids):
    return sum(int(line.split()[1]) for pid in pids
               for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
               if line.startswith("VmRSS"))


def end(process):
    process.terminate()
    try:
        process.wait(0.5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Proxy:
    def __init__(self, label, folder, upstream, watchdogs):
        self.label = label
        self.port = free_port()
        names = {"folder": folder, "port": self.port, "upstream": upstream, "most": most_clients()}
        variables = dict(os.environ)
        if label == "floor":
            command = [TOOLS / "relay", self.port, upstream]
        elif label in watchdogs:
            command = [watchdogs[label], "--", "sleep", "1000000"]
            variables.update(mode="http", upstream_url=f"http://127.0.0.1:{upstream}", workers="1",
                             port=str(self.port), metrics_port="0", suppress_lock="true",
                             idle_timeout="600s")
        else:
            template = NGINX if label == "nginx" else HAPROXY
            path = folder / f"{label}.conf"
            path.write_text(template.format(**names))
            command = (["/usr/sbin/nginx", "-c", path] if label == "nginx"
                       else ["/usr/sbin/haproxy", "-db", "-f", path])
        with open(folder / f"{label}.out", "wb") as log:
            self.process = subprocess.Popen(on_cpu(SERVER_CPU, command), env=variables, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        try:
            wait_for(self.port)
        except SystemExit:
            self.stop()
            raise SystemExit(f"{label}: " + (folder / f"{label}.out").read_text()) from None
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        workers = children.read_text().split() if label == "nginx" else []
        self.pids = workers or [self.process.pid]

    def measure(self, path, clients, seconds, options):
        before = cpu_seconds(self.pids)
        result = run_json(load(self.port, path, CLIENT_CPU, clients=clients, seconds=seconds,
                               **options))
        used = cpu_seconds(self.pids) - before
        if result["errors"] or not result["requests"]:
            raise SystemExit(f"{self.label}: {result}")
        return {"own": used / result["requests"] * 1e6, "rps": result["rps"],
                "p50": result["p50_ms"] * 1000}

    def idle_kb(self, count):
        before = resident_kb(self.pids)
        clients = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", self.port))
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(4096)
            clients.append(client)
        used = resident_kb(self.pids) - before
        for client in clients:
            client.close()
        return used / count

    def stop(self):
        end(self.process)


def most_clients():
    """As many as the limit on descriptors allows a proxy that has two for each."""
    return min(10_000, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200) // 2)


def wait_for(port):
    deadline = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port)) as probe:
                probe.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                if probe.recv(100).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing answers on port {port}")
        time.sleep(0.05)


def bench(folder, watchdogs, rounds, seconds, idle_clients):
    upstream = free_port()
    (folder / "megabyte").write_bytes(b"x" * 1_000_000)
    (folder / "upstream.conf").write_text(UPSTREAM.format(folder=folder, upstream=upstream))
    server = subprocess.Popen(on_cpu(CLIENT_CPU, ["/usr/sbin/nginx", "-c", folder / "upstream.conf"]))
    proxies = []
    try:
        wait_for(upstream)
        for label in ("floor", "nginx", "haproxy", *watchdogs):
            proxies.append(Proxy(label, folder, upstream, watchdogs))
        for name, (path, clients, options) in WORK.items():
            figures = {proxy.label: [] for proxy in proxies}
            direct = []
            for _ in range(rounds):
                if clients == 1:
                    direct.append(run_json(load(upstream, path, CLIENT_CPU, clients=1,
                                                seconds=seconds))["p50_ms"] * 1000)
                for proxy in proxies:
                    figures[proxy.label].append(proxy.measure(path, clients, seconds, options))
            show(name, figures, direct)
        print(f"\n{idle_clients} idle clients")
        for proxy in proxies[1:]:
            print(f"{proxy.label:<12}{proxy.idle_kb(idle_clients):>9.2f} KB each")
    finally:
        for proxy in proxies:
            proxy.stop()
        server.terminate()
        server.wait()


def show(name, figures, direct):
    print(f"\n{name:<16}{'own us':>8}{'x floor':>9}{'x nginx':>9}{'req/s':>9}{'p50 us':>9}"
          + ("   added us" if direct else ""))

    def ratio(rounds, others):
        return statistics.median(a["own"] / b["own"] for a, b in zip(rounds, others))

    for label, rounds in figures.items():
        p50 = statistics.median(r["p50"] for r in rounds)
        line = (f"{label:<16}{statistics.median(r['own'] for r in rounds):>8.1f}"
                f"{ratio(rounds, figures['floor']):>9.2f}{ratio(rounds, figures['nginx']):>9.2f}"
                f"{statistics.median(r['rps'] for r in rounds):>9.0f}{p50:>9.0f}")
        if direct:
            line += f"{p50 - statistics.median(direct):>11.0f}"
        print(line, flush=True)


def main():
    options = parse_comparison(__doc__)
    watchdogs = {"fwatchdog": options.watchdog, **({"peer": options.peer} if options.peer else {})}
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    build_tools()
    with tempfile.TemporaryDirectory(prefix="fwatchdog-bench-") as folder:
        path = pathlib.Path(folder)
        path.chmod(0o755)
        rounds, seconds = (2, 1) if options.quick else (5, 3)
        bench(path, watchdogs, rounds, seconds, most_clients())


if __name__ == "__main__":
    main()
