"""The trace that a request is part of: kept, made, given to functions of every kind, and in the log."""

import json
import random
import re
import shlex
import shutil
import signal
import subprocess

from collector import Collector, attributes, spans_of
from harness import EXIT_USAGE, FUNCTIONS, ROOT, Case, Client, InBackground, Stopwatch, free_port, run, until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
FIELDS = [("traceparent", TRACEPARENT), ("tracestate", "a=1"), ("Tracestate", "b=2"), ("baggage", "user=alice")]
PRINT_TRACE = 'echo "$TRACEPARENT|$TRACESTATE|$BAGGAGE"'
# Each clause of W3C Trace Context by which a traceparent is none.
MALFORMED = {
    "version ff": f"ff-{TRACE}-{PARENT}-01",
    "a version in upper case": f"0A-{TRACE}-{PARENT}-01",
    "one digit of a version": f"0-{TRACE}-{PARENT}-01",
    "a trace of zeros": f"00-{'0' * 32}-{PARENT}-01",
    "a trace in upper case": f"00-{TRACE.upper()}-{PARENT}-01",
    "a short trace": f"00-{TRACE[1:]}-{PARENT}-01",
    "a long trace": f"00-{TRACE}0-{PARENT}-01",
    "a parent of zeros": f"00-{TRACE}-{'0' * 16}-01",
    "a parent in upper case": f"00-{TRACE}-00F067AA0BA902B7-01",
    "a short parent": f"00-{TRACE}-{PARENT[1:]}-01",
    "flags in upper case": f"00-{TRACE}-{PARENT}-0A",
    "one digit of flags": f"00-{TRACE}-{PARENT}-1",
    "no flags": f"00-{TRACE}-{PARENT}",
    "more than version 00 has": f"00-{TRACE}-{PARENT}-01-more",
    "other separators": f"00_{TRACE}_{PARENT}_01",
    "no digits": f"00-{'z' * 32}-{PARENT}-01",
    "nothing": "",
}


class Carried(Case):
    """What comes in reaches the function, with nothing set."""

    def test_a_forked_function_has_the_trace_in_its_environment(self):
        for mode in ("streaming", "serializing", "classic"):
            dog = self.sh(PRINT_TRACE, mode=mode)
            self.assertEqual(dog.request(headers=FIELDS).body, f"{TRACEPARENT}|a=1,b=2|user=alice\n".encode(), mode)

    def test_a_cgi_program_has_it_too(self):
        dog = self.start(mode="cgi", fprocess="sh -c 'printf \"Content-Type: text/plain\\n\\n\"; " + PRINT_TRACE + "'",
                         document_root="")
        body = dog.request(headers=FIELDS).body
        self.assertEqual(body, f"{TRACEPARENT}|a=1,b=2|user=alice\n".encode())

    def test_a_php_function_prints_its_traceparent(self):
        self.assertTrue(shutil.which("php"), "this test needs php: apt-get install php-cli")
        dog = self.start(fprocess="""php -r 'echo getenv("TRACEPARENT"), " ", $_SERVER["TRACEPARENT"];'""")
        self.assertEqual(dog.request(headers=FIELDS).body, f"{TRACEPARENT} {TRACEPARENT}".encode())

    def test_a_python_function_prints_its_traceparent(self):
        dog = self.start(fprocess="""python3 -c 'import os; print(os.environ["TRACEPARENT"], end="")'""")
        self.assertEqual(dog.request(headers=FIELDS).body, TRACEPARENT.encode())

    def test_a_malformed_traceparent_is_not_given_by_any_clause_nor_its_tracestate(self):
        dog = self.sh(PRINT_TRACE)
        for clause, value in MALFORMED.items():
            body = dog.request(headers=[("traceparent", value), ("tracestate", "a=1")]).body
            self.assertEqual(body, b"||\n", clause)

    def test_two_traceparents_are_none(self):
        dog = self.sh(PRINT_TRACE)
        self.assertEqual(dog.request(headers=[("traceparent", TRACEPARENT)] * 2).body, b"||\n")

    def test_a_later_version_is_read_as_version_00(self):
        dog = self.sh(PRINT_TRACE)
        for rest in ("", "-and-more"):
            body = dog.request(headers=[("traceparent", f"cc-{TRACE}-{PARENT}-01{rest}")]).body
            self.assertEqual(body, f"{TRACEPARENT}||\n".encode())

    def test_without_a_trace_there_is_no_variable_of_it(self):
        dog = self.sh("env")
        self.assertNotIn(b"TRACE", dog.request().body)

    def test_the_log_of_a_forked_function_has_the_trace_as_json(self):
        dog = self.sh("echo oh dear >&2", log_format="json")
        dog.request(headers=FIELDS)
        dog.wait_log('"status":200')
        lines = [json.loads(line) for line in dog.log("stderr").splitlines()]
        for line in lines:
            if line.get("msg") == "oh dear" or "status" in line:
                self.assertEqual((line["trace_id"], line["span_id"]), (TRACE, PARENT))
        self.assertEqual(sum("trace_id" in line for line in lines), 2)

    def test_the_log_as_text_stays_of_watchdog_s(self):
        dog = self.sh("echo oh dear >&2")
        dog.request(headers=FIELDS)
        dog.wait_log(r" stderr: oh dear$")
        dog.wait_log(r"GET / - 200 OK - ContentLength: 0B \(\d+\.\d{4}s\)$")


