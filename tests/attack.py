#!/usr/bin/env python3
"""Attacks a watchdog in every mode, over sockets, with what a grammar and a mutator come up with.

  tests/run.sh attack                    ten minutes ($ATTACK_SECONDS)
  tests/attack.py --seed 7 --mode http   the same exchanges again, of one mode
  tests/attack.py --seed 7 --mode http --only 123

Requests are made from parts that mean something to a parser, then mutilated and cut into pieces; the
servers behind mode=http, cgi and fastcgi answer in the same manner, late bytes and early ends
included. Whatever is sent:

  * nobody gets what belongs to somebody else: each exchange has a mark of its own, and no other mark
    may come back on its connection;
  * what comes back are HTTP answers, and then the connection closes, in good time;
  * what no server may accept (e2e/malformed.py) is answered with 4xx or 5xx and closes;
  * the watchdog is healthy after each round, and at the end has no more descriptors, processes or
    memory than after its first rounds, and ends with 0.

Ends with "N passed, N failed", a mode each; prints what it takes to see a failure again.
"""

import argparse
import os
import random
import re
import socket
import struct
import sys
import tempfile
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "e2e"))

import fastcgi_server as fastcgi  # noqa: E402
import malformed  # noqa: E402
from harness import PATIENCE, SANITIZER, Watchdog, until  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402

CLIENTS = 48
ROUND = 240  # exchanges between two looks at the watchdog
LONGEST = 12 * PATIENCE  # seconds until a connection must have closed
IDLE = 0.4  # seconds
TIMES = {"read_timeout": "500ms", "write_timeout": "2s", "idle_timeout": f"{IDLE}s", "exec_timeout": "3s"}
MARK = re.compile(rb"mark-[0-9a-f]{16}")
STATUS_LINE = re.compile(rb"HTTP/1\.1 [1-9]\d\d [^\r\n]*\r\n")
MALFORMED = [row for table in (malformed.REQUEST_LINES, malformed.FIELDS) for row in table]


def mark_of(seed):
    return b"mark-%016x" % random.Random(seed).getrandbits(64)


