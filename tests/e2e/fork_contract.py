"""What every mode that starts a process for each request must do; fork_test.py runs it for each."""

import os
import random
import re
import time
from pathlib import Path

from harness import InBackground, Stopwatch, head, until


def variables(response):
    """What `env -0` printed."""
    pairs = [entry.partition(b"=") for entry in response.body.split(b"\0") if entry]
    return {name.decode(): value.decode("latin-1") for name, _, value in pairs}


class ForkContract:
    """What every mode that starts a process for each request must do."""

    mode = None
    chunked_length = "-1"  # in the variables, for a chunked body of five bytes

    def start(self, *arguments, **options):
        options.setdefault("mode", self.mode)
        return super().start(*arguments, **options)

    def environment_of(self, method="GET", path="/", headers=(), body=None, chunked=False, **options):
        dog = self.start(fprocess="env -0", **options)
        response = dog.request(method, path, headers, body, chunked)
        self.assertEqual(response.status, 200)
        return variables(response)

    # --- bodies ---

    def test_a_body_comes_back_through_cat(self):
        dog = self.start(fprocess="cat")
        body = random.randbytes(200_000)
        response = dog.request("POST", body=body)
        self.assertEqual((response.status, response.complete), (200, True))
        self.assertEqual(response.body, body)

    def test_a_chunked_body_comes_back_through_cat(self):
        dog = self.start(fprocess="cat")
        body = random.randbytes(100_000)
        self.assertEqual(dog.request("POST", body=body, chunked=True).body, body)

    def test_a_body_sent_byte_by_byte_arrives_whole(self):
        dog = self.start(fprocess="cat")
        with dog.client() as client:
            for byte in head("POST", "/", body=b"drop by drop") + b"drop by drop":
                client.send(bytes([byte]))
            self.assertEqual(client.response().body, b"drop by drop")

    def test_a_request_without_a_body_has_empty_input(self):
        dog = self.start(fprocess="wc -c")
        self.assertEqual(dog.request().text.strip(), "0")

    def test_a_function_that_prints_nothing_answers_200_without_a_body(self):
        dog = self.start(fprocess="true")
        response = dog.request()
        self.assertEqual((response.status, response.body), (200, b""))
        self.assertEqual(response.header("Content-Length"), "0")

    def test_a_function_that_does_not_read_a_megabyte_is_no_error(self):
        dog = self.start(fprocess="echo unread")
        response = dog.request("POST", body=b"x" * 1_000_000)
        self.assertEqual((response.status, response.body), (200, b"unread\n"))

    def test_a_function_that_neither_reads_nor_prints_is_no_error(self):
        dog = self.start(fprocess="true")
        self.assertEqual(dog.request("POST", body=b"x" * 1_000_000).status, 200)

    def test_a_function_may_open_dev_stdin_and_dev_stdout(self):
        dog = self.sh("cat /dev/stdin > /dev/stdout; echo said > /dev/stderr")
        self.assertEqual(dog.request("POST", body=b"through devices").body[:15], b"through devices")

    # --- the request line and the answer ---

    def test_every_common_method_reaches_the_function(self):
        dog = self.sh('printf %s "$Http_Method"')
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            self.assertEqual(dog.request(method).text, method)

    def test_head_runs_the_function_and_sends_no_body(self):
        dog = self.sh("touch ran; echo hello")
        with dog.client() as client:
            first = client.request("HEAD")
            self.assertEqual((first.status, first.body), (200, b""))
            self.assertEqual(client.request("GET").text, "hello\n")
        self.assertTrue((dog.folder / "ran").exists())

    def test_the_answer_says_how_long_it_took(self):
        dog = self.start(fprocess="sleep 0.1")
        seconds = float(dog.request().header("X-Duration-Seconds"))
        self.assert_within(seconds, 0.09, 1.0)

    def test_the_answer_has_a_date(self):
        dog = self.start(fprocess="true")
        self.assertRegex(dog.request().header("Date"), r"^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$")

    def test_the_target_is_not_redirected_or_cleaned(self):
        dog = self.sh('printf %s "$Http_Path"')
        for path in ("//a", "/a/../b", "/./x", "/a//"):
            response = dog.request(path=path)
            self.assertEqual((response.status, response.text), (200, path))

    # --- variables ---

    def test_header_fields_become_variables_in_canonical_case(self):
        env = self.environment_of(headers=[("user-agent", "curl/8"), ("X-CUSTOM-thing", "1"),
                                           ("accept", "*/*")])
        self.assertEqual(env["Http_User_Agent"], "curl/8")
        self.assertEqual(env["Http_X_Custom_Thing"], "1")
        self.assertEqual(env["Http_Accept"], "*/*")

    def test_only_the_first_value_of_a_field_counts(self):
        env = self.environment_of(headers=[("X-Thing", "first"), ("x-thing", "second")])
        self.assertEqual(env["Http_X_Thing"], "first")

    def test_method_path_query_and_host_are_variables(self):
        env = self.environment_of("POST", "/orders/7?limit=3&q=a%20b", [("Host", "shop.example:81")],
                                  body=b"abc")
        self.assertEqual(env["Http_Method"], "POST")
        self.assertEqual(env["Http_Path"], "/orders/7")
        self.assertEqual(env["Http_Query"], "limit=3&q=a%20b")
        self.assertEqual(env["Http_Host"], "shop.example:81")

    def test_the_path_is_percent_decoded_and_the_query_is_not(self):
        env = self.environment_of(path="/a%20b%2Fc+d?e=%20&f=+")
        self.assertEqual(env["Http_Path"], "/a b/c+d")
        self.assertEqual(env["Http_Query"], "e=%20&f=+")

    def test_without_a_query_there_is_no_query_variable(self):
        self.assertNotIn("Http_Query", self.environment_of(path="/plain"))

    def test_an_absolute_target_counts_from_its_path(self):
        env = self.environment_of(path="http://function.example/deep/path?x=1")
        self.assertEqual((env["Http_Path"], env["Http_Query"]), ("/deep/path", "x=1"))

    def test_the_body_length_is_a_variable_under_both_names(self):
        env = self.environment_of("POST", body=b"12345")
        self.assertEqual((env["Http_Content_Length"], env["Http_ContentLength"]), ("5", "5"))

    def test_a_chunked_body_has_an_encoding_and_a_length_where_it_is_known(self):
        env = self.environment_of("POST", body=b"12345", chunked=True)
        self.assertEqual(env["Http_Transfer_Encoding"], "chunked")
        self.assertEqual((env["Http_Content_Length"], env["Http_ContentLength"]), (self.chunked_length, self.chunked_length))

    def test_a_proxy_header_sets_nothing(self):
        env = self.environment_of(headers={"Proxy": "http://evil.example"})
        self.assertEqual([name for name in env if name.lower() == "http_proxy"], [])

    def test_headers_cannot_forge_the_request_line(self):
        forged = [(name, "forged") for name in
                  ("Method", "Path", "Query", "method", "QUERY", "ContentLength", "content_length",
                   "Transfer_Encoding")]
        env = self.environment_of("POST", "/real", forged, body=b"abc")
        self.assertEqual(env["Http_Method"], "POST")
        self.assertEqual(env["Http_Path"], "/real")
        self.assertEqual(env["Http_ContentLength"], "3")
        self.assertNotIn("forged", env.values())

    def test_cgi_headers_false_gives_the_plain_environment(self):
        env = self.environment_of("POST", "/x?y=1", {"X-Thing": "1"}, b"abc", cgi_headers="false")
        self.assertEqual([name for name in env if name.startswith("Http_")], [])

    def test_the_function_has_the_watchdog_s_environment(self):
        env = self.environment_of(API_KEY="a secret", mode=self.mode)
        self.assertEqual(env["API_KEY"], "a secret")

    def test_a_path_that_cannot_be_decoded_runs_nothing(self):
        dog = self.start(fprocess="touch ran")
        for path in ("/%zz", "/%", "/a%0", "/nul%00byte"):
            self.assertEqual(dog.request(path=path).status, 400, path)
        self.assertFalse((dog.folder / "ran").exists())

    # --- the command ---

    def test_a_quoted_word_reaches_the_shell_with_its_dollar_and_spaces(self):
        dog = self.start(fprocess='sh -c "echo $Http_Method  two  spaces"')
        self.assertEqual(dog.request("PUT").text, "PUT two spaces\n")

    def test_single_quotes_and_backslashes_are_the_shell_s(self):
        dog = self.start(fprocess=r"""printf '%s|' 'a  b' "c\"d" e\ f '' "g"h""")
        self.assertEqual(dog.request().text, 'a  b|c"d|e f||gh|')

    def test_nothing_is_expanded(self):
        dog = self.start(fprocess="echo $HOME * ~ ;")
        self.assertEqual(dog.request().text, "$HOME * ~ ;\n")

    def test_a_json_array_is_taken_as_it_stands(self):
        dog = self.start(fprocess='["printf", "%s|", "a  b", "$x", "\\u00e9"]')
        self.assertEqual(dog.request().text, "a  b|$x|é|")

    def test_the_command_can_follow_two_dashes(self):
        dog = self.start("--", "printf", "%s|", "a  b", '"c"')
        self.assertEqual(dog.request().text, 'a  b|"c"|')

    def test_function_process_wins_over_fprocess(self):
        dog = self.start(fprocess="echo one", function_process="echo two")
        self.assertEqual(dog.request().text, "two\n")

    # --- what the process finds ---

    def test_the_function_gets_three_descriptors_and_no_more(self):
        dog = self.start(fprocess="ls /proc/self/fd")
        self.assertEqual(dog.request().text.split(), ["0", "1", "2", "3"])  # 3: the folder itself

    def test_the_function_gets_default_signals(self):
        dog = self.start(fprocess="grep -E ^Sig(Ign|Blk) /proc/self/status")
        self.assertEqual(re.findall(r"\w+$", dog.request().text, re.MULTILINE), ["0" * 16] * 2)

    def test_the_function_leads_its_own_process_group(self):
        dog = self.start("--", "python3", "-c", "import os; print(os.getpid() == os.getpgrp())")
        self.assertEqual(dog.request().text, "True\n")

    # --- bad ends ---

    def test_a_failing_function_answers_500(self):
        dog = self.sh("exit 7")
        response = dog.request()
        self.assertEqual(response.status, 500)
        self.assertIsNone(response.header("X-OpenFaaS-Internal"))
        dog.wait_log(r"GET / - 500 .*exit code 7")

    def test_a_function_killed_by_a_signal_answers_500_and_the_log_names_it(self):
        dog = self.sh("kill -SEGV $$")
        self.assertEqual(dog.request().status, 500)
        dog.wait_log(r"GET / - 500 .*SIGSEGV")

    def test_every_exit_code_is_told_truly(self):
        dog = self.sh('exit "${Http_Path#/}"')
        with dog.client() as client:
            for code in (1, 2, 126, 127, 128, 255):
                self.assertEqual(client.request(path=f"/{code}").status, 500)
                dog.wait_log(rf"GET /{code} - 500 .*exit code {code}\b")

    def test_a_missing_command_warns_at_the_start_and_answers_500(self):
        dog = self.start(fprocess="no-such-command --flag")
        dog.wait_log("no-such-command.*(no such|not found)")
        response = dog.request()
        self.assertEqual(response.status, 500)
        self.assertIn("no-such-command", response.text)
        self.assertEqual(response.header("X-OpenFaaS-Internal"), "of-watchdog")

    def test_a_missing_file_warns_at_the_start_and_answers_500(self):
        dog = self.start(fprocess="/no/such/program")
        warning = dog.log().index("/no/such/program")
        self.assertIn("no such file", dog.log()[warning:])
        response = dog.request()
        self.assertEqual(response.status, 500)
        self.assertIn("/no/such/program", response.text)

    def test_a_command_that_comes_later_is_found(self):
        dog = self.start(fprocess="./late")
        self.assertEqual(dog.request().status, 500)
        (dog.folder / "late").write_text("#!/bin/sh\necho better late\n")
        (dog.folder / "late").chmod(0o755)
        self.assertEqual(dog.request().text, "better late\n")

    def test_a_file_that_is_not_executable_answers_500_and_says_so(self):
        dog = self.start(fprocess="./script")
        (dog.folder / "script").write_text("#!/bin/sh\necho no\n")
        (dog.folder / "script").chmod(0o644)
        response = dog.request()
        self.assertEqual(response.status, 500)
        self.assertRegex(response.text, r"\./script.*not an executable")

    def test_a_script_without_its_interpreter_answers_500(self):
        dog = self.start(fprocess="./script")
        (dog.folder / "script").write_text("#!/no/such/interpreter\n")
        (dog.folder / "script").chmod(0o755)
        response = dog.request()
        self.assertEqual(response.status, 500)
        self.assertIn("./script", response.text)

    def test_a_folder_as_the_command_answers_500(self):
        dog = self.start(fprocess="/tmp")
        self.assertEqual(dog.request().status, 500)

    def test_a_failure_is_followed_by_good_answers(self):
        dog = self.sh('[ "$Http_Path" = /bad ] && exit 3; echo good')
        for _ in range(5):
            self.assertEqual(dog.request(path="/bad").status, 500)
            self.assertEqual(dog.request(path="/good").text, "good\n")

    def test_a_header_larger_than_the_kernel_takes_answers_431(self):
        dog = self.start(fprocess="true")
        self.assertEqual(dog.request(headers={"X-Big": "x" * 140_000}).status, 431)
        self.assertEqual(dog.request().status, 200)

    def test_an_environment_of_two_megabytes_answers_431(self):
        big = {f"BIG_{i}": "x" * 120_000 for i in range(16)}
        dog = self.start(fprocess="true", wrapper=("prlimit", "--stack=8388608"), **big)
        headers = [(f"X-Field-{i}", "y" * 3_000) for i in range(75)]
        watch = Stopwatch()
        self.assertEqual(dog.request().status, 200)
        self.assertEqual(dog.request(headers=headers).status, 431)
        self.assertEqual(dog.request().status, 200)
        self.assert_within(watch.seconds, 0, 5)

    def test_a_script_in_path_without_its_interpreter_is_told_from_no_command(self):
        dog = self.start(fprocess="orphaned-script", PATH=f"bin:{os.environ['PATH']}")
        (dog.folder / "bin").mkdir()
        (dog.folder / "bin" / "orphaned-script").write_text("#!/no/such/interpreter\n")
        (dog.folder / "bin" / "orphaned-script").chmod(0o755)
        self.assertIn("interpreter", dog.request().text)

    def test_a_request_cannot_write_another_s_input(self):
        dog = self.sh('[ "$Http_Path" = /write ] && { exec 3>/dev/stdin; echo secret >&3; }; cat')
        dog.request(path="/write")
        self.assertEqual(dog.request(path="/read").text, "")

    def test_variables_of_the_container_do_not_pass_for_the_request_s(self):
        dog = self.start(fprocess="env", Http_Method="FORGED", Http_X_Forged="1")
        text = dog.request().text
        self.assertIn("Http_Method=GET\n", text)
        self.assertNotIn("FORGED", text)
        self.assertNotIn("Http_X_Forged", text)

    def test_two_fields_of_one_name_make_one_variable(self):
        dog = self.start(fprocess="env")
        text = dog.request(headers=[("Foo-1", "first"), ("Foo_1", "second")]).text
        self.assertEqual([line for line in text.splitlines() if line.startswith("Http_Foo_1=")],
                         ["Http_Foo_1=first"])

    def test_clients_that_reset_leave_no_descriptor(self):
        for kill in ("true", "false"):
            dog = self.sh('[ "$Http_Path" = /slow ] && sleep 0.2; echo done', kill_on_disconnect=kill)
            dog.request()
            before = dog.fds()
            for _ in range(20):
                client = dog.client()
                client.send(head(path="/slow"))
                time.sleep(0.01)
                client.abort()
            dog.until_no_processes(10)
            self.assert_no_more_fds(dog, before)

    def test_a_function_whose_client_reset_the_connection_still_ends(self):
        dog = self.sh("head -c 30000000 /dev/zero", kill_on_disconnect="false", max_inflight="1",
                      exec_timeout="1m")
        client = dog.client(receive_buffer=65536)
        client.send(head())
        time.sleep(0.3)
        client.abort()
        until(lambda: dog.request().status == 200, 10, "the slot to be free")

    # --- exec_timeout ---

    timeout_status = 504

    def assert_times_out(self, dog, least, most, **request):
        watch = Stopwatch()
        response = dog.request(**request)
        self.assertEqual(response.status, self.timeout_status)
        self.assert_within(watch.seconds, least, most)
        self.assertIsNone(response.header("X-OpenFaaS-Internal"))
        return response

    def test_exec_timeout_answers_at_the_deadline(self):
        dog = self.start(fprocess="sleep 60", exec_timeout="300ms")
        self.assert_times_out(dog, 0.28, 1.0)
        dog.wait_log(rf"GET / - {self.timeout_status} .*exec_timeout")
        dog.until_no_processes()

    def test_exec_timeout_takes_the_whole_tree(self):
        dog = self.sh("sleep 61 & sh -c 'sleep 62 & sleep 63' & wait", exec_timeout="300ms")
        self.assert_times_out(dog, 0.28, 1.0)
        dog.until_no_processes()

    def test_a_function_that_ignores_term_is_killed(self):
        dog = self.sh("trap '' TERM; sleep 60 & wait; sleep 60", exec_timeout="300ms")
        self.assert_times_out(dog, 0.28, 1.0)
        dog.until_no_processes(6)

    def test_a_function_that_was_stopped_is_killed(self):
        dog = self.sh("kill -STOP $$", exec_timeout="300ms")
        self.assert_times_out(dog, 0.28, 1.0)
        dog.until_no_processes(6)

    def test_a_function_can_clean_up_after_term(self):
        dog = self.sh("trap 'touch cleaned; exit' TERM; sleep 60 & wait", exec_timeout="300ms")
        self.assert_times_out(dog, 0.28, 1.0)
        until((dog.folder / "cleaned").exists, 3, "the function to clean up")

    def test_x_timeout_shortens_exec_timeout(self):
        dog = self.start(fprocess="sleep 60", exec_timeout="30s")
        self.assert_times_out(dog, 0.18, 1.0, headers={"X-Timeout": "200ms"})

    def test_x_timeout_counts_where_there_is_no_exec_timeout(self):
        dog = self.start(fprocess="sleep 60", exec_timeout="0")
        self.assert_times_out(dog, 0.18, 1.0, headers={"X-Timeout": "200ms"})

    def test_x_timeout_can_neither_end_nor_lengthen_exec_timeout(self):
        dog = self.start(fprocess="sleep 60", exec_timeout="300ms")
        for value in ("0", "0s", "-5s", "1h", "soon", ""):
            self.assert_times_out(dog, 0.28, 1.0, headers={"X-Timeout": value})

    def test_exec_timeout_zero_is_none(self):
        dog = self.sh("sleep 0.6; echo patient", exec_timeout="0")
        self.assertEqual(dog.request().text, "patient\n")

    def test_the_next_request_on_the_connection_has_its_own_time(self):
        dog = self.start(fprocess="sleep 0.25", exec_timeout="400ms")
        with dog.client() as client:
            for _ in range(3):
                self.assertEqual(client.request().status, 200)

    # --- outputs held open ---

    def test_a_grandchild_that_holds_the_output_does_not_delay_the_answer(self):
        dog = self.sh("sleep 3 & echo done", leaves=True)
        watch = Stopwatch()
        response = dog.request()
        self.assertEqual((response.text, response.complete), ("done\n", True))
        self.assert_within(watch.seconds, 0, 1.0)

    def test_a_function_that_closes_its_output_and_lives_on_is_waited_for(self):
        dog = self.sh("echo said; exec >&-; sleep 0.4; touch ended")
        watch = Stopwatch()
        response = dog.request()
        self.assertEqual((response.text, response.complete), ("said\n", True))
        self.assert_within(watch.seconds, 0.38, 1.5)
        self.assertTrue((dog.folder / "ended").exists())

    def test_a_function_that_closes_all_descriptors_is_waited_for(self):
        dog = self.sh("exec <&- >&- 2>&-; sleep 0.3; exit 0")
        self.assertEqual(dog.request("POST", body=b"x" * 300_000).status, 200)

    def test_the_last_words_before_the_exit_are_delivered(self):
        dog = self.sh("head -c 60000 /dev/zero; printf end")
        for _ in range(20):
            response = dog.request()
            self.assertEqual((len(response.body), response.body[-3:]), (60003, b"end"))

    # --- many ---

    def test_concurrent_requests_do_not_mix(self):
        dog = self.start(fprocess="cat")

        def work(seed):
            body = random.Random(seed).randbytes(50_000)
            with dog.client() as client:
                return all(client.request("POST", body=body).body == body for _ in range(10))

        workers = [InBackground(lambda seed=seed: work(seed)) for seed in range(8)]
        self.assertTrue(all(worker.result() for worker in workers))
