"""One process a request: streaming, serializing and classic, what they share and what they do not."""

import base64
import json
import re
from pathlib import Path

from fork_contract import ForkContract
from harness import Case, Hold, Stopwatch, head, until


def hang_up(dog, client):
    """Closes the connection, and waits until the watchdog has met the reset: its kernel has forgotten it."""
    port = client.socket.getsockname()[1]
    client.close()
    ends = f":{dog.port:04X} [0-9A-F]+:{port:04X} "
    until(lambda: not any(re.search(ends, Path(table).read_text())
                          for table in ("/proc/net/tcp", "/proc/net/tcp6")), what="the reset")


class StreamingContract(ForkContract, Case):
    mode = "streaming"

    def test_is_the_default(self):
        dog = self.start(fprocess="true", mode=None)
        dog.wait_log("mode: streaming")

    def test_the_content_type_is_octet_stream(self):
        dog = self.start(fprocess="true")
        response = dog.request("POST", headers={"Content-Type": "text/html"}, body=b"x")
        self.assertEqual(response.header("Content-Type"), "application/octet-stream")

    def test_content_type_sets_the_content_type(self):
        dog = self.start(fprocess="true", content_type="text/html")
        self.assertEqual(dog.request().header("Content-Type"), "text/html")

    def test_a_get_has_no_length_variable(self):
        self.assertNotIn("Http_ContentLength", self.environment_of())

    def test_the_answer_is_chunked(self):
        dog = self.start(fprocess="echo hello")
        self.assertEqual(dog.request().header("Transfer-Encoding"), "chunked")

    def test_output_leaves_while_the_function_runs(self):
        dog = self.sh("echo first; while [ ! -e release ]; do sleep 0.01; done; echo second")
        client = self.client(dog)
        client.send(head())
        response = client.head()
        pieces = client.pieces(response)
        self.assertEqual(next(pieces), b"first\n")
        (dog.folder / "release").touch()
        self.assertEqual(b"".join(pieces), b"second\n")
        self.assertTrue(response.complete)

    def test_input_arrives_while_the_client_still_sends(self):
        dog = self.start(fprocess="cat")
        client = self.client(dog)
        client.send(head("POST", body=b"0123456789") + b"01234")
        response = client.head()
        pieces = client.pieces(response)
        self.assertEqual(next(pieces), b"01234")
        client.send(b"56789")
        self.assertEqual(b"".join(pieces), b"56789")

    def test_an_early_exit_is_answered_while_the_client_still_uploads(self):
        dog = self.start(fprocess="echo enough")
        client = self.client(dog)
        client.send(head("POST", headers={"Content-Length": "10000000"}) + b"x" * 100_000)
        watch = Stopwatch()
        response = client.response()
        self.assertEqual((response.status, response.body), (200, b"enough\n"))
        self.assert_within(watch.seconds, 0, 1.0)

    def test_an_early_failure_is_answered_while_the_client_still_uploads(self):
        dog = self.sh("exit 4")
        client = self.client(dog)
        client.send(head("POST", headers={"Content-Length": "10000000"}) + b"x" * 100_000)
        self.assertEqual(client.response().status, 500)

    def test_a_failure_after_output_cuts_the_answer(self):
        dog = self.sh("echo half; exit 7")
        response = dog.request()
        self.assertEqual((response.status, response.body), (200, b"half\n"))
        self.assertFalse(response.complete)
        dog.wait_log(r"GET / - 500 .*exit code 7")

    def test_a_signal_after_output_cuts_the_answer(self):
        dog = self.sh("echo half; sleep 0.1; kill -KILL $$")
        self.assertFalse(dog.request().complete)
        dog.wait_log(r"GET / - 500 .*SIGKILL")

    def test_a_timeout_after_output_cuts_the_answer(self):
        dog = self.sh("echo half; sleep 60", exec_timeout="300ms")
        response = dog.request()
        self.assertEqual((response.status, response.body, response.complete), (200, b"half\n", False))
        dog.wait_log(r"GET / - 504 .*exec_timeout")

    def test_a_cut_answer_looks_cut_to_an_http_1_0_client(self):
        dog = self.sh("echo half; sleep 0.2; exit 1")
        client = self.client(dog)
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        response = client.response()
        self.assertTrue(client.was_reset)
        self.assertFalse(response.complete)

    def test_the_group_dies_when_the_client_goes_while_it_downloads(self):
        dog = self.sh("sleep 64 & while :; do echo tick; sleep 0.02; done")
        client = self.client(dog)
        client.send(head())
        next(client.pieces(client.head()))
        client.close()
        dog.until_no_processes()
        dog.wait_log(r"GET / - 499 .*client_gone")

    def test_the_group_dies_when_the_client_goes_before_the_answer(self):
        dog = self.sh("touch started.1; sleep 60 & wait")
        client = self.client(dog)
        client.send(head())
        Hold(dog.folder).started()
        client.close()
        dog.until_no_processes()
        dog.wait_log(r"GET / - 499 ")

    def test_the_group_dies_when_the_client_goes_while_it_uploads(self):
        dog = self.sh("touch started.1; cat > /dev/null; touch whole")
        client = self.client(dog)
        client.send(head("POST", headers={"Content-Length": "1000000"}) + b"x" * 1000)
        Hold(dog.folder).started()
        client.close()
        dog.until_no_processes()
        dog.wait_log(r"POST / - 499 ")
        self.assertFalse((dog.folder / "whole").exists(), "half a body must not look whole")

    def test_the_group_dies_when_the_client_resets(self):
        dog = self.sh("touch started.1; sleep 60 & wait")
        client = self.client(dog)
        client.send(head())
        Hold(dog.folder).started()
        client.abort()
        dog.until_no_processes()

    def test_kill_on_disconnect_false_lets_the_function_finish(self):
        dog = self.start("--", *Hold.command(), kill_on_disconnect="false")
        hold = Hold(dog.folder)
        client = self.client(dog)
        client.send(head())
        hold.started()
        hang_up(dog, client)
        self.assertGreater(len(dog.processes()), 0)
        hold.release()
        dog.wait_log(r"GET / - 499 ")
        dog.until_no_processes()


