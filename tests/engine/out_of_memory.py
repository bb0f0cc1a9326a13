"""What a limit of memory does: the kernel kills, the watchdog serves on, and the engine starts again."""

import case
from client import head
from harness import until

LIMIT = 48 << 20
GREEDY = ("import sys\n"
          "text = sys.stdin.read()\n"
          "if text == 'much': print(len(bytearray(200 << 20)))\n"
          "else: print('little')")
GREEDY_SERVER = ("import http.server\n"
                 "class Handler(http.server.BaseHTTPRequestHandler):\n"
                 "    def do_GET(self):\n"
                 "        text = b'x' * (200 << 20 if self.path == '/much' else 6)\n"
                 "        self.send_response(200)\n"
                 "        self.send_header('Content-Length', '6')\n"
                 "        self.end_headers()\n"
                 "        self.wfile.write(text[:6])\n"
                 "http.server.HTTPServer(('127.0.0.1', 3000), Handler).serve_forever()\n")
SERVER = {"mode": "http", "upstream_url": "http://127.0.0.1:3000"}
BIG_BODY = bytes(60 << 20)


class OutOfMemory(case.Case):
    def test_a_function_that_takes_too_much_is_a_500_and_the_next_request_is_served(self):
        for mode in ("streaming", "serializing", "classic"):
            container = self.python(GREEDY, memory=LIMIT, mode=mode)
            for kills in (1, 2):
                self.assertEqual(container.request("POST", body=b"much").status, 500, mode)
                self.assertEqual(container.kernel_kills(), kills, mode)
                self.assert_text(container.request("POST", body=b""), "little\n")
            self.assertRegex(container.log(), r"POST / - 500 .*(signal 9|SIGKILL|killed)")
            self.assertEqual(container.pid, container.current_pid(), "PID 1 is another")

    def test_a_fork_that_takes_too_much_is_killed_alone(self):
        container = self.python(GREEDY, memory=LIMIT, warm_start="zygote")
        until(lambda: "Warm start: zygote" in container.log(), 20, "the interpreter to wait for requests")
        for kills in (1, 2):
            self.assertEqual(container.request("POST", body=b"much").status, 500)
            self.assertEqual(container.kernel_kills(), kills)
            self.assert_text(container.request("POST", body=b""), "little\n")
        self.assertNotRegex(container.log(), "is gone, starting another|cold start")

    def test_requests_beside_the_one_that_takes_too_much_are_answered(self):
        container = self.python(GREEDY + "\nimport time; time.sleep(0.5)", memory=LIMIT)
        with container.client() as one, container.client() as other:
            one.send(head("POST", body=b""))
            until(lambda: len(container.processes()) >= 2, 5, "the function to run")
            self.assertEqual(other.request("POST", body=b"much").status, 500)
            self.assert_text(one.response(), "little\n")

    def test_a_warm_server_that_takes_too_much_is_started_again_by_the_watchdog(self):
        container = self.python(GREEDY_SERVER, memory=LIMIT, restart="always", **SERVER)
        self.assertEqual(container.request(path="/much").status, 502)
        self.assertEqual(container.kernel_kills(), 1)
        until(container.is_healthy, 20, "the server to be back")
        self.assert_text(container.request(), "xxxxxx")
        self.assertEqual(container.pid, container.current_pid(), "PID 1 is another")

    def test_a_container_whose_warm_server_was_killed_is_started_again_by_the_engine(self):
        container = self.python(GREEDY_SERVER, memory=LIMIT, engine_restarts=True, **SERVER)
        self.assertEqual(container.request(path="/much").status, 502)
        self.assertTrue(container.has_ended(10))
        self.assert_is_back(container)
        self.assert_text(container.request(), "xxxxxx")

    def test_a_container_whose_pid_1_was_killed_is_started_again_by_the_engine(self):
        container = self.python(GREEDY, memory=32 << 20, mode="serializing", engine_restarts=True)
        with container.client() as client:
            client.request("POST", body=BIG_BODY)
        self.assertTrue(container.has_ended(10))
        self.assertEqual(container.told_exit(), 137)
        self.assert_is_back(container)
        self.assert_text(container.request("POST", body=b""), "little\n")

    def assert_is_back(self, container):
        until(lambda: container.current_pid() not in (None, container.pid), 20, "the engine to start it again")
        container.pid = container.current_pid()
        container.wait_healthy()


class NoRoomForFiles(case.Case):
    def test_a_full_tmp_is_a_500_and_the_next_request_is_served(self):
        container = self.bash("head -c ${Http_Path#/} /dev/zero >/tmp/file && echo wrote")
        self.assertEqual(container.request(path="/20000000").status, 500)
        self.assert_text(container.request(path="/1000"), "wrote\n")