class Grammar:
    """Texts that a parser of HTTP has an opinion about."""

    METHODS = [b"GET"] * 8 + [b"POST"] * 5 + [b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"PROPFIND",
                                             b"CONNECT", b"get", b"G@T", b""]
    TARGETS = [b"/", b"/a/b", b"/a?b=c", b"//a//b", b"/%2e%2e/%00/%zz", b"/../../etc/passwd", b"/a;b=c",
               b"http://a/x?y", b"http://b", b"https://[::1]:80/", b"*", b"/.git/config", b"/index.php/x",
               b"/app.cgi", b"/site.css", b"/" + b"a/" * 200, b"/" + b"x" * 3000, b"/\xff\xfe", b"a", b""]
    VERSIONS = [b"HTTP/1.1"] * 12 + [b"HTTP/1.0"] * 3 + [b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b""]
    FIELDS = [
        (b"Host", [b"a", b"b:1", b"", b"a b", b"[::1]"]),
        (b"Connection", [b"close", b"keep-alive", b"upgrade", b"expect", b"host, content-length", b"x-mark",
                         b"x-forwarded-for", b",".join(b"o%d" % i for i in range(40)), b",,,"]),
        (b"Content-Length", [b"0", b"3", b"-0", b"+3", b"3, 3", b"99999999999999999999", b"0x3", b""]),
        (b"Transfer-Encoding", [b"chunked", b"gzip, chunked", b"chunked, chunked", b"identity", b"xchunked"]),
        (b"Expect", [b"100-continue", b"200-ok"]),
        (b"Upgrade", [b"websocket", b"h2c"]),
        (b"TE", [b"trailers", b"gzip"]),
        (b"X-Forwarded-For", [b"1.2.3.4", b"1.2.3.4, 127.0.0.1, ::1", b"unknown", b"," * 50]),
        (b"X-Forwarded-Proto", [b"https", b"https,http"]),
        (b"X-Forwarded-Prefix", [b"/p", b"//evil", b"/p/../q"]),
        (b"Forwarded", [b"for=1.2.3.4;proto=https", b'for="[::1]'],),
        (b"X-Timeout", [b"1s", b"0", b"-1s", b"x"]),
        (b"Range", [b"bytes=0-1", b"bytes=-1", b"bytes=5-2", b"bytes=" + b"0-0," * 60, b"bytes=99999999999999999999-"]),
        (b"If-None-Match", [b"*", b'"a", W/"b"', b'"' * 9]),
        (b"If-Modified-Since", [b"Sun, 06 Nov 1994 08:49:37 GMT", b"x"]),
        (b"Accept-Encoding", [b"gzip, br;q=0", b"*;q=0.5", b"gzip;q=9"]),
        (b"Cookie", [b"a=b", b"a=b; " * 40]),
        (b"X-A", [b"b", b"\x01", b"a\tb", b"\xe4", b"x" * 5000]),
        (b"X A", [b"b"]), (b"X-A ", [b"b"]), (b"", [b"b"]), (b"Proxy", [b"http://evil"]), (b" folded", [b"x"]),
    ]
    CHUNK_ENDS = [b"0\r\n\r\n"] * 6 + [b"0\r\nT: x\r\n\r\n", b"0\r\nHost: x\r\n\r\n", b"0;a=b\r\n\r\n", b"00000\r\n\r\n",
                                      b"0\r\n", b"0\n\n", b"g\r\n", b""]

    def __init__(self, rng):
        self.rng = rng

    def pick(self, values):
        return self.rng.choice(values)

    def body(self, mark):
        size = self.pick([0, 1, 3, 100, 5000, 70_000])
        return (mark + b" " + bytes(self.rng.randrange(256) for _ in range(min(size, 200))) * (size // 200 + 1))[:size + 22]

    def chunked(self, body):
        out, at = b"", 0
        while at < len(body):
            piece = body[at:at + self.rng.randrange(1, 2 + len(body))]
            at += len(piece)
            extension = self.pick([b""] * 8 + [b";a=b", b"; a=b", b' ;a="\\""', b";" + b"x" * 2000, b" "])
            out += b"%x%s\r\n%s\r\n" % (len(piece), extension, piece)
        return out + self.pick(self.CHUNK_ENDS)

    def request(self, mark):
        method = self.pick(self.METHODS)
        lines = [method + b" " + self.pick(self.TARGETS) + b" " + self.pick(self.VERSIONS)]
        if self.rng.random() < 0.95:
            lines.append(b"Host: a")
        lines.append(b"X-Mark: " + mark)
        for _ in range(self.pick([0, 0, 1, 1, 2, 4, 12])):
            name, values = self.pick(self.FIELDS)
            lines.append(name + b": " + self.pick(values))
        body = b""
        if method in (b"POST", b"PUT", b"PATCH") or self.rng.random() < 0.1:
            body = self.body(mark)
            if self.rng.random() < 0.5:
                lines.append(b"Content-Length: %d" % (len(body) + self.pick([0] * 10 + [-1, 1, 1000])))
            else:
                lines.append(b"Transfer-Encoding: chunked")
                body = self.chunked(body)
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def response(self, mark, method):
        """What a server says, and what it says later: mostly right, often careless, sometimes hostile."""
        status = self.pick([200] * 10 + [204, 204, 304, 304, 404, 500, 206, 301, 101, 999, 99])
        lines = [self.pick([b"HTTP/1.1 %d OK"] * 10 + [b"HTTP/1.0 %d OK", b"HTTP/1.1 %d", b"http/1.1 %d OK", b"%d OK"]) % status]
        interim = self.pick([b""] * 10 + [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3])
        body = b"body of " + mark + b" " + b"x" * self.pick([0, 5, 5000, 100_000])
        framing = self.pick(["length"] * 6 + ["chunked"] * 4 + ["close", "both", "short", "long", "none"])
        if framing in ("length", "both", "short", "long"):
            lines.append(b"Content-Length: %d" % (len(body) + {"short": 7, "long": -7}.get(framing, 0)))
        if framing in ("chunked", "both"):
            lines.append(b"Transfer-Encoding: chunked")
            body = self.chunked(body)
        lines.append(b"X-Answer: " + mark)
        for _ in range(self.pick([0, 0, 1, 3])):
            name, values = self.pick(self.FIELDS)
            lines.append(name + b": " + self.pick(values))
        careless = self.rng.random() < 0.3  # a body where there must be none
        bodiless = method == b"HEAD" or status in (204, 304)
        if bodiless and not careless:
            body = b""
        end = self.pick([b"\r\n"] * 12 + [b"\n"])
        head = interim + end.join(lines) + end + end
        mutilated = self.mutilate(head) if self.rng.random() < 0.3 else head
        # A whole answer that nobody asked for comes only where the connection cannot be used again:
        # elsewhere it may come when the next request is there, and is then that request's answer to
        # whoever looks at the bytes.
        surplus = [b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n" + mark] if bodiless and head == mutilated else []
        late = self.pick([b""] * 5 + [body] + surplus)
        return mutilated + (b"" if late is body else body), late

    def cgi_head(self, mark):
        lines = [self.pick([b"Content-Type: text/plain"] * 6 + [b"Status: 404 Not Found", b"Status: 99", b"Location: /x",
                                                                b"Location: http://a/\rSet-Cookie: b", b"HTTP/1.1 200 OK", b"nothing"])]
        lines.append(b"X-Answer: " + mark)
        for _ in range(self.pick([0, 0, 1, 3])):
            name, values = self.pick(self.FIELDS)
            lines.append(name + b": " + self.pick(values))
        end = self.pick([b"\r\n", b"\n"])
        return end.join(lines) + end + end

    def mutilate(self, data):
        """Some bytes changed, doubled, taken out or put in."""
        data = bytearray(data)
        for _ in range(self.pick([0, 0, 0, 1, 1, 2, 5])):
            if not data:
                break
            at = self.rng.randrange(len(data))
            how = self.rng.randrange(5)
            if how == 0:
                data[at] = self.pick(b"\r\n\0\t :;,\"/\x7f\xff0")
            elif how == 1:
                del data[at:at + self.rng.randrange(1, 9)]
            elif how == 2:
                data[at:at] = data[at:at + self.rng.randrange(1, 40)]
            elif how == 3:
                data[at:at] = self.pick([b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"0\r\n\r\n"])
            else:
                del data[at:]
        return bytes(data)

    def pieces(self, data):
        """(bytes, seconds to wait behind them)"""
        cuts = sorted(self.rng.randrange(len(data) + 1) for _ in range(self.pick([0, 0, 1, 3, 8])))
        for start, end in zip([0, *cuts], [*cuts, len(data)]):
            yield data[start:end], self.pick([0, 0, 0, 0.001, 0.01])


class Peer:
    """A server behind the watchdog, whose every answer bears the mark of what it answers."""

    def __init__(self, seed):
        self.seed = seed

    def grammar(self, mark):
        return Grammar(random.Random(f"{self.seed}/{mark}"))

    def say(self, visit, grammar, data, late=b""):
        for piece, pause in grammar.pieces(data):
            visit.send(piece)
            time.sleep(pause)
        if late:
            time.sleep(grammar.pick([0, 0.001, 0.003, 0.01]))
            visit.send(late)

    def http(self, visit):
        while (head := visit.head()) is not None:
            found = MARK.search(head)
            mark = found.group() if found else b"mark-none"
            grammar = self.grammar(mark)
            if grammar.rng.random() < 0.9:
                visit.body(head)
            self.say(visit, grammar, *grammar.response(mark, head.split(b" ", 1)[0]))
            if grammar.rng.random() < 0.1:
                return visit.reset() if grammar.rng.random() < 0.5 else None

    def fastcgi(self, visit):
        while (request := fastcgi.read_request(visit)) is not None:
            found = MARK.search(request.variables.get("HTTP_X_MARK", "").encode("latin-1"))
            mark = found.group() if found else b"mark-none"
            grammar = self.grammar(mark)
            text = grammar.cgi_head(mark) + b"body of " + mark
            if grammar.rng.random() < 0.3:
                text = grammar.mutilate(text)
            records = b"".join(fastcgi.out(piece, grammar.pick([0, 0, 7])) for piece, _ in grammar.pieces(text))
            end = grammar.pick([fastcgi.end()] * 8 + [fastcgi.end(1), fastcgi.end(0, 2), fastcgi.record(99), b"",
                                                     fastcgi.end() + fastcgi.out(b"Status: 200\n\n" + mark)])
            data = records + end
            if grammar.rng.random() < 0.2:
                data = grammar.mutilate(data)
            self.say(visit, grammar, data)
            if grammar.rng.random() < 0.1:
                return


SCRIPT = """
case $((${{#Http_X_Mark}} + $$ % 12)) in
  21) exit 7 ;;
  22) echo oops >&2 ;;
esac
printf '{head}body of %s ' "$Http_X_Mark"
cat
"""


class Target:
    """A watchdog in one mode, and what stands behind it."""

    def __init__(self, mode, seed):
        self.mode = mode
        self.folder = tempfile.TemporaryDirectory(prefix="fwatchdog-attack-")
        self.peer = None
        options = {"mode": mode, "access_log": "off", **TIMES}
        arguments = ()
        if mode in ("http", "fastcgi"):
            self.peer = ScriptedServer(getattr(Peer(seed), mode))
            options["upstream_url"] = self.peer.url.replace("http:", "fastcgi:" if mode == "fastcgi" else "http:")
            arguments = ("--", "sleep", "100000")
        elif mode == "static":
            for name in ("index.html", "site.css", ".hidden", "app.3f2a9c1b.js"):
                Path(self.folder.name, name).write_bytes(b"x" * 3000)
            options["static_path"] = self.folder.name
        else:
            head = "Content-Type: text/plain\\n\\n" if mode == "cgi" else ""
            arguments = ("--", "sh", "-c", SCRIPT.format(head=head))
        self.dog = Watchdog(*arguments, **options)
        until(lambda: self.healthy(), 20, "it to be healthy")

    def healthy(self):
        return self.dog.request(path="/_/health", timeout=10.0 * PATIENCE).status == 200

    def size(self):
        """Once it is idle: descriptors, the function's processes, memory in KB."""
        keep = 1 if self.peer else 0
        until(lambda: len(self.dog.processes()) <= keep, 20, "the function's processes to end")
        time.sleep(1.5)  # what idles is closed
        return self.dog.fds(), self.dog.rss_kb()

    def close(self):
        try:
            self.dog.close()
        finally:
            if self.peer:
                self.peer.close()
            self.folder.cleanup()


class Exchange:
    """One connection, all that is sent on it, and what must be true of what comes back."""

    def __init__(self, mode, seed, number, others):
        """`others`: the numbers of the exchanges whose marks must not come back here."""
        self.name = f"--mode {mode} --seed {seed} --only {number}"
        self.rng = random.Random(f"{seed}/{mode}/{number}")
        grammar = Grammar(self.rng)
        self.mark = mark_of(f"{seed}/{mode}/{number}")
        self.strangers = {mark_of(f"{seed}/{mode}/{other}") for other in others} - {self.mark}
        self.must_refuse = None
        if self.rng.random() < 0.15:
            self.must_refuse, data, _ = self.rng.choice(MALFORMED)
            self.data = data
        else:
            self.data = b"".join(grammar.request(self.mark) for _ in range(grammar.pick([1, 1, 1, 2, 5])))
            if self.rng.random() < 0.6:
                self.data = grammar.mutilate(self.data)
        self.pieces = list(grammar.pieces(self.data))
        self.ending = grammar.pick(["wait"] * 6 + ["half", "half", "leave", "reset", "slow"])
        self.received = b""
        self.was_reset = False
        self.first_sent = None

    def run(self, port):
        """What is wrong, in a line; None when nothing is."""
        deadline = time.monotonic() + LONGEST
        with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as sock:
            reader = threading.Thread(target=self.read, args=(sock, deadline))
            reader.start()
            try:
                for piece, pause in self.pieces:
                    sock.sendall(piece)
                    if piece:
                        self.first_sent = self.first_sent or time.monotonic()
                    time.sleep(pause)
                if self.ending == "half":
                    sock.shutdown(socket.SHUT_WR)
                if self.ending == "reset":
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                self.was_reset = True  # it has closed already, which is its right
            if self.ending in ("leave", "reset"):
                sock.close()
                reader.join()
                return self.judge_marks()
            reader.join()
        return self.judge_marks() or self.judge_answers(deadline)

    def read(self, sock, deadline):
        try:
            while time.monotonic() < deadline and (data := sock.recv(65536)):
                self.received += data
                if self.ending == "slow":
                    time.sleep(0.01)
        except OSError:
            self.was_reset = True  # or closed by us

    def judge_marks(self):
        strangers = set(MARK.findall(self.received)) & self.strangers  # not a mutilated one of its own
        return f"got somebody else's {sorted(strangers)[0].decode()}" if strangers else None

    def judge_answers(self, deadline):
        if time.monotonic() > deadline:
            return f"it was still open after {LONGEST} s"
        if not self.received and (self.first_sent or deadline) > deadline - LONGEST + IDLE / 2:
            return None  # we were slow: a connection on which nothing comes is closed silently
        if self.was_reset and b"\n" not in self.received and b"HTTP/1.1 ".startswith(self.received[:9]):
            return None  # a response that breaks off, which the reset has overtaken
        if self.received and not STATUS_LINE.match(self.received):
            return f"what came is no HTTP: {self.received[:100]!r}"
        if self.must_refuse and not re.match(rb"HTTP/1\.1 [45]", self.received):
            return f"{self.must_refuse} was not refused: {self.received[:100]!r}"
        return None


class Attack:
    def __init__(self, mode, seed):
        self.mode = mode
        self.seed = seed
        self.count = 0
        self.problems = []
        self.target = Target(mode, seed)

    def one(self, number):
        exchange = Exchange(self.mode, self.seed, number, range(max(0, number - 2 * ROUND), number + ROUND))
        problem = exchange.run(self.target.dog.port)
        self.count += 1
        if problem:
            self.problems.append(f"{problem}\n  tests/attack.py {exchange.name}\n  sent {exchange.data[:600]!r}")

    def run(self, seconds):
        end = time.monotonic() + seconds
        first = None
        number = 0
        with ThreadPoolExecutor(CLIENTS) as clients:
            while time.monotonic() < end and not self.problems:
                list(clients.map(self.one, range(number, number + ROUND)))
                number += ROUND
                if not self.target.healthy():
                    self.problems.append("it is not healthy")
                if first is None:
                    first = self.target.size()
        if not self.problems:
            self.judge_growth(first, self.target.size())

    def judge_growth(self, first, last):
        if last[0] > first[0] + 4:
            self.problems.append(f"descriptors grew from {first[0]} to {last[0]}")
        if not SANITIZER and last[1] > first[1] + 4096:
            self.problems.append(f"memory grew from {first[1]} to {last[1]} KB")

    def close(self):
        try:
            self.target.close()
        except AssertionError as error:
            self.problems.append(str(error))


MODES = ("streaming", "serializing", "classic", "http", "static", "cgi", "fastcgi")


def survives(mode, options):
    attack = Attack(mode, options.seed)
    try:
        if options.only is not None:
            attack.one(options.only)
        else:
            attack.run(options.seconds)
    finally:
        attack.close()
    said = [f"FAIL {mode}: {problem}" for problem in attack.problems[:5]]
    said.append(f"{'FAIL' if said else 'ok  '} {mode}: {attack.count} connections, seed {options.seed}")
    print("\n".join(said), flush=True)
    return not attack.problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("ATTACK_SECONDS", "600")))
    parser.add_argument("--seed", type=int, default=zlib.crc32(os.urandom(8)))
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--only", type=int, help="one exchange of a --mode")
    options = parser.parse_args()
    modes = options.mode or MODES
    with ThreadPoolExecutor(len(modes)) as pool:  # they wait more than they compute
        passed = sum(pool.map(lambda mode: survives(mode, options), modes))
    print(f"{passed} passed, {len(modes) - passed} failed")
    return passed != len(modes)


if __name__ == "__main__":
    sys.exit(main())
