"""mode=http in front of the servers that people run."""

import fcntl
import os
import signal
import subprocess
import time

from harness import FUNCTIONS, ROOT, SANITIZER, Case, InBackground, free_port, head, until

NODE = ROOT / "build" / "npm"  # node_modules, kept between runs
WATCHDOG_MOST_KB = 8192


def install_node_modules():
    NODE.mkdir(parents=True, exist_ok=True)
    with open(NODE / "installing", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run side by side
        install_missing_modules()


def install_missing_modules():
    wanted = (FUNCTIONS / "node/package.json").read_bytes()
    installed = NODE / "installed.json"  # what package.json was when npm had ended well
    for name in ("package.json", "server.js", "websocket_client.js", "validate.js"):
        (NODE / name).write_bytes((FUNCTIONS / "node" / name).read_bytes())
    if not installed.exists() or installed.read_bytes() != wanted:
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit"], cwd=NODE, check=True,
                       stdout=subprocess.DEVNULL)
        installed.write_bytes(wanted)


class RealServer(Case):
    def serve(self, *command, port=None, **options):
        dog = self.start("--", *map(str, command), mode="http",
                         upstream_url=f"http://127.0.0.1:{port}", **options)
        until(lambda: dog.request(path="/_/health").status == 200, 20, "the server to be ready")
        return dog

    def node(self, kind, **options):
        install_node_modules()
        port = free_port()
        return self.serve("node", NODE / "server.js", kind, port, port=port, **options)


class Contract:
    """What each of them must do behind us as it does alone."""

    def test_a_body_comes_back(self):
        dog = self.server()
        for size in (0, 1, 1000, 200_000, 5_000_000):
            body = os.urandom(size)
            self.assertEqual(dog.request("POST", "/echo", body=body).body, body)

    def test_a_chunked_body_comes_back(self):
        if self.takes_chunked:
            self.assertEqual(self.server().request("POST", "/count", body=b"x" * 70_000,
                                                   chunked=True).text, "70000")

    def test_its_status_is_passed_on(self):
        dog = self.server()
        self.assertEqual(dog.request(path="/missing").status, 404)
        response = dog.request("HEAD", "/missing")
        self.assertEqual((response.status, response.body), (404, b""))

    def test_two_hundred_requests_on_four_connections(self):
        dog = self.server()

        def work():
            with dog.client() as client:
                for number in range(50):
                    response = client.request("POST", "/echo", body=b"%d" % number)
                    if response.body != b"%d" % number:
                        raise AssertionError(response)

        for worker in [InBackground(work) for _ in range(4)]:
            worker.result(60)

    takes_chunked = True


class NodeHttp(Contract, RealServer):
    def server(self):
        return self.node("http")


class NodeExpress(Contract, RealServer):
    def server(self):
        return self.node("express")


class FlaskUnderWaitress(Contract, RealServer):
    def server(self):
        port = free_port()
        return self.serve("waitress-serve", f"--listen=127.0.0.1:{port}", "wsgi_app:app", port=port,
                          PYTHONPATH=FUNCTIONS)


class FlaskUnderGunicorn(Contract, RealServer):
    def server(self):
        port = free_port()
        return self.serve("gunicorn", "--threads", "4", "--bind", f"127.0.0.1:{port}",
                          "wsgi_app:app", port=port, PYTHONPATH=FUNCTIONS)


class PhpServer(Contract, RealServer):
    def server(self):
        port = free_port()
        return self.serve("php", "-S", f"127.0.0.1:{port}", FUNCTIONS / "router.php", port=port)