class SerializingContract(ForkContract, Case):
    mode = "serializing"
    chunked_length = "5"  # read whole before the function starts

    def test_the_content_type_is_octet_stream(self):
        dog = self.start(fprocess="true")
        response = dog.request("POST", headers={"Content-Type": "text/html"}, body=b"x")
        self.assertEqual(response.header("Content-Type"), "application/octet-stream")

    def test_content_type_sets_the_content_type(self):
        dog = self.start(fprocess="true", content_type="text/html")
        self.assertEqual(dog.request().header("Content-Type"), "text/html")

    def test_the_answer_has_its_length(self):
        dog = self.start(fprocess="echo hello")
        response = dog.request()
        self.assertEqual(response.header("Content-Length"), "6")
        self.assertIsNone(response.header("Transfer-Encoding"))

    def test_output_before_a_failure_is_not_sent(self):
        dog = self.sh("echo half; exit 7")
        response = dog.request()
        self.assertEqual(response.status, 500)
        self.assertNotIn("half", response.text)

    def test_output_before_a_timeout_is_not_sent(self):
        dog = self.sh("echo half; sleep 60", exec_timeout="300ms")
        self.assertNotIn("half", self.assert_times_out(dog, 0.28, 1.0).text)

    def test_the_function_starts_when_the_body_is_complete(self):
        dog = self.sh("touch ran; cat")
        client = self.client(dog)
        client.send(head("POST", body=b"0123456789") + b"01234")
        self.assertTrue(client.silent(0.3))
        self.assertFalse((dog.folder / "ran").exists())
        client.send(b"56789")
        self.assertEqual(client.response().body, b"0123456789")

    def test_a_client_that_goes_while_it_uploads_starts_nothing(self):
        dog = self.start(fprocess="touch ran")
        client = self.client(dog)
        client.send(head("POST", body=b"0123456789") + b"01234")
        client.close()
        dog.wait_log(r"POST / - 499 ")
        self.assertFalse((dog.folder / "ran").exists())

    def test_a_client_that_goes_leaves_the_function_to_finish(self):
        dog = self.start("--", *Hold.command())
        hold = Hold(dog.folder)
        client = self.client(dog)
        client.send(head())
        hold.started()
        hang_up(dog, client)
        self.assertGreater(len(dog.processes()), 0)
        hold.release()
        dog.wait_log(r"GET / - 499 ")
        dog.until_no_processes()

    def test_kill_on_disconnect_ends_the_function(self):
        dog = self.start("--", *Hold.command(), kill_on_disconnect="true")
        client = self.client(dog)
        client.send(head())
        Hold(dog.folder).started()
        client.close()
        dog.until_no_processes()
        dog.wait_log(r"GET / - 499 ")


