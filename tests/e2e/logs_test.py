"""What is logged, how, and that logging never gets in the way."""

import json
import os
import re
import signal

from harness import ROOT, SANITIZER, Case, Hold, InBackground, free_port, until

STAMP = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"


class AccessLines(Case):
    def test_the_line_is_of_watchdog_s(self):
        dog = self.sh("printf 'thirty-nine bytes of output, to be sure'")
        dog.request(path="/items?id=7")
        dog.wait_log(rf"^{STAMP} GET /items\?id=7 - 200 OK - ContentLength: 39B \(\d+\.\d{{4}}s\)$")

    def test_a_chunked_answer_s_length_is_counted(self):
        dog = self.start(fprocess="head -c 1500 /dev/zero")
        dog.request()
        dog.wait_log(r"GET / - 200 OK - ContentLength: 1\.5kB ")

    def test_access_log_errors_logs_failures_only(self):
        dog = self.sh('[ "$Http_Path" = /good ] || exit 3', access_log="errors")
        dog.request(path="/good")
        dog.request(path="/bad")
        dog.wait_log(r"GET /bad - 500")
        self.assertNotIn("GET /good", dog.log())

    def test_access_log_off_logs_none(self):
        dog = self.sh('echo "function line $Http_Path" >&2; [ "$Http_Path" = /good ] || exit 3',
                      access_log="off")
        dog.request(path="/good")
        dog.request(path="/bad")
        dog.wait_log("function line /bad")
        self.assertNotRegex(dog.log(), r"GET /")

    def test_log_callid_appends_the_call_id(self):
        dog = self.start(fprocess="true", log_callid="true")
        dog.request(path="/with", headers={"X-Call-Id": "abc-123"})
        dog.wait_log(r"GET /with - 200 OK .* \[abc-123\]$")
        dog.request(path="/without")
        dog.wait_log(r"GET /without - 200 OK .* \[none\]$")

    def test_without_log_callid_there_is_none(self):
        dog = self.start(fprocess="true")
        dog.request(headers={"X-Call-Id": "abc-123"})
        dog.wait_log("GET / - 200")
        self.assertNotIn("abc-123", dog.log())

    def test_the_log_has_the_status_that_the_client_saw(self):
        for mode in ("streaming", "serializing", "classic"):
            dog = self.sh("exit 5", mode=mode)
            self.assertEqual(dog.request().status, 500)
            dog.wait_log(r"GET / - 500 .*exit code 5")

    def test_a_target_cannot_forge_a_line(self):
        dog = self.start(fprocess="true")
        dog.request(path="/x%0a2026/01/01%2000:00:00%20forged")
        dog.wait_log(r"GET /x%0a2026")
        self.assertNotRegex(dog.log(), r"(?m)^2026/01/01 00:00:00 forged")

    def test_a_refused_request_is_logged(self):
        dog = self.start(fprocess="true")
        dog.raw(b"GET / HTTP/1.1\r\n\r\n")
        dog.wait_log(r"- 400 Bad Request")


