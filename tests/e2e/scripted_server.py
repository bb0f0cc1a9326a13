"""A server at upstream_url that says, byte for byte, what a test wants, and records what it hears."""

import os
import re
import socket
import struct
import threading

from under_test import PATIENCE


class Visit:
    """One connection that the watchdog made."""

    def __init__(self, connection, record):
        self.socket = connection
        self.socket.settimeout(20 * PATIENCE)
        self.record = record
        self.buffer = b""
        self.translate = bytes  # what becomes of what is sent

    def _fill(self):
        data = self.socket.recv(65536)
        self.buffer += data
        self.record.append(data)
        return bool(data)

    def head(self):
        """The next request's head with its empty line; None when the watchdog closed instead."""
        while b"\r\n\r\n" not in self.buffer:
            try:
                if not self._fill():
                    return None
            except ConnectionResetError:
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def exactly(self, count):
        while len(self.buffer) < count and self._fill():
            pass
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def until(self, mark):
        while mark not in self.buffer and self._fill():
            pass
        data, found, self.buffer = self.buffer.partition(mark)
        return data + found

    def body(self, head):
        """The body that this head announces, as it is on the wire."""
        length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
        if length:
            return self.exactly(int(length.group(1)))
        if b"chunked" not in head.lower():
            return b""
        body = self.until(b"0\r\n")
        while (line := self.until(b"\r\n")) not in (b"\r\n", b""):
            body += line  # a trailer
        return body + line

    def send(self, data):
        try:
            self.socket.sendall(self.translate(data))
        except OSError:
            pass  # the watchdog has gone, and what it did counts

    def ended(self):
        """Waits until the watchdog closes or resets."""
        try:
            while self._fill():
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class ScriptedServer:
    """Runs `script(visit)` in a thread for each connection that the watchdog makes."""

    def __init__(self, script, address=("127.0.0.1", 0)):
        self.script = script
        self.visits = []  # the bytes received on each connection, in pieces
        self.errors = []
        if isinstance(address, str):
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(address)
            self.url = f"unix:{address}"
        else:
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
            self.listener = socket.socket(family)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(address)
            self.port = self.listener.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
        self.listener.listen(1024)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        record = []
        visit = Visit(connection, record)
        try:
            # What asks for nothing was the question whether anybody listens.
            if not visit._fill():
                return
            self.visits.append(record)
            self.script(visit)
        except (OSError, TimeoutError) as error:
            self.errors.append(error)
        finally:
            connection.close()

    @property
    def received(self):
        return [b"".join(record) for record in self.visits]

    def close(self):
        self.listener.close()
        if self.url.startswith("unix:"):
            os.unlink(self.url[5:])


def answering(*answers):
    """A script that gives these answers, one to each request on a connection, then the last again."""

    def script(visit):
        left = list(answers)
        while (head := visit.head()) is not None:
            visit.body(head)
            visit.send(left.pop(0) if len(left) > 1 else left[0])

    return script


def ok(body=b"ok", fields=b""):
    return b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body
