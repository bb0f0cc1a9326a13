"""The status page: who sees it, what it says, and how it looks in a browser."""

import base64
import hashlib
import json
import re
import signal
import socket
import sys

from browser import PATIENCE, Browser
from fastcgi_server import answering, end, err, out
from harness import (EXIT_USAGE, FUNCTIONS, ROOT, SANITIZER, Case, Client, Hold, free_port, head, run,
                     until)
from scripted_server import ScriptedServer

PAGE = "/_/status"
JSON = "/_/status.json"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")
# Has the watchdog's standard output or error, as the next word says, be a terminal. What is written there is copied to
# what it was, by a process that is no child of the watchdog.
ON_TERMINAL = (sys.executable, "-c", """
import os, sys, tty
number = int(sys.argv[1])
before = os.dup(number)
ours, theirs = os.openpty()
tty.setraw(theirs)
if os.fork() == 0:
    if os.fork() != 0:
        os._exit(0)
    os.close(theirs)
    try:
        while True:
            os.write(before, os.read(ours, 4096))
    except OSError:
        os._exit(0)
os.wait()
os.dup2(theirs, number)
os.execvp(sys.argv[2], sys.argv[2:])
""")
BOTH_ON_TERMINAL = (*ON_TERMINAL, "1", *ON_TERMINAL, "2")
# Runs what follows where the root has no file of a container's but the one that the next word names.
OUTSIDE = ("unshare", "--mount", "sh", "-c", """
mount -t tmpfs none /mnt
for entry in /*; do
  if [ -L "$entry" ]; then cp -P "$entry" "/mnt$entry"; else mkdir "/mnt$entry"; fi
  case $entry in /mnt | /run) continue ;; esac
  [ -L "$entry" ] || mount --rbind "$entry" "/mnt$entry"
done
[ -z "$0" ] || touch "/mnt$0"
exec chroot /mnt env -C "$PWD" "$@"
""")
AT_HAND = (*OUTSIDE, "", *BOTH_ON_TERMINAL)


class StatusCase(Case):
    def watched(self, *arguments, **options):
        """A watchdog with a metrics port and a status page."""
        self.metrics_port = free_port()
        return self.start(*arguments, metrics_port=self.metrics_port, **{"status_page": "true", **options})

    def watched_sh(self, program, **options):
        return self.watched("--", "sh", "-c", program, **options)

    def ask(self, path=PAGE, method="GET", headers=()):
        with Client(self.metrics_port) as client:
            named = any(name == "Host" for name, _ in headers)
            return client.request(method, path, headers if named else [("Host", "127.0.0.1"), *headers])

    def status(self):
        response = self.ask(JSON)
        self.assertEqual(response.status, 200)
        return json.loads(response.body)

    def until_status(self, condition, what):
        """The first report of which `condition` is true."""
        def look():
            report = self.status()
            return report if condition(report) else None
        return until(look, 10, what)

    def failures(self, count=1):
        return self.until_status(lambda report: len(report["failed"]) == count, f"{count} failures")["failed"]


