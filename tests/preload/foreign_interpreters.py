#!/usr/bin/env python3
"""The library of warm starts inside the arm64 python3, php, perl and bash, which run under qemu here.

  foreign_interpreters.py LIBRARY FOLDER     FOLDER keeps the programs, which are Debian's packages

This program is the watchdog: it speaks the protocol of modes/fork/preload/control.h with a template, and forks
become its children. Ends with "N passed, N failed".
"""

import array
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import unittest
from pathlib import Path

EMULATOR = "qemu-aarch64-static"
HEADER = struct.Struct("=IHHIIIi")
MAGIC = 0x6d726177
READY, REQUEST, STARTED, FORKED = 1, 2, 3, 5
ONCE, IN_BLOCK = 1, 2
INTERPRETERS = {"python3": 1, "php": 2, "perl": 3, "bash": 4}
PR_SET_CHILD_SUBREAPER = 36

# Each prints a variable, which another process of its own sees as well, its input and whether it is the leader of
# its session; it ends with a status of its own.
SCRIPTS = {
    "python3": ["-c", "import os, sys; body = sys.stdin.read(); "
                      "print(os.environ['Http_Value'], os.environ['Http_Last'], body, os.getsid(0) == os.getpid(), "
                      "sep='|', end=''); sys.stdout.flush(); os._exit(7)"],
    "php": ["-n", "-r", "$body = stream_get_contents(STDIN); echo $_SERVER['Http_Value'], '|', getenv('Http_Last'), "
                        "'|', $body, '|True'; exit(7);"],
    "perl": ["-e", "my $body = join '', <STDIN>; printf '%s|%s|%s|%s', $ENV{Http_Value}, $ENV{Http_Last}, $body, "
                   "getpgrp == $$ ? 'True' : 'False'; exit 7"],
    "bash": ["-c", 'read -r body; [ "$BASHPID" = $$ ] && own=True; '
                   'printf "%s|%s|%s|%s" "$Http_Value" "$Http_Last" "$body" "$own"; exit 7'],
}
HOSTILE = "'; touch injected; '$(touch injected)`touch injected`\n\\\"\x01é"

library = folder = None


def install():
    """Unpacks the programs and what they load, where that has not been done."""
    if (folder / "complete").exists():
        return
    packages = folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    asked = subprocess.run(["apt-cache", "depends", "php-cli"], capture_output=True, text=True, check=True).stdout
    php = re.search(r"Depends: (php[0-9.]+-cli)", asked).group(1)
    without = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
    names = subprocess.run(
        ["apt-cache", "depends", "--recurse", *without,
         *(f"{name}:arm64" for name in ("bash", "perl-base", "python3-minimal", php))],
        capture_output=True, text=True, check=True).stdout
    wanted = sorted(set(re.findall(r"^[a-z0-9].*:arm64$", names, re.MULTILINE)))
    subprocess.run(["apt-get", "download", "-qq", *wanted], cwd=packages, check=True, stderr=subprocess.DEVNULL)
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder / "root"], check=True)
    (folder / "complete").touch()


def program(name):
    """Debian's alternatives are not set up in a folder: php is there as php8.2."""
    places = [place for place in (*(folder / "root").glob(f"usr/bin/{name}*"), *(folder / "root").glob(f"bin/{name}"))
              if re.fullmatch(name + r"[0-9.]*", place.name) and not place.is_symlink()]
    return max(places, key=lambda place: len(place.name))


