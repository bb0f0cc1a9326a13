"""How a request gets its connection to the function's server: full queues, restarts, broken starts."""

import os
import socket
import tempfile
import threading
import time

from harness import Case, InBackground, Stopwatch, free_port, head, until
from http_mode_test import HttpCase
from scripted_server import Visit, ok

KERNEL_REPEATS_SYN = 1.0  # seconds


class Server:
    """A server that accepts when it is told to, behind an accept queue of `backlog`."""

    def __init__(self, case, address, backlog=1):
        self.case = case
        self.address = address
        self.backlog = backlog
        self.visits = []
        self.listener = None
        self.listen()
        case.addCleanup(self.close)

    def listen(self):
        is_path = isinstance(self.address, str)
        self.listener = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(self.address)
        self.listener.listen(self.backlog)

    @property
    def url(self):
        return f"unix:{self.address}" if isinstance(self.address, str) else f"http://127.0.0.1:{self.address[1]}"

    def fill(self):
        """Connects until the accept queue is full."""
        fillers = []
        while True:
            one = socket.socket(self.listener.family)
            one.settimeout(0.05)
            try:
                one.connect(self.address)
            except (TimeoutError, BlockingIOError):
                one.close()
                return fillers
            fillers.append(one)

    def accept(self):
        connection, _ = self.listener.accept()
        visit = Visit(connection, [])
        self.visits.append(visit)
        return visit

    def accept_on(self, script):
        """Accepts whatever comes, with a thread for each."""
        def loop(listener):
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                visit = Visit(connection, [])
                self.visits.append(visit)
                threading.Thread(target=run, args=(visit,), daemon=True).start()

        def run(visit):
            try:
                script(visit)
            except OSError:
                pass
            finally:
                visit.close()

        threading.Thread(target=loop, args=(self.listener,), daemon=True).start()

    def close(self):
        """Ends as a process does, with all its sockets; shutdown wakes the threads."""
        for one in [self.listener, *(visit.socket for visit in self.visits)]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        self.visits.clear()
        if isinstance(self.address, str) and os.path.exists(self.address):
            os.unlink(self.address)


def answer_all(visit, body=b"ok"):
    while visit.head() is not None:
        visit.send(ok(body))


class ConnectingCase(Case):
    def tcp_server(self, **options):
        return Server(self, ("127.0.0.1", free_port()), **options)

    def unix_server(self, **options):
        folder = tempfile.mkdtemp(prefix="fwatchdog-test-")
        return Server(self, os.path.join(folder, "socket"), **options)

    def before(self, server, **options):
        """A watchdog before it that has found it ready."""
        options.setdefault("workers", "1")
        dog = self.start("--", "sleep", "1000", mode="http", upstream_url=server.url, **options)
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        return dog

    def ask(self, dog, count=1, method="GET"):
        return [InBackground(lambda: dog.request(method, body=b"x" if method == "POST" else None))
                for _ in range(count)]


