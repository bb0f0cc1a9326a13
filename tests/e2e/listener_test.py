"""The ports that it listens on: nobody else gets them, and its workers share what comes in."""

import errno
import os
import re
import socket
from pathlib import Path

from harness import Case, free_port, run, until


def try_to_listen(family, address, port, reuse_port, reuse_address, v6_only=False):
    """The name of the error, or "listening"."""
    with socket.socket(family) as thief:
        if reuse_port:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if reuse_address:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            thief.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6_only)
        try:
            thief.bind((address, port))
            thief.listen()
        except OSError as error:
            return errno.errorcode[error.errno]
        return "listening"


IPV4 = [(socket.AF_INET, address, False) for address in ("0.0.0.0", "127.0.0.1")]
BOTH = [(socket.AF_INET6, "::", False)]
IPV6 = [(socket.AF_INET6, "::", True), (socket.AF_INET6, "::1", False), (socket.AF_INET6, "::1", True)]


class NobodyElseListens(Case):
    """A process of the same user: SO_REUSEPORT would let it join, and answer in our place."""

    def assert_taken(self, port, ways):
        for family, address, v6_only in ways:
            for reuse_port in (False, True):
                for reuse_address in (False, True):
                    way = (address, f"{v6_only=}", f"{reuse_port=}", f"{reuse_address=}")
                    self.assertEqual(
                        "EADDRINUSE",
                        try_to_listen(family, address, port, reuse_port, reuse_address, v6_only), way)

    def test_on_every_address(self):
        for workers in (1, 4):
            with self.subTest(workers=workers):
                dog = self.sh("true", workers=workers)
                self.assert_taken(dog.port, IPV4 + BOTH + IPV6)

    def test_on_localhost_or_one_address(self):
        for address in ("localhost", "127.0.0.1", "0.0.0.0"):
            for workers in (1, 3):
                with self.subTest(address=address, workers=workers):
                    dog = self.sh("true", listen_address=address, workers=workers)
                    self.assert_taken(dog.port, IPV4 + BOTH)

    def test_on_an_ipv6_address(self):
        dog = self.sh("true", listen_address="::1", workers=2)
        self.assert_taken(dog.port, BOTH + IPV6)

    def test_on_a_port_that_was_given(self):
        port = free_port()
        self.sh("true", port=port, workers=2)
        self.assert_taken(port, IPV4 + BOTH + IPV6)

    def test_on_the_metrics_port(self):
        port = free_port()
        self.sh("true", metrics_port=port, workers=2)
        self.assert_taken(port, IPV4 + BOTH + IPV6)

    def test_nor_the_function_itself(self):
        port = free_port()
        program = ("import errno, os, socket\n"
                   "s = socket.socket()\n"
                   "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
                   "try: s.bind(('0.0.0.0', int(os.environ['port']))); print('bound')\n"
                   "except OSError as error: print(errno.errorcode[error.errno])")
        dog = self.start("--", "python3", "-c", program, port=port, workers=2)
        self.assertEqual("EADDRINUSE\n", dog.request().text)

    def test_it_does_not_join_others_either(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            for address in (None, "127.0.0.1", "localhost"):
                ended = run("--", "true", port=port, listen_address=address)
                self.assertNotEqual(0, ended.returncode)
                self.assertRegex(ended.stderr, rf"cannot listen on .*port {port}: .*stop what listens there")

    def test_it_starts_again_at_once_on_a_port_with_connections_that_just_ended(self):
        port = free_port()
        dog = self.sh("echo one", port=port, workers=2)
        with self.client(dog) as client:
            self.assertEqual("one\n", client.request("GET", "/").text)
            dog.close()  # our end closes first and stays in TIME_WAIT
        again = self.sh("echo two", port=port, workers=2)
        self.assertEqual("two\n", again.request().text)


class Balance(Case):
    """Each worker has a fair part of the connections, whatever their order."""

    def test_connections_are_spread_evenly(self):
        dog = self.sh("true", workers="4")
        for count in (4, 12, 64):
            with self.subTest(connections=count):
                clients = [self.client(dog) for _ in range(count)]
                until(lambda: self.connections(dog) == [count // 4] * 4, 5, f"{count} to be spread")
                for client in clients:
                    self.assertEqual(200, client.request("GET", "/_/health").status)
                    client.close()
                until(lambda: sum(self.connections(dog)) == 0, 5, "connections to end")

    def test_a_worker_that_is_rid_of_its_connections_gets_the_next_ones(self):
        dog = self.sh("true", workers="2")
        clients = [self.client(dog) for _ in range(8)]
        until(lambda: self.connections(dog) == [4, 4], 5, "connections to be spread")
        # One by one, so that whoever gets the new one is the one that lost the old one.
        for _ in range(20):
            clients.pop(0).close()
            until(lambda: sum(self.connections(dog)) == 7, 5, "a connection to end")
            clients.append(self.client(dog))
            until(lambda: self.connections(dog) == [4, 4], 5, "a fair part")

    @staticmethod
    def connections(dog):
        """How many clients each loop waits for."""
        ours = set()
        for table in ("tcp", "tcp6"):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "01" and int(words[1].rsplit(":", 1)[1], 16) == dog.port:
                    ours.add(f"socket:[{words[9]}]")
        folder = Path(f"/proc/{dog.pid}/fd")
        clients, loops = set(), []
        for entry in folder.iterdir():
            try:
                target = os.readlink(entry)
            except OSError:
                continue
            if target in ours:
                clients.add(entry.name)
            elif target == "anon_inode:[eventpoll]":
                loops.append(entry.name)
        counts = []
        for loop in loops:
            watched = re.findall(r"tfd:\s*(\d+)", Path(f"/proc/{dog.pid}/fdinfo/{loop}").read_text())
            counts.append(len(clients.intersection(watched)))
        return sorted(counts)