class AutomaticType(Case):
    def test_content_type_auto_is_what_the_answer_looks_like(self):
        for options in ({}, {"mode": "serializing"}, {"cgi_response": "true"}):
            dog = self.sh("cat", content_type="auto", **options)
            for body, kind in ((b"<html >", "text/html; charset=utf-8"), (b"hello", "text/plain; charset=utf-8"),
                               (b"%PDF-1.7", "application/pdf"), (b"\1", "application/octet-stream")):
                response = dog.request("POST", body=body)
                self.assertEqual((response.header("Content-Type"), response.body), (kind, body), options)
            self.assertEqual(dog.request("HEAD").status, 200)

    def test_a_page_that_is_printed_in_pieces_is_a_page(self):
        # PHP prints what stands before its first tag, often an empty line, by itself.
        for first, rest in ((r"\n", "<!doctype html><p>"), ("<!doc", "type html><p>"), (r"\211P", r"NG\r\n\032\n")):
            for options in ({}, {"cgi_response": "true"}):
                dog = self.sh(f"printf '{first}'; sleep 0.1; printf '{rest}'; while [ ! -e release ]; do sleep 0.01;"
                              " done; printf end", content_type="auto", **options)
                client = self.client(dog)
                client.send(head())
                response = client.head()
                expected = "image/png" if first.startswith("\\2") else "text/html; charset=utf-8"
                self.assertEqual(response.header("Content-Type"), expected)
                pieces = client.pieces(response)
                printed = (first + rest).encode().decode("unicode_escape").encode("latin-1")
                self.assertEqual(next(pieces), printed)
                (dog.folder / "release").touch()
                self.assertEqual((b"".join(pieces), response.complete), (b"end", True))

    def test_text_leaves_at_once_whatever_comes_later(self):
        dog = self.sh("printf H; while [ ! -e release ]; do sleep 0.01; done; printf ello", content_type="auto")
        client = self.client(dog)
        client.send(head())
        response = client.head()
        self.assertEqual(response.header("Content-Type"), "text/plain; charset=utf-8")
        pieces = client.pieces(response)
        self.assertEqual(next(pieces), b"H")
        (dog.folder / "release").touch()
        self.assertEqual(b"".join(pieces), b"ello")

    def test_what_was_held_back_is_sent_at_the_end_unless_the_function_fails(self):
        for options in ({}, {"cgi_response": "true"}, {"mode": "serializing"}, {"mode": "classic"}):
            dog = self.sh("printf '<html'; exit ${Http_Path#/}", content_type="auto", **options)
            response = dog.request(path="/0")
            self.assertEqual((response.text, response.header("Content-Type")), ("<html", "text/plain; charset=utf-8"))
            self.assertEqual(dog.request(path="/7").status, 500)

    def test_a_head_that_a_function_prints_is_its_own(self):
        dog = self.sh(r"printf 'Content-Type: text/csv\n\n<p>'", content_type="auto", cgi_response="true")
        response = dog.request()
        self.assertEqual((response.text, response.header("Content-Type")), ("<p>", "text/csv"))

    def test_head_promises_nothing_that_get_does_not_have(self):
        dog = self.sh("echo '<p>'", content_type="auto", cgi_response="true")
        with dog.client() as client:
            response = client.request("HEAD")
            self.assertEqual((response.header("Content-Length"), response.header("Content-Type")), (None, None))
            self.assertEqual(client.request("GET").header("Content-Type"), "text/html; charset=utf-8")
        dog = self.sh("echo '<p>'", content_type="auto")
        self.assertEqual(dog.request("HEAD").header("Content-Type"), "text/html; charset=utf-8")

    def test_an_empty_answer_has_no_type(self):
        for options in ({}, {"cgi_response": "true"}, {"mode": "serializing"}, {"mode": "classic"}):
            response = self.start(fprocess="true", content_type="auto", **options).request()
            self.assertEqual((response.status, response.header("Content-Type")), (200, None))

    def test_php_without_a_mode_is_told_how_pages_become_pages(self):
        advice = "an image that was made for classic-watchdog needs mode=classic"
        self.assertIn(advice, self.start(fprocess="php -r 1;").log())
        for options in ({"mode": "classic"}, {"content_type": "auto"}):
            self.assertNotIn(advice, self.start(fprocess="php -r 1;", **options).log())


