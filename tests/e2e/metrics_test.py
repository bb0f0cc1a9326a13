"""What Prometheus sees."""

import re
import subprocess

from harness import Case, Client, Hold, free_port, head, until


class Metrics(Case):
    def start_measured(self, *arguments, **options):
        self.metrics_port = free_port()
        return self.start(*arguments, metrics_port=self.metrics_port, **options)

    def text(self):
        with Client(self.metrics_port) as client:
            response = client.request(path="/metrics")
            self.assertEqual(response.status, 200)
            return response.text

    def value(self, series):
        """The value of one series; 0 when it is not there."""
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.text(), re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def until_value(self, series, value):
        until(lambda: self.value(series) == value, 3, f"{series} to be {value}")

    def test_requests_are_counted_by_code_and_method(self):
        dog = self.start_measured("--", "sh", "-c", '[ "$Http_Path" = /good ] || exit 3')
        for _ in range(3):
            dog.request(path="/good")
        dog.request("POST", "/bad", body=b"x")
        self.until_value('http_requests_total{code="200",method="get"}', 3)
        self.until_value('http_requests_total{code="500",method="post"}', 1)
        self.until_value('http_request_duration_seconds_count{code="200",method="get"}', 3)
        self.until_value('http_request_duration_seconds_bucket{code="200",method="get",le="+Inf"}', 3)

    def test_requests_in_flight_follow_the_requests(self):
        dog = self.start_measured("--", *Hold.command())
        client = self.client(dog)
        client.send(head())
        hold = Hold(dog.folder)
        hold.started()
        self.assertEqual(self.value("http_requests_in_flight"), 1)
        hold.release()
        client.response()
        self.until_value("http_requests_in_flight", 0)

    def test_a_client_that_went_is_counted_as_499(self):
        dog = self.start_measured("--", *Hold.command())
        client = self.client(dog)
        client.send(head())
        Hold(dog.folder).started()
        client.close()
        self.until_value('http_requests_total{code="499",method="get"}', 1)
        self.until_value("http_requests_in_flight", 0)

    def test_starts_failures_and_timeouts_are_counted(self):
        dog = self.start_measured(fprocess="sleep 60", exec_timeout="100ms")
        dog.request()
        self.until_value("fwatchdog_exec_timeouts_total", 1)
        self.until_value("fwatchdog_spawn_seconds_count", 1)
        self.until_value("fwatchdog_spawn_failures_total", 0)
        dog = self.start_measured(fprocess="no-such-command")
        dog.request()
        self.until_value("fwatchdog_spawn_failures_total", 1)

    def test_methods_cannot_make_series(self):
        dog = self.start_measured(fprocess="true")
        for method in ("PURGE", "PROPFIND", "MKCOL", "REPORT", "NOTIFY", "BREW", "X" * 50):
            dog.raw(head(method, headers={"Connection": "close"}))
        methods = set(re.findall(r'method="([^"]*)"', self.text()))
        known = {"get", "post", "put", "delete", "head", "options", "patch", "connect", "trace",
                 "unknown"}
        self.assertLessEqual(methods, known)

    def test_the_process_is_measured(self):
        dog = self.start_measured(fprocess="true")
        text = self.text()
        for name in ("process_cpu_seconds_total", "process_open_fds", "process_max_fds",
                     "process_resident_memory_bytes", "process_virtual_memory_bytes",
                     "process_start_time_seconds"):
            self.assertRegex(text, rf"(?m)^{name} ")
        resident = self.value("process_resident_memory_bytes") / 1024
        self.assertLess(abs(resident - dog.rss_kb()), 1024)

    def test_promtool_finds_nothing_to_say(self):
        dog = self.start_measured("--", "sh", "-c", '[ "$Http_Path" = /good ] || exit 3')
        dog.request(path="/good")
        dog.request("POST", "/bad", body=b"x")
        for _ in range(2):
            result = subprocess.run(["promtool", "check", "metrics"], input=self.text(), text=True,
                                    capture_output=True, timeout=60)
            self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_a_fresh_watchdog_s_metrics_are_clean_too(self):
        self.start_measured(fprocess="true")
        result = subprocess.run(["promtool", "check", "metrics"], input=self.text(), text=True,
                                capture_output=True, timeout=60)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_the_content_type_is_prometheus_s(self):
        self.start_measured(fprocess="true")
        with Client(self.metrics_port) as client:
            response = client.request(path="/metrics")
            self.assertTrue(response.header("Content-Type").startswith("text/plain; version=0.0.4"))

    def test_the_metrics_port_serves_nothing_else(self):
        dog = self.start_measured(fprocess="touch ran")
        with Client(self.metrics_port) as client:
            self.assertEqual(client.request(path="/").status, 404)
            self.assertEqual(client.request("POST", "/metrics", body=b"x").status, 405)
        self.assertFalse((dog.folder / "ran").exists())

    def test_the_function_port_has_no_metrics_of_its_own(self):
        dog = self.start_measured(fprocess="echo the function")
        self.assertEqual(dog.request(path="/metrics").text, "the function\n")