class FunctionLines(Case):
    def test_error_output_is_logged_line_by_line_with_time_and_source(self):
        dog = self.sh("echo one >&2; echo two >&2; printf three >&2")
        dog.request()
        for line in ("one", "two", "three"):
            dog.wait_log(rf"^{STAMP} stderr: {line}$")

    def test_prefix_logs_false_logs_lines_as_they_are(self):
        dog = self.sh('echo "a line {}" >&2', prefix_logs="false")
        dog.request()
        dog.wait_log(r"^a line \{\}$")

    def test_an_empty_line_is_kept(self):
        dog = self.sh("echo before >&2; echo >&2; echo after >&2", prefix_logs="false")
        dog.request()
        dog.wait_log(r"^before\n\nafter$")

    def test_two_thousand_lines_before_a_crash_are_all_logged(self):
        script = "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i of many >&2; done; kill -9 $$"
        for mode in ("streaming", "serializing"):
            dog = self.sh(script, mode=mode)
            self.assertEqual(dog.request().status, 500)
            dog.wait_log(r"line 2000 of many$")
            dog.wait_log(r"SIGKILL")
            numbers = re.findall(r"line (\d+) of many", dog.log())
            self.assertEqual([int(number) for number in numbers], list(range(1, 2001)))

    def test_a_line_of_70_kb_is_split_and_complete(self):
        dog = self.sh("head -c 70000 /dev/zero | tr '\\0' x >&2; echo >&2; echo ok")
        self.assertEqual(dog.request().text, "ok\n")
        until(lambda: dog.log().count("x") >= 70_000, 5, "the whole line")
        self.assert_collectable(dog)
        for _ in range(5):
            self.assertEqual(dog.request().text, "ok\n")

    def assert_collectable(self, dog):
        """The log's readers on faasd and elsewhere take lines of less than 64 KiB, newline included, and end at others."""
        self.assertLess(max(len(line) + 1 for line in dog.log_bytes().split(b"\n")), 65_536)

    def test_lines_of_bytes_that_grow_in_json_are_short_enough_for_collectors(self):
        for what in ("\\001", "\\377", '"', "\\303\\251"):
            for log_format in ("text", "json"):
                with self.subTest(bytes=what, log_format=log_format):
                    dog = self.sh(f"head -c 100000 /dev/zero | sed 's/\\x00/{what}/g' | tr -d '\\n' >&2; echo >&2; echo last >&2",
                                  log_format=log_format)
                    dog.request()
                    dog.wait_log("last")
                    self.assert_collectable(dog)

    def test_our_own_lines_are_short_enough_for_collectors(self):
        for log_format in ("text", "json"):
            with self.subTest(log_format=log_format):
                dog = self.start(fprocess="true", log_format=log_format, log_callid="true")
                target = b"/" + b"x" * 50_000
                dog.raw(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nX-Call-Id: " + b"\xff" * 10_000 +
                        b"\r\nConnection: close\r\n\r\n")
                dog.wait_log(r"\[cut\]")
                self.assert_collectable(dog)

    def test_a_line_within_log_buffer_size_is_kept_whole(self):
        dog = self.sh("head -c 70000 /dev/zero | tr '\\0' x >&2; echo >&2", log_buffer_size="100000")
        dog.request()
        dog.wait_log(r"stderr: x{70000}$")

    def test_a_line_of_5_mb_wedges_nothing(self):
        dog = self.sh("head -c 5000000 /dev/zero | tr '\\0' x >&2; echo ok")
        for _ in range(3):
            self.assertEqual(dog.request().text, "ok\n")
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), 16 * 1024)

    def test_bytes_that_are_no_text_are_logged(self):
        dog = self.sh(r"printf 'a\377b\0c\n' >&2; echo last >&2")
        dog.request()
        dog.wait_log("last$")

    def test_a_grandchild_s_lines_are_logged_after_the_answer(self):
        dog = self.sh("(while [ ! -e release ]; do sleep 0.01; done; echo from afar >&2) & echo ok")
        self.assertEqual(dog.request().text, "ok\n")
        Hold(dog.folder).release()
        dog.wait_log("stderr: from afar$")

    def test_lines_of_concurrent_requests_are_not_torn(self):
        dog = self.sh('for i in 1 2 3 4 5 6 7 8 9 10; do echo "whole-$Http_Path-$i-end" >&2; done')

        def work(number):
            for _ in range(10):
                dog.request(path=f"/{number}")

        for worker in [InBackground(lambda n=n: work(n)) for n in range(4)]:
            worker.result()
        pattern = re.compile(r"stderr: whole-/[0-3]-(10|[1-9])-end$", re.MULTILINE)
        until(lambda: len(pattern.findall(dog.log())) == 400, 5, "400 whole lines")


class JsonTests:
    def lines(self, dog):
        return [json.loads(line) for line in dog.log().splitlines()]

    def line_of(self, dog, path):
        dog.wait_log(path)
        return next(line for line in self.lines(dog) if line.get("path") == path)