class FullQueues(ConnectingCase):
    def test_a_full_queue_costs_no_second_once_there_is_room(self):
        for server in (self.tcp_server(), self.unix_server()):
            dog = self.before(server)
            fillers = server.fill()
            asking = self.ask(dog, 20)
            time.sleep(0.3)  # all of them have knocked by then
            watch = Stopwatch()
            server.accept_on(answer_all)
            self.assertEqual({one.result().text for one in asking}, {"ok"}, server.url)
            self.assert_within(watch.seconds, 0, KERNEL_REPEATS_SYN / 2, server.url)
            for filler in fillers:
                filler.close()

    def test_a_request_does_not_wait_for_its_own_connect_while_another_is_free(self):
        for server in (self.tcp_server(), self.unix_server()):
            dog = self.before(server)
            while server.fill():  # the probe of the start may be among them
                server.listener.settimeout(0.05)
                try:
                    while True:
                        server.accept()
                except TimeoutError:
                    break
            server.listener.settimeout(None)
            first = self.ask(dog)[0]
            visit = server.accept()
            while not visit._fill():
                visit = server.accept()
            fillers = server.fill()
            second = self.ask(dog)[0]
            time.sleep(0.1)
            visit.head()
            visit.send(ok(b"first"))
            self.assertIn(b"GET / ", visit.head(), "the second request takes the connection of the first")
            visit.send(ok(b"second"))
            self.assertEqual([first.result().text, second.result().text], ["first", "second"])
            for filler in fillers:
                filler.close()

    def test_waiting_requests_are_served_in_order(self):
        server = self.tcp_server()
        dog = self.before(server)
        fillers = server.fill()
        asking = []
        for number in range(5):
            client = self.client(dog)
            client.send(head(path=f"/{number}"))
            asking.append(client)
            time.sleep(0.03)
        order = []
        lock = threading.Lock()

        def script(visit):
            while (request := visit.head()) is not None:
                with lock:
                    order.append(request.split()[1])
                visit.send(ok())

        for filler in fillers:
            filler.close()
        visit = server.accept()
        while not visit._fill():
            visit = server.accept()
        # One connection for all, as nothing else is accepted.
        InBackground(lambda: script(visit))
        for client in asking[:1]:
            self.assertEqual(client.response().text, "ok")
        server.accept_on(script)
        for client in asking[1:]:
            self.assertEqual(client.response().text, "ok")
        self.assertEqual(order[0], b"/0")
        self.assertEqual(len(order), 5)

    def test_who_waits_for_a_connection_is_answered_with_504_in_time(self):
        server = self.tcp_server()
        dog = self.before(server, exec_timeout="300ms")
        server.fill()
        watch = Stopwatch()
        self.assertEqual(dog.request().status, 504)
        self.assert_within(watch.seconds, 0.29, 0.8)

    def test_clients_that_leave_while_they_wait_leave_nothing(self):
        server = self.tcp_server()
        dog = self.before(server)
        fillers = server.fill()
        fds = dog.fds()
        for _ in range(50):
            client = dog.client()
            client.send(head())
            client.close()
        self.assert_no_more_fds(dog, fds)
        for filler in fillers:
            filler.close()
        server.accept_on(answer_all)
        self.assertEqual(dog.request().text, "ok")


class Restarts(ConnectingCase):
    def test_a_server_that_is_being_restarted_is_waited_for(self):
        for server in (self.tcp_server(backlog=100), self.unix_server(backlog=100)):
            server.accept_on(answer_all)
            dog = self.before(server)
            self.assertEqual(dog.request().text, "ok")
            server.close()
            asking = self.ask(dog, 10) + self.ask(dog, 10, "POST")
            time.sleep(0.5)
            watch = Stopwatch()
            server.listen()
            server.accept_on(answer_all)
            self.assertEqual({one.result().status for one in asking}, {200}, server.url)
            self.assert_within(watch.seconds, 0, 0.5)

    def test_a_server_that_stays_away_is_waited_for_once(self):
        server = self.tcp_server(backlog=100)
        server.accept_on(answer_all)
        dog = self.before(server, startup_timeout="400ms")
        server.close()
        watch = Stopwatch()
        response = dog.request()
        self.assertEqual(response.status, 502)
        self.assertIn("Connection refused", response.text)
        self.assert_within(watch.seconds, 0.3, 1)
        watch = Stopwatch()
        self.assertEqual({one.result().status for one in self.ask(dog, 20)}, {502})
        self.assert_within(watch.seconds, 0, 0.3)
        server.listen()
        server.accept_on(answer_all)
        self.assertEqual(dog.request().text, "ok")

    def test_a_request_that_waits_for_a_restart_is_not_cut_by_exec_timeout(self):
        server = self.tcp_server(backlog=100)
        server.accept_on(answer_all)
        dog = self.before(server, exec_timeout="300ms")
        server.close()
        asking = self.ask(dog, 2)
        time.sleep(0.6)
        server.listen()
        server.accept_on(answer_all)
        self.assertEqual({one.result().text for one in asking}, {"ok"})

    def test_a_port_that_we_connect_to_from_itself_is_no_server(self):
        script = ('ip link set lo up && echo "40000 40003" > /proc/sys/net/ipv4/ip_local_port_range && '
                  'exec "$0" "$@"')
        dog = self.start("--", "sleep", "1000", wrapper=("unshare", "-n", "sh", "-c", script), mode="http",
                         upstream_url="http://127.0.0.1:40000", startup_timeout="800ms", leaves=True)
        self.assertEqual(dog.wait_exit(), 69)
        self.assertNotIn("is ready", dog.log())


