#!/usr/bin/env python3
"""Measures mode=fastcgi beside nginx's fastcgi_pass, in front of PHP.

  tests/bench/fastcgi_bench.py [--quick] [WATCHDOG]

Each server has a `php-cgi -b` to itself, with as many processes as there are clients, on the
clients' CPU: a connection that one keeps would keep a process from the others. The servers have one
thread on the other, and write an access log to a file. "nginx-keep" keeps its connections
(keepalive, fastcgi_keep_conn), as we do; plain nginx makes one for each request. They take turns in
every round; figures are medians over the rounds.
  own us    the server's own CPU time for one request, microseconds
  x nginx   that, divided by the better nginx's of the same round
The other table is what a user gains: the same script, answered by `php index.php` started for each
request, by php-cgi started for each, and by PHP that is warm.
Nothing here passes or fails. Needs nginx, php-cli and php-cgi.
"""

import argparse
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile

from bench import CPUS, ROOT, SERVER_CPU, build_tools, free_port, load, on_cpu, run_json
from proxy_bench import cpu_seconds, end, wait_for

CLIENT_CPU = CPUS[-1]
CHILDREN = 8
WORK = {  # name: (path, clients, load's options)
    "GET, 8 clients": ("/", 8, {}),
    "POST 64 KB": ("/", 8, {"body_bytes": 65536}),
    "GET 1 MB": ("/?bytes=1000000", 4, {}),
    "GET, 1 client": ("/", 1, {}),
}
SCRIPT = "<?php echo str_repeat('x', (int) ($_GET['bytes'] ?? 100));"
NGINX = """
worker_processes 1; daemon off; pid {folder}/{label}.pid; error_log {folder}/{label}.err;
events {{ worker_connections 10000; }}
http {{
  access_log {folder}/{label}.log; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path {folder}/b-{label}; fastcgi_temp_path {folder}/f-{label};
  client_body_buffer_size 128k; fastcgi_request_buffering off; fastcgi_buffering off;
  upstream php {{ server unix:{folder}/{label}.sock; {keepalive} }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME {folder}/index.php; fastcgi_param SCRIPT_NAME /index.php;
      fastcgi_pass php; {keep}
    }}
  }}
}}"""


class Server:
    """nginx or fwatchdog, on a port of its own."""

    def __init__(self, label, folder, command, **variables):
        self.label = label
        with open(folder / f"{label}.out", "wb") as log:
            self.process = subprocess.Popen(
                on_cpu(SERVER_CPU, command), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **variables}, cwd=folder)
        try:
            wait_for(self.port)
        except SystemExit:
            self.stop()
            raise SystemExit(f"{label}: " + (folder / f"{label}.out").read_text()) from None
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        workers = children.read_text().split() if "nginx" in label else []
        self.pids = workers or [self.process.pid]

    def measure(self, path, clients, seconds, options):
        before = cpu_seconds(self.pids)
        result = run_json(load(self.port, path, CLIENT_CPU, clients=clients, seconds=seconds,
                               **options))
        if result["errors"] or not result["requests"]:
            raise SystemExit(f"{self.label}: {result}")
        used = cpu_seconds(self.pids) - before
        return {"own": used / result["requests"] * 1e6, "rps": result["rps"],
                "p50": result["p50_ms"] * 1000}

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # which ends php-fpm too
        self.process.wait(10)


class Nginx(Server):
    def __init__(self, label, folder, keepalive="", keep=""):
        self.port = free_port()
        path = folder / f"{label}.conf"
        path.write_text(NGINX.format(folder=folder, label=label, port=self.port, keepalive=keepalive,
                                     keep=keep))
        super().__init__(label, folder, ["/usr/sbin/nginx", "-c", path])


class Fwatchdog(Server):
    def __init__(self, label, folder, watchdog, **variables):
        self.port = free_port()
        super().__init__(label, folder, [watchdog], port=str(self.port), metrics_port="0",
                         suppress_lock="true", workers="1", **variables)


def php(folder, label):
    """The command of a PHP that listens on LABEL.sock."""
    return f"taskset -c {CLIENT_CPU} php-cgi -b {folder}/{label}.sock"


def beside_nginx(folder, watchdog, rounds, seconds):
    environment = {**os.environ, "PHP_FCGI_CHILDREN": str(CHILDREN), "PHP_FCGI_MAX_REQUESTS": "0"}
    theirs = [subprocess.Popen(php(folder, label).split(), env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL) for label in ("nginx", "nginx-keep")]
    servers = [Nginx("nginx", folder),
               Nginx("nginx-keep", folder, f"keepalive {CHILDREN}; keepalive_requests 1000000000;",
                     "fastcgi_keep_conn on;"),
               Fwatchdog("fwatchdog", folder, watchdog, mode="fastcgi", document_root=str(folder),
                         fprocess=php(folder, "fwatchdog"), PHP_FCGI_CHILDREN=str(CHILDREN),
                         upstream_url=f"unix:{folder}/fwatchdog.sock")]
    try:
        for name, (path, clients, options) in WORK.items():
            figures = {server.label: [] for server in servers}
            for _ in range(rounds):
                for server in servers:
                    figures[server.label].append(server.measure(path, clients, seconds, options))
            show(name, figures)
    finally:
        for server in servers:
            server.stop()
        for process in theirs:
            end(process)


def show(name, figures):
    print(f"\n{name:<16}{'own us':>8}{'x nginx':>9}{'req/s':>9}{'p50 us':>9}")
    best = [min(pair, key=lambda r: r["own"])
            for pair in zip(figures["nginx"], figures["nginx-keep"])]
    for label, rounds in figures.items():
        ratio = statistics.median(a["own"] / b["own"] for a, b in zip(rounds, best))
        print(f"{label:<16}{statistics.median(r['own'] for r in rounds):>8.1f}{ratio:>9.2f}"
              f"{statistics.median(r['rps'] for r in rounds):>9.0f}"
              f"{statistics.median(r['p50'] for r in rounds):>9.0f}", flush=True)


def forked_and_warm(folder, watchdog, seconds):
    ways = {"php index.php": {"mode": "streaming", "fprocess": f"php {folder}/index.php"},
            "php-cgi, forked": {"mode": "cgi", "fprocess": "php-cgi", "document_root": str(folder)},
            "php-cgi -b, warm": {"mode": "fastcgi", "fprocess": php(folder, "warm"),
                                 "document_root": str(folder), "upstream_url": f"unix:{folder}/warm.sock"}}
    print(f"\n{'one client':<18}{'p50 us':>9}{'req/s':>9}")
    for label, variables in ways.items():
        server = Fwatchdog(label.replace(" ", "-").strip(","), folder, watchdog, **variables)
        try:
            figures = server.measure("/", 1, seconds, {})
        finally:
            server.stop()
        print(f"{label:<18}{figures['p50']:>9.0f}{figures['rps']:>9.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    parser.add_argument("watchdog", nargs="?", default=ROOT / "build" / "release" / "fwatchdog")
    options = parser.parse_args()
    build_tools()
    with tempfile.TemporaryDirectory(prefix="fwatchdog-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)
        (folder / "index.php").write_text(SCRIPT)
        rounds, seconds = (2, 1) if options.quick else (5, 3)
        beside_nginx(folder, options.watchdog, rounds, seconds)
        forked_and_warm(folder, options.watchdog, seconds)


if __name__ == "__main__":
    main()
