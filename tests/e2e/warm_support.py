"""What the tests of warm starts stand on: functions that report what they find, and the same function twice."""

import collections
import os
import random
import re
import shutil
import tempfile
from pathlib import Path

from harness import FUNCTIONS, SANITIZER, Client, InBackground, Watchdog, free_port, process_status, until

PROBES = FUNCTIONS / "warm"
# Not the tester's own versions, which may be behind scripts that start them.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
COMMANDS = {"php -n": ["php", "-n", PROBES / "probe.php", "one word", "x"], "php": ["php", PROBES / "probe.php"],
            "python3": ["python3", PROBES / "probe.py", "one word", "x"],
            "perl": ["perl", PROBES / "probe.pl", "one word"], "bash": ["bash", PROBES / "probe.sh", "one word"]}

# What would be run, expanded or cut off where a value became code.
HOSTILE = ("'; touch injected; '", '"; system("touch injected"); //', "$(touch injected)", "`touch injected`",
           "() { :; }; touch injected", "\\'); __import__('os').system('touch injected') #", "${IFS}{$x}@{[1]}",
           "%s%n%d", "\\", "\\x00\\n", "'''", '"""', "<?php exit;", "__END__", "=", "a=b=c", "?>", "\t", "$", "@ARGV",
           "\x80\xff\xfe", "é".encode().decode("latin-1"), "*", "~", "-n", "!", "#", "[", "x" * 5000)
# Of the two watchdogs, not of the request.
OWN_VARIABLES = ("TMPDIR", "FWATCHDOG_TEST", "warm_start", "warm_spares", "metrics_port")


class Request:
    def __init__(self, verb="report", method="POST", path="/", headers=(), body=b"", chunked=False):
        self.verb = verb
        self.method = method
        self.path = path
        self.headers = [("X-Do", verb), *headers]
        self.body = body
        self.chunked = chunked

    def send(self, dog, timeout=30):
        return dog.request(self.method, self.path, self.headers, self.body, self.chunked, timeout=timeout)

    def __repr__(self):
        return f"{self.verb!r} {self.method} {self.path[:60]} {str(self.headers)[:300]} body={len(self.body)}"


def random_value(chance):
    value = "".join(chance.choice(HOSTILE) + chance.choice(("", " ", "word", "7"))
                    for _ in range(chance.choice((0, 1, 1, 2, 5))))
    return value.strip(" \t")


def random_path(chance):
    """Decoded it may have everything but a NUL, new lines as well."""
    return "/" + "".join(f"%{chance.randrange(1, 256):02x}" if chance.random() < 0.5 else chance.choice("ab/-._~")
                         for _ in range(chance.choice((0, 3, 30, 300))))


def random_fields(chance):
    count = chance.choice((0, 1, 3, 10, 40))
    names = [f"X-V{chance.randrange(100)}" if chance.random() < 0.7 else f"Field-{chance.randrange(10)}-Abc"
             for _ in range(count)]
    return [(name, random_value(chance)) for name in names]


def random_body(chance, largest):
    size = chance.choice((0, 1, 7, 4096, 65535, 65536, 65537, largest))
    return (b"b" + chance.randbytes(size - 1)) if size else b""  # bash cannot hold a NUL


