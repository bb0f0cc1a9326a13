#!/usr/bin/env python3
"""Measures a watchdog that starts `cat` for each request, against the least that can cost.

  tests/bench/bench.py [--quick] [WATCHDOG] [--peer OTHER_WATCHDOG]...

Prints one table, whose rows are
  floor         starts cat in a loop, serves nobody (floor.cc)
  bare server   the floor behind a TCP connection: no parsing, no limits, no log (bare_server.cc)
  NAME MODE     each watchdog in each mode
and whose columns are
  own us @N     the contender's own CPU time for one request, without its children's, N clients
  x floor       that, or the requests a second, divided by the floor's of the same round
  req/s @N      whole 2xx answers a second
  idle, end     resident memory after the first health check, and after everything
  first 200     from starting the process to its first /_/health 200, median of 20
  health p99    of /_/health every 5 ms while 8 clients call the function at full rate; with the
                watchdog and its children on one CPU, and free to use all
Contenders take turns in every round, so that a busy machine slows all of them; figures are medians
over the rounds. Floor, watchdogs and their children share one CPU, the clients have another. Waking
a client there costs the server an interrupt to that CPU, on a virtual machine up to half of its own
time: --one-cpu puts the clients on the servers' CPU. The health check's client runs with real-time
priority where that is allowed, so that its own wait for a CPU is not counted.
Nothing here passes or fails.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / "build" / "bench"
BY_MESON = {"http_parsers", "parser_cost", "token_cost"}  # these need the project's libraries
CLIENT_COUNTS = (1, 8)
CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPU = CPUS[0]


def build_tools():
    TOOLS.mkdir(parents=True, exist_ok=True)
    newest_header = max(header.stat().st_mtime for header in HERE.glob("*.h"))
    for source in HERE.glob("*.cc"):
        if source.stem in BY_MESON:
            continue
        program = TOOLS / source.stem
        newest = max(newest_header, source.stat().st_mtime)
        if not program.exists() or program.stat().st_mtime < newest:
            compiler = os.environ.get("CXX", "g++")
            subprocess.run([compiler, "-std=c++20", "-O2", "-o", program, source], check=True)


def on_cpu(cpu, command):
    return ["taskset", "-c", str(cpu), *map(str, command)]


def run_json(command, **options):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout)


def load(port, path, cpu, **options):
    command = [TOOLS / "load", "--url", f"127.0.0.1:{port}{path}"]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), value]
    return on_cpu(cpu, command)


def real_time():
    prefix = ["chrt", "-f", "1"]
    try:
        allowed = subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        allowed = False
    return prefix if allowed else []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder, **more):
    """The same few variables for everybody: they are copied at every exec."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TMPDIR": folder, **more}


class Floor:
    label = "floor"

    def __init__(self, body_bytes, folder):
        self.body_bytes = body_bytes
        self.environment = environment(folder)

    def measure(self, clients, seconds):
        command = [TOOLS / "floor", "--concurrency", clients, "--seconds", seconds,
                   "--body-bytes", self.body_bytes]
        result = run_json(on_cpu(SERVER_CPU, command), env=self.environment)
        return {"rps": result["rps"], "own": result["own_us_per_request"], "errors": 0}

    def more_facts(self, seconds):
        return {}

    def stop(self):
        pass


class Server:
    """One server process, kept for all rounds and idle outside its turns."""

    def __init__(self, label, command, body_bytes, folder, client_cpu, **variables):
        self.label = label
        self.client_cpu = client_cpu
        self.body_bytes = body_bytes
        self.log = pathlib.Path(folder) / (re.sub(r"\W+", "-", label) + ".log")
        self.port = free_port()
        self.command = [part.replace("PORT", str(self.port)) for part in map(str, command)]
        self.environment = environment(folder, port=str(self.port), **variables)
        self.process = None
        self.start(on_cpu(SERVER_CPU, self.command))
        self.idle_kb = self.resident_kb()

    def start(self, command):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self.healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"{self.label} does not answer on port {self.port}; its log ends:\n"
                         + self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def healthy(self):
        try:
            url = f"http://127.0.0.1:{self.port}/_/health"
            return urllib.request.urlopen(url, timeout=2).status == 200
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def own_cpu(self):
        # A process's CPU clock, exact and without its children: (~pid << 3) | CPUCLOCK_SCHED.
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def resident_kb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def measure(self, clients, seconds):
        before = self.own_cpu()
        result = run_json(load(self.port, "/", self.client_cpu, clients=clients,
                               seconds=seconds, body_bytes=self.body_bytes))
        own = self.own_cpu() - before
        requests = result["requests"]
        errors = result["errors"]
        if result["reply_bytes"] != requests * self.body_bytes:
            print(f"note: {self.label} answered {result['reply_bytes']} bytes, "
                  f"not {requests * self.body_bytes}")
        return {"rps": result["rps"], "own": own / max(requests, 1) * 1e6, "errors": errors}

    def health_under_load(self, seconds):
        """The p99 of /_/health in ms while 8 clients call the function, and the errors of both."""
        calls = subprocess.Popen(load(self.port, "/", self.client_cpu, clients=8,
                                      seconds=seconds + 1, body_bytes=self.body_bytes),
                                 stdout=subprocess.PIPE)
        time.sleep(0.5)
        health = run_json(real_time() + load(self.port, "/_/health", self.client_cpu,
                                             seconds=seconds, pause_ms=5))
        calls_result = json.loads(calls.communicate()[0])
        return health["p99_ms"], health["errors"] + calls_result["errors"]

    def more_facts(self, seconds):
        one_cpu, errors = self.health_under_load(seconds)
        facts = {"idle": self.idle_kb, "end": self.resident_kb(), "health one": one_cpu,
                 "errors": errors}
        self.stop()
        self.start(self.command)
        facts["health all"], errors = self.health_under_load(seconds)
        facts["errors"] += errors
        self.stop()
        with open(self.log, "ab") as log:
            command = [TOOLS / "startup", "--url", f"127.0.0.1:{self.port}/_/health", "--"]
            facts["first"] = run_json(command + self.command, env=self.environment,
                                      stderr=log)["median_ms"]
        return facts


