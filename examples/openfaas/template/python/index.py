"""Serves function/handler.py, a thread a connection."""

import os
import signal
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from function import handler


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
            status, headers, content = handler.handle(self.command, self.path, self.headers, body)
        except Exception:
            traceback.print_exc()
            status, headers, content = 500, {"Content-Type": "text/plain"}, "The function failed.\n"
        content = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass  # the watchdog logs each request


class Server(ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(("127.0.0.1", int(os.environ.get("PORT", 3000))), Request).serve_forever()
