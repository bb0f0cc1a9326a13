"""A server that does one thing at a time, on $PORT: says which process it is. SIGTERM lets it finish."""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


busy = ending = False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global busy
        busy = True
        self.answer()
        busy = False
        if ending:
            os._exit(0)

    do_POST = do_GET

    def answer(self):
        if self.path.startswith("/exit/"):
            os._exit(int(self.path[6:]))
        if self.path.startswith("/slow/"):
            time.sleep(float(self.path[6:]))
        text = f"{os.getpid()} {os.environ['PORT']}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")  # so that it can take turns among connections
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def end(*_):
    global ending
    ending = True
    if not busy:
        os._exit(0)


signal.signal(signal.SIGTERM, end)
assert sys.argv[1:] in ([], [os.environ["PORT"]])
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
