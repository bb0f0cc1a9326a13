"""mode=http with instances: several copies of a server that does one thing at a time."""

import os
import signal
import time

from harness import EXIT_USAGE, FUNCTIONS, Case, InBackground, Stopwatch, run, until

SERVER = str(FUNCTIONS / "single_server.py")


class Instances(Case):
    def serve(self, count, **options):
        dog = self.start("--", "python3", SERVER, "{port}", mode="http", instances=str(count),
                         upstream_url="http://127.0.0.1:{port}", **options)
        until(lambda: dog.log().count("is ready after") == count, 20, "all copies to be ready")
        return dog

    def pid(self, dog, path="/"):
        response = dog.request(path=path)
        self.assertEqual(response.status, 200, response)
        return int(response.text.split()[0])

    def pids(self, dog, requests=30):
        return {self.pid(dog) for _ in range(requests)}

    def test_each_copy_listens_on_a_port_of_its_own_and_all_are_used(self):
        dog = self.serve(3)
        answers = {dog.request().text for _ in range(30)}
        self.assertEqual(len(answers), 3)
        self.assertEqual(len({answer.split()[1] for answer in answers}), 3)

    def test_requests_go_where_there_is_least_to_do(self):
        dog = self.serve(3, workers="2")
        slow = [InBackground(lambda: self.pid(dog, "/slow/1")) for _ in range(2)]
        time.sleep(0.3)
        watch = Stopwatch()
        quick = self.pids(dog)
        self.assert_within(watch.seconds, 0, 0.6)
        busy = {each.result() for each in slow}
        self.assertEqual((len(busy), len(quick)), (2, 1))
        self.assertEqual(busy & quick, set())

    def test_a_copy_that_dies_is_gone_around_and_comes_back(self):
        dog = self.serve(3, restart="always")
        before = self.pids(dog)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        for _ in range(50):
            self.assertNotEqual(self.pid(dog), victim)
            self.assertEqual(dog.request(path="/_/health").status, 200)
        until(lambda: len(self.pids(dog) - before) == 1, 10, "a new copy")
        self.assertEqual(len(self.pids(dog)), 3)

    def test_without_restart_the_others_go_on_and_the_last_one_takes_us_along(self):
        dog = self.serve(2, leaves=True)
        dog.request("POST", path="/exit/3")
        dog.wait_log("the others go on without the instance at http://127.0.0.1:")
        self.assertEqual(len(self.pids(dog)), 1)
        self.assertEqual(dog.request(path="/_/health").status, 200)
        dog.request("POST", path="/exit/5")
        self.assertEqual(dog.wait_exit(), 5)

    def test_a_copy_that_hangs_is_gone_around_and_started_again(self):
        dog = self.serve(2, exec_timeout="300ms", hung_after="1", restart="on-failure")
        before = self.pids(dog)
        self.assertEqual(dog.request(path="/slow/60").status, 504)
        dog.wait_log("starting it again")
        self.assertEqual(dog.request(path="/_/health").status, 200)
        until(lambda: len(self.pids(dog) - before) == 1, 10, "a new copy")
        self.assertEqual(len(self.pids(dog) & before), 1)

    def test_no_request_is_lost_while_copies_die(self):
        dog = self.serve(3, restart="always", workers="2")
        stop = []

        def ask():
            count = 0
            while not stop:
                self.pid(dog)
                count += 1
            return count

        askers = [InBackground(ask) for _ in range(2)]
        for _ in range(3):
            for victim in self.pids(dog):
                # Between its requests, or it would take one along.
                os.kill(victim, signal.SIGTERM)
                until(lambda: len(self.pids(dog) - {victim}) == 3, 10, "it to be replaced")
        stop.append(True)
        self.assertTrue(all(asker.result() > 10 for asker in askers))

    def test_a_request_that_kills_what_answers_it_is_sent_to_one_more_at_the_most(self):
        dog = self.serve(4, leaves=True)
        self.assertEqual(dog.request("POST", path="/exit/1").status, 502)
        until(lambda: dog.log().count("the others go on") == 1, 5, "one to end")
        self.assertEqual(dog.request(path="/exit/1").status, 502)
        until(lambda: dog.log().count("the others go on") == 3, 5, "two more to end")
        self.assertEqual(len(self.pids(dog)), 1)

    def test_the_end_is_the_end_of_all(self):
        dog = self.serve(3, healthcheck_interval="100ms")
        answer = InBackground(lambda: dog.request(path="/slow/0.8"))
        time.sleep(0.2)
        dog.signal(signal.SIGTERM)
        self.assertEqual(answer.result().status, 200)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertEqual(dog.processes(), [])

    def test_a_port_is_chosen_for_a_single_copy_too(self):
        dog = self.serve(1)
        self.assertEqual(len(self.pids(dog, 3)), 1)

    def test_without_a_place_for_the_port_the_start_is_refused(self):
        result = run(fprocess="true", mode="http", instances="2", upstream_url="http://127.0.0.1:3000")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertRegex(result.stderr, r"^fwatchdog: instances=2: .*\{port\}.*\n$")
