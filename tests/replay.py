#!/usr/bin/env python3
"""Proves that two binaries behave the same, byte for byte: tests/replay.py [-j JOBS] [-k PART] OLD NEW

Starts both with the same function in every mode and many configurations, sends both the same requests
(replay_corpus.py), and compares the raw bytes of the responses, what reached the server behind them, the log, the
metrics, the exit code, and what they say to good and bad configurations. Taken out before: what is different in
each run (times, dates, ids, ports, names of temporary folders, versions). Prints each difference, and ends with
"N passed, N failed"; a configuration, or a line of the table of command lines, is one.
"""

import argparse
import concurrent.futures
import difflib
import functools
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
import replay_corpus as corpus  # noqa: E402  (makes tests/e2e importable)
from replay_configurations import COMMAND_LINES, IN_ORDER, configurations  # noqa: E402
from fastcgi_server import end, err, out, read_request  # noqa: E402
from harness import Watchdog, free_port, run, until  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402

TRIES = 5
MOST_SHOWN = 60  # lines of one difference
NORMAL = [(re.compile(pattern), text) for pattern, text in (
    (rb"\r\nDate: [^\r]*", b"\r\nDate: D"),
    (rb"(X-Duration-Seconds[:=] ?)[\d.]+", rb"\1N"),
    (rb"(X-Start-Time: )\d{15,}", rb"\1N"),
    (rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b"UUID"),
    (rb"(REMOTE_PORT=)\d+", rb"\1N"),
    (rb"fwatchdog-test-\w+", b"TMP"),
    (rb"fwatchdog([ /])0\.1\.0[-\w.]*", rb"fwatchdog\g<1>V"),
    (rb"(build_info\{version=)[^}]*", rb"\1V"),
    (rb"(?m)^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", b"T"),
    (rb'"time":"[^"]*"', b'"time":T'),
    (rb"\(\d+\.\d+s\)", b"(N)"),
    (rb"(is ready after )[\d.]+s", rb"\1N"),
    (rb"(on port: )\d+", rb"\1N"),
    (rb'("duration\w*":)[\d.e-]+', rb"\1N"),
)]
METRIC_VALUE = re.compile(rb"(?m)^((?:process_|\w+_(?:sum|bucket))\S*|Content-Length:) [^\r\n]*")


def normalised(data, *ports):
    for boundary in re.findall(rb"multipart/byteranges; boundary=(\S+)", data):
        data = data.replace(boundary, b"BOUNDARY")
    for port in ports:
        data = re.sub(rb"\b%d\b" % port, b"PORT", data)
    for pattern, text in NORMAL:
        data = pattern.sub(text, data)
    return data


class Side:
    """One of the two binaries, at work."""

    def __init__(self, binary, configuration):
        while True:
            self.metrics_port = free_port()
            self.dog = Watchdog(*configuration.arguments, binary=binary, current_folder=configuration.folder, leaves=True,
                                metrics_port=self.metrics_port, **configuration.variables)
            if "no metrics" not in self.dog.log():
                break
            self.dog.close()  # a process forked meanwhile had the port that was free still open
        self.port = self.dog.port
        if configuration.ready:
            until(lambda: self.dog.request(path="/_/health").status == 200, 15, "it to be ready")

    def metrics(self):
        with socket.create_connection(("127.0.0.1", self.metrics_port), 5) as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            return b"".join(iter(functools.partial(connection.recv, 65536), b""))

    def settled_metrics(self):
        until(lambda: b"http_requests_in_flight 0\n" in self.metrics(), 8, "all requests to end")
        return METRIC_VALUE.sub(rb"\1 N", self.metrics())

    def ended(self):
        """Its log and its exit code, after SIGINT."""
        if self.dog.running():
            self.dog.signal(signal.SIGINT)
        code = self.dog.wait_exit(20)
        return b"exit code %d\n" % code, self.dog.log_bytes() + b"--- stdout\n" + self.dog.log("stdout").encode()

    def normal(self, data):
        return normalised(data, self.port, self.metrics_port)


def escaped(data):
    """Bytes as lines of text."""
    return [repr(line)[2:-1] for line in data.splitlines(keepends=True)]


def ordered(log):
    """The log with our own lines first, in order, and the function's behind them: those race."""
    lines = log.splitlines(keepends=True)
    is_function = re.compile(rb"T (stderr|stdout): |.*\"stream\"").match
    return b"".join([line for line in lines if not is_function(line)] + sorted(filter(is_function, lines)))


def difference(name, old, new):
    """Name and difference; None where they are equal."""
    if old == new:
        return None
    lines = list(difflib.unified_diff(escaped(old), escaped(new), "old", "new", lineterm="", n=2))
    more = [f"... {len(lines) - MOST_SHOWN} lines more"] if len(lines) > MOST_SHOWN else []
    return name, "\n".join([*(line[:300] for line in lines[:MOST_SHOWN]), *more])


def both(pool, work, pair):
    return [future.result() for future in [pool.submit(work, one) for one in pair]]


