"""From SIGTERM to the end: phases, deadlines, and what becomes of requests and functions."""

import signal
import socket
import subprocess
import threading
import time

from harness import Case, Hold, InBackground, Stopwatch, head, until


class Drain(Case):
    def held(self, **options):
        """A watchdog with one request under way, and its client."""
        dog = self.start("--", *Hold.command(), **options)
        client = self.client(dog)
        client.send(head())
        hold = Hold(dog.folder)
        hold.started()
        return dog, hold, client

    def trapping(self, script, **options):
        """The same with a script that says by `touch started.1` that it is ready."""
        dog = self.sh(script, **options)
        client = self.client(dog)
        client.send(head())
        Hold(dog.folder).started()
        return dog, client

    def refuses(self, dog):
        try:
            socket.create_connection(("127.0.0.1", dog.port), timeout=0.1).close()
            return False
        except TimeoutError:  # it is being closed, and lets no new connection begin
            return False
        except ConnectionRefusedError:
            return True

    def test_term_makes_it_unready_at_once_and_serving_still(self):
        dog = self.start(fprocess="echo served", healthcheck_interval="1s")
        until(dog.lock.exists, 2, "the lock file")
        dog.signal(signal.SIGTERM)
        until(lambda: not dog.lock.exists(), 0.5, "the lock file to go")
        self.assertEqual(dog.request(path="/_/health").status, 503)
        self.assertEqual(dog.request(path="/_/ready").status, 503)
        response = dog.request()
        self.assertEqual((response.status, response.text), (200, "served\n"))
        self.assertEqual(response.header("Connection"), "close")
        self.assertEqual(dog.wait_exit(), 0)

    def test_it_serves_for_healthcheck_interval(self):
        dog = self.start(fprocess="true", healthcheck_interval="700ms")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0.65, 1.4)

    def test_without_healthcheck_interval_it_serves_until_5_seconds_pass_without_a_request(self):
        dog = self.start(fprocess="echo served")
        dog.signal(signal.SIGTERM)
        time.sleep(1)
        self.assertEqual(dog.request().text, "served\n")
        watch = Stopwatch()
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 4.7, 5.8)

    def test_a_request_under_way_finishes(self):
        for mode in ("streaming", "serializing", "classic"):
            dog, hold, client = self.held(mode=mode, healthcheck_interval="200ms")
            dog.signal(signal.SIGTERM)
            until(lambda: self.refuses(dog), 3, "the listener to be closed")
            self.assertTrue(dog.running(), mode)
            hold.release()
            response = client.response()
            self.assertEqual((response.status, response.text), (200, "released\n"), mode)
            self.assertTrue(response.complete)
            self.assertTrue(client.closed(), mode)
            watch = Stopwatch()
            self.assertEqual(dog.wait_exit(), 0)
            self.assert_within(watch.seconds, 0, 0.5, mode)

    def test_requests_that_come_before_the_listener_closes_are_all_answered(self):
        dog = self.start(fprocess="echo served", healthcheck_interval="1s")
        stop = threading.Event()

        def hammer():
            answered = 0
            while not stop.is_set():
                response = dog.request()
                if (response.status, response.text) != (200, "served\n"):
                    raise AssertionError(repr(response))
                answered += 1
            return answered

        workers = [InBackground(hammer) for _ in range(4)]
        time.sleep(0.2)
        dog.signal(signal.SIGTERM)
        time.sleep(0.5)
        stop.set()
        self.assertTrue(all(worker.result() > 0 for worker in workers))
        self.assertEqual(dog.wait_exit(), 0)

    def test_a_kept_connection_is_served_and_then_closed(self):
        dog = self.start(fprocess="echo served", healthcheck_interval="700ms")
        client = self.client(dog)
        self.assertIsNone(client.request().header("Connection"))
        dog.signal(signal.SIGTERM)
        until(lambda: dog.request(path="/_/ready").status == 503, 1, "it to be unready")
        response = client.request()
        self.assertEqual((response.text, response.header("Connection")), ("served\n", "close"))
        self.assertTrue(client.closed())

    def test_a_reply_that_promised_to_keep_the_connection_keeps_it(self):
        dog = self.sh("echo begun; until test -e release; do sleep 0.01; done; echo ended",
                      healthcheck_interval="1500ms")
        client = self.client(dog)
        client.send(head())
        response = client.head()
        self.assertIsNone(response.header("Connection"))
        dog.signal(signal.SIGTERM)
        until(lambda: dog.request(path="/_/ready").status == 503, 1, "it to be unready")
        Hold(dog.folder).release()
        self.assertEqual(b"".join(client.pieces(response)), b"begun\nended\n")
        again = client.request()
        self.assertEqual((again.text, again.header("Connection")), ("begun\nended\n", "close"))
        self.assertTrue(client.closed())
        self.assertEqual(dog.wait_exit(), 0)

    def test_a_connection_made_before_the_listener_closes_may_still_ask(self):
        dog = self.start(fprocess="echo served")
        clients = [self.client(dog) for _ in range(5)]
        dog.signal(signal.SIGINT)
        until(lambda: self.refuses(dog), 1, "the listener to be closed")
        for client in clients:
            client.send(head())
        for client in clients:
            response = client.response()
            self.assertEqual((response.text, response.header("Connection")), ("served\n", "close"))
        self.assertEqual(dog.wait_exit(), 0)

    def test_idle_connections_do_not_delay_the_end(self):
        dog = self.start(fprocess="true", healthcheck_interval="200ms")
        idle = [self.client(dog) for _ in range(10)]
        for client in idle[:5]:
            client.request()
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 1.7)

    def test_shutdown_timeout_bounds_everything(self):
        dog, client = self.trapping("trap '' TERM; touch started.1; sleep 60 & wait; sleep 60",
                                    shutdown_timeout="1s", healthcheck_interval="200ms")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(client.response().status, 503)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0.7, 1.8)

    def test_shutdown_timeout_bounds_a_long_healthcheck_interval(self):
        dog = self.start(fprocess="true", shutdown_timeout="600ms", healthcheck_interval="60s")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0.3, 1.5)

    def test_shutdown_timeout_defaults_to_write_timeout(self):
        dog, hold, client = self.held(write_timeout="800ms", healthcheck_interval="100ms")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(client.response().status, 503)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0.4, 1.6)

    def test_a_function_is_asked_to_end_before_it_is_killed(self):
        dog, client = self.trapping(
            "trap 'echo last words; exit 0' TERM; touch started.1; sleep 60 & wait",
            shutdown_timeout="1s", healthcheck_interval="100ms")
        dog.signal(signal.SIGTERM)
        response = client.response()
        self.assertEqual((response.status, response.text), (200, "last words\n"))
        self.assertEqual(dog.wait_exit(), 0)

    def test_a_function_that_term_ends_is_answered_with_503(self):
        for mode in ("streaming", "serializing", "classic"):
            dog, client = self.trapping("touch started.1; exec sleep 60", mode=mode,
                                        shutdown_timeout="800ms", healthcheck_interval="100ms")
            dog.signal(signal.SIGTERM)
            response = client.response()
            self.assertEqual(response.status, 503, mode)
            self.assertEqual(response.header("X-OpenFaaS-Internal"), "of-watchdog")
            self.assertEqual(dog.wait_exit(), 0)
            self.assertRegex(dog.log(), r"GET / - 503 .*draining")

    def test_a_function_that_the_stop_of_every_process_ends_has_not_failed(self):
        for mode in ("streaming", "serializing", "classic"):
            dog, client = self.trapping("touch started.1; exec sleep 60", mode=mode, healthcheck_interval="30s")
            dog.stop_everybody()
            response = client.response()
            self.assertEqual((response.status, response.header("Retry-After")), (503, "1"), mode)
            dog.wait_log("GET / - 503 .* draining: killed by SIGTERM")

    def test_a_second_term_does_not_wait(self):
        dog, client = self.trapping("touch started.1; exec sleep 60", healthcheck_interval="30s")
        dog.signal(signal.SIGTERM)
        until(lambda: dog.request(path="/_/ready").status == 503, 1, "phase 1")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(client.response().status, 503)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 1.5)

    def test_a_second_term_kills_what_ignores_it(self):
        dog, client = self.trapping("trap '' TERM; touch started.1; sleep 60 & wait; sleep 60",
                                    healthcheck_interval="30s")
        dog.signal(signal.SIGTERM)
        until(lambda: dog.request(path="/_/ready").status == 503, 1, "phase 1")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(client.response().status, 503)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 4.0)

    def test_grandchildren_end_with_their_function(self):
        dog, _ = self.trapping("sleep 61 & sh -c 'sleep 62 & sleep 63' & touch started.1; wait",
                               shutdown_timeout="800ms", healthcheck_interval="100ms")
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertEqual(dog.processes(), [])

    def test_interrupt_skips_phase_1(self):
        dog = self.start(fprocess="true")
        watch = Stopwatch()
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 0.7)

    def test_interrupt_lets_a_request_under_way_finish(self):
        dog, hold, client = self.held()
        dog.signal(signal.SIGINT)
        until(lambda: self.refuses(dog), 1, "the listener to be closed")
        hold.release()
        self.assertEqual(client.response().text, "released\n")
        self.assertEqual(dog.wait_exit(), 0)

    def test_quit_is_like_term(self):
        dog = self.start(fprocess="true", healthcheck_interval="200ms")
        dog.signal(signal.SIGQUIT)
        self.assertEqual(dog.wait_exit(), 0)

    def test_a_client_that_reads_nothing_cannot_hold_up_the_end(self):
        dog = self.start(fprocess="head -c 100000000 /dev/zero", shutdown_timeout="1s",
                         healthcheck_interval="100ms")
        client = self.client(dog, receive_buffer=4096)
        client.send(head())
        client.head()
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 2.0)

    def test_a_client_that_never_finishes_its_request_cannot_hold_up_the_end(self):
        dog = self.start(fprocess="cat", shutdown_timeout="1s", healthcheck_interval="100ms")
        for sent in (b"POST / HTTP/1.1\r\n", head("POST", body=bytes(100)) + b"12345"):
            self.client(dog).send(sent)
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 2.0)

    def test_the_log_tells_of_each_phase(self):
        dog, hold, client = self.held(healthcheck_interval="100ms")
        dog.signal(signal.SIGTERM)
        dog.wait_log(r"Stopping")
        hold.release()
        client.response()
        self.assertEqual(dog.wait_exit(), 0)
        self.assertRegex(dog.log(), r"Stopped")


