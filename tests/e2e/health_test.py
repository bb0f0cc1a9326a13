"""Health, readiness, the lock file, max_inflight and probes."""

import os
import signal
import tempfile
import threading
import time

from harness import Case, Hold, InBackground, free_port, head, run, until
from scripted_server import ScriptedServer, ok


class Health(Case):
    def test_health_and_readiness_answer_200_ok(self):
        dog = self.start(fprocess="true")
        for path in ("/_/health", "/_/ready"):
            response = dog.request(path=path)
            self.assertEqual((response.status, response.text.strip()), (200, "OK"), path)

    def test_head_is_answered_like_get_without_a_body(self):
        dog = self.start(fprocess="true")
        with dog.client() as client:
            for path in ("/_/health", "/_/ready"):
                response = client.request("HEAD", path)
                self.assertEqual((response.status, response.body), (200, b""), path)
            self.assertEqual(client.request(path="/_/health").status, 200)

    def test_other_methods_get_405_and_are_told_which_are_allowed(self):
        dog = self.start(fprocess="touch ran")
        for path in ("/_/health", "/_/ready"):
            for method in ("POST", "PUT", "DELETE"):
                response = dog.request(method, path, body=b"x")
                self.assertEqual(response.status, 405, (method, path))
                self.assertEqual(response.header("Allow"), "GET, HEAD")
        self.assertFalse((dog.folder / "ran").exists())

    def test_health_does_not_run_the_function(self):
        dog = self.start(fprocess="touch ran")
        dog.request(path="/_/health")
        dog.request(path="/_/health?verbose=1")
        dog.request(path="/_/ready")
        self.assertFalse((dog.folder / "ran").exists())

    def test_paths_that_only_look_like_health_reach_the_function(self):
        dog = self.sh('printf %s "$Http_Path"')
        for path in ("/_/healthy", "/_/health/", "/x/_/health", "/_/"):
            self.assertEqual(dog.request(path=path).text, path)


class Lock(Case):
    def test_the_lock_file_is_there_while_serving_and_gone_after_term(self):
        dog = self.start(fprocess="true", healthcheck_interval="300ms")
        until(dog.lock.exists, 2, "the lock file")
        dog.signal(signal.SIGTERM)
        until(lambda: not dog.lock.exists(), 2, "the lock file to go")
        self.assertTrue(dog.running(), "it serves on without the lock")
        self.assertEqual(dog.wait_exit(), 0)

    def test_the_lock_file_is_gone_after_an_interrupt(self):
        dog = self.start(fprocess="true")
        until(dog.lock.exists, 2, "the lock file")
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertFalse(dog.lock.exists())

    def test_who_removes_the_lock_file_makes_it_unhealthy(self):
        dog = self.start(fprocess="echo still serving")
        until(dog.lock.exists, 2, "the lock file")
        dog.lock.unlink()
        self.assertEqual(dog.request(path="/_/health").status, 503)
        self.assertEqual(dog.request(path="/_/ready").status, 503)
        self.assertEqual(dog.request().text, "still serving\n")
        dog.lock.touch()
        self.assertEqual(dog.request(path="/_/health").status, 200)

    def test_a_lock_folder_that_cannot_be_written_is_a_warning(self):
        dog = self.start(fprocess="true", TMPDIR="/dev/null/nowhere")
        dog.wait_log(r"/dev/null/nowhere/\.lock.*(Not a directory|cannot|denied)")
        self.assertEqual(dog.request(path="/_/health").status, 200)
        self.assertEqual(dog.request().status, 200)

    def test_suppress_lock_writes_none(self):
        dog = self.start(fprocess="true", suppress_lock="true")
        self.assertEqual(dog.request(path="/_/health").status, 200)
        self.assertFalse(dog.lock.exists())

    def test_a_lock_file_left_by_a_crash_is_taken_over(self):
        dog = self.start(fprocess="true")
        dog.lock.touch()
        self.assertEqual(dog.request(path="/_/health").status, 200)
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertFalse(dog.lock.exists())


class MaxInflight(Case):
    def full(self, **options):
        """A watchdog with max_inflight=2 and two requests held."""
        dog = self.start("--", *Hold.command(), max_inflight="2", **options)
        clients = [self.client(dog), self.client(dog)]
        for client in clients:
            client.send(head())
        hold = Hold(dog.folder)
        hold.started(2)
        return dog, hold, clients

    def test_beyond_it_the_answer_is_429_in_the_peer_s_words(self):
        dog, hold, clients = self.full()
        response = dog.request()
        self.assertEqual(response.status, 429)
        self.assertEqual(response.text.rstrip("\n"),
                         "Concurrent request limit exceeded. Max concurrent requests: 2")
        self.assertEqual(response.header("X-OpenFaaS-Internal"), "faas-middleware")
        hold.release()
        self.assertEqual([client.response().text for client in clients], ["released\n"] * 2)
        self.assertEqual(dog.request().status, 200)

    def test_beyond_it_readiness_is_429_and_health_stays_200(self):
        dog, hold, clients = self.full()
        self.assertEqual(dog.request(path="/_/ready").status, 429)
        self.assertEqual(dog.request(path="/_/health").status, 200)
        hold.release()
        for client in clients:
            client.response()
        until(lambda: dog.request(path="/_/ready").status == 200, 2, "readiness")

    def test_the_connection_survives_a_429(self):
        dog, hold, clients = self.full()
        with dog.client() as client:
            self.assertEqual(client.request().status, 429)
            self.assertEqual(client.request().status, 429)
            hold.release()
            for other in clients:
                other.response()
            until(lambda: client.request().status == 200, 2, "a free slot")

    def test_an_aborting_client_frees_its_slot(self):
        for mode in ("streaming", "classic"):
            dog, hold, clients = self.full(mode=mode, kill_on_disconnect="true")
            for client in clients:
                client.abort()
            hold.release()
            until(lambda: dog.request().status == 200, 5, f"a free slot in {mode}")

    def test_a_client_that_aborts_a_stream_frees_its_slot(self):
        dog = self.sh('[ "$Http_Path" = /quick ] || while :; do echo tick; sleep 0.02; done',
                      max_inflight="2")
        for _ in range(3):
            clients = [self.client(dog), self.client(dog)]
            for client in clients:
                client.send(head(path="/stream"))
                next(client.pieces(client.head()))
            self.assertEqual(dog.request(path="/quick").status, 429)
            for client in clients:
                client.close()
            until(lambda: dog.request(path="/quick").status == 200, 5, "a free slot")

    def test_failures_and_timeouts_free_their_slots(self):
        dog = self.sh('[ "$Http_Path" = /slow ] && sleep 60; exit 3', max_inflight="1",
                      exec_timeout="100ms")
        for _ in range(3):
            self.assertEqual(dog.request(path="/slow").status, 504)
            self.assertEqual(dog.request().status, 500)


