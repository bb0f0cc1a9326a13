"""What happens when a template or a fork dies, stops or is stopped: requests are answered as by a cold start."""

import os
import random
import signal
import time

from harness import SANITIZER, Case, InBackground, Stopwatch, head, until
from warm_support import COMMANDS, Request, WarmTests, has_socket

ECHO = """
$| = 1; my $first = <STDIN> // '';
my $path = $ENV{Http_Path};
open(my $ran, '>>', 'ran'); syswrite($ran, "$path\n"); close $ran;
open(my $mark, '>', 'started.1'); close $mark;
if ($path eq '/hold') { select(undef, undef, undef, 0.01) until -e 'release'; }
if ($path eq '/sleep') { sleep 600; }
if ($path eq '/tree') { system('sleep 601 & sleep 602'); }
if ($path eq '/stubborn') { $SIG{TERM} = 'IGNORE'; sleep 1 while 1; }
if ($path eq '/clean') { $SIG{TERM} = sub { open(my $file, '>', 'cleaned'); exit }; sleep 600; }
if ($path eq '/daemon') { system('sleep 603 </dev/null >/dev/null 2>&1 &'); }
if ($path eq '/tick') { while (1) { print "tick\\n"; select(undef, undef, undef, 0.02); } }
print "$path $first";
"""


class Fault(WarmTests, Case):
    """A function in perl that answers with its path and its first line, and has been warmed up."""

    def echo(self, **options):
        return self.warm("perl", self.script(ECHO), **options).warmed_up()

    def ask(self, dog, number):
        response = dog.request("POST", f"/{number}", body=b"line %d" % number)
        self.assertEqual((response.status, response.text), (200, f"/{number} line {number}"))

    def until_warm_again(self, dog):
        dog.warmed_up()
        self.assert_nothing_left(dog)

    def held(self, dog, path="/hold"):
        """A client whose request is being answered by a fork, and the fork's pid."""
        before = set(dog.waiting())
        client = self.client(dog)
        (dog.folder / "started.1").unlink(missing_ok=True)
        client.send(head("POST", path, body=b"held") + b"held")
        until((dog.folder / "started.1").exists, 5, "the fork to run")
        return client, until(lambda: set(dog.waiting()) - before, 5, "the fork").pop()


