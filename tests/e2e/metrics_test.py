"""What Prometheus sees."""

import json
import os
import re
import signal
import subprocess
import time

from harness import Case, Client, Hold, free_port, head, until
from scripted_server import ScriptedServer, answering, ok
from trace_test import PARENT, TRACE, TRACEPARENT, Traced

# As Prometheus 2.42 asks for OpenMetrics.
PROMETHEUS = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
KNOWN_METHODS = {"get", "post", "put", "delete", "head", "options", "patch", "connect", "trace", "unknown"}
# Debian's package is for Debian's Python.
PARSE = """
import json, sys
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics
parse = (openmetrics if sys.argv[1] == "openmetrics" else parser).text_string_to_metric_families
print(json.dumps([{"name": family.name, "type": family.type, "unit": family.unit, "help": family.documentation,
                   "samples": [[sample.name, sample.labels, sample.value, sample.exemplar and
                                [sample.exemplar.labels, sample.exemplar.value, float(sample.exemplar.timestamp)]]
                               for sample in family.samples]}
                  for family in parse(sys.stdin.read())]))
"""


def parsed(text, form):
    """The families of a page, by name, as Prometheus's client library reads them; `form` is "text" or "openmetrics"."""
    result = subprocess.run(["/usr/bin/python3", "-c", PARSE, form], input=text, text=True, capture_output=True,
                            timeout=60)
    if result.returncode != 0:
        raise AssertionError(f"{result.stderr}: is python3-prometheus-client installed?\n{text}")
    return {family["name"]: family for family in json.loads(result.stdout)}


class Measured(Case):
    def start_measured(self, *arguments, **options):
        self.metrics_port = free_port()
        return self.start(*arguments, metrics_port=self.metrics_port, **options)

    def page(self, accept="*/*"):
        with Client(self.metrics_port) as client:
            response = client.request(path="/metrics", headers={"Accept": accept})
            self.assertEqual(response.status, 200)
            return response

    def text(self):
        return self.page().text

    def open_metrics(self):
        """The families, as OpenMetrics."""
        response = self.page(PROMETHEUS)
        self.assertEqual(response.header("Content-Type"),
                         "application/openmetrics-text; version=1.0.0; charset=utf-8")
        return parsed(response.text, "openmetrics")

    def value(self, series):
        """The value of one series; 0 when it is not there."""
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.text(), re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def until_value(self, series, value):
        until(lambda: self.value(series) == value, 3, f"{series} to be {value}")


