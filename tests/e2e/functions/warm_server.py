"""A function's own server, for warm_process_test.py: warm_server.py PORT."""

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ready_at = time.monotonic() + float(os.environ.get("READY_AFTER", "0"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def handle_any(self):
        global ready_at
        size = len(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        path = self.path
        if path.startswith("/ready"):
            return self.answer(200 if time.monotonic() >= ready_at else 503, "")
        if path == "/become-unready":
            ready_at = float("inf")
        if path.startswith("/exit/"):
            os._exit(int(path[6:]))
        if path == "/last-words":
            print("".join(f"last words {i}\n" for i in range(1000)), end="", flush=True)
            os._exit(1)
        if path == "/say":
            print("something to say", flush=True)
            print("something to complain about", file=sys.stderr, flush=True)
        if path.startswith("/slow/"):
            print("slow", flush=True)
            time.sleep(float(path[6:]))
        self.answer(200, f"{self.command} {path} {size}")

    do_GET = do_POST = handle_any

    def log_message(self, *_):
        pass


def on_signal(number, _):
    os.write(1, f"got {signal.Signals(number).name}\n".encode())  # print() is not reentrant
    if number == signal.SIGTERM and "IGNORE_TERM" not in os.environ:
        os._exit(0)


for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTERM"):
    signal.signal(getattr(signal, name), on_signal)
if "DAEMONIZE" in os.environ and os.fork():
    os._exit(0)
time.sleep(float(os.environ.get("START_AFTER", "0")))
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    time.sleep(0.05)  # pause() may miss a signal that comes just before it
