"""A server that does one thing at a time, on $PORT: says which process it is."""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
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

    do_POST = do_GET

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
assert sys.argv[1:] in ([], [os.environ["PORT"]])
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