class Nginx(RealServer):
    def server(self, folder):
        port = free_port()
        (folder / "big").write_bytes(b"x" * 20_000_000)
        (folder / "nginx.conf").write_text(f"""
            daemon off; user root; pid {folder}/pid; error_log stderr;
            events {{}}
            http {{
              access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
              fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
              server {{ listen 127.0.0.1:{port}; root {folder}; }}
            }}""")
        folder.chmod(0o755)
        return self.serve("/usr/sbin/nginx", "-c", folder / "nginx.conf", port=port)

    def test_files_ranges_and_conditions(self):
        folder = NODE.parent / f"nginx-{os.getpid()}"
        folder.mkdir(parents=True)
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", folder], check=True))
        dog = self.server(folder)
        response = dog.request(path="/big")
        self.assertEqual((len(response.body), response.complete), (20_000_000, True))
        part = dog.request(path="/big", headers={"Range": "bytes=5-9"})
        self.assertEqual((part.status, part.body), (206, b"xxxxx"))
        again = dog.request(path="/big", headers={"If-None-Match": response.header("ETag")})
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(dog.request(path="/none").status, 404)


class PythonHttpServer(RealServer):
    def test_an_http_1_0_server_is_passed_on(self):
        port = free_port()
        dog = self.serve("python3", "-m", "http.server", "--bind", "127.0.0.1", port, port=port)
        client = self.client(dog)
        for _ in range(3):
            self.assertEqual(client.request().status, 200)
        self.assertEqual(client.request(path="/none").status, 404)


class Streams(RealServer):
    alone = True
    size = (64 if SANITIZER else 1024) * 1024 * 1024

    def assert_small(self, dog):
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), WATCHDOG_MOST_KB)

    def test_each_event_arrives_within_100_ms(self):
        dog = self.node("http", exec_timeout="500ms", write_timeout="500ms")
        client = self.client(dog)
        client.send(head(path="/events"))
        response = client.head()
        late = [time.time() - float(piece.split()[1]) for piece in client.pieces(response)]
        self.assertEqual((len(late), response.complete), (10, True))
        self.assert_within(max(late), 0, 0.1)

    def test_a_gigabyte_down_in_little_memory(self):
        dog = self.node("http", exec_timeout="10m")
        client = self.client(dog)
        client.send(head(path=f"/zeros?bytes={self.size}"))
        response = client.head()
        total = 0
        for piece in client.pieces(response):
            total += len(piece)
            if total % 64 == 0:
                self.assert_small(dog)
        self.assertEqual((total, response.complete), (self.size, True))
        self.assert_small(dog)

    def test_a_gigabyte_up_in_little_memory(self):
        dog = self.node("http", exec_timeout="10m", read_timeout="10m")
        client = self.client(dog, timeout=60)
        client.send(head("POST", "/count", headers={"Content-Length": self.size}))
        piece = bytes(1 << 20)
        for _ in range(self.size // len(piece)):
            client.send(piece)
            self.assert_small(dog)
        self.assertEqual(client.response().text, str(self.size))

    def test_a_server_that_is_killed_in_its_answer_cuts_it(self):
        dog = self.node("http", leaves=True)
        client = self.client(dog)
        client.send(head(path=f"/zeros?bytes={self.size}"))
        response = client.head()
        pieces = client.pieces(response)
        next(pieces)
        os.kill(dog.processes()[0], signal.SIGKILL)
        for _ in pieces:
            pass
        self.assertFalse(response.complete)
        self.assertEqual(dog.wait_exit(), 137)


class WebSockets(RealServer):
    def test_messages_of_10_mb_pings_close_codes_and_a_drain(self):
        dog = self.node("websocket", healthcheck_interval="0s")
        client = subprocess.Popen(["node", NODE / "websocket_client.js",
                                   f"ws://127.0.0.1:{dog.port}/chat"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.wait)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.kill)
        self.assertEqual(client.stdout.readline(), "echoed\n")
        dog.signal(signal.SIGTERM)
        dog.wait_log("requests running: 1")
        time.sleep(1)
        self.assertTrue(dog.running())
        client.stdin.write("go on\n")
        client.stdin.close()
        self.assertEqual(client.stdout.readline(), "closed 4001\n")
        self.assertEqual(dog.wait_exit(), 0)
        self.assertRegex(dog.log(), r"GET /chat - 101 Switching Protocols")