class Probes(Case):
    def test_kube_probes_are_not_access_logged_where_they_probe(self):
        dog = self.start("--", "python3", "-m", "http.server", "--bind", "127.0.0.1", port := str(free_port()),
                         mode="http", upstream_url=f"http://127.0.0.1:{port}", ready_path="/")
        until(lambda: dog.request(path="/_/health").status == 200, 20, "the server to be ready")
        probe = {"User-Agent": "kube-probe/1.31"}
        for path in ("/_/health", "/_/ready", "/"):
            dog.request(path=path, headers=probe)
        dog.request(path="/visited")
        dog.wait_log("GET /visited - 404")
        self.assertNotIn("/_/", dog.log())
        self.assertNotIn("GET / - 200", dog.log())

    def test_a_client_cannot_keep_its_requests_out_of_the_log(self):
        dog = self.start(fprocess="true")
        dog.request(path="/hidden", headers={"User-Agent": "kube-probe/1.31"})
        dog.wait_log("GET /hidden - 200")

    def test_the_lock_file_is_not_made_through_a_symbolic_link(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(f"{folder}/elsewhere", f"{folder}/.lock")
            dog = self.start(fprocess="true", TMPDIR=folder)
            dog.wait_log(f"cannot write the lock file {folder}/.lock: it is a symbolic link")
            self.assertFalse(os.path.exists(f"{folder}/elsewhere"))
            self.assertEqual(dog.request(path="/_/health").status, 200)

    def test_run_healthcheck_is_silent_and_exits_0_when_healthy(self):
        dog = self.start(fprocess="true")
        result = run("--run-healthcheck", port=dog.port)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_run_healthcheck_is_silent_and_exits_1_when_nothing_listens(self):
        result = run("--run-healthcheck", port=free_port())
        self.assertEqual((result.returncode, result.stdout, result.stderr), (1, "", ""))

    def test_run_healthcheck_exits_1_when_unhealthy(self):
        dog = self.start(fprocess="true")
        until(dog.lock.exists, 2, "the lock file")
        dog.lock.unlink()
        self.assertEqual(run("--run-healthcheck", port=dog.port).returncode, 1)

    def test_run_healthcheck_asks_at_listen_address(self):
        dog = self.start(fprocess="true", listen_address="127.0.0.1")
        result = run("--run-healthcheck", port=dog.port, listen_address="127.0.0.1")
        self.assertEqual(result.returncode, 0)


class ReadyPath(Case):
    def ask_through(self, script, **options):
        """A watchdog whose /_/ready asks a server with this script."""
        server = ScriptedServer(script)
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="http", upstream_url=server.url, ready_path="/ready", **options)
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        return dog, server

    def test_interim_answers_come_before_the_answer(self):
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        for interim in (hints, hints * 3, b"HTTP/1.1 100 Continue\r\n\r\n"):
            for pause in (0, 0.02):
                def script(visit):
                    while visit.head() is not None:
                        visit.send(interim)
                        time.sleep(pause)
                        visit.send(ok())

                dog, _ = self.ask_through(script)
                self.assertEqual(dog.request(path="/_/ready").status, 200)

    def test_an_interim_answer_alone_is_none(self):
        asked = []

        def script(visit):
            visit.head()
            asked.append(visit)
            visit.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" + (ok() if len(asked) == 1 else b""))

        dog, _ = self.ask_through(script)
        self.assertEqual(dog.request(path="/_/ready").status, 503)

    def test_however_many_ask_the_function_is_asked_one_at_a_time(self):
        open_now, most = [], [0]
        slow = threading.Event()

        def script(visit):
            visit.head()
            open_now.append(visit)
            most[0] = max(most[0], len(open_now))
            if slow.is_set():
                time.sleep(0.2)
            visit.send(ok())
            open_now.remove(visit)

        dog, server = self.ask_through(script, workers="1")
        slow.set()
        before = len(server.visits)
        asking = [InBackground(lambda: dog.request(path="/_/ready").status) for _ in range(40)]
        self.assertEqual({one.result(10) for one in asking}, {200})
        self.assertEqual(most[0], 1)
        self.assertLess(len(server.visits) - before, 10)