class Json(JsonTests, Case):
    def test_every_line_is_json(self):
        dog = self.sh(r"""printf 'quote " backslash \\ tab \t bell \a euro \342\202\254 bad \377\n' >&2
                          [ "$Http_Path" = /good ] || exit 3""", log_format="json")
        dog.request(path='/good?q="quoted"&b=\\')
        dog.request(path="/bad")
        dog.raw(b"nonsense\r\n\r\n")
        dog.wait_log("/bad.*\n(.*\n)*.*400")
        lines = self.lines(dog)
        self.assertTrue(all(isinstance(line, dict) for line in lines))
        self.assertTrue(any("euro €" in str(line) for line in lines))

    def test_start_and_end_have_their_parts(self):
        dog = self.start(fprocess="true", log_format="json")
        dog.signal(signal.SIGTERM)
        dog.wait_exit()
        events = {(line["event"], line.get("stage")): line for line in self.lines(dog) if "event" in line}
        self.assertEqual(events["starting", None]["mode"], "streaming")
        self.assertIn(dog.port, [line.get("port") for line in self.lines(dog)])
        self.assertEqual(events["stopping", "closing"]["requests_in_flight"], 0)
        self.assertIn(("stopped", None), events)

    def test_an_access_line_has_its_parts(self):
        dog = self.start(fprocess="echo hello", log_format="json", log_callid="true")
        dog.request(path="/items", headers={"X-Call-Id": "abc"})
        dog.wait_log("/items")
        line = next(line for line in self.lines(dog) if "/items" in str(line))
        values = list(line.values())
        for value in ("GET", "/items", 200, "abc", 6):
            self.assertIn(value, values)
        self.assertIn("127.0.0.1", str(line))

    def test_an_access_line_says_how_long_the_request_its_queue_and_its_process_took(self):
        dog = self.start("--", *Hold.command(), log_format="json", max_inflight=1, max_queue=1)
        hold = Hold(dog.folder)
        first = InBackground(lambda: dog.request(path="/first"))
        hold.started()
        second = InBackground(lambda: dog.request(path="/second"))
        until(lambda: dog.request(path="/_/ready").status == 429, 5, "the second to wait")
        hold.release()
        self.assertEqual([first.result().status, second.result().status], [200, 200])
        first, second = self.line_of(dog, "/first"), self.line_of(dog, "/second")
        self.assertNotIn("queue_s", first)
        for line in (first, second):
            self.assertEqual(line["event"], "request")
            self.assertEqual(line["duration_s"], line["duration_seconds"])
            self.assertLess(0, line["spawn_s"])
            self.assertLess(line["spawn_s"], line["duration_s"])
        self.assertLess(0, second["queue_s"])
        self.assertLess(second["queue_s"], second["duration_s"])

    def test_a_request_that_gets_no_slot_says_how_long_it_waited(self):
        dog = self.start("--", *Hold.command(), log_format="json", max_inflight=1, max_queue=1, queue_timeout="20ms")
        hold = Hold(dog.folder)
        first = InBackground(lambda: dog.request(path="/first"))
        hold.started()
        self.assertEqual(dog.request(path="/second").status, 503)
        hold.release()
        first.result()
        line = self.line_of(dog, "/second")
        self.assertGreaterEqual(line["queue_s"], 0.02)
        self.assertNotIn("spawn_s", line)

    def test_a_server_s_start_and_its_end_say_which_process_and_how_long(self):
        url = f"http://127.0.0.1:{free_port()}"
        server = f"import http.server as h; h.HTTPServer(('127.0.0.1', {url.rpartition(':')[2]}), h.SimpleHTTPRequestHandler).serve_forever()"
        dog = self.start("--", "python3", "-c", server, mode="http", upstream_url=url, log_format="json")
        dog.wait_log("function_ready", 20)
        ready = next(line for line in self.lines(dog) if line.get("event") == "function_ready")
        self.assertLess(0, ready["duration_s"])
        os.kill(ready["pid"], signal.SIGKILL)
        dog.wait_exit()
        ended = next(line for line in self.lines(dog) if line.get("event") == "function_ended")
        self.assertEqual((ended["pid"], ended["signal"], ended["level"]), (ready["pid"], signal.SIGKILL, "error"))
        self.assertLess(0, ended["duration_s"])

    def test_every_line_of_ours_has_its_event(self):
        dog = self.sh("echo said >&2; exit 3", log_format="json", static_path="/nowhere")
        dog.request()
        dog.signal(signal.SIGTERM)
        dog.wait_exit()
        lines = self.lines(dog)
        self.assertIn("configuration", [line.get("event") for line in lines])
        self.assertEqual([line for line in lines if "event" not in line and "stream" not in line], [])

    def test_a_failure_says_what_and_why(self):
        dog = self.sh("exit 7", log_format="json")
        dog.request()
        dog.wait_log("exit code 7")
        line = next(line for line in self.lines(dog) if "exit code 7" in str(line))
        self.assertIn("function_failed", line.values())
        self.assertIn(500, line.values())


