#!/usr/bin/env python3
"""Measures what a request costs with each kind of start: cold, spare and zygote (warm_start=).

  tests/bench/warm_bench.py [--quick] [WATCHDOG]

Each function reads its input and prints it with Http_Path. Per function, the kinds take turns in every round: a turn is
a number of requests, one after another on one connection, each checked. Prints a table in Markdown, whose columns are
  p50       milliseconds from a request's first byte to its response's last one
  CPU       milliseconds that a request takes of all processes: the function's, the template's and the watchdog's own
  x cold    that, divided by the cold one of the same round
  memory    of the waiting processes, shared pages divided among those that share them, in MB
Figures are medians over the rounds. Before a request to a spare there is time to start the next one, as long as two
cold requests; how much CPU it takes is counted all the same. Watchdog and functions share one CPU, the client has
another.
Then it says for each aim whether it was met. Nothing here passes or fails.
"""

import argparse
import os
import pathlib
import re
import shutil
import socket
import statistics
import sys
import tempfile
import time

from bench import CPUS, ROOT, SERVER_CPU, Server, free_port, on_cpu

PHP = "<?php $in = fgets(STDIN); echo 'hello ', $in, getenv('Http_Path');"
PYTHON = "import os, sys\nline = sys.stdin.readline()\nprint('hello ' + line + os.environ['Http_Path'], end='')\n"
IMPORTS = "import asyncio, decimal, email.message, hashlib, http.client, json, logging, urllib.request\n"
FUNCTIONS = {  # name: (command, file, text)
    "bash": ("bash", "index.sh", 'read -r in; printf "hello %s\\n%s" "$in" "$Http_Path"'),
    "perl": ("perl", "index.pl", 'my $in = <STDIN>; print "hello $in$ENV{Http_Path}";'),
    "php -n": ("php -n", "bare.php", PHP),
    "php": ("php", "index.php", PHP),
    "python3": ("python3", "index.py", PYTHON),
    "python3, 8 imports": ("python3", "imports.py", IMPORTS + PYTHON),
    "node": ("node", "index.js", "let t = ''; process.stdin.on('data', d => t += d)"
             ".on('end', () => process.stdout.write('hello ' + t + '/path'))"),
}
# node has threads, so it cannot be forked; it reads its variables when it starts, so its spares do without.
KINDS = {"node": ("off", "spare")}
OPTIONS = {"node": {"cgi_headers": "false"}}
# Of a turn's requests. /proc counts the CPU time of processes that have ended in hundredths of a second, so a turn
# should take a second of it.
SHARE = {"bash": 10, "perl": 8, "php -n": 2, "python3": 2, "node": 0.2, "python3, 8 imports": 0.3}
# (function, kind, figure, at most); a figure with an x is divided by the cold one.
AIMS = [
    ("php", "zygote", "cpu x", 0.35), ("php -n", "zygote", "cpu x", 0.35), ("python3", "zygote", "cpu x", 0.35),
    ("python3, 8 imports", "zygote", "cpu x", 0.2), ("perl", "zygote", "cpu x", 0.4), ("bash", "zygote", "cpu x", 0.4),
    ("php -n", "zygote", "p50", 4.0), ("node", "spare", "p50 x", 0.25), ("php", "spare", "p50 x", 0.25),
]
REQUEST = (b"POST /path HTTP/1.1\r\nHost: function.example\r\nContent-Length: 6\r\n\r\nworld\n")
EXPECTED = b"hello world\n/path"
TICKS = os.sysconf("SC_CLK_TCK")


