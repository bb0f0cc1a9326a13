"""Calls function/handler.py with the event and the context of the official template python3-http.

A thread a connection; the watchdog, which is the only client, limits how many there are.
"""

import json
import os
import signal
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote

from function import handler


class Fields:
    """Header fields, whose names may be written in any case."""

    def __init__(self, pairs):
        self._values = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), (name, []))[1].append(value)

    def __getitem__(self, name):
        return ", ".join(self._values[name.lower()][1])

    def __contains__(self, name):
        return name.lower() in self._values

    def __iter__(self):
        return (name for name, _ in self._values.values())

    def __len__(self):
        return len(self._values)

    def get(self, name, default=None):
        return self[name] if name in self else default

    def keys(self):
        return list(self)

    def values(self):
        return [self[name] for name in self]

    def items(self):
        return [(name, self[name]) for name in self]


class Query(dict):
    """The first value of each name; getlist() has all of them."""

    def __init__(self, text):
        self._pairs = parse_qsl(text, keep_blank_values=True)
        super().__init__(reversed(self._pairs))

    def getlist(self, name):
        return [value for key, value in self._pairs if key == name]


class Event:
    def __init__(self, request, body):
        path, _, query = request.path.partition("?")
        self.body = body
        self.headers = Fields(request.headers.items())
        self.method = request.command
        self.query = Query(query)
        self.path = unquote(path)


class Context:
    hostname = os.environ.get("HOSTNAME", "localhost")


def represented(body):
    """The bytes of a body, and what they are."""
    if isinstance(body, (dict, list)):
        return json.dumps(body).encode(), "application/json"
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body), "application/octet-stream"
    return ("" if body is None else str(body)).encode(), "text/html; charset=utf-8"


def response_of(result):
    """(status, bytes, [(name, value)]) of what a handler returned: the dictionary, a body alone, or a tuple."""
    if isinstance(result, dict):
        parts = result.get("body"), result.get("statusCode", 200), result.get("headers") or {}
    elif isinstance(result, tuple):
        parts = (result + (200, {}))[:2] + (result[2] if len(result) > 2 else {},)
    else:
        parts = result, 200, {}
    body, status, headers = parts
    content, kind = represented(body)
    pairs = list(headers.items() if hasattr(headers, "items") else headers)
    if content and "content-type" not in [name.lower() for name, _ in pairs]:
        pairs.append(("Content-Type", kind))
    return int(status), content, pairs


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the client has left in the middle of its request
            return
        try:
            status, content, pairs = response_of(handler.handle(Event(self, body), Context()))
        except Exception:
            traceback.print_exc()
            status, content, pairs = 500, b"The function failed.\n", [("Content-Type", "text/plain")]
        self.send_response_only(status)
        for name, value in pairs:
            self.send_header(name, str(value))
        if status != 204 and status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status != 204 and status != 304:
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass  # the watchdog logs each request


class Server(ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    # At once: when the watchdog sends it there are no requests left, or they have had their time.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("127.0.0.1", int(os.environ.get("PORT", 5000))), Request).serve_forever()
