"""Deploys: SIGTERM at a random moment under load, again and again, and not one request is lost."""

import os
import random
import signal
import socket
import time

from harness import FUNCTIONS, ROOT, SANITIZER, Case, InBackground, Watchdog, head, until

ROUNDS = int(os.environ.get("ROUNDS", "6" if SANITIZER else "50"))
RATE = 200  # requests a second
MOST_SECONDS = 150  # then it is enough, when every kind has had its turn with 1 and with 2 workers
NODE = ("--", "node", "-e",
        "require('http').createServer((q, s) => s.end('fine')).listen(process.env.PORT, '127.0.0.1')")
PYTHON = ("--", "python3", str(FUNCTIONS / "single_server.py"))
UPSTREAM = {"mode": "http", "upstream_url": "http://127.0.0.1:{port}"}
FUNCTION = {"fprocess": "echo fine"}
KINDS = [((), {"mode": "streaming", **FUNCTION}), ((), {"mode": "serializing", **FUNCTION}),
         ((), {"mode": "classic", **FUNCTION}), (NODE, UPSTREAM), (PYTHON, UPSTREAM),
         (NODE, {**UPSTREAM, "instances": "2"}),
         ((), {"mode": "static", "static_path": str(ROOT / "examples/static-site/public")})]


class Client:
    """Asks at a steady rate over one connection, which it gives up when it is told to; a new one
    that is refused is the end: there is nobody there any more."""

    def __init__(self, port, rate):
        self.port = port
        self.gap = 1 / rate
        self.answered = 0
        self.connection = None

    def run(self):
        while True:
            if self.connection is None:
                try:
                    self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
                except ConnectionRefusedError:
                    return self.answered
            self.ask()
            time.sleep(self.gap)

    def ask(self):
        self.connection.sendall(head())
        answer = self.read()
        fields = answer.partition(b"\r\n\r\n")[0].lower()
        if not fields.startswith(b"http/1.1 200"):
            raise AssertionError(answer)
        self.answered += 1
        if b"\r\nconnection: close" in fields:
            self.connection.close()
            self.connection = None

    def more(self):
        data = self.connection.recv(65536)
        if not data:
            raise AssertionError("a connection was closed in place of an answer")
        return data

    def read(self):
        """One whole answer."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.more()
        fields, _, body = data.partition(b"\r\n\r\n")
        lengths = [int(line.split(b":")[1]) for line in fields.lower().split(b"\r\n")
                   if line.startswith(b"content-length:")]
        while len(body) < lengths[0] if lengths else not body.endswith(b"0\r\n\r\n"):
            more = self.more()
            body += more
            data += more
        return data


class Rounds(Case):
    long = True

    def one_round(self, number):
        arguments, options = KINDS[number % len(KINDS)]
        workers = str(1 + number // len(KINDS) % 2)
        with Watchdog(*arguments, **options, workers=workers, healthcheck_interval="200ms",
                      shutdown_timeout="20s", startup_timeout="60s") as dog:
            until(lambda: dog.request(path="/_/health").status == 200, 30, "it to be ready")
            clients = [Client(dog.port, RATE / 4) for _ in range(4)]
            running = [InBackground(client.run) for client in clients]
            time.sleep(random.uniform(0.05, 0.4))
            dog.signal(signal.SIGTERM)
            answered = sum(each.result() for each in running)
            self.assertEqual(dog.wait_exit(), 0)
        return answered

    def test_no_request_is_lost_at_a_deploy(self):
        answered = []
        start = time.monotonic()
        for number in range(ROUNDS):
            if number >= 2 * len(KINDS) and time.monotonic() - start > MOST_SECONDS:
                break
            answered.append(self.one_round(number))
        self.assertGreater(min(answered), 5)
        print(f"{len(answered)} rounds, {sum(answered)} requests, none lost")
