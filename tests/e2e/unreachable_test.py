"""Peers that are gone without a word: no FIN, no reset, as when a machine loses its network.

Two network namespaces are two machines. The watchdog runs in the one, its clients or its function in the other, and
then the other one loses its address. Nobody waits a minute: the kernel's questions are asked on the watchdog's own
sockets, which the test borrows (pidfd_getfd), first to see what was set, then to set less.
"""

import ctypes
import os
import socket
import subprocess
import threading
import uuid

from client import Client, head
from harness import Case, InBackground, demand, until
from scripted_server import ScriptedServer, ok

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PIDFD_GETFD = 438
HERE, THERE = "10.77.0.1", "10.77.0.2"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)


class Machine:
    """A network namespace."""

    def __init__(self, name):
        self.name = name
        demand("make network namespaces", "unshare", "--net", "--mount", "true")
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")

    def run(self, work):
        """What `work` returns; sockets that it opens are this machine's."""

        def inside():
            with open(f"/run/netns/{self.name}") as namespace:
                if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns: the test needs CAP_SYS_ADMIN")
            return work()

        return InBackground(inside).result()

    def link(self, *words):
        ip("-n", self.name, *words)


def borrowed(dog, peer):
    """The watchdog's connections with `peer`, as sockets of ours that share its settings."""
    found = []
    process = os.pidfd_open(dog.pid)
    try:
        for number in os.listdir(f"/proc/{dog.pid}/fd"):
            fd = LIBC.syscall(PIDFD_GETFD, process, int(number), 0)
            if fd < 0:
                continue
            if not os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
                os.close(fd)
                continue
            connection = socket.socket(fileno=fd)
            try:
                if peer in connection.getpeername()[0]:
                    found.append(connection)
                    continue
            except (OSError, IndexError):
                pass
            connection.close()
    finally:
        os.close(process)
    return found