class Viewers(StatusCase):
    def test_there_is_none_where_the_output_is_no_terminal(self):
        dog = self.watched(fprocess="cat", status_page=None)
        self.assertEqual([self.ask(path).status for path in (PAGE, JSON)], [404, 404])
        self.assertNotIn("Status page", dog.log())

    def test_on_a_terminal_it_is_on_by_itself_and_the_log_says_where(self):
        dog = self.watched(fprocess="cat", status_page=None, wrapper=AT_HAND)
        dog.wait_log(rf"Status page: http://127\.0\.0\.1:{self.metrics_port}/_/status$")
        self.assertIn("<h1>cat</h1>", self.ask().text)

    def test_where_only_one_of_output_and_log_is_on_a_terminal_it_is_not_on_by_itself(self):
        for number in ("1", "2"):
            dog = self.watched(fprocess="cat", status_page=None, wrapper=(*OUTSIDE, "", *ON_TERMINAL, number))
            self.assertEqual(self.ask().status, 404, number)
            self.assertNotIn("Status page", dog.log())
            dog.close()

    def test_on_by_itself_it_is_not_shown_through_a_proxy_of_this_machine(self):
        self.watched(fprocess="cat", status_page=None, wrapper=AT_HAND)
        for field in (("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1"), ("Via", "1.1 proxy")):
            self.assertEqual(self.ask(headers=[field]).status, 403, field)

    def test_in_a_container_it_is_not_on_by_itself_even_on_a_terminal(self):
        for wrapper in ((*OUTSIDE, "/.dockerenv", *BOTH_ON_TERMINAL),
                        (*OUTSIDE, "/run/.containerenv", *BOTH_ON_TERMINAL),
                        ("unshare", "--pid", "--fork", "--kill-child", *AT_HAND)):
            dog = self.watched(fprocess="cat", status_page=None, wrapper=wrapper)
            self.assertEqual(self.ask().status, 404, wrapper)
            self.assertNotIn("Status page", dog.log())

    def test_on_a_terminal_it_can_be_turned_off(self):
        dog = self.watched(fprocess="cat", status_page="false", wrapper=AT_HAND)
        self.assertEqual(self.ask().status, 404)
        self.assertNotIn("Status page", dog.log())

    def test_on_a_terminal_without_a_metrics_port_there_is_none(self):
        dog = self.start(fprocess="cat", wrapper=AT_HAND)
        self.assertEqual(dog.request("POST", "/", body=b"x").body, b"x")
        self.assertNotIn("Status page", dog.log())

    def test_on_by_itself_it_is_not_shown_to_a_name_that_a_foreign_page_may_have(self):
        self.watched(fprocess="cat", status_page=None, wrapper=AT_HAND)
        for host in ("evil.example", f"evil.example:{self.metrics_port}", "127.0.0.1.evil.example", "localhost.evil", "8.8.8.8",
                     ""):
            response = self.ask(headers=[("Host", host)])
            self.assertEqual(response.status, 403, host)
            self.assertIn("status_page=true", response.text)
        for host in ("localhost", "LOCALHOST:8081", f"127.0.0.1:{self.metrics_port}", "[::1]:8081"):
            self.assertEqual(self.ask(headers=[("Host", host)]).status, 200, host)

    def test_asked_for_it_is_shown_by_any_name(self):
        self.watched(fprocess="cat")
        self.assertEqual(self.ask(headers=[("Host", "greet.functions.svc:8081")]).status, 200)

    def test_without_a_metrics_port_it_is_refused(self):
        done = run(fprocess="cat", status_page="true", metrics_port="0")
        self.assertEqual(done.returncode, EXIT_USAGE)
        self.assertRegex(done.stderr, r"^fwatchdog: status_page=true: .*metrics_port.*\n$")

    def test_on_the_functions_port_the_path_is_the_functions(self):
        dog = self.watched_sh('echo "the function at $Http_Path"')
        for path in (PAGE, JSON):
            self.assertEqual(dog.request(path=path).text, f"the function at {path}\n")


