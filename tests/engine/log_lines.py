"""The log as the engine keeps it: each line of the function and of the requests, and the last ones."""

import json
import re

import case

LINES = 2000
CRASHING_SERVER = ("import http.server, os, sys\n"
                   "class Handler(http.server.BaseHTTPRequestHandler):\n"
                   "    def do_GET(self):\n"
                   "        for number in range(500): os.write(2, b'last words %d\\n' % number)\n"
                   "        os._exit(3)\n"
                   "    def log_message(self, *_): pass\n"
                   "http.server.HTTPServer(('127.0.0.1', 3000), Handler).serve_forever()\n")


class LogLines(case.Case):
    def test_each_line_of_the_function_and_of_its_requests_is_there(self):
        container = self.bash(f'for i in $(seq {LINES}); do echo "line $i of $Http_Path" >&2; done; echo fine',
                              **case.QUICK)
        for number in range(5):
            self.assertEqual(container.request(path=f"/{number}").status, 200)
        container.stop()
        log = container.log()
        for number in range(5):
            lines = re.findall(rf"(?m)stderr: line (\d+) of /{number}$", log)
            self.assertEqual(lines, [str(each) for each in range(1, LINES + 1)])
            self.assertRegex(log, rf"(?m)GET /{number} - 200 OK - ContentLength: 5B \(\d\.\d+s\)$")

    def test_each_line_is_an_object_where_that_is_asked_for(self):
        container = self.bash('echo "a \\"line\\"" >&2; echo fine', log_format="json", **case.QUICK)
        container.request()
        container.stop()
        lines = [json.loads(line) for line in container.log().splitlines()]
        self.assertTrue(any('a "line"' in line.values() for line in lines), lines)
        self.assertTrue(any(line.get("status") == 200 for line in lines), lines)

    def test_the_last_lines_of_a_command_that_fails_are_there(self):
        container = self.bash("for i in $(seq 500); do echo last words $i >&2; done; kill -SEGV $$", **case.QUICK)
        self.assertEqual(container.request().status, 500)
        container.stop()
        self.assertIn("stderr: last words 500\n", container.log())
        self.assertRegex(container.log(), r"GET / - 500 .* - function_failed: ")

    def test_the_last_lines_of_a_warm_server_that_crashes_are_there_and_the_container_ends_with_its_code(self):
        container = self.python(CRASHING_SERVER, attached=True, mode="http", upstream_url="http://127.0.0.1:3000")
        self.assertEqual(container.request().status, 502)
        self.assertEqual(container.wait_exit(), 3)
        lines = re.findall(r"(?m)stderr: last words (\d+)$", container.log())
        self.assertEqual(lines, [str(number) for number in range(500)])
        self.assertRegex(container.log(), r"GET / - 502 ")

    def test_a_refusal_to_start_is_the_last_line(self):
        container = self.create("bash-env", attached=True, mode="nonsense")
        self.assertEqual(container.wait_exit(), 64)
        self.assertRegex(container.log().splitlines()[-1], "mode.*nonsense")

    def test_the_lines_come_through_the_pipes_of_the_engine_too(self):
        container = self.create("bash-env", attached=True, fprocess=json.dumps(["bash", "-c", "echo heard >&2"]),
                                **case.QUICK)
        container.wait_healthy()
        self.assertEqual(container.request().status, 200)
        container.kill()
        self.assertEqual(container.wait_exit(), 0)
        self.assertIn("stderr: heard\n", container.log())
        self.assertRegex(container.log(), r"GET / - 200 OK")
