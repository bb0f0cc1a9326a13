"""As PID 1 of a container, and as the parent of what functions leave behind."""

import signal
import time

from harness import FUNCTIONS, SANITIZER, Case, Hold, Stopwatch, head, until

DOUBLE_FORK = ("--", "python3", str(FUNCTIONS / "double_fork.py"))
COUNT = 20 if SANITIZER else 50


class Orphans:
    """Functions leave processes behind; the watchdog inherits and reaps them."""

    wrapper = ()

    def start(self, *arguments, **options):
        return super().start(*arguments, wrapper=self.wrapper, **options)

    def test_daemons_that_functions_leave_are_reaped(self):
        dog = self.start(*DOUBLE_FORK)
        with dog.client() as client:
            for _ in range(COUNT):
                self.assertEqual(client.request().text, "done\n")
        until(lambda: not dog.children(), 5, "all orphans to end and be reaped")

    def test_background_jobs_that_functions_leave_are_reaped(self):
        dog = self.sh("sleep 0.05 & sleep 0.01 & echo ok")
        with dog.client() as client:
            for _ in range(COUNT):
                self.assertEqual(client.request().text, "ok\n")
        until(lambda: not dog.children(), 5, "all orphans to end and be reaped")

    def test_orphans_do_not_confuse_exit_codes(self):
        dog = self.sh('(exit 9) & sleep 0.02 & exit "${Http_Path#/}"')
        with dog.client() as client:
            for number in range(COUNT):
                code = number % 3
                response = client.request(path=f"/{code}")
                self.assertEqual(response.status, 500 if code else 200)
        until(lambda: not dog.children(), 5, "all orphans to end and be reaped")

    def test_term_ends_it_with_code_0(self):
        dog = self.start(fprocess="true", healthcheck_interval="100ms")
        self.assertEqual(dog.request().status, 200)
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)

    def test_signals_that_are_none_of_its_business_do_not_end_it(self):
        dog = self.start(fprocess="true")
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
                       signal.SIGPIPE):
            dog.signal(number)
            self.assertEqual(dog.request().status, 200)


    def test_daemons_end_with_it(self):
        dog = self.sh("setsid sh -c 'setsid sleep 1000 & sleep 1001' >/dev/null 2>&1 & echo ok")
        self.assertEqual(dog.request().text, "ok\n")
        until(lambda: len(dog.processes()) >= 3, 5, "the daemons to run")
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertEqual(dog.processes(), [])
        self.assertRegex(dog.log(), r"asking what the function left behind to end; processes: \d")

    def test_a_daemon_may_clean_up(self):
        dog = self.sh("setsid sh -c 'trap \"sleep 0.2; touch cleaned; exit\" TERM; touch daemon;"
                      " while :; do sleep 0.02; done' >/dev/null 2>&1 & echo ok")
        self.assertEqual(dog.request().text, "ok\n")
        until((dog.folder / "daemon").exists, 5, "the daemon")
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertTrue((dog.folder / "cleaned").exists())

    def test_a_stubborn_tree_is_killed(self):
        stubborn = "trap '' TERM INT HUP; touch daemon.$i; setsid sleep 1000 & while :; do sleep 0.05; done"
        dog = self.sh(f"for i in 1 2 3; do setsid sh -c \"{stubborn}\" >/dev/null 2>&1 & done; echo ok",
                      stop_timeout="400ms")
        self.assertEqual(dog.request().text, "ok\n")
        until(lambda: len(list(dog.folder.glob("daemon.*"))) == 3, 5, "the daemons")
        watch = Stopwatch()
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0.39, 2.0)
        self.assertEqual(dog.processes(), [])

    def test_a_thousand_orphans_are_reaped(self):
        dog = self.sh("for i in $(seq 100); do setsid sh -c 'sleep 0.01 &' & done; wait; echo ok")
        with dog.client() as client:
            for _ in range(3 if SANITIZER else 10):
                self.assertEqual(client.request().text, "ok\n")
        until(lambda: not dog.children(), 10, "all orphans to be reaped")


class Pid1(Orphans, Case):
    wrapper = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")

    def test_it_is_pid_1(self):
        dog = self.sh("echo $PPID")
        self.assertEqual(dog.request().text, "1\n")

    def test_interrupt_ends_it_with_code_0(self):
        dog = self.start(fprocess="true")
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)

    def test_a_timeout_takes_the_tree_and_leaves_no_zombie(self):
        dog = self.sh("sleep 61 & sh -c 'sleep 62 & sleep 63' & wait", exec_timeout="200ms")
        for _ in range(5):
            self.assertEqual(dog.request().status, 504)
        until(lambda: not dog.children(), 5, "every process to be gone")

    def test_the_end_waits_for_the_request_under_way(self):
        dog = self.start("--", *Hold.command(), healthcheck_interval="100ms")
        client = self.client(dog)
        client.send(head())
        hold = Hold(dog.folder)
        hold.started()
        dog.signal(signal.SIGTERM)
        time.sleep(0.3)
        hold.release()
        self.assertEqual(client.response().text, "released\n")
        self.assertEqual(dog.wait_exit(), 0)


    def test_signals_during_the_start_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            dog = self.start(mode="http", fprocess="sleep 1000", healthcheck_interval="100ms",
                             upstream_url="http://127.0.0.1:9")
            dog.signal(number)
            self.assertEqual(dog.wait_exit(), 0)
            self.assertEqual(dog.processes(), [])


class Subreaper(Orphans, Case):
    pass


class ManyZombies(Case):
    def test_an_avalanche_of_orphans_does_not_stop_the_server(self):
        dog = self.sh('[ "$Http_Path" = /quick ] || for i in $(seq 100); do (true &) & done; echo ok')
        with dog.client() as client:
            for _ in range(5):
                client.request()
        watch = Stopwatch()
        self.assertEqual(dog.request(path="/quick").text, "ok\n")
        self.assert_within(watch.seconds, 0, 1.0)
        until(lambda: not dog.children(), 5, "all orphans to be reaped")