class Contender(Server):
    """A function with one kind of start; its watchdog stays for all rounds."""

    def __init__(self, binary, function, kind, folder):
        self.function, self.kind = function, kind
        command, name, text = FUNCTIONS[function]
        script = pathlib.Path(folder) / name
        script.write_text(text)
        self.metrics_port = free_port()
        super().__init__(f"{function} {kind}", [binary], 0, folder, CPUS[-1], fprocess=f"{command} {script}",
                         mode="streaming", workers="1", metrics_port=str(self.metrics_port), warm_start=kind,
                         PATH="/usr/local/bin:/usr/bin:/bin", suppress_lock="true", **OPTIONS.get(function, {}))
        self.connection = socket.create_connection(("127.0.0.1", self.port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.warm_up()

    def warm_up(self):
        deadline = time.monotonic() + 20
        while self.started() == 0 or self.kind == "spare" and not self.waiting():
            self.request()
            if time.monotonic() > deadline:
                sys.exit(f"{self.label}: no request has had such a start; its log ends:\n"
                         + self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def started(self):
        """How many requests have had this kind of start."""
        with socket.create_connection(("127.0.0.1", self.metrics_port)) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        kind = "cold" if self.kind == "off" else self.kind
        found = re.search(rf'^fwatchdog_starts_total\{{kind="{kind}"\}} (\d+)', text, re.MULTILINE)
        return int(found[1]) if found else 0

    def request(self):
        """Its milliseconds."""
        start = time.perf_counter()
        self.connection.sendall(REQUEST)
        answer = b""
        while not answer.endswith(b"\r\n0\r\n\r\n"):
            piece = self.connection.recv(65536)
            if not piece:
                sys.exit(f"{self.label}: the connection was closed after {answer!r}")
            answer += piece
        seconds = time.perf_counter() - start
        head, _, body = answer.partition(b"\r\n\r\n")
        text = re.sub(rb"(?:\r\n)?[0-9a-f]+\r\n(?!\n)", b"", body)
        if not head.startswith(b"HTTP/1.1 200") or text.rstrip(b"\r\n") != EXPECTED:
            sys.exit(f"{self.label}: a wrong answer: {answer!r}")
        return seconds * 1000

    def waiting(self):
        """The processes that wait for a request."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def function_ms(self):
        """CPU time of all that the watchdog has started, now and ever."""
        waiting = self.waiting()
        ended = sum(ticks_of_ended_children(pid) for pid in (self.process.pid, *waiting))
        return ended / TICKS * 1000 + sum(running_ms(pid) for pid in waiting)

    def turn(self, requests, pause):
        """One turn: its p50 and its CPU for a request."""
        own, function, started = self.own_cpu(), self.function_ms(), self.started()
        times = []
        for _ in range(requests):
            if pause:
                time.sleep(pause)
            times.append(self.request())
        if pause:
            time.sleep(pause)  # the last one's successor is started too
        if self.started() - started != requests:
            print(f"note: {self.label}: only {self.started() - started} of {requests} starts were of this kind")
        function = (self.function_ms() - function) / requests
        own = (self.own_cpu() - own) * 1000 / requests
        return {"p50": statistics.median(times), "cpu": function + own, "function": function}

    def memory_mb(self):
        text = "".join(pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.waiting())
        return sum(map(int, re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE))) / 1024


def ticks_of_ended_children(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[13:15]))


def running_ms(pid):
    try:
        return time.clock_gettime((~pid << 3) | 2) * 1000  # its CPU clock, as in Server.own_cpu
    except OSError:
        return 0


def measure(contenders, rounds, requests):
    """{function: {kind: {figure: median}}}; every round all kinds of every function take their turns."""
    samples = {}
    for number in range(rounds):
        for each in contenders:
            count = int(requests * SHARE.get(each.function, 1))
            cold = samples.get((each.function, "off"))
            pause = cold[-1]["p50"] * 2 / 1000 if each.kind == "spare" else 0
            samples.setdefault((each.function, each.kind), []).append(each.turn(count, pause))
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    figures = {}
    for (function, kind), turns in samples.items():
        cold = samples[function, "off"]
        row = {name: statistics.median(turn[name] for turn in turns) for name in cold[0]}
        for name in cold[0]:
            row[f"{name} x"] = statistics.median(turn[name] / base[name] for turn, base in zip(turns, cold))
        figures.setdefault(function, {})[kind] = row
    for each in contenders:
        figures[each.function][each.kind]["memory"] = each.memory_mb()
    return figures


def print_table(figures):
    heads = ("function", "cold: p50 ms", "CPU ms", "spare: p50 ms", "CPU ms", "zygote: p50 ms", "CPU ms", "CPU, x cold",
             "memory MB")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for function, kinds in figures.items():
        cells = [function]
        for kind in ("off", "spare", "zygote"):
            cells += [f"{kinds[kind][name]:.2f}" for name in ("p50", "cpu")] if kind in kinds else ["-", "-"]
        cells += [f"{kinds['zygote']['cpu x']:.2f}", f"{kinds['zygote']['memory']:.1f}"] if "zygote" in kinds \
            else ["-", "-"]
        print(f"| {' | '.join(cells)} |")


def print_aims(figures):
    for function, kind, figure, most in AIMS:
        if function not in figures:
            continue
        value = figures[function][kind][figure]
        unit = " cold" if figure.endswith(" x") else " ms"
        name = figure.removesuffix(" x").replace("cpu", "CPU")
        verdict = "met    " if value <= most else "NOT MET"
        without = figures[function][kind]["function x"]
        note = f" ({without:.2f} without the watchdog's own)" if name == "CPU" else ""
        print(f"{verdict}  {function}, {kind}: {name} {value:.2f}, at most {most:g}{unit}{note}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("watchdog", nargs="?", default=f"{ROOT}/build/release/fwatchdog")
    parser.add_argument("--quick", action="store_true", help="under a minute, coarser")
    parser.add_argument("--rounds", type=int, help="default: 7, quick: 2")
    parser.add_argument("--requests", type=int, help="of each turn; default: 100, quick: 20")
    parser.add_argument("--only", action="append", choices=list(FUNCTIONS), help="a function; default: all")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (2 if arguments.quick else 7)
    requests = arguments.requests or (20 if arguments.quick else 100)
    os.sched_setaffinity(0, {CPUS[-1]})
    folder = tempfile.mkdtemp(prefix="fwatchdog-bench-")
    contenders = []
    try:
        for function in arguments.only or FUNCTIONS:
            for kind in KINDS.get(function, ("off", "spare", "zygote")):
                contenders.append(Contender(os.path.abspath(arguments.watchdog), function, kind, folder))
        figures = measure(contenders, rounds, requests)
    finally:
        for each in contenders:
            each.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"rounds: {rounds}, turns of {requests} requests; functions on CPU {SERVER_CPU}, client on CPU {CPUS[-1]}")
    print_table(figures)
    print_aims(figures)


if __name__ == "__main__":
    main()