class Unreachable(Case):
    def setUp(self):
        mark = uuid.uuid4().hex[:8]
        self.here, self.there = self.machine(f"fw-{mark}-a"), self.machine(f"fw-{mark}-b")
        ip("-n", self.here.name, "link", "add", "wire", "type", "veth", "peer", "name", "wire",
           "netns", self.there.name)
        for machine, address, other in ((self.here, HERE, self.there), (self.there, THERE, self.here)):
            machine.link("address", "add", f"{address}/24", "dev", "wire")
            machine.link("link", "set", "wire", "up")
        self.assertIn("wire", self.show(self.here))

    def machine(self, name):
        machine = Machine(name)
        self.addCleanup(ip, "netns", "delete", name)
        return machine

    @staticmethod
    def show(machine):
        return subprocess.run(["ip", "-n", machine.name, "-br", "link"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def lose(self):
        """The other machine takes nothing any more and says nothing; here nobody is told."""
        words = next(line for line in self.show(self.there).splitlines() if line.startswith("wire")).split()
        self.here.link("neighbour", "replace", THERE, "lladdr", words[2], "nud", "permanent", "dev", "wire")
        self.there.link("address", "delete", f"{THERE}/24", "dev", "wire")

    def dog(self, *arguments, **options):
        wrapper = ("ip", "netns", "exec", self.here.name)
        return self.start(*arguments, wrapper=wrapper, workers="1", max_inflight="1", **options)

    def server(self, script, machine, address):
        server = machine.run(lambda: ScriptedServer(script, (address, 0)))
        self.addCleanup(server.close)
        return server

    def client_at(self, machine, dog):
        client = machine.run(lambda: Client(dog.port, address=HERE))
        self.addCleanup(client.close)
        return client

    def hurry(self, dog, user_timeout):
        """Sees what was set on the connections with the other machine, and makes seconds of it."""
        connections = borrowed(dog, THERE)
        self.assertEqual(1, len(connections))
        tcp = socket.IPPROTO_TCP
        for connection in connections:
            with connection:
                self.assertEqual(1, connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
                idle, interval, count = (connection.getsockopt(tcp, option) for option in (
                    socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT))
                self.assertEqual(60, idle + interval * count, (idle, interval, count))
                self.assertEqual(user_timeout, connection.getsockopt(tcp, socket.TCP_USER_TIMEOUT))
                if user_timeout:
                    connection.setsockopt(tcp, socket.TCP_USER_TIMEOUT, 2000)
                connection.setsockopt(tcp, socket.TCP_KEEPINTVL, 1)
                connection.setsockopt(tcp, socket.TCP_KEEPCNT, 2)
                connection.setsockopt(tcp, socket.TCP_KEEPIDLE, 1)

    def silent(self, answer, ended):
        """A script: this answer, and then nothing until the watchdog closes."""

        def script(visit):
            if b"GET /free" in visit.head():
                return visit.send(ok())
            visit.send(answer)
            if visit.ended():
                ended.set()

        return script

    def assert_free(self, dog, descriptors):
        """The slot, the descriptors and the function's connection are there for others."""
        client = self.client_at(self.here, dog)
        self.assertEqual(200, until(lambda: self.free(client), 20, "the slot to be free").status)
        client.close()
        until(lambda: dog.fds() <= descriptors, 5, "descriptors to be closed")

    @staticmethod
    def free(client):
        response = client.request(path="/free")
        return response if response.status != 429 else None

    def client_goes(self, answer, headers=(), say=b""):
        ended = threading.Event()
        server = self.server(self.silent(answer, ended), self.here, "127.0.0.1")
        dog = self.dog("--", "sleep", "1000", mode="http", upstream_url=server.url, write_timeout="90s")
        self.assert_free(dog, 1000)
        descriptors = dog.fds()
        client = self.client_at(self.there, dog)
        client.send(head(path="/stay", headers=headers))
        client.read_until(b"\r\n\r\n")
        self.hurry(dog, 90_000)
        self.lose()
        self.assertTrue(ended.wait(20), "the function's server still has its connection")
        self.assert_free(dog, descriptors)

    def test_a_client_with_a_silent_event_stream(self):
        self.client_goes(EVENTS)

    def test_a_client_with_a_tunnel(self):
        self.client_goes(SWITCHED, {"Connection": "Upgrade", "Upgrade": "websocket"})

    def test_a_client_that_is_sent_events(self):
        """What is on its way is never acknowledged: the kernel asks nothing meanwhile."""
        ended = threading.Event()

        def script(visit):
            if b"GET /free" in visit.head():
                return visit.send(ok())
            visit.send(EVENTS)
            while not ended.wait(0.2):
                try:
                    visit.socket.sendall(b"data: 2\n\n")
                except OSError:
                    ended.set()

        server = self.server(script, self.here, "127.0.0.1")
        dog = self.dog("--", "sleep", "1000", mode="http", upstream_url=server.url, write_timeout="10s")
        client = self.client_at(self.there, dog)
        client.send(head())
        client.read_until(b"data: 2")
        self.hurry(dog, 60_000)
        self.lose()
        self.assertTrue(ended.wait(20), "the function's server still has its connection")
        self.assert_free(dog, 1000)

    def test_a_client_of_a_function_that_is_silent(self):
        dog = self.dog("--", "sh", "-c", '[ "$Http_Path" = /free ] || { echo begun; exec sleep 1000; }',
                       exec_timeout="0")
        client = self.client_at(self.there, dog)
        client.send(head())
        client.read_until(b"begun")
        self.hurry(dog, 60_000)
        self.lose()
        dog.until_no_processes(20)
        self.assert_free(dog, 1000)

    def upstream_goes(self, answer, headers=()):
        server = self.server(self.silent(answer, threading.Event()), self.there, THERE)
        dog = self.dog("--", "sleep", "1000", mode="http", upstream_url=f"http://{THERE}:{server.port}")
        client = self.client_at(self.here, dog)
        client.send(head(path="/stay", headers=headers))
        client.read_until(b"\r\n\r\n")
        self.hurry(dog, 0)
        self.lose()
        client.read_to_end()
        until(lambda: not borrowed(dog, THERE), 5, "the connection to be closed")
        self.assertEqual(200, self.client_at(self.here, dog).request(path="/_/ready").status)

    def test_a_server_with_a_silent_event_stream(self):
        self.upstream_goes(EVENTS)

    def test_a_server_with_a_tunnel(self):
        self.upstream_goes(SWITCHED, {"Connection": "Upgrade", "Upgrade": "websocket"})

    def test_on_loopback_nobody_asks(self):
        """The kernel always answers there; an upstream connection costs no more system calls."""
        server = self.server(self.silent(EVENTS, threading.Event()), self.here, "127.0.0.1")
        dog = self.dog("--", "sleep", "1000", mode="http", upstream_url=server.url)
        client = self.client_at(self.there, dog)
        client.send(head(path="/stay"))
        client.read_until(b"data: 1")
        upstream = [one for one in borrowed(dog, "127.0.0.1") if one.getpeername()[1] == server.port]
        self.assertEqual(1, len(upstream))
        for connection in upstream:
            with connection:
                self.assertEqual(0, connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