class WarmStarts(JsonTests, Case):
    def test_a_warm_start_is_told_and_its_time_too(self):
        dog = self.start("--", "python3", "-c", "import sys; print(sys.stdin.read())", warm_start="zygote", log_format="json")
        dog.wait_log("Warm start: zygote")
        told = next(line for line in self.lines(dog) if line.get("event") == "warm_start")
        self.assertEqual((told["kind"], told["program"]), ("zygote", "python3"))
        self.assertEqual(dog.request("POST", "/warm", body=b"x").status, 200)
        self.assertLess(0, self.line_of(dog, "/warm")["spawn_s"])

    def warm_start_of(self, script):
        dog = self.start("--", "python3", "-c", script, warm_start="auto", log_format="json", LANG="C.UTF-8")
        dog.wait_log('"Warm start: ', 30)
        return next(line for line in self.lines(dog) if line.get("event") == "warm_start")

    def test_a_warm_start_that_was_found_out_has_the_same_parts_as_one_that_was_set(self):
        why = "a made-up request had the same response"
        told = self.warm_start_of("import sys; print(sys.stdin.read())")
        self.assertEqual((told["kind"], told["program"], told["cause"]), ("zygote", "python3", why))
        self.assertEqual(told["msg"], f"Warm start: zygote (python3; {why})")
        told = self.warm_start_of("import sys, time; print(sys.stdin.read(), time.time_ns())")
        self.assertEqual((told["kind"], told["reason"]), ("off", "differs"))
        self.assertRegex(told["cause"], "^its response to one and the same request is always another")
        self.assertEqual(told["msg"], f"Warm start: off: {told['cause']}")


class Events(Case):
    """The page of the log lists what programs can rely on."""

    def in_the_code(self):
        """{event: its parts}, of all calls that log one."""
        events = {}
        for path in [*(ROOT / "watchdog").rglob("*.cc"), *(ROOT / "modes").rglob("*.cc")]:
            text = path.read_text()
            calls = re.findall(r'\bevent\(\s*(?:log::)?(?:Level::\w+|level),\s*"(\w+)",(.*?)\);\n', text, re.DOTALL)
            self.assertGreaterEqual(len(calls), text.count("log::event("), path)
            for name, rest in calls:
                parts = re.findall(r'\{"(\w+)",', rest)
                if "status.part()" in rest:
                    parts += ["exit_code", "signal"]
                events.setdefault(name, set()).update(parts)
        access = (ROOT / "watchdog/base/log_format.cc").read_text().partition("Json access_json")[2].partition("\n}\n")[0]
        parts = set(re.findall(r'line\["(\w+)"\]|add_seconds\(line, "(\w+)"', access))
        return {**events, "request": {name for pair in parts for name in pair if name} - {"event"}}

    def in_the_page(self):
        table = re.search(r"<!-- events -->\n(.*?)<!-- end -->", (ROOT / "watchdog/base/README.md").read_text(), re.DOTALL)
        rows = [line.strip("| ").split("|", 2)[:2] for line in table.group(1).splitlines()[2:]]
        return [[re.findall(r"`(\w+)`", cell) for cell in row] for row in rows]

    def test_the_page_has_each_event_of_the_code_with_its_parts_and_no_other(self):
        code, page = self.in_the_code(), self.in_the_page()
        self.assertEqual(sorted(name for names, _ in page for name in names), sorted(code))
        for names, parts in page:
            self.assertEqual(set(parts), set().union(*(code[name] for name in names)), names)

    def test_warnings_and_errors_are_events(self):
        for path in [*(ROOT / "watchdog").rglob("*.cc"), *(ROOT / "modes").rglob("*.cc")]:
            if path.name != "log.cc":
                self.assertNotRegex(path.read_text(), r"\blog::(write|warn|error)\(", path)


