"""Descriptors are few, and clients that want nothing hold them: those who want something are answered all the same."""

import fastcgi_server
from client import Client, head
from harness import Case, Hold, Stopwatch, free_port, raise_descriptor_limit, until
from scripted_server import ScriptedServer, answering, ok

LIMIT = 256


class FewDescriptors(Case):
    def setUp(self):
        raise_descriptor_limit()

    def limited(self, *arguments, limit=LIMIT, **options):
        return self.start(*arguments, wrapper=("prlimit", f"--nofile={limit}:{limit}"), **options)

    def crowd(self, dog, count=300, say=b""):
        """Clients that are there first and want nothing, or not yet."""
        clients = []
        for _ in range(count):
            client = self.client(dog, timeout=5)
            if say:
                client.send(say)
            clients.append(client)
        return clients

    def assert_answers(self, dog, expected="served\n", **request):
        watch = Stopwatch()
        response = dog.request(timeout=10, **request)
        self.assertEqual((200, expected), (response.status, response.text))
        self.assert_within(watch.seconds, 0, 5)

    def each_crowd(self, dog, **request):
        """Idle from the start, idle after a request, and slow to say what they want."""
        for name, say in {"silent": b"", "after a request": head(path="/_/health"),
                          "with half a head": b"GET / HTTP/1.1\r\nHost:"}.items():
            with self.subTest(crowd=name):
                clients = self.crowd(dog, say=say)
                if name == "after a request":  # until then they want something
                    self.assertEqual({client.response().status for client in clients}, {200})
                self.assert_answers(dog, **request)
                self.assert_answers(dog, expected="OK", path="/_/health")
                for client in clients:
                    client.close()
                until(lambda: dog.fds() < 100, 10, "descriptors to be closed")

    def test_streaming(self):
        self.each_crowd(self.limited("--", "echo", "served", workers="1"))

    def test_over_four_workers(self):
        self.each_crowd(self.limited("--", "echo", "served", workers="4"))

    def test_classic(self):
        self.each_crowd(self.limited("--", "echo", "served", mode="classic", workers="1"), method="POST", body=b"x")

    def test_cgi(self):
        dog = self.limited("--", "printf", "Content-Type: text/plain\n\nserved\n", mode="cgi", workers="1")
        self.each_crowd(dog)
        self.each_crowd(dog, method="POST", body=b"x" * 1_000_000, chunked=True)

    def test_http(self):
        server = ScriptedServer(answering(ok(b"served\n")))
        self.addCleanup(server.close)
        dog = self.limited("--", "sleep", "1000", mode="http", upstream_url=server.url, workers="1")
        self.each_crowd(dog)

    def test_http_with_bodies_that_are_collected(self):
        server = ScriptedServer(answering(ok(b"served\n")))
        self.addCleanup(server.close)
        dog = self.limited("--", "sleep", "1000", mode="http", upstream_url=server.url, workers="1",
                           http_buffer_req_body="true")
        self.each_crowd(dog, method="POST", body=b"x" * 1_000_000, chunked=True)

    def test_fastcgi(self):
        server = ScriptedServer(fastcgi_server.answering(fastcgi_server.ok(b"served\n")))
        self.addCleanup(server.close)
        dog = self.limited("--", "sleep", "1000", mode="fastcgi",
                           upstream_url=server.url.replace("http:", "fastcgi:"))
        self.each_crowd(dog)

    def test_static(self):
        folder = Hold(self.sh("true").folder).folder
        (folder / "page.txt").write_text("served\n")
        dog = self.limited(mode="static", static_path=folder, workers="1", static_cache="0")
        self.each_crowd(dog, path="/page.txt")

    def test_many_idle_clients_that_all_ask_at_once(self):
        """Nothing new comes in, but each request needs descriptors of its own."""
        dog = self.limited("--", "sh", "-c", "sleep 0.2; echo served", workers="1")
        idle = self.crowd(dog, 200)
        asking = idle[-25:]
        for client in asking:
            client.send(head())
        self.assertEqual({(200, "served\n")}, {(r.status, r.text) for r in (c.response() for c in asking)})

    def test_who_has_idled_longest_goes_first(self):
        dog = self.limited("--", "echo", "served", workers="1", limit=96)
        clients = self.crowd(dog, 40)
        for client in clients[:10]:  # now they have idled least
            self.assertEqual(200, client.request(path="/_/health").status)
        self.crowd(dog, 40)
        self.assertTrue(clients[10].closed(5))
        self.assertEqual("served\n", clients[0].request().text)

    def test_health_on_the_metrics_port_when_every_descriptor_is_in_use(self):
        port = free_port()
        dog = self.limited("--", *Hold.command(), workers="2", metrics_port=port)
        clients = self.crowd(dog, 300, say=head())
        Hold(dog.folder).started(20)
        until(lambda: dog.fds() >= LIMIT - 8, 10, "descriptors to be used up")
        for _ in range(20):
            with Client(port, timeout=5) as client:
                self.assertEqual("OK", client.request(path="/_/health").text)
            with Client(port, timeout=5) as client:
                self.assertEqual(200, client.request(path="/metrics").status)
        Hold(dog.folder).release()
        for client in clients:
            client.close()


class Limits(Case):
    """We use what we may; the function gets the limit that it would have without us."""

    def start_limited(self, *command, **options):
        return self.start("--", *command, wrapper=("prlimit", "--nofile=70:3000"), **options)

    def test_ours_is_raised(self):
        dog = self.start_limited("true")
        with open(f"/proc/{dog.pid}/limits") as limits:
            self.assertRegex(limits.read(), r"Max open files +3000 +3000 ")

    def test_functions_get_theirs_back(self):
        show = ("sh", "-c", 'printf "Status: 200\n\n"; echo "$(ulimit -Sn) $(ulimit -Hn)"')
        for mode in ("streaming", "serializing", "classic", "cgi"):
            with self.subTest(mode=mode):
                self.assertIn("70 3000\n", self.start_limited(*show, mode=mode).request().text)

    def test_a_warm_function_gets_its_back(self):
        port = free_port()
        dog = self.start_limited("sh", "-c", 'echo "limits $(ulimit -Sn) $(ulimit -Hn)"; exec sleep 1000', mode="http",
                                 upstream_url=f"http://127.0.0.1:{port}")
        dog.wait_log(r"limits 70 3000$")

    def test_more_clients_than_the_soft_limit(self):
        raise_descriptor_limit()
        dog = self.start_limited("echo", "served", workers="1")
        clients = [self.client(dog) for _ in range(300)]
        for client in clients:
            self.assertEqual("served\n", client.request().text)