def replay(configuration, binaries):
    """The differences in one configuration."""
    found = []

    def compare(name, old_new):
        found.append(difference(f"{configuration.name}: {name}", *old_new))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        sides = both(pool, lambda binary: Side(binary, configuration), binaries)
        try:
            for name, play in configuration.items:
                for _ in range(TRIES):
                    told = both(pool, lambda side: side.normal(play(side)), sides)
                    if told[0] == told[1] or not any(one.endswith(b"<reset>") for one in told):
                        break  # else the reset may have taken what had come before it
                compare(name, told)
            if configuration.items and sides[0].dog.running():
                compare("metrics", both(pool, lambda side: side.normal(side.settled_metrics()), sides))
            codes, logs = zip(*both(pool, Side.ended, sides))
            compare("exit code", codes)
            compare("log", [ordered(side.normal(log)) for side, log in zip(sides, logs)])
        except Exception as error:
            logs = "".join(f"--- log\n{side.dog.log()[:600]}...{side.dog.log()[-600:]}" for side in sides)
            found.append((f"{configuration.name}: {error!r}", traceback.format_exc(limit=-2) + logs))
        finally:
            for side in sides:
                side.dog._kill_all()
    return [one for one in found if one]


def command_line(line, binaries):
    """The differences in what they say to a command line and its environment."""
    arguments, variables = line
    told = []
    for binary in binaries:
        done = run(*arguments, binary=binary, **variables)
        # The order of the options is one difference, not a hundred.
        shown = list if "--check-config" not in arguments or line == IN_ORDER else sorted
        text = "\n".join([f"exit code {done.returncode}", *shown(done.stdout.splitlines()), "--- stderr",
                          *shown(done.stderr.splitlines()), ""])
        told.append(normalised(text.encode(errors="surrogateescape")))
    found = difference(f"{' '.join(map(str, arguments))} {variables}", *told)
    return [found] if found else []


def fastcgi_application(root, visit):
    """Answers as corpus.FUNCTION does, and tells the variables in the order in which they came."""
    while (request := read_request(visit)) is not None:
        told = request.variables
        name = told["REQUEST_URI"].split("?")[0].lstrip("/")
        content = corpus.OUTPUTS.get(name)
        if name == "kill":
            return visit.reset()
        if name in ("sleep", "begun"):
            visit.send(out(b"Content-Type: a/b\n\nbegun") if name == "begun" else b"")
            return visit.ended()
        if name == "no-records":
            return visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
        if content is None:
            lines = "".join(f"{key}={value}\n" for key, value in told.items() if key != "TMPDIR")
            content = b"Content-Type: text/plain\n\n%d bytes\n" % len(request.body) + lines.encode("latin-1")
        content = content.replace(b"ROOT", str(root).encode())
        records = b"".join(out(content[at:at + 60_000]) for at in range(0, len(content), 60_000))
        visit.send((err(b"to the log\n") if name == "stderr" else b"") + records + end(7 if name == "exit" else 0))


def http_server(visit):
    """Says what corpus.RESPONSES has for the path, else tells the request, byte for byte."""
    while (head := visit.head()) is not None:
        name = head.split(b" ")[1].split(b"?")[0].rpartition(b"/")[2].decode("latin-1")
        if name in ("sleep", "begun"):
            visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun" if name == "begun" else b"")
            return visit.ended()
        if name == "reset":
            return visit.reset()
        if name == "hold":
            time.sleep(1)
        if name == "early":
            return visit.send(b"HTTP/1.1 413 Too much\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
        if b"100-continue" in head:
            visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = visit.body(head)
        if b"X-Loose" in head:  # how chunks are cut is a matter of time
            body = corpus.joined_chunks(b"transfer-encoding: chunked\r\n\r\n" + body) if b"chunked" in head else body
        if name == "websocket":
            visit.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello")
            visit.send(visit.exactly(4))
            return None
        response = corpus.RESPONSES.get(name)
        if response is None:
            told = head + body
            response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told
        visit.send(response)
        if name.startswith("end-"):
            return None
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", "--jobs", type=int, default=6)
    parser.add_argument("-k", dest="part", default="", help="only configurations with this in their name")
    parser.add_argument("binaries", nargs=2, type=lambda name: str(Path(name).resolve()), metavar="OLD NEW")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fwatchdog-replay-") as folder:
        top = Path(folder)
        (top / "site").mkdir()
        corpus.make_site(top / "site")
        (top / "outputs").mkdir()
        for name, content in corpus.OUTPUTS.items():
            (top / "outputs" / name).write_bytes(content.replace(b"ROOT", str(top / "site").encode()))
        http = ScriptedServer(http_server)
        fastcgi = ScriptedServer(functools.partial(fastcgi_application, top / "site"))
        jobs = [(one.name, functools.partial(replay, one)) for one in configurations(top, http, fastcgi)]
        jobs += [(f"command line {line}", functools.partial(command_line, line)) for line in COMMAND_LINES]
        jobs = [(name, job) for name, job in jobs if options.part in name]
        passed = failed = 0
        names = {}  # of those who differ in the same way
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            running = {pool.submit(job, options.binaries): name for name, job in jobs}
            for done in concurrent.futures.as_completed(running):
                name = running[done]
                try:
                    found = done.result()
                except Exception:  # of a server that did not start, for one
                    found = [(name, traceback.format_exc(limit=-2))]
                passed += not found
                failed += bool(found)
                for name, text in found:
                    names.setdefault(text, []).append(name)
        for text, same in names.items():
            print("\n".join(f"== {name}" for name in same[:5]))
            print(f"== and {len(same) - 5} more" if len(same) > 5 else "", text, sep="\n")
        for number, text in enumerate([*http.errors, *fastcgi.errors][:5]):
            print(f"server behind: {text!r}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
