"""faasd's order of replacement: the network of the old one is removed, every process of it gets SIGTERM at
once, and SIGKILL after the grace period; only then the new one starts. Its capability is CAP_NET_RAW alone,
and it has no seccomp profile.

No request can reach the container once its network has gone. What can be asked of it: it ends in time and
with 0, although its function was sent SIGTERM by somebody else; each request under way ends in the log; no
process is left.
"""

import json
import re
import time

import case
import containers
from client import head
from harness import until

ROUNDS = 10  # for what depends on who is first to see an end
PLAIN_SERVER = ("import http.server, sys\n"
                "class Handler(http.server.BaseHTTPRequestHandler):\n"
                "    def do_GET(self): self.send_response(200); self.end_headers(); self.wfile.write(b'fine')\n"
                "    def log_message(self, *_): pass\n"
                "http.server.ThreadingHTTPServer(('127.0.0.1', 3000), Handler).serve_forever()\n")
WARM = {"mode": "http", "upstream_url": "http://127.0.0.1:3000"}


class FaasdOrder(case.Case):
    def start(self, image, *arguments, **options):
        return super().start(image, *arguments, faasd=True, attached=True, **options)

    def with_requests(self, container, count=4):
        """So many requests under way, and their clients."""
        clients = [container.client() for _ in range(count)]
        for client in clients:
            client.send(head(path="/under-way"))
            self.addCleanup(client.close)
        return clients

    def stop(self, container, code=0):
        """Ends it; it must take less than the grace period, so that nothing is killed by the engine."""
        seconds, got = container.stop_as_faasd()
        self.assertEqual(got, code, container.log())
        self.assertLess(seconds, containers.GRACE - 0.5)
        self.assert_nothing_left(container)
        return seconds

    def assert_logged(self, container, count, statuses):
        lines = re.findall(r"(?m)^.* GET /under-way - (\d+) .*\(\d+\.\d+s\).*$", container.log())
        self.assertEqual(len(lines), count, container.log())
        self.assertLessEqual(set(lines), set(statuses))
        self.assertTrue(container.log().endswith("\n"))

    def test_it_has_cap_net_raw_alone(self):
        container = self.bash("grep CapEff /proc/self/status; grep Seccomp: /proc/self/status", user="0:0")
        self.assertRegex(container.request().text, r"CapEff:\t0*2000\nSeccomp:\t0\n")

    def test_commands_that_sigterm_ends_are_failures_in_the_log_and_no_exit_code(self):
        for mode in ("streaming", "serializing", "classic"):
            for _ in range(3):
                container = self.bash("sleep 30", mode=mode, **case.QUICK)
                self.with_requests(container)
                until(lambda: len(container.processes()) >= 5, 5, "the functions to run")
                self.stop(container)
                self.assert_logged(container, 4, {"500", "503", "499"})

    def test_commands_that_finish_in_spite_of_sigterm_are_answered(self):
        container = self.bash("trap '' TERM; sleep 1; echo finished", **case.QUICK)
        self.with_requests(container)
        until(lambda: len(container.processes()) >= 9, 5, "the functions to run")
        self.stop(container)
        self.assert_logged(container, 4, {"200", "499"})

    def test_commands_that_ignore_sigterm_are_killed_in_time(self):
        container = self.bash("trap '' TERM; sleep 60 & wait; sleep 60", **case.QUICK)
        self.with_requests(container)
        until(lambda: len(container.processes()) >= 9, 5, "the functions to run")
        self.stop(container)
        self.assert_logged(container, 4, {"503", "499"})

    def test_a_warm_server_that_sigterm_ends_is_no_exit_code(self):
        for number in range(ROUNDS):
            container = self.start("python-stdin", fprocess=json.dumps(["python3", "-c", PLAIN_SERVER]),
                                   **WARM, **case.QUICK, **({"restart": "always"} if number % 2 else {}))
            self.stop(container)

    def test_a_warm_server_that_exits_by_itself_is_no_exit_code(self):
        for image in ("template-node", "template-python", "template-php-fastcgi"):
            for _ in range(3):
                container = self.start(image, user=None, **case.QUICK)
                self.assertEqual(container.request("POST", body=b"x").status, 200)
                self.stop(container)

    def test_a_warm_server_that_exits_with_143_is_no_exit_code(self):
        """As Java and shells do that end for a SIGTERM."""
        ways = (self.exiting(143), "trap 'exit 143' TERM; python3 -c '" + PLAIN_SERVER.replace("'", '"') + "' & wait")
        for number in range(ROUNDS):
            container = self.start("python-stdin", fprocess=json.dumps(["bash", "-c", ways[number % 2]]), **WARM,
                                   **case.QUICK)
            self.stop(container)

    def test_a_warm_server_that_fails_at_sigterm_is_no_exit_code_with_the_default_settings(self):
        for _ in range(ROUNDS):
            container = self.start("python-stdin", fprocess=json.dumps(["bash", "-c", self.exiting(1)]), **WARM)
            self.stop(container)

    def exiting(self, code):
        """A server that exits with this code at SIGTERM, in words of a shell."""
        handler = f"import signal, os; signal.signal(signal.SIGTERM, lambda *_: os._exit({code}))\n"
        return "exec python3 -c '" + (handler + PLAIN_SERVER).replace("'", '"') + "'"

    def test_a_warm_server_with_requests_under_way_loses_none_of_them_silently(self):
        script = PLAIN_SERVER.replace("def do_GET(self): ", "def do_GET(self): import time; time.sleep(5); ")
        container = self.start("python-stdin", fprocess=json.dumps(["python3", "-c", script]), **WARM, **case.QUICK)
        self.with_requests(container)
        time.sleep(0.3)  # the requests have reached the server
        self.stop(container)
        self.assert_logged(container, 4, {"502", "503", "499"})

    def test_with_the_default_settings_it_ends_in_the_grace_period(self):
        for image in ("bash-env", "template-node", "template-static"):
            container = self.start(image, user=None if image.startswith("template") else "1000:1000")
            self.assertEqual(container.request().status, 200)
            self.stop(container)

    def test_with_the_default_settings_a_request_under_way_does_not_hold_it_beyond_the_grace_period(self):
        container = self.bash("sleep 30")
        self.with_requests(container)
        until(lambda: len(container.processes()) >= 5, 5, "the functions to run")
        self.stop(container)
        self.assert_logged(container, 4, {"500", "503", "499"})

    def test_background_jobs_of_functions_end_with_it(self):
        job = "setsid {} >/dev/null 2>&1 </dev/null & "
        stubborn = "bash -c 'trap \"\" TERM; sleep 1000; sleep 1000'"
        container = self.bash(job.format("sleep 1000") + job.format(stubborn) + "echo ok", **case.QUICK)
        self.assert_text(container.request(), "ok\n")
        until(lambda: len(container.processes()) >= 4, 5, "the jobs to run")
        self.stop(container)

    def test_the_new_one_serves_at_an_address_of_its_own_once_the_old_one_has_gone(self):
        gaps = []
        for image in ("bash-env", "template-node", "template-static"):
            user = None if image.startswith("template") else "1000:1000"
            old = self.start(image, user=user, **case.QUICK)
            begun = time.monotonic()
            self.stop(old)
            old.remove()
            new = self.start(image, user=user, **case.QUICK)
            gaps.append(f"{image} {time.monotonic() - begun:.2f} s")
            self.assertEqual(new.request().status, 200)
            self.stop(new)
        print(f"     without an address from the old one to the new: {', '.join(gaps)}", flush=True)
