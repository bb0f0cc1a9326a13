"""watch: a function that is being worked on."""

import json
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
        return len(re.findall(r"changed: starting the function again", self.dog.log()))

    def test_a_change_takes_effect_with_the_next_request(self):
        self.assertEqual(self.dog.request().text, "one")
        for answer in ("two", "three"):
            self.write(answer)
            until(lambda: self.dog.request().text == answer, 20, f"the answer {answer}")

    def test_the_log_says_which_file_has_changed(self):
        (self.folder / "lib" / "helper.py").write_text("x = 1")
        self.dog.wait_log(r"lib/helper\.py changed: starting the function again$")

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


class ProcessPerRequest(Case):
    """Nothing has to be started again for a change, but who works on the function sees that it was noticed."""

    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="fwatchdog-watch-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def watched(self, *command, **settings):
        return self.start("--watch", self.folder, "--", *command, **settings)

    def test_a_change_is_logged_with_its_file_and_the_next_request_has_it(self):
        head = "echo Content-Type: text/plain; echo; "
        script = self.folder / "index.sh"
        for mode, start in (("streaming", ""), ("serializing", ""), ("classic", ""), ("cgi", head)):
            with self.subTest(mode=mode):
                script.write_text(start + "echo one")
                dog = self.watched("sh", script, mode=mode)
                self.assertEqual(dog.request().text, "one\n")
                script.write_text(start + "echo two")
                dog.wait_log(r"index\.sh changed: the next request finds it as it is$")
                self.assertEqual(dog.request().text, "two\n")
                self.assertNotIn("Warning", dog.log())

    def test_what_an_editor_puts_in_the_file_s_place_is_named_as_the_file(self):
        script = self.folder / "index.sh"
        script.write_text("echo one")
        dog = self.watched("sh", script)
        (self.folder / "new").write_text("echo two")
        (self.folder / "new").rename(script)
        dog.wait_log(r"index\.sh changed: ")
        self.assertEqual(dog.log().count(" changed: "), 1)

    def test_as_json_the_file_is_a_part(self):
        dog = self.watched("true", log_format="json")
        (self.folder / "page.php").write_text("<?php")
        dog.wait_log("page.php")
        line = next(line for line in map(json.loads, dog.log().splitlines()) if line["event"] == "file_changed")
        self.assertEqual(line["path"], "page.php")

    def test_with_warm_start_what_waits_for_requests_is_started_again(self):
        script = self.folder / "index.py"
        script.write_text("import sys; sys.stdin.read(); print('one')")
        dog = self.watched("python3", script, warm_start="zygote")
        dog.wait_log("Warm start: zygote")
        self.assertEqual(dog.request().text, "one\n")
        script.write_text("import sys; sys.stdin.read(); print('two')")
        dog.wait_log(r"index\.py changed: starting again what waits for requests$")
        until(lambda: dog.request().text == "two\n", 20, "the new answer")

    def test_a_name_that_is_no_text_cannot_forge_a_line(self):
        dog = self.watched("true")
        (self.folder / "a\nb\x1b[2J").write_text("x")
        dog.wait_log(r"a\\x0ab\\x1b\[2J changed: ")

    def test_a_folder_that_is_not_there_is_refused(self):
        result = run("--watch", "/nowhere/at/all", fprocess="true")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertRegex(result.stderr, r"watch=/nowhere/at/all: No such file or directory")
