"""mode=http: the process that is kept warm, from its start to its end."""

import os
import re
import signal
import time

from harness import (EXIT_UNAVAILABLE, EXIT_USAGE, FUNCTIONS, Case, InBackground, Stopwatch,
                     free_port, head, run, until)

SERVER = str(FUNCTIONS / "warm_server.py")


class Warm(Case):
    def warm(self, **options):
        """A watchdog whose function is warm_server.py; `options` with a capital are the server's."""
        port = free_port()
        options.setdefault("upstream_url", f"http://127.0.0.1:{port}")
        return self.start("--", "python3", SERVER, str(port), mode="http", **options)

    def ready(self, **options):
        dog = self.warm(**options)
        until(lambda: dog.request(path="/_/health").status == 200, 10, "it to be ready")
        return dog


class Start(Warm):
    def test_it_is_not_healthy_before_the_function_listens(self):
        dog = self.warm(START_AFTER="0.5")
        self.assertEqual(dog.request(path="/_/health").status, 503)
        self.assertEqual(dog.request(path="/_/ready").status, 503)
        self.assertFalse(dog.lock.exists())
        until(lambda: dog.request(path="/_/health").status == 200, 10, "it to be ready")
        until(dog.lock.exists, 2, "the lock file")

    def test_early_requests_wait_and_are_answered(self):
        dog = self.warm(START_AFTER="0.5")
        clients = [self.client(dog) for _ in range(5)]
        for number, client in enumerate(clients):
            client.send(head("POST", f"/{number}", body=b"x" * 100_000) + b"x" * 100_000)
            time.sleep(0.01)
        self.assertEqual([client.response().text for client in clients],
                         [f"POST /{number} 100000" for number in range(5)])

    def test_readiness_is_noticed_at_once(self):
        watch = Stopwatch()
        dog = self.warm(START_AFTER="0.3")
        self.assertEqual(dog.request().status, 200)
        until(lambda: dog.log().count("is ready after"), 5, "the log to say so")
        said = float(re.search(r"is ready after (\d+\.\d+)s", dog.log()).group(1))
        self.assert_within(said, 0.3, 1.0)
        self.assert_within(watch.seconds, 0.3, 1.5)

    def test_startup_timeout_is_503_for_those_who_wait_and_exit_69(self):
        dog = self.warm(START_AFTER="60", startup_timeout="1s", leaves=True)
        dog.wait_log("Listening")
        time.sleep(0.2)  # what ends its wait is then the end of the function
        response = dog.request()
        self.assertEqual(response.status, 503)
        self.assertIn("not_ready: the function was not ready within startup_timeout=1s: cannot connect", response.text)
        self.assertEqual(dog.wait_exit(), EXIT_UNAVAILABLE)
        self.assertRegex(dog.log(), r"GET / - 503 .* - not_ready: the function was not ready within "
                                    r"startup_timeout=1s: cannot connect")
        self.assertNotIn("process has ended", dog.log())
        self.assertRegex(dog.log(), r"not ready within startup_timeout=1s: cannot connect to "
                                    r"http://127.0.0.1:\d+: Connection refused")

    def test_ready_path_must_answer_with_2xx(self):
        dog = self.warm(READY_AFTER="0.5", ready_path="/ready?now")
        response = dog.request()
        self.assertEqual(response.status, 200)
        dog.wait_log("is ready after 0\\.[5-9]|is ready after [1-9]")
        self.assertEqual(dog.request(path="/_/ready").status, 200)
        dog.request(path="/become-unready")
        response = dog.request(path="/_/ready")
        self.assertEqual(response.status, 503)
        self.assertIn("/ready?now with 503", response.text)
        self.assertEqual(dog.request(path="/_/health").status, 200)

    def test_a_missing_command_ends_with_127_and_says_so(self):
        result = run("--", "no-such-command", mode="http", upstream_url="http://127.0.0.1:1")
        self.assertEqual(result.returncode, 127)
        self.assertIn('cannot run "no-such-command": no such command in PATH', result.stderr)

    def test_an_upstream_that_cannot_be_used_is_refused(self):
        for url, says in ((None, "upstream_url is not set"), ("localhost:3000", "it accepts http://"),
                          ("fastcgi://127.0.0.1:9000", "mode=http accepts http://"),
                          ("http://no-such-host.invalid", "no such host")):
            result = run("--", "true", mode="http", upstream_url=url)
            self.assertEqual(result.returncode, EXIT_USAGE, url)
            self.assertIn(says, result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_its_output_is_logged_line_by_line(self):
        dog = self.ready()
        dog.request(path="/say")
        dog.wait_log(r"stdout: something to say$")
        dog.wait_log(r"stderr: something to complain about$")


class End(Warm):
    def test_its_exit_code_becomes_ours(self):
        for code in (0, 1, 7, 255):
            dog = self.ready(leaves=True)
            dog.client().send(head(path=f"/exit/{code}"))
            self.assertEqual(dog.wait_exit(), code)
            self.assertRegex(dog.log(), rf"ended by itself: exit code {code}")

    def test_a_signal_that_kills_it_becomes_our_code(self):
        for name, code in (("SIGKILL", 137), ("SIGSEGV", 139)):
            dog = self.ready(leaves=True)
            os.kill(dog.processes()[0], getattr(signal, name))
            self.assertEqual(dog.wait_exit(), code)
            self.assertIn(f"killed by {name}", dog.log())

    def test_its_last_words_are_logged(self):
        dog = self.ready(leaves=True)
        dog.client().send(head(path="/last-words"))
        dog.wait_exit()
        self.assertEqual(dog.log().count("last words "), 1000)

    def test_a_request_under_way_is_answered_with_502(self):
        dog = self.ready(leaves=True)
        self.assertEqual(dog.request(path="/exit/3").status, 502)
        self.assertEqual(dog.wait_exit(), 3)

    def test_a_daemon_is_told_to_stay_in_the_foreground(self):
        dog = self.warm(DAEMONIZE="1", START_AFTER="1", leaves=True)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertIn("must stay in the foreground", dog.log())

    def test_on_failure_starts_it_again_and_holds_requests_meanwhile(self):
        dog = self.ready(restart="on-failure")
        first = dog.processes()[0]
        os.kill(first, signal.SIGKILL)
        until(lambda: dog.request(path="/_/health").status == 503, 2, "it to be unready")
        self.assertEqual(dog.request().text, "GET / 0")
        self.assertNotEqual(dog.processes()[0], first)
        dog.wait_log("Starting the function again in 100ms")

    def test_on_failure_takes_exit_code_0_for_the_end(self):
        dog = self.ready(restart="on-failure", leaves=True)
        dog.client().send(head(path="/exit/0"))
        self.assertEqual(dog.wait_exit(), 0)

    def test_always_starts_it_again_whatever_its_exit_code(self):
        dog = self.ready(restart="always")
        for _ in range(2):
            dog.client().send(head(path="/exit/0"))
            until(lambda: dog.request(path="/_/health").status == 503, 2, "it to be unready")
            self.assertEqual(dog.request().status, 200)

    def test_starts_that_fail_come_ever_more_slowly(self):
        dog = self.start("--", "false", mode="http", upstream_url="http://127.0.0.1:1",
                         restart="always")
        dog.wait_log("again in 400ms")
        waits = re.findall(r"again in (\w+)", dog.log())
        self.assertEqual(waits[:3], ["100ms", "200ms", "400ms"])


class Signals(Warm):
    def test_hup_usr1_and_usr2_are_passed_on(self):
        dog = self.ready()
        for name in ("SIGHUP", "SIGUSR1", "SIGUSR2"):
            dog.signal(getattr(signal, name))
            dog.wait_log(f"stdout: got {name}")

    def test_the_function_lives_until_its_last_request_is_answered(self):
        dog = self.ready(healthcheck_interval="0s")
        answer = InBackground(lambda: dog.request(path="/slow/1.5"))
        until(lambda: "slow" in dog.log(), 5, "the request to arrive")
        dog.signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertNotIn("got SIGTERM", dog.log())
        self.assertEqual(answer.result().text, "GET /slow/1.5 0")
        self.assertEqual(dog.wait_exit(), 0)
        self.assertIn("stdout: got SIGTERM", dog.log())

    def test_an_end_of_every_process_of_the_container_is_no_failure(self):
        for restart in ("no", "on-failure", "always"):
            dog = self.ready(restart=restart)
            dog.stop_everybody()
            self.assertEqual(dog.wait_exit(), 0)
            self.assertIn("function's process has ended with the stop: exit code 0", dog.log())
            self.assertNotRegex(dog.log(), "Error:|Warning:|Starting the function again")

    def test_so_it_is_for_a_server_that_sigterm_kills_and_for_each_of_several(self):
        dog = self.start("--", "python3", "-m", "http.server", "{port}", mode="http", instances="2",
                         restart="always", upstream_url="http://127.0.0.1:{port}")
        until(lambda: dog.log().count("is ready after") == 2, 10, "both to be ready")
        dog.stop_everybody()
        self.assertEqual(dog.wait_exit(), 0)
        self.assertEqual(dog.log().count("has ended with the stop: killed by SIGTERM"), 2, dog.log())
        self.assertNotRegex(dog.log(), "Error:|Warning:|Starting the function again")

    def test_a_server_that_exits_with_an_error_at_the_stop_of_all_is_no_failure(self):
        for code in (1, 143):
            port = free_port()
            program = f"trap 'kill $!; exit {code}' TERM; python3 -m http.server --bind 127.0.0.1 {port} & wait"
            dog = self.start("--", "sh", "-c", program, mode="http", upstream_url=f"http://127.0.0.1:{port}",
                             healthcheck_interval="300ms")
            until(lambda: dog.request(path="/_/health").status == 200, 10, "it to be ready")
            dog.stop_everybody()
            self.assertEqual(dog.wait_exit(), 0)
            self.assertIn(f"has ended with the stop: exit code {code}", dog.log())

    def test_a_server_that_crashes_while_we_stop_has_failed(self):
        dog = self.ready()
        dog.signal(signal.SIGTERM)
        dog.wait_log("Stopping: unready")
        os.kill(dog.processes()[0], signal.SIGSEGV)
        self.assertEqual(dog.wait_exit(), 139)
        self.assertRegex(dog.log(), "Error: the function's process ended by itself: killed by SIGSEGV")

    def test_who_asks_for_what_has_ended_with_the_stop_gets_503(self):
        dog = self.ready()
        client = self.client(dog)
        client.send(head("POST", body=bytes(10)))  # its body does not come before the end
        until(lambda: dog.request(path="/_/ready").status == 200, 2, "the request to be there")
        dog.stop_everybody()
        dog.wait_log("has ended with the stop")
        self.assertIn(client.response().status, (502, 503))
        self.assertEqual(dog.wait_exit(), 0)

    def test_requests_during_the_quiet_time_are_served(self):
        dog = self.ready()
        dog.signal(signal.SIGTERM)
        until(lambda: dog.request(path="/_/health").status == 503, 2, "it to be unready")
        response = dog.request()
        self.assertEqual((response.status, response.header("Connection")), (200, "close"))
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)

    def test_a_second_signal_ends_it_in_the_middle_of_a_request(self):
        dog = self.ready()
        answer = InBackground(lambda: dog.request(path="/slow/30"))
        until(lambda: "slow" in dog.log(), 5, "the request to arrive")
        dog.signal(signal.SIGTERM)
        dog.wait_log("Stopping: unready")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertIn(answer.result().status, (502, 503))
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 4)

    def test_a_function_that_ignores_sigterm_is_killed_at_the_deadline(self):
        dog = self.ready(IGNORE_TERM="1", shutdown_timeout="1s", healthcheck_interval="0s")
        answer = InBackground(lambda: dog.request(path="/slow/30"))
        until(lambda: "slow" in dog.log(), 5, "the request to arrive")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(answer.result().status, 503)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0.9, 2.5)
        dog.until_no_processes()

    def test_a_request_that_the_end_of_the_function_cuts_off_gets_503(self):
        dog = self.ready()
        answer = InBackground(lambda: dog.request(path="/slow/30"))
        until(lambda: "slow" in dog.log(), 5, "the request to arrive")
        for _ in range(2):
            dog.signal(signal.SIGTERM)
            dog.wait_log("Stopping: ")
        response = answer.result()
        self.assertEqual((response.status, dog.wait_exit()), (503, 0))
        self.assertIn("draining", response.text)

    def test_stop_signal_asks_it_to_end(self):
        for name in ("QUIT", "SIGINT"):
            dog = self.start("--", "sh", "-c", f"trap 'echo asked by {name}; exit 0' {name.removeprefix('SIG')};"
                             " while :; do sleep 0.05; done", mode="http", stop_signal=name,
                             upstream_url=f"http://127.0.0.1:{free_port()}")
            dog.wait_log("Listening")
            time.sleep(0.3)  # until the trap is set
            dog.signal(signal.SIGINT)
            self.assertEqual(dog.wait_exit(), 0)
            self.assertIn(f"asked by {name}", dog.log())

    def test_stop_timeout_is_how_long_it_may_take(self):
        dog = self.ready(IGNORE_TERM="1", stop_timeout="300ms")
        watch = Stopwatch()
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0.29, 1.2)
        self.assertRegex(dog.log(), "did not end within stop_timeout=300ms: killing it")