class Template:
    def __init__(self, name, arguments):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.settimeout(30)
        image = os.open(library, os.O_RDONLY)
        self.pipes = [os.pipe() for _ in range(3)]
        settings = {"LD_PRELOAD": f"/proc/self/fd/{image}", "FWATCHDOG_WARM": f"{theirs.fileno()},{image}",
                    "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
        self.process = subprocess.Popen(
            [EMULATOR, "-L", folder / "root", program(name), *arguments], env=settings,
            stdin=self.pipes[0][0], stdout=self.pipes[1][1], stderr=self.pipes[2][1],
            pass_fds=[theirs.fileno(), image], start_new_session=True)
        theirs.close()
        os.close(image)
        self.ready = self.receive()

    def receive(self):
        """The next message's kind, value, flags and sender, and null at the end."""
        message, controls, _, _ = self.socket.recvmsg(4096, 1024)
        if not message:
            return None
        sender = next(struct.unpack("iii", data)[0] for _, kind, data in controls if kind == socket.SCM_CREDENTIALS)
        magic, kind, _, _, _, count, value = HEADER.unpack(message)
        assert magic == MAGIC
        return {"kind": kind, "value": value, "count": count, "sender": sender}

    def request(self, variables, body, flags=0):
        """Returns what its process printed, and its exit code."""
        streams = [os.pipe() for _ in range(3)]
        given = [streams[0][0], streams[1][1], streams[2][1]]
        text = b"".join(f"{name}={value}".encode() + b"\0" for name, value in variables.items())
        sent = text
        if flags & IN_BLOCK:
            block = os.memfd_create("variables")
            os.write(block, text)
            given.append(block)
            sent = b""
        header = HEADER.pack(MAGIC, REQUEST, flags, 1, len(text), len(variables), 0)
        self.socket.sendmsg([header + sent],
                            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", given))])
        for fd in given:
            os.close(fd)
        while (answer := self.receive())["kind"] == FORKED:
            pass
        assert answer["kind"] == STARTED, answer
        os.write(streams[0][1], body)
        os.close(streams[0][1])
        with open(streams[1][0], "rb") as output, open(streams[2][0], "rb") as errors:
            printed = output.read() + errors.read()
        if flags & ONCE:
            return printed, self.process.wait(10)
        _, status = os.waitpid(answer["sender"], 0)
        return printed, os.waitstatus_to_exitcode(status)

    def end(self):
        self.socket.close()
        self.process.wait(10)
        for pipe in self.pipes:
            for fd in pipe:
                os.close(fd)


class Interpreters(unittest.TestCase):
    def each(self):
        for name, number in INTERPRETERS.items():
            with self.subTest(name):
                template = Template(name, SCRIPTS[name])
                self.assertEqual((template.ready["kind"], template.ready["value"]), (READY, number))
                yield template
                template.end()

    def expected(self, last, body):
        return f"{HOSTILE}|{last}|{body}|True".encode()

    def test_requests_in_a_row_get_their_own_variables_input_and_exit_code(self):
        for template in self.each():
            for number in range(3):
                printed, code = template.request({"Http_Value": HOSTILE, "Http_Last": str(number)},
                                                 f"body {number}".encode())
                self.assertEqual((printed, code), (self.expected(number, f"body {number}"), 7))

    def test_variables_that_are_longer_than_a_message(self):
        for template in self.each():
            variables = {"Http_Value": HOSTILE, **{f"Http_X{i}": "x" * 1000 for i in range(100)}, "Http_Last": "end"}
            printed, code = template.request(variables, b"body", IN_BLOCK)
            self.assertEqual((printed, code), (self.expected("end", "body"), 7))

    def test_a_spare_takes_its_request_itself(self):
        for template in self.each():
            printed, code = template.request({"Http_Value": HOSTILE, "Http_Last": "once"}, b"body", ONCE)
            self.assertEqual((printed, code), (self.expected("once", "body"), 7))

    def test_no_value_is_ever_run(self):
        self.assertFalse(Path("injected").exists())


def main():
    global library, folder
    library, folder = (Path(argument).resolve() for argument in sys.argv[1:3])
    install()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # as the watchdog is: forks are handed over
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(Interpreters)
    result = unittest.TextTestRunner(stream=sys.stdout).run(tests)
    bad = len({test.id().partition(" ")[0] for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - bad} passed, {bad} failed")
    return 1 if bad or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
