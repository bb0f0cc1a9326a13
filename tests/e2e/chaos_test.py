"""When everything goes wrong around it, it goes on answering."""

import os
import random
import re
import signal
import threading
import time

from harness import (EXIT_INTERNAL, SANITIZER, Case, Client, Hold, InBackground, Stopwatch, free_port, head,
                     raise_descriptor_limit, run, until)


class Chaos(Case):
    def test_a_function_killed_from_outside_cuts_its_answer(self):
        dog = self.sh('[ "$Http_Path" = /quick ] || while :; do echo tick; sleep 0.02; done')
        client = self.client(dog)
        client.send(head(path="/stream"))
        response = client.head()
        pieces = client.pieces(response)
        next(pieces)
        shell = next(pid for pid, state in dog.children().items() if state != "Z")
        os.kill(shell, signal.SIGKILL)
        for _ in pieces:
            pass
        self.assertFalse(response.complete)
        dog.wait_log(r"GET /stream - 500 .*SIGKILL")
        self.assertEqual(dog.request(path="/quick").status, 200)

    def answers(self, dog):
        try:
            with dog.client(timeout=1) as client:
                response = client.request()
                return response is not None and response.text == "served\n"
        except OSError:
            return False

    # Sanitizers need descriptors and processes of their own.
    if not SANITIZER:
        def test_few_descriptors_and_many_clients(self):
            raise_descriptor_limit()
            dog = self.start(fprocess="echo served", wrapper=("prlimit", "--nofile=64"), workers="1")
            crowd = [dog.client() for _ in range(200)]
            try:
                for client in crowd:
                    client.send(head())
                time.sleep(0.3)
                self.assertTrue(dog.running())
            finally:
                for client in crowd:
                    client.close()
            until(lambda: self.answers(dog), 10, "it to answer again")
            self.assertEqual(dog.request(path="/_/health").status, 200)
            until(lambda: dog.fds() < 32, 5, "descriptors to be closed")

        def test_requests_beyond_the_descriptors_fail_with_a_status(self):
            dog = self.start("--", *Hold.command(), wrapper=("prlimit", "--nofile=40"), workers="1")
            crowd = [self.client(dog) for _ in range(12)]
            for client in crowd:
                client.send(head())
            Hold(dog.folder).started()
            time.sleep(0.3)
            Hold(dog.folder).release()
            statuses = {client.response().status for client in crowd}
            self.assertLessEqual(statuses, {200, 500, 503})
            self.assertIn(200, statuses)
            until(lambda: dog.request().status == 200, 5, "it to answer again")

        def test_no_more_processes_is_a_failed_start_and_no_more(self):
            script = ('cp "$1" tmp/fwatchdog && chmod 755 . tmp && exec setpriv --reuid=64123 '
                      '--regid=64123 --clear-groups prlimit --nproc=1 tmp/fwatchdog')
            dog = self.start(fprocess="echo served", workers="1", suppress_lock="true",
                             wrapper=("sh", "-c", script, "sh"))
            response = dog.request()
            self.assertEqual(response.status, 500)
            self.assertEqual(dog.request(path="/_/health").status, 200)

        def test_too_little_memory_to_start_is_one_line(self):
            result = run(fprocess="true", workers="4", wrapper=("prlimit", "--as=4000000"))
            self.assertEqual(result.returncode, EXIT_INTERNAL)
            self.assertRegex(result.stderr, r"^fwatchdog: out of memory: .*\n$")

    def test_a_function_that_is_stopped_ends_at_exec_timeout(self):
        for mode, status in (("streaming", 504), ("serializing", 504), ("classic", 408)):
            dog = self.sh("kill -STOP $$; echo never", mode=mode, exec_timeout="300ms")
            self.assertEqual(dog.request().status, status)
            dog.until_no_processes()

    def test_closed_output_is_no_obstacle(self):
        for closed in ("exec \"$@\" >&- 2>&-", "exec \"$@\" >&- 2>&- <&-"):
            dog = self.start("--", "sh", "-c", "cat; echo noise >&2", port=free_port(), read_log=False,
                             wrapper=("sh", "-c", closed, "sh"))
            for _ in range(10):
                self.assertEqual(dog.request("POST", body=b"body").text, "body")

    def test_output_that_nobody_reads_is_no_obstacle(self):
        script = "head -c 20000 /dev/zero | tr '\\0' x >&2; echo >&2; echo served"
        metrics = free_port()
        dog = self.start("--", "sh", "-c", script, port=free_port(), metrics_port=str(metrics),
                         read_log=False)
        watch = Stopwatch()
        for _ in range(60):
            self.assertEqual(dog.request().text, "served\n")
        self.assert_within(watch.seconds, 0, 15)
        with Client(metrics) as client:
            text = client.request(path="/metrics").text
        dropped = re.search(r"^fwatchdog_log_lines_dropped_total (\d+)", text, re.MULTILINE)
        self.assertGreater(int(dropped.group(1)), 0)
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), 16 * 1024)

    def test_a_terminal_that_nobody_reads_is_no_obstacle(self):
        script = "head -c 20000 /dev/zero | tr '\\0' x >&2; echo >&2; echo served"
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        terminal = os.ttyname(theirs)
        os.close(theirs)
        dog = self.start("--", "sh", "-c", script, port=free_port(), read_log=False,
                         wrapper=("sh", "-c", f'exec "$@" > {terminal} 2>&1', "sh"))
        for _ in range(20):
            self.assertEqual(dog.request().text, "served\n")

    def test_output_whose_reader_has_gone_is_no_obstacle(self):
        dog = self.start("--", "sh", "-c", "echo noise >&2; echo served", port=free_port(),
                         wrapper=("sh", "-c", '"$@" 2>&1 | head -c 1 > /dev/null', "sh"),
                         read_log=False)
        for _ in range(20):
            self.assertEqual(dog.request().text, "served\n")

    def test_a_full_disk_is_no_obstacle(self):
        script = 'mount -t tmpfs -o nr_inodes=1 none "$TMPDIR" && exec "$@"'
        dog = self.start(fprocess="echo served",
                         wrapper=("unshare", "--mount", "sh", "-c", script, "sh"))
        self.assertEqual(dog.request().text, "served\n")
        self.assertEqual(dog.request(path="/_/health").status, 200)
        self.assertRegex(dog.log(), r"No space left")

    def test_two_hundred_clients_that_abort_leave_nothing(self):
        metrics_port = free_port()
        dog = self.sh("cat > /dev/null; while :; do echo tick; sleep 0.05; done",
                      metrics_port=metrics_port)
        before = dog.fds()
        chance = random.Random(1)

        def abort_some(count):
            for _ in range(count):
                client = dog.client()
                client.send(head("POST", body=b"0123456789") + b"0123456789"[:chance.randrange(11)])
                if chance.random() < 0.5:
                    time.sleep(chance.random() * 0.05)
                client.abort() if chance.random() < 0.5 else client.close()

        for worker in [InBackground(lambda: abort_some(50)) for _ in range(4)]:
            worker.result(60)

        def in_flight():
            with Client(metrics_port) as client:
                text = client.request(path="/metrics").text
            return int(re.search(r"^http_requests_in_flight (\d+)$", text, re.MULTILINE).group(1))

        until(lambda: in_flight() == 0, 15, "no request in flight")
        dog.until_no_processes(10)
        until(lambda: not dog.children(), 5, "no zombie")
        self.assert_no_more_fds(dog, before)

    def test_a_burst_of_forks_leaves_health_prompt(self):
        dog = self.start(fprocess="cat")
        stop = threading.Event()

        def hammer():
            with dog.client() as client:
                while not stop.is_set():
                    if client.request("POST", body=b"x" * 100).status != 200:
                        raise AssertionError("a request failed")

        workers = [InBackground(hammer) for _ in range(8)]
        slowest = 0
        with dog.client() as client:
            for _ in range(100):
                watch = Stopwatch()
                self.assertEqual(client.request(path="/_/health").status, 200)
                slowest = max(slowest, watch.seconds)
        stop.set()
        for worker in workers:
            worker.result()
        if not SANITIZER:  # whose memory a fork copies the tables of
            self.assert_within(slowest, 0, 0.5)

    def test_kill_9_of_the_watchdog_ends_no_one_s_port(self):
        port = free_port()
        first = self.start(fprocess="true", port=port)
        first.signal(signal.SIGKILL)
        self.assertEqual(first.wait_exit(), -signal.SIGKILL)
        second = self.start(fprocess="echo again", port=port)
        self.assertEqual(second.request().text, "again\n")