class Traced(Case):
    """A watchdog with a collector."""

    def collector(self, behave=lambda number: 200):
        collector = Collector(behave)

        def end():
            collector.close()
            self.assertEqual(collector.broken, [])

        self.addCleanup(end)
        return collector

    def traced(self, collector, *arguments, **options):
        options.setdefault("OTEL_BSP_SCHEDULE_DELAY", "50")
        return self.start(*arguments, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **options)

    def span(self, collector, path):
        def found():
            return next((span for span in collector.servers() if attributes(span)["url.path"] == path), None)

        return until(found, 10, f"the span of {path}")

    def dropped(self, port):
        with Client(port) as client:
            metrics = client.request("GET", "/metrics").text
        return int(re.search(r"^fwatchdog_spans_dropped_total (\d+)$", metrics, re.MULTILINE).group(1))


class Spans(Traced):
    def test_a_request_is_a_server_span_with_the_attributes_of_the_http_conventions(self):
        collector = self.collector()
        dog = self.traced(collector, fprocess="cat", OPENFAAS_NAME="greet", HOSTNAME="greet-1", POD_NAME="greet-1")
        dog.request("POST", "/hello?name=x", headers=[*FIELDS, ("User-Agent", "probe/1"), ("Host", "shop.example:81")],
                    body=b"x")
        span = self.span(collector, "/hello")
        self.assertEqual((span["traceId"], span["parentSpanId"], span["traceState"]), (TRACE, PARENT, "a=1,b=2"))
        self.assertEqual((span["name"], span["kind"]), ("POST", 2))
        self.assertEqual(attributes(span), {
            "http.request.method": "POST", "url.scheme": "http", "url.path": "/hello", "url.query": "name=x",
            "server.address": "shop.example", "server.port": "81", "client.address": "127.0.0.1",
            "network.protocol.version": "1.1", "user_agent.original": "probe/1", "http.response.status_code": "200"})
        self.assertEqual(collector.resource["service.name"], "greet")
        self.assertEqual(collector.resource["faas.name"], "greet")
        self.assertEqual(collector.resource["k8s.pod.name"], "greet-1")
        self.assertEqual(collector.requests[0][0], "/v1/traces")

    def test_the_function_gets_our_span_as_its_parent_forked_or_kept_warm(self):
        collector = self.collector()
        forked = self.traced(collector, "--", "sh", "-c", PRINT_TRACE)
        body = forked.request(path="/forked", headers=FIELDS).text
        span = self.span(collector, "/forked")
        self.assertEqual(body, f"00-{TRACE}-{span['spanId']}-01|a=1,b=2|user=alice\n")
        warm = self.traced(collector, mode="http", upstream_url="http://127.0.0.1:{port}",
                           fprocess=f"python3 {FUNCTIONS}/traced_server.py {{port}}")
        told = json.loads(warm.request(path="/warm", headers=FIELDS).text)
        span = self.span(collector, "/warm")
        self.assertEqual(told, {"traceparent": [f"00-{TRACE}-{span['spanId']}-01"], "tracestate": ["a=1,b=2"],
                                "baggage": ["user=alice"]})

    def test_a_request_without_a_trace_or_with_a_malformed_one_begins_one(self):
        collector = self.collector()
        dog = self.traced(collector, "--", "sh", "-c", PRINT_TRACE)
        for number, value in enumerate([None, *MALFORMED.values()]):
            fields = [("traceparent", value), ("tracestate", "a=1")] if value is not None else []
            body = dog.request(path=f"/{number}", headers=fields).text
            span = self.span(collector, f"/{number}")
            self.assertEqual(body, f"00-{span['traceId']}-{span['spanId']}-03||\n")
            self.assertNotIn("parentSpanId", span)
            self.assertNotEqual(span["traceId"], TRACE)

    def test_without_an_endpoint_the_client_s_traceparent_reaches_the_server_as_it_is(self):
        dog = self.start(mode="http", upstream_url="http://127.0.0.1:{port}",
                         fprocess=f"python3 {FUNCTIONS}/traced_server.py {{port}}")
        told = json.loads(dog.request(headers=[("traceparent", "nonsense"), ("tracestate", "a=1")]).text)
        self.assertEqual(told, {"traceparent": ["nonsense"], "tracestate": ["a=1"], "baggage": []})

    def test_what_a_request_waits_for_is_its_children(self):
        collector = self.collector()
        dog = self.traced(collector, "--", "sh", "-c", "sleep 0.1; echo begun; sleep 0.1; echo done",
                          max_inflight="1", max_queue="1")
        first = InBackground(lambda: dog.request(path="/first"))
        until(lambda: dog.processes(), 5, "the function to run")
        dog.request(path="/second")
        first.result()
        span = self.span(collector, "/second")
        children = collector.children(span)
        self.assertEqual(set(children), {"queue", "spawn", "first byte", "body"})
        begins = [int(children[name]["startTimeUnixNano"]) for name in ("queue", "spawn", "first byte", "body")]
        self.assertEqual(begins, sorted(begins))
        took = {name: (int(child["endTimeUnixNano"]) - int(child["startTimeUnixNano"])) / 1e9
                for name, child in children.items()}
        self.assert_within(took["first byte"], 0.09, 1)
        self.assert_within(took["body"], 0.09, 1)
        for child in children.values():
            self.assertEqual(child["traceId"], span["traceId"])
            self.assertLessEqual(int(span["startTimeUnixNano"]), int(child["startTimeUnixNano"]))
            self.assertGreaterEqual(int(span["endTimeUnixNano"]), int(child["endTimeUnixNano"]))

    def test_a_failure_is_an_error_with_its_word(self):
        collector = self.collector()
        dog = self.traced(collector, "--", "sh", "-c", "exit 7")
        dog.request(path="/failed")
        span = self.span(collector, "/failed")
        self.assertEqual(attributes(span)["error.type"], "function_failed")
        self.assertEqual(span["status"], {"code": 2, "message": "exit code 7"})

    def test_the_start_of_a_server_is_a_span_of_its_own_cold_start(self):
        collector = self.collector()
        dog = self.traced(collector, mode="http", upstream_url="http://127.0.0.1:{port}",
                          fprocess=f"python3 {FUNCTIONS}/traced_server.py {{port}}")
        dog.request(path="/waits")
        self.span(collector, "/waits")
        cold = until(lambda: [span for span in list(collector.spans) if span["name"] == "cold start"], 5, "the span")[0]
        self.assertNotIn("parentSpanId", cold)
        self.assertGreater(int(cold["endTimeUnixNano"]), int(cold["startTimeUnixNano"]))

    def test_health_checks_have_no_span(self):
        collector = self.collector()
        dog = self.traced(collector, fprocess="true")
        dog.request(path="/_/health")
        dog.request(path="/after")
        self.span(collector, "/after")
        self.assertEqual(len(collector.servers()), 1)

    def test_both_kinds_of_log_lines_end_with_the_ids(self):
        collector = self.collector()
        for log_format in ("text", "json"):
            dog = self.traced(collector, "--", "sh", "-c", "echo oh dear >&2", log_format=log_format)
            dog.request(path=f"/{log_format}", headers=FIELDS)
            ids = f"trace_id={TRACE} span_id={self.span(collector, f'/{log_format}')['spanId']}"
            if log_format == "text":
                dog.wait_log(rf" stderr: oh dear {ids}$")
                dog.wait_log(rf"GET /text - 200 OK - ContentLength: 0B \([\d.]+s\) {ids}$")
                continue
            dog.wait_log('"status":200')
            lines = [json.loads(line) for line in dog.log("stderr").splitlines()]
            found = [f"trace_id={line['trace_id']} span_id={line['span_id']}" for line in lines if "trace_id" in line]
            self.assertEqual(found, [ids, ids])

    def test_a_sampler_decides_and_the_flag_says_so(self):
        collector = self.collector()
        dog = self.traced(collector, "--", "sh", "-c", PRINT_TRACE, OTEL_TRACES_SAMPLER="parentbased_always_off")
        self.assertRegex(dog.request(path="/off").text, r"^00-[0-9a-f]{32}-[0-9a-f]{16}-02\|")
        dog.request(path="/on", headers=FIELDS)
        self.span(collector, "/on")
        self.assertEqual(len(collector.servers()), 1)

    def test_header_fields_go_to_the_collector(self):
        collector = self.collector()
        dog = self.traced(collector, fprocess="true", OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20abc")
        dog.request(path="/x")
        self.span(collector, "/x")
        self.assertEqual(collector.requests[0][1]["authorization"], "Bearer abc")

    def test_an_endpoint_with_tls_is_refused_in_one_line(self):
        result = run(fprocess="cat", OTEL_EXPORTER_OTLP_ENDPOINT="https://traces.example")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertRegex(result.stderr, r"^fwatchdog: OTEL_EXPORTER_OTLP_ENDPOINT=https://traces.example: .*\n$")

    def test_compression_is_refused_in_one_line_and_the_command_line_takes_it_back(self):
        collector = self.collector()
        result = run(fprocess="cat", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertRegex(result.stderr, r"^fwatchdog: OTEL_EXPORTER_OTLP_COMPRESSION=gzip: .*\n$")
        dog = self.traced(collector, "--otel-exporter-otlp-compression", "none", fprocess="true",
                          OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
        dog.request(path="/x")
        self.span(collector, "/x")

    def test_a_disabled_sdk_sends_nothing_and_changes_nothing(self):
        collector = self.collector()
        dog = self.traced(collector, "--", "sh", "-c", PRINT_TRACE, OTEL_SDK_DISABLED="true")
        self.assertEqual(dog.request(headers=FIELDS).text, f"{TRACEPARENT}|a=1,b=2|user=alice\n")
        dog.wait_log(r"GET / - 200 OK - ContentLength: \d+B \([\d.]+s\)$")
        self.assertEqual(collector.requests, [])


class Faults(Traced):
    """A collector that fails costs spans, and never a request."""

    def answers_all(self, dog, count=20):
        for number in range(count):
            self.assertEqual(dog.request(path=f"/{number}").status, 200)

    def test_one_that_is_down_costs_spans_that_are_counted_and_said_once(self):
        metrics_port = free_port()
        dog = self.start(fprocess="true", metrics_port=metrics_port, OTEL_BSP_SCHEDULE_DELAY="20",
                         OTEL_BSP_MAX_QUEUE_SIZE="8", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="4",
                         OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
        self.answers_all(dog)
        until(lambda: self.dropped(metrics_port) > 0, 10, "spans to be dropped")
        self.assertEqual(dog.log().count("cannot send spans"), 1)

    def test_one_that_comes_later_gets_what_waited(self):
        collector = self.collector(lambda number: 503 if number == 0 else 200)
        dog = self.traced(collector, fprocess="true")
        dog.request(path="/early")
        self.span(collector, "/early")
        self.assertEqual(collector.statuses[:2], [503, 200])
        dog.wait_log("Spans can be sent to .* again; dropped so far: 0")

    def test_one_that_says_429_is_asked_again_when_it_says(self):
        collector = self.collector(lambda number: (429, {"Retry-After": "2"}) if number == 0 else 200)
        dog = self.traced(collector, fprocess="true")
        dog.request(path="/early")
        until(lambda: collector.statuses, 5, "the first batch")
        watch = Stopwatch()
        self.answers_all(dog, 5)
        self.span(collector, "/early")
        self.assert_within(watch.seconds, 1.7, 8)

    def test_one_that_refuses_a_batch_is_not_asked_again_for_it(self):
        metrics_port = free_port()
        collector = self.collector(lambda number: 400 if number == 0 else 200)
        dog = self.traced(collector, fprocess="true", metrics_port=metrics_port)
        dog.request(path="/refused")
        until(lambda: self.dropped(metrics_port) > 0, 10, "the span to be counted")
        dog.request(path="/taken")
        self.span(collector, "/taken")
        self.assertEqual([attributes(span)["url.path"] for span in collector.servers()], ["/taken"])

    def test_what_is_rejected_of_a_batch_is_counted(self):
        metrics_port = free_port()
        for rejected in (b'"1"', b" 1"):
            collector = self.collector(
                lambda number, count=rejected: (200, {"answer": b'{"partialSuccess": {"rejectedSpans":' + count + b"}}"}))
            dog = self.traced(collector, fprocess="true", metrics_port=metrics_port)
            dog.request(path="/rejected")
            until(lambda: self.dropped(metrics_port) == 1, 10, "the span to be counted")
            dog.wait_log("cannot send spans: the collector rejected 1 of a batch")
            dog.close()

    def test_one_that_takes_its_time_holds_no_request(self):
        collector = self.collector(lambda number: "hang" if number == 0 else 200)
        dog = self.traced(collector, fprocess="true", OTEL_EXPORTER_OTLP_TIMEOUT="300")
        dog.request(path="/early")
        until(lambda: collector.statuses, 5, "the first batch")
        self.answers_all(dog)
        self.span(collector, "/early")
        dog.wait_log(r"cannot send spans: .*no complete response within 300ms")

    def test_one_that_answers_garbage_or_breaks_off_is_asked_again(self):
        collector = self.collector(lambda number: ("garbage", "half", 200)[min(number, 2)])
        dog = self.traced(collector, fprocess="true")
        dog.request(path="/early")
        self.answers_all(dog)
        self.span(collector, "/early")
        self.assertEqual(collector.statuses[:3], ["garbage", "half", 200])


class Documented(Case):
    """The page's configuration of a collector, and the lines of a Dockerfile beside it."""

    def setUp(self):
        super().setUp()
        page = (ROOT / "watchdog/trace/README.md").read_text()
        blocks = dict(re.findall(r"(?ms)^```(yaml|dockerfile)\n(.*?)^```$", page))
        script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"
        self.configuration = json.loads(subprocess.run(["/usr/bin/python3", "-c", script], input=blocks["yaml"], text=True,
                                                   check=True, capture_output=True).stdout)
        words = [shlex.split(line.removeprefix("ENV ")) for line in blocks["dockerfile"].splitlines()]
        self.settings = dict(word.split("=", 1) for line in words for word in line)

    def test_each_part_of_the_pipeline_is_configured_and_each_part_is_in_it(self):
        service = self.configuration.pop("service")
        self.assertEqual(service.keys(), {"pipelines"})
        pipeline = service["pipelines"]["traces"]
        self.assertEqual({kind: list(parts) for kind, parts in self.configuration.items()}, pipeline)
        self.assertEqual(pipeline, {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["otlphttp"]})

    def test_a_collector_where_it_says_gets_the_spans_of_a_function_with_these_settings(self):
        self.assertEqual(self.configuration["receivers"]["otlp"]["protocols"].keys(), {"http"})
        host, port = self.configuration["receivers"]["otlp"]["protocols"]["http"]["endpoint"].split(":")
        self.assertEqual(host, "127.0.0.1")
        # Another address of this machine, so that whoever else has the port is not in the way.
        here = f"127.1.{random.randrange(256)}.{random.randrange(1, 255)}"
        collector = Collector(address=(here, int(port)))
        self.addCleanup(collector.close)
        settings = {name: value.replace(host, here) for name, value in self.settings.items()}
        dog = self.sh("echo traced", **settings, OTEL_BSP_SCHEDULE_DELAY="10")
        dog.request(path="/greet")
        until(collector.servers, 10, "the span")
        self.assertEqual(collector.broken, [])
        self.assertEqual(collector.requests[0][0], "/v1/traces")  # the path of the otlp receiver
        self.assertEqual(attributes(collector.servers()[0])["url.path"], "/greet")
        self.assertEqual(collector.resource["service.name"], self.settings["OTEL_SERVICE_NAME"])
        name, value = self.settings["OTEL_RESOURCE_ATTRIBUTES"].split("=")
        self.assertEqual(collector.resource[name], value)


class End(Traced):
    def test_what_is_left_is_sent_in_the_drain(self):
        collector = self.collector()
        dog = self.traced(collector, fprocess="true", OTEL_BSP_SCHEDULE_DELAY="60000")
        for number in range(30):
            dog.request(path=f"/{number}")
        self.assertEqual(collector.requests, [])
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assertEqual(sorted(int(attributes(span)["url.path"][1:]) for span in collector.servers()),
                         list(range(30)))

    def untaken(self, collector):
        """The number of spans of the only batch, which has them all."""
        (_, _, body), = collector.requests
        spans, _ = spans_of(json.loads(body))
        self.assertEqual(len([span for span in spans if span["kind"] == 2]), 3)
        return len(spans)

    def test_a_collector_that_hangs_keeps_it_until_only_the_time_of_functions_is_left(self):
        collector = self.collector(lambda number: "hang")
        dog = self.traced(collector, fprocess="true", shutdown_timeout="2s", stop_timeout="500ms",
                          healthcheck_interval="300ms", OTEL_BSP_SCHEDULE_DELAY="60000")
        for _ in range(3):
            dog.request()
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 1.4, 1.9)
        log = dog.log()
        self.assertRegex(log, rf"cannot send the last spans, and drops {self.untaken(collector)}: .*\n.*Stopped\n$")
        self.assertNotIn("asked to end", log)
        self.assertNotIn("get 503", log)

    def test_a_collector_that_hangs_keeps_it_no_longer_than_a_batch_may_take(self):
        collector = self.collector(lambda number: "hang")
        dog = self.traced(collector, fprocess="true", healthcheck_interval="300ms", OTEL_EXPORTER_OTLP_TIMEOUT="1000",
                          OTEL_BSP_SCHEDULE_DELAY="60000")
        for _ in range(3):
            dog.request()
        watch = Stopwatch()
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 1.2, 2.5)
        self.assertEqual(re.findall(r"cannot send the last spans, and drops (\d+): ", dog.log()),
                         [str(self.untaken(collector))])

    def test_a_collector_that_is_gone_does_not_keep_it_at_all(self):
        dog = self.start(fprocess="true", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
        dog.request()
        watch = Stopwatch()
        dog.signal(signal.SIGINT)
        self.assertEqual(dog.wait_exit(), 0)
        self.assert_within(watch.seconds, 0, 1.5)