class ClosedConnections(HttpCase):
    def test_a_port_that_a_connection_had_is_free_for_servers_at_once(self):
        ports = []

        def script(visit):
            ports.append(visit.socket.getpeername()[1])
            visit.head()
            visit.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            visit.ended()

        dog, server = self.serve(script)
        for _ in range(10):
            self.assertEqual(dog.request().status, 204)
        until(lambda: len(ports) == 10, 5, "the connections to be seen")
        only_ours = [port for port in ports if not self.others_on(port, server.port)]
        self.assertTrue(only_ours)
        for port in only_ours:
            until(lambda port=port: self.can_listen(port), 5, f"port {port} to be free")

    @staticmethod
    def others_on(port, peer):
        """Connections to others than `peer` may have the same port at their end, and keep it."""
        with open("/proc/net/tcp") as table:
            ends = [[int(address.split(":")[1], 16) for address in line.split()[1:3]] for line in list(table)[1:]]
        return any(own == port and other != peer for own, other in ends)

    @staticmethod
    def can_listen(port):
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind(("127.0.0.1", port))
                server.listen()
            except OSError:
                return False
            return True


class BrokenConnections(HttpCase):
    def breaking(self, times, end, **options):
        """Before a server that treats its first connections so; those that it gets are counted."""
        count = [0]

        def script(visit):
            count[0] += 1
            if count[0] <= times:
                return end(visit)
            return answer_all(visit)

        dog, _ = self.serve(script, **options)
        return dog, count

    @staticmethod
    def unread(visit):
        visit.reset()

    @staticmethod
    def read(visit):
        visit.head()

    def test_a_request_that_was_not_read_is_sent_again(self):
        for times in (1, 3):
            dog, count = self.breaking(times, self.unread)
            self.assertEqual(dog.request().text, "ok")
            self.assertEqual(count[0], times + 1)

    def test_a_request_that_was_read_is_sent_again_once(self):
        dog, count = self.breaking(1, self.read)
        self.assertEqual(dog.request().text, "ok")
        self.assertEqual(count[0], 2)
        dog, count = self.breaking(2, self.read)
        self.assertEqual(dog.request().status, 502)
        self.assertEqual(count[0], 2)

    def test_sending_again_has_an_end(self):
        dog, count = self.breaking(100, self.unread)
        self.assertEqual(dog.request().status, 502)
        self.assertEqual(count[0], 4)

    def test_a_post_that_may_have_been_read_is_not_sent_again(self):
        for end in (self.read, self.unread):
            dog, count = self.breaking(1, end)
            self.assertEqual(dog.request("POST", body=b"x").status, 502)
            self.assertEqual(count[0], 1)

    @staticmethod
    def content(body):
        """Without the lines of the chunked coding."""
        lines = body.split(b"\r\n")
        return b"".join(lines[1::2]) if len(lines) > 1 else body

    def test_a_body_is_sent_again_whole(self):
        bodies = []

        def script(visit):
            request = visit.head()
            bodies.append(visit.body(request))
            if len(bodies) > 1:
                visit.send(ok())

        for options in ({}, {"http_buffer_req_body": "true"}):
            for chunked in (False, True):
                bodies.clear()
                dog, _ = self.serve(script, **options)
                self.assertEqual(dog.request("PUT", body=b"0123456789" * 100, chunked=chunked).text, "ok")
                self.assertEqual(len(bodies), 2)
                self.assertEqual([self.content(body) for body in bodies], [b"0123456789" * 100] * 2)


class PiecemealAnswers(HttpCase):
    def test_head_and_body_in_two_writes_do_not_wait_for_an_acknowledgement(self):
        def script(visit):
            while visit.head() is not None:  # with Nagle's algorithm
                visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
                visit.send(b"tw")
                visit.send(b"o.")

        dog, _ = self.serve(script, workers="1")
        client = self.client(dog)
        for _ in range(20):  # until the connections are no longer new
            client.request()
        watch = Stopwatch()
        for _ in range(20):
            self.assertEqual(client.request().text, "two.")
        self.assert_within(watch.seconds, 0, 20 * 0.02)