def random_requests(seed, count, largest=300_000):
    """Requests of every kind, the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        tag = [("X-Tag", f"{seed}.{number}")]
        kind = chance.random()
        body = random_body(chance, largest)
        if kind < 0.6:
            yield Request(f"report {'child' if chance.random() < 0.3 else ''}",
                          chance.choice(("GET", "POST", "PUT", "DELETE")),
                          random_path(chance) + chance.choice(("", "?", "?a=1&b=%22")),
                          tag + random_fields(chance), body, chance.random() < 0.2)
        elif kind < 0.65:
            yield Request("report", headers=[*tag, ("X-Large", random_value(chance).ljust(120_000, "y"))], body=body)
        elif kind < 0.72:
            yield Request(f"exit {chance.choice((0, 1, 2, 3, 126, 127, 255))}", headers=tag, body=body)
        elif kind < 0.76:
            yield Request(f"half {chance.choice((0, 7))}", headers=tag, body=body[:1])
        elif kind < 0.82:
            yield Request(f"kill {chance.choice(('SEGV', 'KILL', 'TERM', 'ABRT', 'HUP', 'USR1'))}", headers=tag,
                          body=body)
        elif kind < 0.88:
            yield Request("part", headers=tag, body=body)
        elif kind < 0.94:
            yield Request(f"say {chance.choice((1, 3, 50))}", headers=tag, body=body)
        elif kind < 0.98:
            yield Request(f"print {chance.choice((0, 1, 65536, 1_000_000))}", headers=tag, body=body)
        else:
            yield Request("hang", headers=[*tag, ("X-Timeout", "250ms")], body=body)


def entries(response, dog):
    """What a probe reported, without what differs between two watchdogs, in order."""
    kept = []
    for entry in response.body.split(b"\0"):
        name = entry.partition(b"=")[0].decode(errors="replace").split(" ")[-1]
        if name not in OWN_VARIABLES:
            if SANITIZER == "tsan":  # which at times has this file open while another thread starts a process
                entry = re.sub(rb" \d+: /proc/\d+/maps", b"", entry)
            kept.append(entry.replace(b"%d" % dog.pid, b"WATCHDOG") if entry.startswith(b"fact parent") else entry)
    return sorted(kept)


def answer(request, dog):
    """The response to a request, as a client sees it, without what time and the watchdog put in."""
    response = request.send(dog)
    report = response.body.startswith(b"fact ")
    # A report has names of the watchdog's own folder, whose lengths differ.
    ignored = ["Date", "X-Duration-Seconds"] + (["Content-Length"] if report else [])
    if request.body:
        ignored.append("Connection")  # close, where the function ended before all of the body had arrived
    fields = sorted(pair for pair in response.headers if pair[0] not in ignored)
    body = entries(response, dog) if report else response.body
    return response.status, fields, body, response.complete


def log_lines(dog):
    """How often the log has each line about a request, without times."""
    lines = [re.sub(r"\(\d+\.\d+s\)", "", line[20:]) for line in dog.log("stderr").splitlines()
             + dog.log("stdout").splitlines()]
    # The length of a report depends on the folder's name; a spare may still be on its way.
    lines = [line.replace(" - cold start: overloaded", "") for line in lines]
    return collections.Counter(re.sub(r"ContentLength: \S+", "", line) for line in lines
                               if re.match(r"stderr: |[A-Z]+ /", line))


class WarmDog(Watchdog):
    """A watchdog with metrics, whose function finds the system's interpreters."""

    def __init__(self, *command, **options):
        self.metrics_port = free_port()
        options.setdefault("PATH", PATH)
        super().__init__("--", *command, metrics_port=self.metrics_port, **options)

    def process_folder(self):
        """Where its processes run."""
        return Path(os.readlink(f"/proc/{self.pid}/cwd"))

    def metric(self, series):
        with Client(self.metrics_port) as client:
            text = client.request(path="/metrics").text
        found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def starts(self, kind):
        return int(self.metric(f'fwatchdog_starts_total{{kind="{kind}"}}'))

    def fallbacks(self, reason):
        return int(self.metric(f'fwatchdog_warm_fallbacks_total{{reason="{reason}"}}'))

    def restarts(self):
        return int(self.metric("fwatchdog_template_restarts_total"))

    def warmed_up(self, kind="zygote", request=None):
        """Waits until a request was answered by this kind of start, and returns itself."""
        request = request or Request()

        def warm():
            before = self.starts(kind)
            request.send(self)
            return self.starts(kind) > before

        until(warm, 10, f"a start of the kind {kind}; the log is:\n{self.log()[-2000:]}")
        return self

    def waiting(self, name=None):
        """The pids of processes that are there while no request is: templates, or spares."""
        return [pid for pid in self.children() if name is None or name in process_names([pid])]

    def template(self):
        """The pid of the only template."""
        return until(lambda: len(self.waiting()) == 1 and self.waiting()[0], 5, "one template")

    def memory_descriptors(self):
        """How many memory files the watchdog and its waiting processes have open."""
        count = 0
        for pid in (self.pid, *self.waiting()):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                try:
                    count += os.readlink(link).startswith("/memfd:")
                except OSError:
                    continue
        return count


def has_socket(pid):
    """Whether a process has a socket open, as a template has its control socket."""
    try:
        links = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
    for link in links:
        try:
            if os.readlink(link).startswith("socket:"):
                return True
        except OSError:
            continue
    return False


def process_names(pids):
    """The names of those that are still there."""
    return [status["Name"] for pid in pids if (status := process_status(pid))]


class WarmTests:
    """To be mixed into a Case: watchdogs with warm starts."""

    mode = "streaming"
    workers = 1  # each has a template, or spares, of its own

    def warm(self, *command, kind="zygote", **options):
        options.setdefault("mode", self.mode)
        options.setdefault("workers", self.workers)
        dog = WarmDog(*command, warm_start=kind, **options)
        self.addCleanup(dog.close)
        self.addCleanup(self._show, dog)
        return dog

    def probe(self, language="perl", **options):
        """A probe in this language that has been warmed up."""
        kind = options.get("kind", "zygote")
        return self.warm(*COMMANDS[language], **options).warmed_up(kind)

    def script(self, text, name="index.pl"):
        """The path of a script with this text."""
        folder = Path(tempfile.mkdtemp(prefix="fwatchdog-warm-"))
        self.addCleanup(shutil.rmtree, folder, True)
        folder.chmod(0o755)
        (folder / name).write_text(text)
        return folder / name

    def pair(self, *command, kind="zygote", **options):
        """The same function twice, in the same folder: cold, and warm."""
        folder = Path(tempfile.mkdtemp(prefix="fwatchdog-warm-"))
        self.addCleanup(shutil.rmtree, folder, True)
        folder.chmod(0o755)
        cold = self.warm(*command, kind="off", current_folder=folder, **options)
        warm = self.warm(*command, kind=kind, current_folder=folder, **options)
        return cold, warm

    def assert_same(self, cold, warm, request):
        expected = InBackground(lambda: answer(request, cold))
        self.assertEqual(answer(request, warm), expected.result(60), repr(request))

    def assert_nothing_left(self, dog, waiting=1):
        until(lambda: len(dog.children()) == waiting and not dog.zombies(), 5,
              f"{waiting} processes and no more to be there")
