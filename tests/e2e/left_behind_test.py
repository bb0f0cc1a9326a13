"""restart= where the server's first process dies and its children live on, on its port."""

import os
import signal
import time

from harness import FUNCTIONS, Case, free_port, process_status, until

IGNORES_TERM = "python3 -m http.server --bind 127.0.0.1"  # where it is ignored when it starts
SERVER = str(FUNCTIONS / "single_server.py")


class LeftBehind(Case):
    def serve(self, command, port, **options):
        options = {"restart": "always", "stop_timeout": "1s"} | options
        dog = self.start("--", *map(str, command), mode="http", upstream_url=f"http://127.0.0.1:{port}", **options)
        until(lambda: dog.log().count("is ready after") == 1, 20, "the server to be ready")
        return dog

    def kill_leader(self, dog):
        """Kills the server's first process, and returns when another one serves."""
        leader, = dog.children()
        others = set(dog.processes()) - {leader}
        os.kill(leader, signal.SIGKILL)
        until(lambda: dog.log().count("is ready after") == 2, 20, "the server to be ready again")
        self.assertEqual(dog.request().status, 200)
        self.assertEqual(set(dog.processes()) & others, set(), dog.log())
        self.assertNotIn("Address already in use", dog.log())

    def test_a_server_that_a_shell_had_started(self):
        port = free_port()
        dog = self.serve(["sh", "-c", f"PORT={port} python3 {SERVER} & wait"], port)
        self.kill_leader(dog)
        self.assertIn("left others behind that still run: asking them to end (1)", dog.log())

    def test_the_workers_of_a_master_that_was_killed(self):
        port = free_port()
        dog = self.serve(["gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}", "wsgi_app:app"], port,
                         PYTHONPATH=FUNCTIONS)
        until(lambda: len(dog.processes()) == 3, 10, "the workers")
        self.kill_leader(dog)

    def test_a_server_that_ignores_sigterm_is_killed(self):
        port = free_port()
        dog = self.serve(["sh", "-c", f"(trap '' TERM; exec {IGNORES_TERM} {port}) & wait"], port)
        start = time.monotonic()
        self.kill_leader(dog)
        self.assertGreaterEqual(time.monotonic() - start, 1)

    def test_a_stopped_server_is_ended_too(self):
        port = free_port()
        dog = self.serve(["sh", "-c", f"PORT={port} python3 {SERVER} & wait"], port)
        leader, = dog.children()
        server, = set(dog.processes()) - {leader}
        os.kill(server, signal.SIGSTOP)
        until(lambda: process_status(server)["State"].startswith("T"), 2, "it to be stopped")
        self.kill_leader(dog)

    def test_a_server_that_has_left_its_session(self):
        port = free_port()
        dog = self.serve(["sh", "-c", f"PORT={port} setsid python3 {SERVER} & sleep 1000"], port)
        self.kill_leader(dog)

    def test_a_server_that_did_not_become_ready_is_gone_before_the_next_one_is_started(self):
        dog = self.start("--", "sh", "-c", "trap '' TERM; echo began; sleep 1000 & wait; wait; wait", mode="http",
                         upstream_url=f"http://127.0.0.1:{free_port()}", restart="on-failure",
                         startup_timeout="300ms", stop_timeout="500ms")
        until(lambda: dog.log().count("began") == 3, 20, "the third start")
        self.assertLessEqual(len(dog.processes()), 2)

    def test_an_end_meanwhile_ends_all(self):
        port = free_port()
        dog = self.serve(["sh", "-c", f"(trap '' TERM; exec {IGNORES_TERM} {port}) & wait"], port,
                         stop_timeout="5s", shutdown_timeout="8s")
        leader, = dog.children()
        os.kill(leader, signal.SIGKILL)
        dog.wait_log("asking them to end")
        dog.signal(signal.SIGINT)
        dog.wait_exit()
        self.assertEqual(dog.processes(), [])

    def test_of_several_instances_the_others_are_left_alone(self):
        dog = self.start("--", "sh", "-c", f"python3 {SERVER} & wait", mode="http", instances="2",
                         upstream_url="http://127.0.0.1:{port}", restart="always")
        until(lambda: dog.log().count("is ready after") == 2, 20, "both to be ready")
        servers = {int(dog.request().text.split()[0]) for _ in range(10)}
        self.assertEqual(len(servers), 2)
        victim = min(dog.children())
        os.kill(victim, signal.SIGKILL)
        until(lambda: dog.log().count("is ready after") == 3, 20, "it to be ready again")
        now = {int(dog.request().text.split()[0]) for _ in range(10)}
        self.assertEqual((len(now), len(now & servers)), (2, 1))
