"""A collector of traces: takes OTLP over HTTP in JSON, and refuses whatever breaks the published rules of that
encoding."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEX = {32: re.compile(r"[0-9a-f]{32}"), 16: re.compile(r"[0-9a-f]{16}")}
NUMBER = re.compile(r"\d+")
KINDS = {"stringValue": str, "intValue": str, "boolValue": bool, "doubleValue": (int, float)}


def require(held, what):
    if not held:
        raise ValueError(what)


def check_members(message, needed, optional, what):
    require(isinstance(message, dict), f"{what} is no object")
    missing, strange = needed - message.keys(), message.keys() - needed - optional
    require(not missing and not strange, f"{what}: missing {missing}, unknown {strange}")


def check_id(text, digits, what):
    require(isinstance(text, str) and HEX[digits].fullmatch(text), f"{what} is no id: {text!r}")
    require(set(text) != {"0"}, f"{what} is all zeros")


def check_attributes(attributes, what):
    keys = set()
    for attribute in attributes:
        check_members(attribute, {"key", "value"}, set(), f"{what}: an attribute")
        key, value = attribute["key"], attribute["value"]
        require(isinstance(key, str) and key and key not in keys, f"{what}: the key {key!r} is empty or there twice")
        keys.add(key)
        require(len(value) == 1 and value.keys() <= KINDS.keys(), f"{what}: {key} has the value {value}")
        kind, content = next(iter(value.items()))
        require(isinstance(content, KINDS[kind]), f"{what}: {key} is no {kind}")
        require(kind != "intValue" or re.fullmatch(r"-?\d+", content), f"{what}: {key} is no number")


def check_enum(number, most, what):
    require(isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= most, f"{what} is {number!r}")


def check_span(span):
    check_members(span, {"traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"},
                  {"parentSpanId", "traceState", "attributes", "status", "flags"}, "a span")
    check_id(span["traceId"], 32, "traceId")
    check_id(span["spanId"], 16, "spanId")
    if "parentSpanId" in span:
        check_id(span["parentSpanId"], 16, "parentSpanId")
    require(isinstance(span["name"], str) and span["name"], "a span has no name")
    check_enum(span["kind"], 5, "kind")
    for time_of in ("startTimeUnixNano", "endTimeUnixNano"):
        require(isinstance(span[time_of], str) and NUMBER.fullmatch(span[time_of]), f"{time_of} is no string of digits")
        require(abs(int(span[time_of]) / 1e9 - time.time()) < 3600, f"{time_of} is not of today")
    require(int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]), "a span ends before it begins")
    check_attributes(span.get("attributes", []), span["name"])
    if "status" in span:
        check_members(span["status"], {"code"}, {"message"}, "status")
        check_enum(span["status"]["code"], 2, "status.code")


def spans_of(batch):
    """The spans of a batch and the attributes of their resource; raises ValueError where a rule is broken."""
    check_members(batch, {"resourceSpans"}, set(), "the batch")
    spans, resource = [], {}
    for of_resource in batch["resourceSpans"]:
        check_members(of_resource, {"resource", "scopeSpans"}, {"schemaUrl"}, "resourceSpans")
        check_members(of_resource["resource"], {"attributes"}, set(), "resource")
        check_attributes(of_resource["resource"]["attributes"], "resource")
        resource = attributes(of_resource["resource"])
        require(resource.get("service.name"), "the resource has no service.name")
        for of_scope in of_resource["scopeSpans"]:
            check_members(of_scope, {"scope", "spans"}, {"schemaUrl"}, "scopeSpans")
            check_members(of_scope["scope"], {"name"}, {"version"}, "scope")
            require(of_scope["spans"], "there is no span")
            for span in of_scope["spans"]:
                check_span(span)
            spans += of_scope["spans"]
    ids = [span["spanId"] for span in spans]
    require(len(set(ids)) == len(ids), "an id is there twice")
    return spans, resource


def attributes(message):
    """{key: value} of a span or a resource."""
    return {one["key"]: next(iter(one["value"].values())) for one in message.get("attributes", [])}


class Collector:
    """Listens on a port of its own, or at an address. `behave` decides about each batch: a function of its number from 0 that returns
    a status, or a status and header fields (and an "answer"), or "hang", "garbage" or "half"."""

    def __init__(self, behave=lambda number: 200, address=("127.0.0.1", 0)):
        self.spans, self.broken, self.statuses, self.requests = [], [], [], []
        self.resource = {}
        self.let_go = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests.append((self.path, dict(self.headers.items()), body))
                told = behave(len(collector.requests) - 1)
                collector.statuses.append(told)
                if told == "hang":
                    collector.let_go.wait(60)
                    return
                if told in ("garbage", "half"):
                    self.wfile.write(b"\0\1 what is this\r\n\r\n" if told == "garbage" else
                                     b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                    self.wfile.flush()
                    self.close_connection = True
                    return
                status, fields = (told[0], dict(told[1])) if isinstance(told, tuple) else (told, {})
                answer = fields.pop("answer", b"{}")
                if status == 200:
                    collector.take(self.headers, body)
                self.send_response(status)
                for name, value in {**fields, "Content-Type": "application/json",
                                    "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(address, Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, headers, body):
        try:
            require(headers["Content-Type"] == "application/json", f"Content-Type: {headers['Content-Type']}")
            spans, self.resource = spans_of(json.loads(body))
            self.spans += spans
        except (ValueError, KeyError, TypeError) as error:
            self.broken.append(f"{error}: {body[:2000]!r}")

    def servers(self):
        """The spans of requests."""
        return [span for span in list(self.spans) if span["kind"] == 2]

    def children(self, span):
        """{name: span} of those below one."""
        return {child["name"]: child for child in list(self.spans) if child.get("parentSpanId") == span["spanId"]}

    def close(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()