class Terminals(Case):
    """People get colours and columns; what a client or a function writes must not speak to their terminal."""

    def on_terminal(self, program, headers=None, **settings):
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        os.set_blocking(ours, False)
        port = free_port()
        dog = self.sh(program, read_log=False, port=port, log_callid="true",
                      wrapper=("sh", "-c", f'exec "$@" > {os.ttyname(theirs)} 2>&1', "sh"), **settings)
        os.close(theirs)
        seen = bytearray()

        def read():
            try:
                seen.extend(os.read(ours, 65536))
            except BlockingIOError:
                pass
            return re.search(rb"GET\W.*200.*\].*\r\n", seen)

        self.assertEqual(dog.request(headers=headers or {}).status, 200)
        until(read, 5, "the access line")
        return bytes(seen)

    def test_a_line_of_a_request_is_in_columns_and_its_status_in_the_colour_of_its_class(self):
        seen = self.on_terminal("printf hello", TERM="xterm")
        self.assertRegex(seen, rb"(?m)^\x1b\[2m\d\d:\d\d:\d\d\x1b\[0m  \x1b\[1mGET    \x1b\[0m "
                               rb"\x1b\[32m200\x1b\[0m +\d+\.\d+m?s       5B  /\x1b\[2m  \[none\]\x1b\[0m\r$")
        self.assertRegex(seen, rb"(?m)^\x1b\[2m[\d:]{8}\x1b\[0m  Listening on port: \d+\r$")

    def test_a_warning_is_yellow(self):
        seen = self.on_terminal("true", TERM="xterm", static_path="/nowhere")
        self.assertRegex(seen, rb"\x1b\[33mWarning: .*static_path.*\x1b\[0m\r\n")

    def test_a_bar_tells_the_function_s_lines_from_ours_and_their_colours_end_with_them(self):
        seen = self.on_terminal(r"printf '\033[31mred\033[0m \033]0;title\007 \302\2332J\n' >&2", TERM="xterm")
        self.assertIn(b"stderr \x1b[0m \x1b[36m| \x1b[0m\x1b[31mred\x1b[0m \\x1b]0;title\\x07 \\xc2\\x9b2J\x1b[0m\r\n", seen)

    def test_without_prefixes_a_function_s_line_stands_alone(self):
        seen = self.on_terminal("echo bare >&2", TERM="xterm", prefix_logs="false")
        self.assertRegex(seen, rb"(?m)^bare\r$")

    def test_with_no_color_or_a_terminal_that_knows_none_lines_are_those_of_a_pipe(self):
        for settings in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": None}):
            with self.subTest(**settings):
                seen = self.on_terminal("echo line >&2", **settings).decode()
                self.assertNotIn("\x1b", seen)
                self.assertRegex(seen, rf"(?m)^{STAMP} stderr: line\r$")
                self.assertRegex(seen, rf"(?m)^{STAMP} GET / - 200 OK - ContentLength: 0B \(\d+\.\d{{4}}s\) \[none\]\r$")

    def test_json_has_no_colours(self):
        seen = self.on_terminal("echo line >&2", TERM="xterm", log_format="json")
        self.assertNotIn(b"\x1b", seen)
        self.assertTrue(all(json.loads(line) for line in seen.splitlines()))

    def test_a_pipe_gets_no_colours_whatever_the_terminal_is(self):
        dog = self.sh("echo line >&2", TERM="xterm", static_path="/nowhere")
        dog.request()
        dog.wait_log(rf"^{STAMP} GET / - 200 OK - ContentLength: 0B ")
        self.assertNotIn("\x1b", dog.log())

    def test_a_client_s_control_characters_are_written_as_numbers(self):
        for settings in ({"TERM": "xterm"}, {"TERM": "dumb"}):
            seen = self.on_terminal("true", {"X-Call-Id": "a\x9b2J\xff"}, **settings)
            self.assertIn(b"[a\\x9b2J\\xff]", seen)

    def test_without_colours_a_function_s_line_keeps_its_own_and_nothing_else_that_a_terminal_obeys(self):
        seen = self.on_terminal(r"printf '\033[31mred\033[0m \033]0;title\007 \302\2332J\n' >&2", NO_COLOR="1", TERM="xterm")
        self.assertIn(b"\x1b[31mred\x1b[0m \\x1b]0;title\\x07 \\xc2\\x9b2J", seen)

    def test_a_pipe_gets_a_function_s_line_as_it_is(self):
        dog = self.sh(r"printf '\033]0;title\007\n' >&2")
        dog.request()
        dog.wait_log("\x1b]0;title\x07")