class Hanging(Warm):
    def hang(self, dog, count):
        for _ in range(count):
            self.assertEqual(dog.request(path="/slow/5").status, 504)

    def test_so_many_timeouts_in_a_row_make_it_unready(self):
        dog = self.ready(exec_timeout="200ms", hung_after="3")
        self.hang(dog, 2)
        self.assertEqual(dog.request(path="/_/health").status, 200)
        self.hang(dog, 1)
        until(lambda: dog.request(path="/_/health").status == 503, 2, "it to be unready")
        until(lambda: not dog.lock.exists(), 2, "the lock file to go")
        dog.wait_log("has let 3 requests in a row run into exec_timeout: unready until it answers")

    def test_an_answer_makes_it_ready_again(self):
        dog = self.ready(exec_timeout="200ms", hung_after="2")
        self.hang(dog, 2)
        until(lambda: dog.request(path="/_/health").status == 503, 2, "it to be unready")
        self.assertEqual(dog.request().status, 200)
        until(lambda: dog.request(path="/_/health").status == 200, 2, "it to be ready")
        until(dog.lock.exists, 2, "the lock file")

    def test_an_answer_in_between_counts(self):
        dog = self.ready(exec_timeout="200ms", hung_after="2")
        for _ in range(3):
            self.hang(dog, 1)
            self.assertEqual(dog.request().status, 200)
        self.assertEqual(dog.request(path="/_/health").status, 200)

    def test_it_is_started_again_where_restart_allows(self):
        dog = self.ready(exec_timeout="200ms", hung_after="2", restart="on-failure")
        self.hang(dog, 2)
        dog.wait_log("starting it again")
        until(lambda: dog.log().count("is ready after") == 2, 10, "it to be ready again")
        self.assertEqual(dog.request().status, 200)
        self.assertEqual(dog.request(path="/_/health").status, 200)

    def test_without_hung_after_nothing_is_counted(self):
        dog = self.ready(exec_timeout="100ms")
        self.hang(dog, 5)
        self.assertEqual(dog.request(path="/_/health").status, 200)

    def test_impatient_clients_do_not_count(self):
        dog = self.ready(hung_after="2")
        for _ in range(4):
            response = dog.request(path="/slow/5", headers=[("X-Timeout", "50ms")])
            self.assertEqual(response.status, 504)
        self.assertEqual(dog.request(path="/_/health").status, 200)
