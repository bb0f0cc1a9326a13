"""What is logged, how, and that logging never gets in the way."""

import json
import os
import re

from harness import SANITIZER, Case, Hold, InBackground, free_port, until

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


class Json(Case):
    def lines(self, dog):
        return [json.loads(line) for line in dog.log().splitlines()]

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

    def test_an_access_line_has_its_parts(self):
        dog = self.start(fprocess="echo hello", log_format="json", log_callid="true")
        dog.request(path="/items", headers={"X-Call-Id": "abc"})
        dog.wait_log("/items")
        line = next(line for line in self.lines(dog) if "/items" in str(line))
        values = list(line.values())
        for value in ("GET", "/items", 200, "abc", 6):
            self.assertIn(value, values)
        self.assertIn("127.0.0.1", str(line))

    def test_a_failure_says_what_and_why(self):
        dog = self.sh("exit 7", log_format="json")
        dog.request()
        dog.wait_log("exit code 7")
        line = next(line for line in self.lines(dog) if "exit code 7" in str(line))
        self.assertIn("function_failed", line.values())
        self.assertIn(500, line.values())


class Terminals(Case):
    """What a client or a function writes must not speak to the terminal of whoever reads the log."""

    def on_terminal(self, program, **headers):
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        os.set_blocking(ours, False)
        port = free_port()
        dog = self.sh(program, read_log=False, port=port, log_callid="true",
                      wrapper=("sh", "-c", f'exec "$@" > {os.ttyname(theirs)} 2>&1', "sh"))
        os.close(theirs)
        seen = bytearray()

        def read():
            try:
                seen.extend(os.read(ours, 65536))
            except BlockingIOError:
                pass
            return b"GET / - 200" in seen

        self.assertEqual(dog.request(headers=headers).status, 200)
        until(read, 5, "the access line")
        return bytes(seen)

    def test_a_function_s_line_keeps_its_colours_and_nothing_else_that_a_terminal_obeys(self):
        seen = self.on_terminal(r"printf '\033[31mred\033[0m \033]0;title\007 \302\2332J\n' >&2")
        self.assertIn(b"\x1b[31mred\x1b[0m \\x1b]0;title\\x07 \\xc2\\x9b2J", seen)

    def test_a_client_s_control_characters_of_8_bits_are_written_as_numbers(self):
        seen = self.on_terminal("true", **{"X-Call-Id": "a\x9b2J\xff"})
        self.assertIn(b"[a\\x9b2J\\xff]", seen)

    def test_a_pipe_gets_a_function_s_line_as_it_is(self):
        dog = self.sh(r"printf '\033]0;title\007\n' >&2")
        dog.request()
        dog.wait_log("\x1b]0;title\x07")
