#!/usr/bin/env python3
"""Measures what traces cost a proxied GET (mode=http).

  tests/bench/trace_bench.py [--quick] [WATCHDOG] [--peer OTHER_WATCHDOG]

The contenders take turns in every round, each with as many requests. All write an access log to a file and have one thread on one CPU; clients, collector and the
upstream, which is the nginx of proxy_bench.py, have the other.
  off      no collector is set
  0%       a collector is set, and no trace is sampled: contexts are made and passed on
  100%     each request's span is sent to the collector, which takes the batches
  peer     another watchdog, with traces off
  own us   the watchdog's CPU time (user and system) for one request, microseconds; at 100% until the
           last span of the turn has reached the collector. Median over the rounds
  x off    that, divided by what "off" took in the same round: the median, and the middle half
  quiet    own us of the quietest tenth of the turns, as others on the machine only ever add to it,
           and that divided by that of "off"
The collector counts the spans; the bench fails where one is missing, as a span that is dropped would
be cheaper than one that is sent. Nothing else here passes or fails. Needs nginx (Debian: nginx-light).
"""

import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from bench import SERVER_CPU, build_tools, free_port, load, on_cpu, parse_comparison, run_json
from proxy_bench import CLIENT_CPU, UPSTREAM, cpu_seconds, end, wait_for

CLIENTS = 64
REQUESTS = 2048  # in a turn of each contender: some full batches
PATIENCE = 30  # seconds, for the last span of a turn
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
SAMPLED = {"0%": "0", "100%": "1"}


class Collector:
    """Takes batches, and counts the spans of requests in them."""

    def __init__(self):
        self.spans = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self.take, args=(client,), daemon=True).start()

    def take(self, client):
        with client, client.makefile("rb", buffering=1024 * 1024) as requests:
            while requests.readline():
                length = 0
                while (line := requests.readline()) not in (b"\r\n", b""):
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                spans = requests.read(length).count(b'"kind":2')
                client.sendall(ANSWER)
                self.spans += spans

    def wait_for(self, spans):
        deadline = time.monotonic() + PATIENCE
        while self.spans < spans:
            if time.monotonic() > deadline:
                raise SystemExit(f"{spans - self.spans} spans did not reach the collector")
            time.sleep(0.005)


class Contender:
    def __init__(self, label, watchdog, folder, upstream):
        self.label = label
        self.port = free_port()
        self.collector = Collector()
        self.sent = 0
        variables = {"PATH": os.environ["PATH"], "mode": "http", "workers": "1", "port": str(self.port),
                     "upstream_url": f"http://127.0.0.1:{upstream}", "metrics_port": "0",
                     "suppress_lock": "true", "OTEL_BSP_MAX_QUEUE_SIZE": str(2 * REQUESTS),
                     "OTEL_BSP_SCHEDULE_DELAY": "200"}
        if label in SAMPLED:
            variables.update(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{self.collector.port}",
                             OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG=SAMPLED[label])
        with open(folder / f"{label}.log", "wb") as log:
            self.process = subprocess.Popen(on_cpu(SERVER_CPU, [watchdog, "--", "sleep", "1000000"]),
                                            env=variables, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self.port)
        time.sleep(1)  # the span of that request is on its way, or has arrived
        self.before = self.collector.spans

    def turn(self):
        """Microseconds of its CPU time for a request."""
        before = cpu_seconds([self.process.pid])
        result = run_json(load(self.port, "/?order=4711", CLIENT_CPU, clients=CLIENTS,
                               requests=REQUESTS, user_agent="Mozilla/5.0 (X11; Linux x86_64) bench/1.0"))
        if result["errors"] or result["requests"] != REQUESTS:
            raise SystemExit(f"{self.label}: {result}")
        self.sent += REQUESTS if self.label == "100%" else 0
        self.collector.wait_for(self.before + self.sent)
        return (cpu_seconds([self.process.pid]) - before) / REQUESTS * 1e6

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # which ends its function, too, and waits for nobody
        self.process.wait(30)


def measure(contenders, rounds):
    figures = {contender.label: [] for contender in contenders}
    for number in range(rounds + 1):
        # In another order in each round, so that nobody always follows the same one.
        for contender in contenders[number % len(contenders):] + contenders[:number % len(contenders)]:
            taken = contender.turn()
            if number > 0:  # the first round warms them up
                figures[contender.label].append(taken)
    return figures


def show(figures):
    def quiet(taken):
        return statistics.quantiles(taken, n=10)[0]

    print(f"{'proxied GET':<12}{'own us':>8}{'x off':>8}   middle half{'quiet us':>13}{'x off':>8}")
    for label, taken in figures.items():
        ratios = [a / b for a, b in zip(taken, figures["off"])]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"{label:<12}{statistics.median(taken):>8.2f}{middle:>8.3f}   {low:.3f} to {high:.3f}"
              f"{quiet(taken):>10.2f}{quiet(taken) / quiet(figures['off']):>8.3f}")


def main():
    options = parse_comparison(__doc__)
    build_tools()
    upstream = free_port()
    contenders = []
    with tempfile.TemporaryDirectory(prefix="fwatchdog-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "upstream.conf").write_text(UPSTREAM.format(folder=folder, upstream=upstream))
        server = subprocess.Popen(on_cpu(CLIENT_CPU, ["/usr/sbin/nginx", "-c", folder / "upstream.conf"]))
        try:
            wait_for(upstream)
            labels = {"off": options.watchdog, **dict.fromkeys(SAMPLED, options.watchdog)}
            if options.peer:
                labels["peer"] = options.peer
            for label, watchdog in labels.items():
                contenders.append(Contender(label, watchdog, folder, upstream))
            show(measure(contenders, 20 if options.quick else 120))
        finally:
            for contender in contenders:
                contender.stop()
            end(server)


if __name__ == "__main__":
    main()