class Template(Fault):
    def test_a_template_that_was_killed_is_started_again(self):
        dog = self.echo()
        for number in range(3):
            killed = dog.template()
            os.kill(killed, signal.SIGKILL)
            for step in range(5):
                self.ask(dog, step)
            self.until_warm_again(dog)
            self.assertNotEqual(dog.template(), killed)
            self.assertEqual(dog.restarts(), number + 1)

    def test_a_fork_outlives_its_template(self):
        dog = self.echo()
        template = dog.template()
        client, fork = self.held(dog)
        os.kill(template, signal.SIGKILL)
        until(lambda: template not in dog.children(), 5, "the template to be gone")
        self.assertIn(fork, dog.children())
        (dog.folder / "release").touch()
        self.assertEqual(client.response().text, "/hold held")

    def test_every_signal_that_ends_a_template_is_survived(self):
        dog = self.echo()
        for number in (signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1):
            os.kill(dog.template(), number)
            self.ask(dog, number)
            self.until_warm_again(dog)

    def test_a_stopped_template_delays_one_request_and_is_replaced(self):
        dog = self.echo()
        stopped = dog.template()
        os.kill(stopped, signal.SIGSTOP)
        watch = Stopwatch()
        self.ask(dog, 1)
        self.assert_within(watch.seconds, 0, 3)
        self.assertGreaterEqual(dog.fallbacks("template_slow"), 1)
        end(stopped, signal.SIGCONT)
        self.until_warm_again(dog)
        self.assertNotIn(stopped, dog.children())
        self.assertEqual((dog.folder / "ran").read_text().split().count("/1"), 1)

    def test_a_program_that_stops_waiting_for_requests_is_started_cold_and_the_log_says_so(self):
        flag = self.script("", "empty").parent / "over"
        dog = self.warm("bash", "-c", f"[ -e {flag} ] && exit; read -r line; echo $line").warmed_up()
        dog.wait_log("Warm start: zygote")
        flag.touch()
        os.kill(dog.template(), signal.SIGKILL)
        dog.wait_log(r"Warning: Warm start: off: it ended before it read its input: exit code 0 \(no_read\)")
        flag.unlink()
        self.assertEqual(dog.request("POST", body=b"x\n").text, "x\n")

    def test_the_log_line_of_a_request_that_fell_back_says_so(self):
        dog = self.echo()
        self.assertNotIn("template_", dog.log())
        os.kill(dog.template(), signal.SIGSTOP)
        dog.request("POST", "/slow", body=b"x")
        dog.wait_log(r"POST /slow - 200 OK .*template_slow")
        self.until_warm_again(dog)
        dog.request("POST", "/quick", body=b"x")
        dog.wait_log(r"POST /quick - 200 OK - ContentLength: \d+B \([\d.]+s\)$")

    def test_requests_are_answered_while_templates_are_killed_all_the_time(self):
        dog = self.echo()
        stop = []

        def kill():
            while not stop:
                for pid in dog.waiting("perl"):
                    if has_socket(pid):  # the control socket: a fork has none
                        end(pid, signal.SIGKILL)
                time.sleep(0.02)

        killer = InBackground(kill)
        self.ask_while(dog, stop, killer)

    def test_requests_are_answered_while_templates_are_stopped_and_go_on_all_the_time(self):
        dog = self.echo()
        stop = []

        def halt():
            while not stop:
                for pid in dog.waiting("perl"):
                    if has_socket(pid):
                        end(pid, signal.SIGSTOP)
                        time.sleep(random.choice((0, 0.001, 0.01, 0.05)))
                        end(pid, signal.SIGCONT)
                time.sleep(0.002)

        self.ask_while(dog, stop, InBackground(halt))

    def ask_while(self, dog, stop, trouble):
        """Each request is answered, and was run once."""
        try:
            for number in range(30 if SANITIZER else 150):
                self.ask(dog, number)
        finally:
            stop.append(True)
            trouble.result()
        self.until_warm_again(dog)
        ran = (dog.folder / "ran").read_text().split()
        self.assertEqual(sorted(ran), sorted([*{*ran} - {"/"}, *[path for path in ran if path == "/"]]))

    def test_a_template_that_dies_again_and_again_is_started_less_and_less_often(self):
        # From the second start on it ends before it reads, as requests do not: those have variables.
        script = self.script("if (-e 'broken' && !$ENV{Http_Path}) { kill 'KILL', $$ }" + ECHO)
        dog = self.warm("perl", script).warmed_up()
        (dog.folder / "broken").touch()
        os.kill(dog.template(), signal.SIGKILL)
        deadline = time.monotonic() + 2
        number = 0
        while time.monotonic() < deadline:
            self.ask(dog, number)
            number += 1
        self.assertGreater(dog.fallbacks("template_gone"), 0)
        self.assertLessEqual(dog.restarts(), 8)
        (dog.folder / "broken").unlink()
        until(lambda: dog.waiting(), 15, "a template")
        self.until_warm_again(dog)

    def test_a_template_stopped_while_it_starts_holds_up_nobody(self):
        script = self.script("if (-e 'wait' && !$ENV{Http_Path}) { kill 'STOP', $$ }" + ECHO)
        dog = self.warm("perl", script).warmed_up()
        (dog.folder / "wait").touch()
        os.kill(dog.template(), signal.SIGKILL)
        watch = Stopwatch()
        for number in range(10):
            self.ask(dog, number)
        self.assert_within(watch.seconds, 0, 3)


class Forks(Fault):
    def test_a_fork_that_was_killed_has_failed_as_a_cold_one(self):
        dog = self.echo(mode="serializing")
        client, fork = self.held(dog)
        os.kill(fork, signal.SIGKILL)
        self.assertEqual(client.response().status, 500)
        dog.wait_log(r"POST /hold - 500 .*killed by SIGKILL$")
        self.ask(dog, 1)
        self.assertEqual(dog.restarts(), 0)

    def test_a_fork_that_was_stopped_runs_into_exec_timeout(self):
        dog = self.echo(exec_timeout="500ms")
        client, fork = self.held(dog, "/sleep")
        os.kill(fork, signal.SIGSTOP)
        self.assertEqual(client.response().status, 504)
        until(lambda: fork not in dog.children(), 6, "the stopped fork to be killed")
        self.ask(dog, 1)
        self.assertEqual(dog.restarts(), 0)

    def test_exec_timeout_takes_the_whole_tree_and_not_the_template(self):
        dog = self.echo(exec_timeout="300ms")
        template = dog.template()
        watch = Stopwatch()
        self.assertEqual(dog.request(path="/tree").status, 504)
        self.assert_within(watch.seconds, 0.28, 1.5)
        dog.wait_log(r"GET /tree - 504 .*exec_timeout")
        until(lambda: dog.processes() == [template], 5, "the tree to be gone")

    def test_a_fork_that_ignores_term_is_killed(self):
        dog = self.echo(exec_timeout="300ms")
        template = dog.template()
        self.assertEqual(dog.request(path="/stubborn").status, 504)
        until(lambda: dog.processes() == [template], 6, "the fork to be gone")

    def test_a_fork_may_clean_up_after_term(self):
        dog = self.echo(exec_timeout="300ms")
        self.assertEqual(dog.request(path="/clean").status, 504)
        until((dog.folder / "cleaned").exists, 3, "the fork to clean up")

    def test_the_group_dies_when_the_client_goes(self):
        dog = self.echo()
        template = dog.template()
        client, _ = self.held(dog, "/tree")
        client.close()
        until(lambda: dog.processes() == [template], 5, "the tree to be gone")
        dog.wait_log(r"POST /tree - 499 .*client_gone")

    def test_the_group_dies_when_the_client_goes_while_it_downloads(self):
        dog = self.echo()
        template = dog.template()
        client = self.client(dog)
        client.send(head(path="/tick"))
        next(client.pieces(client.head()))
        client.close()
        until(lambda: dog.processes() == [template], 5, "the fork to be gone")

    def test_kill_on_disconnect_false_lets_a_fork_finish(self):
        dog = self.echo(kill_on_disconnect="false")
        client, fork = self.held(dog)
        client.close()
        time.sleep(0.3)
        self.assertIn(fork, dog.children())
        (dog.folder / "release").touch()
        dog.wait_log(r"POST /hold - 499 ")
        self.assert_nothing_left(dog)

    def test_a_background_process_that_a_fork_leaves_delays_nothing(self):
        dog = self.echo(leaves=True)
        watch = Stopwatch()
        self.assertEqual(dog.request(path="/daemon").status, 200)
        self.assert_within(watch.seconds, 0, 1)

    def test_a_client_that_goes_before_it_has_sent_everything_leaves_nothing(self):
        dog = self.echo()
        for _ in range(20):
            client = dog.client()
            client.send(head("POST", "/x", headers={"Content-Length": "100000"}) + b"half")
            time.sleep(0.01)
            client.abort()
        self.assert_nothing_left(dog)
        self.ask(dog, 1)


