#!/usr/bin/env python3
"""Ten minutes ($SOAK_SECONDS) of mixed modes, answers taken whole and clients that leave, as a table.

  tests/run.sh soak

A watchdog in each mode serves a few clients that ask, upload, download, pipeline, abort and close at
random. Memory, descriptors and processes after a warm-up and at the end must be the same, but for a
little. Ends with "N passed, N failed": each mode is one, and so is its clean end.
"""

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "e2e"))

from harness import FUNCTIONS, ROOT, Watchdog, head, until  # noqa: E402

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
CLIENTS = 3
SITE = ROOT / "examples" / "static-site" / "public"
UPSTREAM = {"mode": "http", "upstream_url": "http://127.0.0.1:{port}", "restart": "always"}
KINDS = {
    "streaming": (("--", "cat"), {"mode": "streaming"}),
    "serializing": (("--", "cat"), {"mode": "serializing"}),
    "classic": (("--", "cat"), {"mode": "classic"}),
    "queue": (("--", "cat"), {"mode": "streaming", "max_inflight": "1", "max_queue": "100"}),
    "http": (("--", "python3", str(FUNCTIONS / "single_server.py")), {**UPSTREAM, "instances": "2"}),
    "static": ((), {"mode": "static", "static_path": str(SITE)}),
}
PATHS = ("/", "/style.css", "/clock.webm", "/none", "/site.js")


class Soak:
    def __init__(self, name, arguments, options):
        self.name = name
        self.dog = Watchdog(*arguments, access_log="off", idle_timeout="5s", **options)
        self.asked = self.left = 0
        self.problems = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]

    def start(self):
        until(lambda: self.dog.request(path="/_/health").status == 200, 30, "it to be ready")
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stop.is_set():
            try:
                random.choice((self.ask, self.ask, self.pipeline, self.upload, self.leave))()
            except Exception as error:  # noqa: BLE001, whatever it is, it is told
                self.problems.append(f"{type(error).__name__}: {error}")

    def check(self, response):
        self.asked += 1
        if response is None or not response.complete or response.status not in (200, 404, 405):
            raise AssertionError(f"{self.name}: {response!r}")

    def ask(self):
        with self.dog.client() as client:
            for _ in range(random.randrange(1, 10)):
                fields = {"Accept-Encoding": "gzip"} if random.random() < 0.5 else {}
                self.check(client.request(path=random.choice(PATHS), headers=fields))
                if self.name == "http":
                    return  # its server closes after each answer

    def pipeline(self):
        if self.name == "http":
            return
        with self.dog.client() as client:
            client.send(head(path=PATHS[1]) * 5)
            for _ in range(5):
                self.check(client.response())

    def upload(self):
        with self.dog.client() as client:
            body = os.urandom(random.randrange(1, 300_000))
            if self.name in ("http", "static"):
                body = body[:1000]
            self.check(client.request("POST", body=body, chunked=random.random() < 0.5))

    def leave(self):
        client = self.dog.client(receive_buffer=4096)
        body = bytes(random.randrange(1, 100_000))
        client.send(random.choice((head(path="/clock.webm"), head("POST", body=body) + body[1:],
                                   head()[:-2], b"")))
        time.sleep(random.random() * 0.02)
        random.choice((client.abort, client.close))()
        self.left += 1

    def size(self):
        return self.dog.rss_kb(), self.dog.fds(), len(self.dog.children())

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def settle(self):
        """After the last of what clients left has gone."""
        count = 1 if "instances" not in self.dog.environment else 2
        until(lambda: len(self.dog.processes()) <= (count if self.name == "http" else 0), 10,
              "functions to end")
        time.sleep(6)  # idle connections and those to the function's server
        return self.size()


def show(minute, soaks):
    for soak in soaks:
        rss, fds, processes = soak.size()
        print(f"{minute:>7.1f} min  {soak.name:<12}{soak.asked:>10}{soak.left:>9}{rss:>9} KB"
              f"{fds:>6}{processes:>6}{len(soak.problems):>6}", flush=True)


def verdicts(soak, before, after):
    """What is wrong; nothing when all is well."""
    wrong = list(dict.fromkeys(soak.problems))[:3]
    if after[0] > before[0] * 1.2 + 500:
        wrong.append(f"memory grew from {before[0]} to {after[0]} KB")
    if after[1] > before[1] + 4:
        wrong.append(f"descriptors grew from {before[1]} to {after[1]}")
    if after[2] > before[2]:
        wrong.append(f"processes grew from {before[2]} to {after[2]}")
    return wrong


def main():
    soaks = [Soak(name, *kind) for name, kind in KINDS.items()]
    good = bad = 0
    try:
        for soak in soaks:
            soak.start()
        print(f"{'':>11}  {'mode':<12}{'answered':>10}{'left':>9}{'memory':>12}{'fds':>6}"
              f"{'proc':>6}{'bad':>6}")
        start = time.monotonic()
        before = None
        while (passed := time.monotonic() - start) < SECONDS:
            time.sleep(min(60, SECONDS / 10))
            before = before or [soak.size() for soak in soaks]
            show(passed / 60, soaks)
        for soak in soaks:
            soak.end()
        for soak, first in zip(soaks, before):
            wrong = verdicts(soak, first, soak.settle())
            soak.dog.signal(signal.SIGINT)
            if soak.dog.wait_exit() != 0 or soak.dog.processes():
                wrong.append("it did not end well")
            for line in wrong:
                print(f"{soak.name}: {line}")
            good, bad = good + (not wrong), bad + bool(wrong)
    finally:
        for soak in soaks:
            soak.end()
            soak.dog.close()
    print(f"{good} passed, {bad} failed")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
