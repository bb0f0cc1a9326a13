"""mode=http with watch: a function that is being worked on."""

import re
import shutil
import tempfile
from pathlib import Path

from harness import EXIT_USAGE, Case, InBackground, free_port, run, until

SERVER = """
import http.server, sys, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{answer}")
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Watch(Case):
    def write(self, answer):
        (self.folder / "server.py").write_text(SERVER.format(answer=answer))

    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="fwatchdog-watch-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        (self.folder / "lib").mkdir()
        (self.folder / "node_modules").mkdir()
        self.write("one")
        self.dog = self.start("--watch", self.folder, "--", "python3", self.folder / "server.py",
                              mode="http", upstream_url="http://127.0.0.1:{port}", leaves=True)
        until(lambda: self.dog.request(path="/_/health").status == 200, 20, "it to be ready")

    def restarts(self):
        return len(re.findall(r"have changed: starting the function again", self.dog.log()))

    def test_a_change_takes_effect_with_the_next_request(self):
        self.assertEqual(self.dog.request().text, "one")
        for answer in ("two", "three"):
            self.write(answer)
            until(lambda: self.dog.request().text == answer, 20, f"the answer {answer}")

    def test_requests_wait_while_it_is_started_again(self):
        stop = []

        def ask():
            while not stop:
                response = self.dog.request()
                if response.status != 200 or response.text not in ("one", "two"):
                    raise AssertionError(repr(response))

        asker = InBackground(ask)
        self.write("two")
        until(lambda: self.dog.log().count("is ready after") == 2, 20, "it to be ready again")
        stop.append(True)
        asker.result()
        self.assertEqual(self.dog.request().text, "two")

    def test_a_burst_of_changes_is_one(self):
        for number in range(50):
            (self.folder / "lib" / f"{number}.py").write_text("x = 1")
        until(lambda: self.dog.log().count("is ready after") == 2, 20, "it to be ready again")
        self.assertLessEqual(self.restarts(), 2)

    def test_new_folders_are_watched_too(self):
        (self.folder / "new" / "deep").mkdir(parents=True)
        until(lambda: self.dog.log().count("is ready after") == 2, 20, "it to be ready again")
        (self.folder / "new" / "deep" / "file.py").write_text("x = 1")
        until(lambda: self.dog.log().count("is ready after") == 3, 20, "it to be ready again")

    def test_what_tools_write_for_themselves_does_not_count(self):
        for name in (".hidden", "node_modules/x.js", "server.py~", "server.pyc", ".git"):
            (self.folder / name).write_text("x")
        self.write("two")
        until(lambda: self.dog.request().text == "two", 20, "the new answer")
        self.assertEqual(self.restarts(), 1)

    def test_a_function_that_does_not_start_waits_to_be_mended(self):
        (self.folder / "server.py").write_text("this is not python")
        self.dog.wait_log("Waiting for a change below", 20)
        until(lambda: self.dog.request().status == 503, 5, "it to be unready")
        self.write("mended")
        until(lambda: self.dog.request().text == "mended", 20, "the mended answer")

    def test_a_folder_that_is_not_there_is_refused(self):
        result = run("--watch", "/nowhere/at/all", mode="http", fprocess="true",
                     upstream_url=f"http://127.0.0.1:{free_port()}")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertRegex(result.stderr, r"watch=/nowhere/at/all: No such file or directory")