class Metrics(Measured):
    def start_before(self, script):
        """In front of a server that answers by a script."""
        server = ScriptedServer(script)
        self.addCleanup(server.close)
        return self.start_measured(mode="http", fprocess="sleep 1000", upstream_url=server.url)

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

    def test_a_thousand_invented_methods_make_one_series(self):
        dog = self.start_before(answering(ok()))
        for method in ("GET", "PURGE", "PROPFIND", "get"):
            dog.request(method)
        for number in range(1000):
            dog.raw(head(f"METHOD{number}", headers={"Connection": "close"}))
        self.assertLessEqual(set(re.findall(r'method="([^"]*)"', self.text())), KNOWN_METHODS)
        families = parsed(self.text(), "text")
        counted = families["http_requests"]["samples"]
        self.assertLessEqual(len(counted), 4, counted)
        self.assertEqual(sum(value for _, labels, value, _ in counted if labels["method"] == "unknown"), 1003)

    def test_a_function_that_invents_every_status_makes_a_closed_set_of_series(self):
        def answer(visit):
            while (request := visit.head()) is not None:
                status = int(re.match(rb"GET /(\d+)", request).group(1))
                body = b"" if status in (204, 304) else b"Content-Length: 0\r\n"
                visit.send(b"HTTP/1.1 %d Invented\r\n%b\r\n" % (status, body))

        dog = self.start_before(answer)
        statuses = range(200, 1000)
        with dog.client() as client:
            for status in statuses:
                self.assertEqual(client.request(path=f"/{status}").status, status)
        self.until_value("http_requests_in_flight", 0)
        counts = {labels["code"]: value for _, labels, value, _ in parsed(self.text(), "text")["http_requests"]["samples"]}
        self.assertEqual(sum(counts.values()), len(statuses))
        named = {code for code in counts if code.isdigit()}
        self.assertEqual(counts.keys() - named, {"2xx", "3xx", "4xx", "5xx"})
        self.assertTrue({"200", "404", "429", "499", "500", "503", "511"} <= named)
        self.assertFalse({"299", "306", "420", "599", "600", "999"} & named)
        self.assertLess(len(named), 70)
        self.assertTrue(all(counts[code] == 1 for code in named))

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

    def test_the_client_library_of_prometheus_reads_the_same_in_both_formats(self):
        dog = self.start_measured("--", "sh", "-c", '[ "$Http_Path" = /good ] || exit 3', max_inflight="1")
        dog.request(path="/good")
        dog.request("POST", "/bad", body=b"x")
        dog.wait_log("POST /bad")
        plain, opened = parsed(self.text(), "text"), self.open_metrics()
        self.assertEqual(plain.keys(), opened.keys())
        for name, family in plain.items():
            other = opened[name]
            self.assertEqual((family["type"], family["help"]), (other["type"], other["help"]))
            self.assertTrue(family["help"], name)

            def series(samples):
                return [(sample, {key: float(value) if key == "le" else value for key, value in labels.items()})
                        for sample, labels, _, _ in samples]

            self.assertEqual(series(family["samples"]), series(other["samples"]))

    def test_units_are_told_where_a_name_has_one(self):
        self.start_measured(fprocess="true").request()
        units = {name: family["unit"] for name, family in self.open_metrics().items()}
        for name, unit in units.items():
            self.assertEqual(unit, next((unit for unit in ("seconds", "bytes") if name.endswith(unit)), ""))
        self.assertEqual((units["fwatchdog_sent_bytes"], units["process_cpu_seconds"]), ("bytes", "seconds"))

    def test_prometheus_itself_scrapes_openmetrics(self):
        dog = self.start_measured(fprocess="true")
        dog.request()
        port, folder = free_port(), dog.folder / "prometheus"
        folder.mkdir()
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: function\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{self.metrics_port}']}}]\n")
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(prometheus.wait)
        self.addCleanup(prometheus.kill)

        def asked(path):
            try:
                with Client(port) as client:
                    return json.loads(client.request(path=path).text)["data"]
            except (OSError, ValueError):
                return None

        def scraped():
            return (found := asked("/api/v1/query?query=http_requests_total")) and found["result"]

        self.assertEqual(until(scraped, 30, "a scrape")[0]["metric"]["code"], "200")
        target = asked("/api/v1/targets")["activeTargets"][0]
        self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        units = {one["metric"]: one["unit"] for one in asked("/api/v1/targets/metadata")}
        self.assertEqual(units["fwatchdog_queue_seconds"], "seconds")  # which only OpenMetrics tells

    def test_plain_text_is_for_everybody_else(self):
        self.start_measured(fprocess="true")
        for accept in ("*/*", "text/plain", "application/openmetrics-text;q=0.1,text/plain", "text/html,*/*;q=0.8"):
            response = self.page(accept)
            self.assertEqual(response.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8")
            self.assertNotIn("# EOF", response.text)
            self.assertEqual(response.header("Vary"), "Accept")

    def test_the_metrics_port_serves_nothing_else(self):
        dog = self.start_measured(fprocess="touch ran")
        with Client(self.metrics_port) as client:
            self.assertEqual(client.request(path="/").status, 404)
            self.assertEqual(client.request("POST", "/metrics", body=b"x").status, 405)
        self.assertFalse((dog.folder / "ran").exists())

    def test_the_function_port_has_no_metrics_of_its_own(self):
        dog = self.start_measured(fprocess="echo the function")
        self.assertEqual(dog.request(path="/metrics").text, "the function\n")


class Starts(Measured):
    def test_a_cold_start_is_the_time_until_the_server_is_ready(self):
        port = free_port()
        dog = self.start_measured(mode="http", upstream_url=f"http://127.0.0.1:{port}", restart="always",
                                  fprocess=f"sh -c 'sleep 0.3; exec /usr/bin/python3 -m http.server {port}'")
        self.until_value("fwatchdog_cold_start_seconds_count", 1)
        self.assert_within(self.value("fwatchdog_cold_start_seconds_sum"), 0.3, 10)
        self.assertEqual(dog.request().status, 200)
        for pid in dog.children():
            os.kill(pid, signal.SIGKILL)
        until(lambda: self.value("fwatchdog_cold_start_seconds_count") == 2, 10, "the second start")

    def test_a_server_that_is_never_ready_has_no_cold_start(self):
        dog = self.start_measured(mode="http", upstream_url=f"http://127.0.0.1:{free_port()}", restart="always",
                                  startup_timeout="200ms", fprocess="sleep 1000")
        dog.wait_log("not ready within startup_timeout")
        self.assertEqual(self.value("fwatchdog_cold_start_seconds_count"), 0)

    def test_instances_are_counted_by_state(self):
        def states():
            return {state: int(count) for state, count in
                    re.findall(r'(?m)^fwatchdog_instances{state="(\w+)"} (\d+)$', self.text())}

        def are(**counts):
            expected = dict.fromkeys(("ready", "hung", "starting", "stopping", "gone"), 0) | counts
            until(lambda: states() == expected, 10, f"instances: {expected}")

        dog = self.start_measured(mode="http", instances="3", upstream_url="http://127.0.0.1:{port}", startup_timeout="60s",
                            fprocess="sh -c 'until [ -e go ]; do sleep 0.05; done; "
                                     "exec /usr/bin/python3 -m http.server {port}'")
        are(starting=3)
        (dog.folder / "go").touch()
        are(ready=3)
        os.kill(next(iter(dog.children())), signal.SIGKILL)
        are(ready=2, gone=1)


class Traffic(Measured):
    def test_the_first_byte_is_measured_apart_from_the_rest(self):
        dog = self.start_measured("--", "sh", "-c", "sleep 0.2; echo first; sleep 0.5; echo last")
        dog.request()
        self.until_value("fwatchdog_first_byte_seconds_count", 1)
        self.assert_within(self.value("fwatchdog_first_byte_seconds_sum"), 0.2, 10)
        self.until_value('http_request_duration_seconds_count{code="200",method="get"}', 1)
        whole = self.value('http_request_duration_seconds_sum{code="200",method="get"}')
        self.assertGreaterEqual(whole - self.value("fwatchdog_first_byte_seconds_sum"), 0.45)

    def test_of_error_pages_only_those_of_mode_static_have_a_first_byte(self):
        dog = self.start_measured("--", "sh", "-c", "exit 1")
        self.assertEqual(dog.request().status, 500)
        self.until_value('http_requests_total{code="500",method="get"}', 1)
        self.assertEqual(self.value("fwatchdog_first_byte_seconds_count"), 0)
        dog = self.start_measured(mode="static", static_path="/")
        self.assertEqual(dog.request(path="/no/such/file").status, 404)
        self.until_value("fwatchdog_first_byte_seconds_count", 1)

    def test_bytes_are_counted_while_a_request_runs(self):
        dog = self.start_measured("--", "sh", "-c", 'head -c 5; cat >/dev/null; until [ -e go ]; do sleep 0.01; done; printf more')
        with dog.client() as client:
            client.send(head("POST", headers={"Content-Length": "100005"}) + b"x" * 100_005)
            self.until_value("fwatchdog_received_bytes_total", 100_005)
            self.until_value("fwatchdog_sent_bytes_total", 5)
            (dog.folder / "go").touch()
            self.assertEqual(client.response().text, "xxxxxmore")
        self.until_value("fwatchdog_sent_bytes_total", 9)


class SampledRequests(Traced, Measured):
    BUCKET = ("http_request_duration_seconds_bucket", {"code": "200", "method": "get"})

    def exemplars(self):
        return [(name, labels, exemplar) for name, labels, _, exemplar
                in self.open_metrics()["http_request_duration_seconds"]["samples"] if exemplar]

    def start_traced(self, **options):
        self.metrics_port = free_port()
        return self.traced(self.collector(), fprocess="true", metrics_port=self.metrics_port, **options)

    def test_a_sampled_request_is_the_exemplar_of_its_bucket(self):
        before = time.time()
        dog = self.start_traced()
        dog.request(headers={"traceparent": TRACEPARENT})
        dog.wait_log("GET / ")
        (name, labels, (ids, seconds, noted_at)), = self.exemplars()
        self.assertEqual((name, {key: labels[key] for key in ("code", "method")}), self.BUCKET)
        self.assertEqual(ids["trace_id"], TRACE)
        self.assertRegex(ids["span_id"], "^[0-9a-f]{16}$")
        self.assertNotEqual(ids["span_id"], PARENT)  # ours, which the function got as its parent
        self.assertIn(f"trace_id={TRACE} span_id={ids['span_id']}", dog.log())
        self.assertLessEqual(seconds, float(labels["le"]))
        self.assert_within(noted_at, before - 1, time.time() + 1)

    def test_an_unsampled_request_is_none(self):
        dog = self.start_traced()
        dog.request(headers={"traceparent": TRACEPARENT[:-1] + "0"})
        self.until_value('http_requests_total{code="200",method="get"}', 1)
        self.assertEqual(self.exemplars(), [])

    def test_a_later_request_takes_the_place_of_an_earlier_one(self):
        dog = self.start_traced()
        traces = [f"{number:032x}" for number in range(1, 200)]
        with dog.client() as client:
            for trace in traces:
                client.request(headers={"traceparent": f"00-{trace}-{PARENT}-01"})
        self.until_value("http_requests_in_flight", 0)
        found = self.exemplars()
        self.assertLessEqual(len(found), 12)
        self.assertIn(traces[-1], [exemplar[0]["trace_id"] for _, _, exemplar in found])

    def test_plain_text_has_no_exemplars(self):
        dog = self.start_traced()
        dog.request(headers={"traceparent": TRACEPARENT})
        self.until_value('http_requests_total{code="200",method="get"}', 1)
        self.assertNotIn(TRACE, self.text())

    def test_without_a_collector_there_are_no_exemplars(self):
        dog = self.start_measured(fprocess="true")
        dog.request(headers={"traceparent": TRACEPARENT})
        self.until_value('http_requests_total{code="200",method="get"}', 1)
        self.assertEqual(self.exemplars(), [])
