"""How little memory waiting takes, and what the log says of a process that was killed to get memory."""

from harness import FUNCTIONS, SANITIZER, Case, free_port, until

# Shows the watchdog control groups of the test's making: a folder of its own over /sys/fs/cgroup.
SCRIPT = ('mkdir groups && echo "oom_kill 3" > groups/memory.events && '
          'mount --bind groups /sys/fs/cgroup && exec "$@"')
WRAPPER = ("unshare", "--mount", "sh", "-c", SCRIPT, "sh")
KILLED = 'echo "oom_kill 4" > groups/memory.events'  # as the kernel counts it, before it kills


class Waiting(Case):
    def test_the_code_of_the_start_does_not_stay_in_memory(self):
        dog = self.start(fprocess="cat")
        dog.request()
        start_and_request = dog.rss_kb()
        waiting = self.start(fprocess="cat").rss_kb()
        if not SANITIZER:
            self.assertLess(waiting, 2048)
            self.assertLess(start_and_request, 3072)

    def test_with_traces_it_takes_hardly_more(self):
        dog = self.start(fprocess="cat", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
        if not SANITIZER:
            until(lambda: dog.rss_kb() < 2048, 5, "the code of the start to leave the memory")


class OutOfMemory(Case):
    def test_a_function_that_was_killed_for_its_memory(self):
        for mode in ("streaming", "serializing", "classic"):
            dog = self.sh(f"{KILLED}; kill -KILL $$", mode=mode, wrapper=WRAPPER)
            response = dog.request()
            self.assertEqual(response.status, 500)
            dog.wait_log(r"GET / - 500 .*function_failed: killed by SIGKILL \(out of memory\)$")

    def test_a_function_whose_child_was_killed(self):
        dog = self.sh(f"sh -c '{KILLED}; kill -KILL $$'; exit $?", wrapper=WRAPPER)
        dog.request()
        dog.wait_log(r"function_failed: exit code 137 \(out of memory\)$")

    def test_a_kill_that_the_kernel_did_not_count(self):
        dog = self.sh("kill -KILL $$", wrapper=WRAPPER)
        dog.request()
        dog.wait_log(r"function_failed: killed by SIGKILL$")

    def test_what_was_counted_before_the_function_started_is_not_its_end(self):
        dog = self.sh(f'[ "$Http_Path" = /count ] && {KILLED} || kill -KILL $$', wrapper=WRAPPER)
        self.assertEqual(dog.request(path="/count").status, 200)
        dog.request(path="/kill")
        dog.wait_log(r"GET /kill - 500 .*function_failed: killed by SIGKILL$")

    def test_a_server_that_was_killed_for_its_memory(self):
        port = free_port()
        dog = self.sh(f"PORT={port} python3 {FUNCTIONS / 'single_server.py'} & sleep 0.2; [ -e again ] && wait; "
                      f"touch again; read line < go; {KILLED}; kill -KILL $$", mode="http", restart="on-failure",
                      upstream_url=f"http://127.0.0.1:{port}",
                      wrapper=("sh", "-c", 'mkfifo go && exec "$@"', "sh", *WRAPPER))
        until(lambda: "is ready after" in dog.log(), 20, "the server to be ready")
        with open(dog.folder / "go", "w", encoding="ascii") as go:
            go.write("\n")
        dog.wait_log(r"Error: the function's process ended by itself: killed by SIGKILL \(out of memory\)$")
        until(lambda: dog.log().count("is ready after") == 2, 20, "the server to be ready again")