class ClassicContract(ForkContract, Case):
    mode = "classic"
    chunked_length = "5"
    timeout_status = 408

    def test_a_timeout_says_killed_process(self):
        dog = self.start(fprocess="sleep 60", exec_timeout="300ms")
        self.assertEqual(self.assert_times_out(dog, 0.28, 1.0).text.strip(), "Killed process.")

    def test_there_is_no_exec_timeout_unless_asked_for(self):
        dog = self.start(fprocess="true")
        dog.wait_log(r"exec: 0s")

    def test_the_request_s_content_type_is_mirrored(self):
        dog = self.start(fprocess="cat")
        response = dog.request("POST", headers={"Content-Type": "text/csv"}, body=b"x")
        self.assertEqual(response.header("Content-Type"), "text/csv")

    def test_without_one_an_answer_is_what_it_looks_like(self):
        for text, kind in (("<!DOCTYPE html>", "text/html; charset=utf-8"), ("hello", "text/plain; charset=utf-8"),
                           (r"\211PNG\r\n\032\n", "image/png"), (r"\001", "application/octet-stream")):
            self.assertEqual(self.sh(f"printf '{text}'").request().header("Content-Type"), kind)
        self.assertIsNone(self.start(fprocess="true").request().header("Content-Type"))
        response = self.start(fprocess="echo hello").request(headers={"Content-Type": ""})
        self.assertEqual(response.header("Content-Type"), "text/plain; charset=utf-8")

    def test_content_type_wins_over_the_request_s(self):
        dog = self.start(fprocess="cat", content_type="text/plain")
        response = dog.request("POST", headers={"Content-Type": "text/csv"}, body=b"x")
        self.assertEqual(response.header("Content-Type"), "text/plain")

    def test_a_get_has_length_zero(self):
        self.assertEqual(self.environment_of()["Http_ContentLength"], "0")

    def test_errors_are_part_of_the_output(self):
        dog = self.sh("echo out; echo err >&2; echo more")
        self.assertEqual(dog.request().text, "out\nerr\nmore\n")

    def test_combine_output_false_logs_errors(self):
        for name in ("combine_output", "combined_output"):
            dog = self.sh("echo out; echo err >&2", **{name: "false"})
            self.assertEqual(dog.request().text, "out\n")
            dog.wait_log(r"stderr: err$")

    def test_a_failure_shows_what_the_function_printed(self):
        dog = self.sh("echo what went wrong; exit 7")
        response = dog.request()
        self.assertEqual(response.status, 500)
        self.assertIn("what went wrong", response.text)

    def test_marshal_request_gives_headers_and_body_as_json(self):
        dog = self.start(fprocess="cat", marshal_request="true")
        body = bytes(range(256))
        response = dog.request("POST", headers=[("x-thing", "1"), ("X-Thing", "2")], body=body)
        document = json.loads(response.body)
        self.assertEqual(base64.b64decode(document["body"]["raw"]), body)
        self.assertEqual(document["header"]["X-Thing"], ["1", "2"])
        self.assertEqual(sorted(document), ["body", "header"])

    def test_the_function_starts_when_the_body_is_complete(self):
        dog = self.sh("touch ran; cat")
        client = self.client(dog)
        client.send(head("POST", body=b"0123456789") + b"01234")
        self.assertTrue(client.silent(0.3))
        self.assertFalse((dog.folder / "ran").exists())
        client.send(b"56789")
        self.assertEqual(client.response().body, b"0123456789")

    def test_a_client_that_goes_leaves_the_function_to_finish(self):
        dog = self.start("--", *Hold.command())
        hold = Hold(dog.folder)
        client = self.client(dog)
        client.send(head())
        hold.started()
        hang_up(dog, client)
        hold.release()
        dog.wait_log(r"GET / - 499 ")
        dog.until_no_processes()

    def test_kill_on_disconnect_ends_the_function(self):
        dog = self.start("--", *Hold.command(), kill_on_disconnect="true")
        client = self.client(dog)
        client.send(head())
        Hold(dog.folder).started()
        client.close()
        dog.until_no_processes()

    def test_write_debug_logs_the_output(self):
        dog = self.start(fprocess="echo said", write_debug="true")
        dog.request()
        dog.wait_log(r"said$")

    def test_read_debug_logs_the_input(self):
        dog = self.start(fprocess="true", read_debug="true")
        dog.request("POST", body=b"asked for this")
        dog.wait_log(r"asked for this")

    def test_debug_headers_logs_the_fields(self):
        dog = self.start(fprocess="true", debug_headers="true")
        dog.request(headers={"X-Thing": "seen"})
        dog.wait_log(r"(?i)x-thing.*seen")