class Answers(StatusCase):
    def test_head_has_the_fields_and_no_body(self):
        self.watched(fprocess="cat")
        response = self.ask(method="HEAD")
        self.assertEqual((response.status, response.body), (200, b""))
        self.assertEqual(response.header("Content-Type"), "text/html; charset=utf-8")

    def test_other_methods_are_refused(self):
        self.watched(fprocess="cat")
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            response = self.ask(method=method)
            self.assertEqual((response.status, response.header("Allow")), (405, "GET, HEAD"), method)
            self.assertNotIn(b"cat", response.body)

    def test_nobody_keeps_it_embeds_it_or_makes_it_something_else(self):
        self.watched(fprocess="cat")
        response = self.ask()
        self.assertEqual(response.header("Cache-Control"), "no-store")
        self.assertEqual(response.header("X-Content-Type-Options"), "nosniff")
        self.assertEqual(response.header("Cross-Origin-Resource-Policy"), "same-origin")
        self.assertIn("frame-ancestors 'none'", response.header("Content-Security-Policy"))

    def test_the_policy_allows_its_own_style_and_script_alone(self):
        self.watched(fprocess="cat")
        response = self.ask()
        policy = dict(part.strip().split(" ", 1) for part in
                      response.header("Content-Security-Policy").split(";"))
        for tag in ("style", "script"):
            text = re.search(f"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL).group(1)
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertEqual(policy[f"{tag}-src"], f"'sha256-{digest}'")
        self.assertEqual(policy["default-src"], "'none'")

    def test_json_is_for_who_accepts_it(self):
        self.watched(fprocess="cat")
        for accept, kind in (("application/json", "application/json"), ("text/html, application/json", "text/html"),
                             ("*/*", "text/html"), ("application/json;q=0.9", "application/json"),
                             ("text/html;q=0.1, Application/JSON", "application/json"),
                             ("application/json;q=0", "text/html"), ("application/json5", "text/html")):
            response = self.ask(headers=[("Accept", accept)])
            self.assertTrue(response.header("Content-Type").startswith(kind), accept)
            self.assertEqual(response.header("Vary"), "Accept")
        self.assertEqual(json.loads(self.ask(headers=[("Accept", "application/json")]).body)["mode"], "streaming")


class Requests(StatusCase):
    def test_what_runs_and_since_when(self):
        self.watched("--", "sh", "-c", "cat", mode="serializing")
        report = self.status()
        self.assertEqual((report["mode"], report["command"], report["stage"], report["healthy"]),
                         ("serializing", "sh -c cat", "serving", True))
        self.assertRegex(report["started"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertGreater(report["uptime_seconds"], 0)
        self.assertRegex(report["version"], r"^\d+\.\d+\.\d+")

    def test_a_request_that_went_well(self):
        dog = self.watched(fprocess="cat", access_log="off")
        dog.request("POST", "/greet?a=1", body=b"x", headers=[TRACEPARENT])
        ended = self.until_status(lambda report: report["ended"], "a request")["ended"]
        self.assertEqual(len(ended), 1)
        duration = ended[0].pop("duration_seconds")
        self.assertTrue(0 < duration < 10)
        self.assertRegex(ended[0].pop("time"), "Z$")
        self.assertEqual(ended[0], {"method": "POST", "target": "/greet?a=1", "status": 200, "trace_id": TRACE})

    def test_the_last_fifty_are_kept_the_last_one_first(self):
        dog = self.watched(fprocess="cat", workers="1")
        for number in range(60):
            dog.request(path=f"/{number}")
        report = self.until_status(lambda report: report["ended_count"] == 60, "all requests")
        self.assertEqual([request["target"] for request in report["ended"]],
                         [f"/{number}" for number in range(59, 9, -1)])

    def test_a_failure_has_its_cause_and_the_lines_of_its_own_process(self):
        dog = self.watched_sh('echo "first of $Http_Path" >&2; printf "\\033[31mlast\\033[0m" >&2; exit 7')
        for path in ("/a", "/b"):
            self.assertEqual(dog.request(path=path).status, 500)
        failed = self.failures(2)
        for request, path in zip(failed, ("/b", "/a")):
            self.assertEqual((request["target"], request["status"], request["failure"], request["detail"]),
                             (path, 500, "function_failed", "exit code 7"))
            self.assertEqual(request["stderr"], [f"first of {path}", "last"])

    def test_the_last_ten_lines_of_a_failure_are_kept_and_each_is_cut(self):
        dog = self.watched_sh("i=0; while [ $i -lt 30 ]; do i=$((i + 1)); echo line $i >&2; done; "
                              "head -c 2000 /dev/zero | tr '\\0' x >&2; exit 1")
        dog.request()
        lines = self.failures()[0]["stderr"]
        self.assertEqual(lines[:9], [f"line {number}" for number in range(22, 31)])
        self.assertEqual((len(lines), len(lines[9])), (10, 500))

    def test_a_timeout_has_what_was_printed_before_and_while_it_was_ended(self):
        dog = self.watched_sh('trap "echo asked to end >&2; exit 1" TERM; echo working >&2; '
                              'while :; do sleep 0.05; done', exec_timeout="300ms")
        self.assertEqual(dog.request().status, 504)
        report = self.until_status(lambda report: report["failed"] and
                                   "asked to end" in report["failed"][0]["stderr"], "the last line")
        self.assertEqual(report["failed"][0]["failure"], "exec_timeout")
        self.assertEqual(report["failed"][0]["stderr"][0], "working")

    def test_a_client_that_went_is_listed_and_no_failure(self):
        dog = self.watched("--", *Hold.command())
        client = self.client(dog)
        client.send(head())
        Hold(dog.folder).started()
        client.close()
        report = self.until_status(lambda report: report["ended"], "the request to end")
        self.assertEqual((report["ended"][0]["status"], report["ended"][0]["failure"]), (499, "client_gone"))
        self.assertEqual((report["failed"], report["running"]), ([], []))

    def test_what_is_no_http_is_listed(self):
        dog = self.watched(fprocess="cat")
        dog.raw(b"no http\r\n\r\n")
        report = self.until_status(lambda report: report["ended"], "the refusal")
        self.assertEqual((report["ended"][0]["status"], report["ended"][0]["failure"]), (400, "bad_request"))

    def test_requests_that_run_and_that_wait_are_shown(self):
        dog = self.watched("--", *Hold.command(), max_inflight="1", max_queue="5", workers="1")
        clients = [self.client(dog) for _ in range(2)]
        clients[0].send(head(path="/runs"))
        Hold(dog.folder).started()
        clients[1].send(head(path="/waits"))
        report = self.until_status(lambda report: report["queued_count"] == 1, "one to be queued")
        self.assertEqual([(request["method"], request["target"], request["phase"]) for request in report["running"]],
                         [("GET", "/runs", "first byte"), ("GET", "/waits", "queue")])
        self.assertGreater(report["running"][0]["age_seconds"], report["running"][1]["age_seconds"])
        self.assertEqual(report["running_count"], 2)
        Hold(dog.folder).release()
        self.until_status(lambda report: report["running_count"] == 0 and report["ended_count"] == 2, "both to end")

    def test_a_request_whose_body_is_collected_is_not_in_the_queue(self):
        dog = self.watched(fprocess="cat", mode="serializing")
        self.client(dog).send(head("POST", body=b"ab") + b"a")
        report = self.until_status(lambda report: report["running"], "the request")
        self.assertEqual((report["running"][0]["phase"], report["queued_count"]), ("upload", 0))

    def test_more_than_can_be_shown_are_counted(self):
        dog = self.watched("--", *Hold.command(), max_inflight="1", max_queue="200")
        clients = [self.client(dog) for _ in range(140)]
        for client in clients:
            client.send(head())
        report = self.until_status(lambda report: report["running_count"] == 140, "all to be there")
        self.assertEqual(len(report["running"]), 20)
        self.assertIn("and 120 more", self.ask().text)
        for client in clients[1:]:
            client.close()
        Hold(dog.folder).release()
        self.until_status(lambda report: report["running_count"] == 0, "all to be gone")

    def test_probes_and_the_page_itself_are_not_requests(self):
        dog = self.watched(fprocess="cat")
        dog.request(path="/_/health")
        dog.request(headers=[("User-Agent", "kube-probe/1.30")])
        self.ask()
        report = self.until_status(lambda report: report["running_count"] == 0, "nothing to run")
        self.assertEqual((report["ended"], report["ended_count"]), ([], 0))

    def test_a_drain_is_told(self):
        dog = self.watched(fprocess="cat", healthcheck_interval="5s")
        dog.signal(signal.SIGTERM)
        self.until_status(lambda report: (report["stage"], report["healthy"]) == ("draining", False), "the drain")
        dog.signal(signal.SIGINT)


class WarmFunctions(StatusCase):
    def test_instances_have_their_state_and_pid(self):
        dog = self.watched(mode="http", fprocess=f"python3 {FUNCTIONS / 'failing_server.py'}", instances="2",
                           upstream_url="http://127.0.0.1:{port}", ready_path="/good")
        report = self.until_status(lambda report: [one["state"] for one in report["instances"]] == ["ready"] * 2,
                                   "both to be ready")
        self.assertEqual({one["pid"] for one in report["instances"]}, set(dog.children()))
        self.assertEqual(len({one["url"] for one in report["instances"]}), 2)

    def test_a_failure_has_the_last_lines_of_its_instance(self):
        dog = self.watched(mode="http", fprocess=f"python3 {FUNCTIONS / 'failing_server.py'}",
                           upstream_url=f"http://127.0.0.1:{free_port()}")
        dog.request(path="/good")
        self.assertEqual(dog.request(path="/bad").status, 500)
        report = self.until_status(lambda report: report["failed"] and
                                   "asked for /bad" in report["failed"][0]["stderr"], "the line")
        self.assertEqual(report["failed"][0]["stderr"], ["asked for /good", "asked for /bad"])
        self.assertNotIn("failure", report["failed"][0])

    def test_a_server_that_does_not_start_says_why(self):
        dog = self.watched("--", "sh", "-c", "echo no database >&2; sleep 60", mode="http", startup_timeout="500ms",
                           upstream_url=f"http://127.0.0.1:{free_port()}", restart="on-failure")
        self.assertEqual(self.until_status(lambda report: True, "the page")["instances"][0]["state"], "starting")
        self.assertEqual(dog.request().status, 503)
        failed = self.failures()[0]
        self.assertEqual(failed["failure"], "not_ready")
        self.assertIn("no database", failed["stderr"])

    def test_what_php_says_beside_its_response_is_of_its_failure(self):
        server = ScriptedServer(answering(err(b"PHP Fatal error: no database\n") +
                                          out(b"Status: 500\r\n\r\nsorry") + end()), ("127.0.0.1", 0))
        self.addCleanup(server.close)
        dog = self.watched("--", "sleep", "1000", mode="fastcgi",
                           upstream_url=server.url.replace("http://", "fastcgi://"))
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        self.assertEqual(dog.request().status, 500)
        self.assertEqual(self.failures()[0]["stderr"], ["PHP Fatal error: no database"])


class Hostile(StatusCase):
    def test_targets_and_lines_are_text(self):
        dog = self.watched_sh('echo "</pre><script>alert(1)</script>" >&2; echo "\'\\"&" >&2; exit 1')
        for target in ("/<script>alert(2)</script>", "/\"onload='alert(3)'", "/?</table><img/src=x>"):
            dog.request(path=target)
        self.failures(3)
        page = self.ask().text
        self.assertEqual(page.count("<script>"), 1)
        self.assertNotIn("<img", page)
        self.assertIn("GET /&lt;script&gt;alert(2)&lt;/script&gt;", page)
        self.assertIn("GET /&quot;onload=&#39;alert(3)&#39;", page)
        self.assertIn("\n&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\n&#39;&quot;&amp;", page)

    def test_bytes_that_are_no_text_are_shown_and_are_valid_json(self):
        dog = self.watched_sh("printf '\\377\\001\\tx\\n' >&2; exit 1")
        dog.request()
        self.assertEqual(self.failures()[0]["stderr"], ["\\xff\\x01    x"])

    def test_text_that_looks_like_another_is_shown_escaped_and_json_keeps_it(self):
        line = "photo_\u202egpj.exe \U000e0041 zero\u200bwidth"
        dog = self.watched_sh(f"echo '{line}' >&2; exit 1")
        dog.request()
        self.assertEqual(self.failures()[0]["stderr"], [line])
        self.assertIn(json.dumps(line), self.ask(JSON).text)
        self.assertIn(r"photo_\xe2\x80\xaegpj.exe \xf3\xa0\x81\x81 zero\xe2\x80\x8bwidth", self.ask().text)

    def test_secrets_are_masked(self):
        secrets = [f"hush{number}" for number in range(9)]
        dog = self.watched("--", "sh", "-c", f'echo "postgres://app:{secrets[0]}@db/x" >&2; exit 1', "--api-key", secrets[1],
                           f"PASSWORD={secrets[2]}", OTEL_EXPORTER_OTLP_HEADERS=f"x-scope={secrets[3]}",
                           OTEL_RESOURCE_ATTRIBUTES=f"deploy.token={secrets[4]}",
                           OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
        dog.request(path=f"/?access_token={secrets[5]}&page=7&sig={secrets[6]}")
        self.assertEqual(self.failures()[0]["stderr"], ["postgres://***@db/x"])
        for path in (PAGE, JSON):
            text = self.ask(path).text
            for secret in secrets:
                self.assertNotIn(secret, text, path)
            self.assertIn("access_token=***&amp;page=7" if path == PAGE else "access_token=***&page=7", text)

    def test_the_page_is_bounded_whatever_is_asked_and_printed(self):
        dog = self.watched_sh("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do head -c 3000 /dev/zero | tr '\\0' '<' >&2; "
                              "echo >&2; done; exit 1", workers="2")
        for number in range(55):
            dog.request(path=f"/{number}?" + "<" * 7000)
        self.assertLess(len(self.ask().body), 200_000)
        self.assertLess(len(self.ask(JSON).body), 200_000)

    def test_memory_is_bounded(self):
        dog = self.watched_sh("head -c 3000 /dev/zero | tr '\\0' x >&2; exit 1")
        for _ in range(60):
            dog.request(path="/" + "y" * 5000)
        before = dog.rss_kb()
        for _ in range(200):
            dog.request(path="/" + "z" * 5000)
        if not SANITIZER:
            self.assertLess(dog.rss_kb() - before, 200)


class Configuration(StatusCase):
    def settings(self):
        return {row["name"]: (row["value"], row["from"]) for row in self.status()["configuration"]}

    def test_each_value_says_where_it_came_from(self):
        self.watched("--exec-timeout", "20s", "--", "cat", read_timeout="7s")
        settings = self.settings()
        self.assertEqual(settings["exec_timeout"], ("20s", "command line"))
        self.assertEqual(settings["fprocess"], ('["cat"]', "command line"))
        self.assertEqual(settings["read_timeout"], ("7s", "environment"))
        self.assertEqual(settings["write_timeout"], ("30s", "default"))
        self.assertEqual(settings["shutdown_timeout"], ("30s", "default"))
        self.assertEqual(settings["max_body_size"], (None, "default"))

    def test_options_of_other_modes_are_left_out(self):
        self.watched(fprocess="cat")
        self.assertNotIn("static_path", self.settings())
        self.assertIn("content_type", self.settings())

    def test_the_page_shows_them(self):
        self.watched("--exec-timeout", "20s", fprocess="cat")
        page = self.ask().text
        self.assertIn("from: command line<pre>\nexec_timeout=20s</pre>", page)
        self.assertRegex(page, r"from: environment<pre>\nfprocess=\[&quot;cat&quot;\]\n")

    def test_a_folder_of_files_has_a_page_too(self):
        dog = self.watched(mode="static", static_path=ROOT / "examples/static-site/public")
        dog.request(path="/missing")
        report = self.until_status(lambda report: report["ended"], "the request")
        self.assertEqual((report["command"], report["ended"][0]["status"]),
                         (str(ROOT / "examples/static-site/public"), 404))


class InBrowser(StatusCase):
    def setUp(self):
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        self.dog = self.watched_sh('[ "$Http_Path" != /bad ] || { echo no connection to the database >&2; exit 7; }; '
                                   'if [ "$Http_Path" = /slow ]; then sleep 60; fi; echo hello')
        self.url = f"http://127.0.0.1:{self.metrics_port}{PAGE}"

    def shown(self):
        return self.browser.evaluate("document.body.innerText")

    def test_a_new_request_appears_without_a_reload(self):
        self.dog.request(path="/first")
        self.browser.open(self.url)
        self.assertIn("GET /first", self.shown())
        self.browser.evaluate("window.notReloaded = true; document.querySelector('details').open = true")
        self.dog.request(path="/second")
        until(lambda: "GET /second" in self.shown(), PATIENCE, "the request to appear")
        self.assertTrue(self.browser.evaluate("window.notReloaded && document.querySelector('details').open"))
        self.assertEqual(self.browser.complaints(), [])

    def test_it_says_when_the_watchdog_has_gone(self):
        self.browser.open(self.url)
        self.dog.close()
        until(lambda: self.browser.evaluate("document.body.className") == "gone", PATIENCE, "the page to notice")
        self.assertIn("not answer", self.browser.evaluate("getComputedStyle(document.body, '::before').content"))

    def test_without_javascript_all_is_there(self):
        self.dog.request(path="/bad")
        self.failures()
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.browser.open(self.url)
        text = self.shown()
        for part in ("mode=streaming", "GET /bad", "function_failed: exit code 7", "no connection to the database",
                     "Configuration"):
            self.assertIn(part, text)
        self.assertEqual(self.browser.complaints(), [])

    def test_what_is_hostile_runs_nothing(self):
        self.dog.request(path="/<script>window.taken=1</script>")
        self.dog.request(path="/<img/src=x/onerror=window.taken=2>")
        self.browser.open(self.url)
        self.assertIn("GET /<script>window.taken=1</script>", self.shown())
        self.dog.request(path="/after")
        until(lambda: "GET /after" in self.shown(), PATIENCE, "the page to be renewed")
        self.assertIsNone(self.browser.evaluate("window.taken"))
        self.assertEqual(self.browser.complaints(), [])

    def test_fifty_requests_fit_into_twelve_kilobytes_and_a_telephone(self):
        for number in range(50):
            self.dog.request(path=f"/orders/{number}", headers=[TRACEPARENT] if number % 5 == 0 else ())
        self.dog.request(path="/bad")
        self.client(self.dog).send(head(path="/slow"))
        self.until_status(lambda report: report["running_count"] == 1, "the slow one to run")
        self.assertLess(len(self.ask().body), 12 * 1024)
        for width, scheme in ((1100, "light"), (1100, "dark"), (390, "light")):
            self.browser.call("Emulation.setDeviceMetricsOverride", width=width, height=1100, deviceScaleFactor=1,
                              mobile=width < 500)
            self.browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme",
                                                                       "value": scheme}])
            self.browser.open(self.url)
            self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
            path = ROOT / "build" / f"status-{width}-{scheme}.png"
            self.browser.screenshot(path)
            self.assertTrue(path.read_bytes().startswith(b"\x89PNG"))
        self.assertEqual(self.browser.complaints(), [])