class Namespace(Case):
    """The end where nobody outside can come in; the watchdog has a network namespace of its own."""

    def alone(self, commands, **options):
        script = f'ip link set lo up && {commands} && exec "$@"'
        return self.start(fprocess="true", wrapper=("unshare", "--net", "sh", "-c", script, "sh"), **options)

    def test_with_lo_alone_nobody_is_waited_for(self):
        dog = self.alone("true")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 2)
        self.assertIn("nobody outside can reach us", dog.log())

    def test_an_interface_that_is_down_or_has_no_address_lets_nobody_in(self):
        dog = self.alone("ip link add one type veth peer name two && ip link set two up && "
                         "echo 1 > /proc/sys/net/ipv6/conf/two/disable_ipv6 && ip addr add 192.0.2.1/24 dev one")
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertIn("nobody outside can reach us", dog.log())

    def test_healthcheck_interval_is_kept_all_the_same(self):
        dog = self.alone("true", healthcheck_interval="1s")
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0.9, 3)

    def test_the_wait_is_over_when_the_last_interface_goes(self):
        dog = self.alone("ip link add one type veth peer name two && ip link set one up && ip link set two up && "
                         "ip addr add 192.0.2.1/24 dev one")
        dog.signal(signal.SIGTERM)
        dog.wait_log("serving until 5s pass without a request")
        subprocess.run(["nsenter", "--net", "--target", str(dog.pid), "ip", "link", "del", "one"], check=True)
        watch = Stopwatch()
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 2)