class End(Fault):
    def test_the_end_waits_for_forks_and_not_for_the_template(self):
        dog = self.echo(healthcheck_interval="100ms")
        client, _ = self.held(dog)
        dog.signal(signal.SIGTERM)
        dog.wait_log("Stopping")
        (dog.folder / "release").touch()
        self.assertEqual(client.response().text, "/hold held")
        watch = Stopwatch()
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 2)
        self.assertNotRegex(dog.log(), "Error|Warning|left behind")

    def test_an_idle_watchdog_ends_at_once(self):
        for kind in ("zygote", "spare"):
            dog = self.warm("perl", self.script(ECHO), kind=kind).warmed_up(kind)
            watch = Stopwatch()
            dog.signal(signal.SIGINT)
            self.assertEqual(dog.wait_exit(), 0)
            self.assert_within(watch.seconds, 0, 1.5)
            self.assertNotRegex(dog.log(), "Error|Warning|left behind")

    def test_a_template_that_ignores_sigterm_does_not_delay_the_end(self):
        dog = self.warm("perl", self.script("$SIG{TERM} = $SIG{INT} = 'IGNORE';" + ECHO)).warmed_up()
        watch = Stopwatch()
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 2)

    def test_requests_after_a_sigterm_for_every_process_are_answered(self):
        dog = self.echo(healthcheck_interval="1s")
        for pid in (dog.pid, *dog.processes()):
            end(pid, signal.SIGTERM)
        for number in range(5):
            self.ask(dog, number)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertNotRegex(dog.log(), "Error|Warning")

    def test_two_signals_end_it_in_the_middle_of_a_request(self):
        dog = self.echo()
        self.held(dog, "/stubborn")
        dog.signal(signal.SIGTERM)
        dog.wait_log("Stopping")
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertEqual(dog.processes(), [])

    def test_the_death_of_the_watchdog_is_the_death_of_its_template(self):
        dog = self.echo(leaves=True)
        template = dog.template()
        dog.signal(signal.SIGKILL)
        dog.process.wait()
        until(lambda: template not in dog.processes(), 3, "the template to end with its watchdog")


class AsPidOne(Fault):
    wrapper = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")

    def test_forks_are_its_children_and_leave_no_zombie(self):
        dog = self.warm("bash", self.script("read -r line; echo $PPID $line", "index.sh"), wrapper=self.wrapper)
        dog.warmed_up()
        for number in range(50):
            self.assertEqual(dog.request("POST", body=b"%d" % number).text, f"1 {number}\n")
        self.assert_nothing_left(dog)

    def test_exit_codes_signals_and_time_limits_are_told_truly(self):
        dog = self.warm(*COMMANDS["perl"], wrapper=self.wrapper, healthcheck_interval="100ms").warmed_up()
        for verb, word in (("exit 7", "exit code 7"), ("kill SEGV", "killed by SIGSEGV")):
            self.assertEqual(Request(verb).send(dog).status, 500)
            dog.wait_log(word)
        self.assertEqual(Request("hang", headers=[("X-Timeout", "200ms")]).send(dog).status, 504)
        self.assert_nothing_left(dog)
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)

    def test_a_killed_template_leaves_no_zombie(self):
        dog = self.warm(*COMMANDS["perl"], wrapper=self.wrapper).warmed_up()
        for _ in range(3):
            os.kill(dog.template(), signal.SIGKILL)
            dog.warmed_up()
            self.assert_nothing_left(dog)


def end(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