def take_turns(contenders, rounds, seconds):
    """Every contender's samples, by (label, clients)."""
    samples = {(each.label, clients): [] for each in contenders for clients in CLIENT_COUNTS}
    for each in contenders:
        each.measure(8, 0.3)
    for number in range(rounds):
        for clients in CLIENT_COUNTS:
            for each in contenders:
                samples[each.label, clients].append(each.measure(clients, seconds))
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    return samples


def median(values):
    return statistics.median(list(values))


def median_ratio(samples, label, clients, key):
    pairs = zip(samples[label, clients], samples[Floor.label, clients])
    return median(mine[key] / max(floor[key], 1e-9) for mine, floor in pairs)


def row_of(label, samples, facts):
    def value(clients, key):
        return median(sample[key] for sample in samples[label, clients])

    def fact(key, pattern):
        return pattern % facts[key] if key in facts else ""

    cells = [label]
    for clients in CLIENT_COUNTS:
        cells.append("%.1f" % value(clients, "own"))
        cells.append("%.2f" % median_ratio(samples, label, clients, "own"))
    for clients in CLIENT_COUNTS:
        cells.append("%.0f" % value(clients, "rps"))
        cells.append("%.2f" % median_ratio(samples, label, clients, "rps"))
    cells += [fact("idle", "%d kB"), fact("end", "%d kB"), fact("first", "%.2f ms"),
              fact("health one", "%.2f ms"), fact("health all", "%.2f ms")]
    errors = facts.get("errors", 0)
    for clients in CLIENT_COUNTS:
        errors += sum(sample["errors"] for sample in samples[label, clients])
    cells.append("%d" % errors)
    return cells


def print_table(rows):
    heads = [["", "own us", "x", "own us", "x", "req/s", "x", "req/s", "x", "RSS", "RSS", "first",
              "health p99", "health p99", ""],
             ["", "@1", "floor", "@8", "floor", "@1", "floor", "@8", "floor", "idle", "end", "200",
              "one CPU", "all CPUs", "errors"]]
    widths = [max(len(cell) for cell in column) for column in zip(*heads, *rows)]
    for row in heads + rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())


def name_of(binary, binaries):
    """Its file name, or all of its path when two have the same."""
    name = pathlib.Path(binary).name
    return name if [pathlib.Path(each).name for each in binaries].count(name) == 1 else binary


def parse_comparison(description):
    """The arguments of a bench that measures one watchdog, or two."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    parser.add_argument("watchdog", nargs="?", default=ROOT / "build" / "release" / "fwatchdog")
    parser.add_argument("--peer", help="another watchdog's binary")
    return parser.parse_args()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("watchdog", nargs="?", default=f"{ROOT}/build/release/fwatchdog")
    parser.add_argument("--peer", action="append", default=[], help="another watchdog's binary")
    parser.add_argument("--modes", default="streaming,serializing",
                        help="default: %(default)s; '' measures only the floor and the bare server")
    parser.add_argument("--one-cpu", action="store_true", help="clients on the servers' CPU")
    parser.add_argument("--quick", action="store_true", help="under a minute, coarser")
    parser.add_argument("--rounds", type=int, help="default: 5, quick: 2")
    parser.add_argument("--seconds", type=float, help="of each turn; default: 3, quick: 1")
    parser.add_argument("--body-bytes", type=int, default=1024, help="default: %(default)s")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (2 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (1 if arguments.quick else 3)
    arguments.modes = [mode for mode in arguments.modes.split(",") if mode]
    arguments.client_cpu = SERVER_CPU if arguments.one_cpu else CPUS[-1]
    for binary in [arguments.watchdog, *arguments.peer] if arguments.modes else []:
        if not os.access(binary, os.X_OK):
            sys.exit(f"bench.py: {binary} cannot be executed; give the path of a watchdog")
    return arguments


def main():
    arguments = parse_arguments()
    build_tools()
    folder = tempfile.mkdtemp(prefix="fwatchdog-bench-")
    contenders = [Floor(arguments.body_bytes, folder)]
    try:
        bare = [TOOLS / "bare_server", "--port", "PORT", "--body-bytes", arguments.body_bytes]
        contenders.append(Server("bare server", bare, arguments.body_bytes, folder,
                                 arguments.client_cpu))
        binaries = [arguments.watchdog, *arguments.peer]
        for binary in binaries:
            for mode in arguments.modes:
                contenders.append(Server(
                    f"{name_of(binary, binaries)} {mode}", [os.path.abspath(binary)],
                    arguments.body_bytes, folder, arguments.client_cpu, fprocess="cat", mode=mode,
                    workers="1", metrics_port="0"))
        samples = take_turns(contenders, arguments.rounds, arguments.seconds)
        rows = [row_of(each.label, samples, each.more_facts(max(2, arguments.seconds)))
                for each in contenders]
    finally:
        for each in contenders:
            each.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"cat with {arguments.body_bytes}-byte bodies, rounds: {arguments.rounds}, turns of "
          f"{arguments.seconds:g} s; servers on CPU {SERVER_CPU}, "
          f"clients on CPU {arguments.client_cpu}")
    print_table(rows)


if __name__ == "__main__":
    main()
