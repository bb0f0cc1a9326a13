"""HTTP/1 as it is on the wire: one connection, byte for byte."""

import socket
import struct
import threading

from under_test import PATIENCE


class Response:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, self.reason = (lines[0].split(" ", 2) + [""])[:3]
        self.status = int(status)
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append((name, value.strip()))
        self.body = b""
        self.complete = False

    def header(self, name, default=None):
        return next((v for n, v in self.headers if n.lower() == name.lower()), default)

    @property
    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r} complete={self.complete}>"


class Client:
    """One TCP connection, and HTTP/1 as it is on the wire."""

    def __init__(self, port, timeout=15.0, receive_buffer=None, address="127.0.0.1"):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout * PATIENCE)
        self.socket.connect((address, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.ended = False  # the server has closed
        self.was_reset = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """Sends; a server that has closed already is no error, its answer is what counts."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def close(self):
        self.socket.close()

    def abort(self):
        """Closes with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _fill(self):
        try:
            data = self.socket.recv(262144)
        except ConnectionResetError:
            self.was_reset = True
            data = b""
        if not data:
            self.ended = True
        self.buffer += data
        return bool(data)

    def _line(self, mark=b"\r\n"):
        while mark not in self.buffer:
            if not self._fill():
                return None
        line, _, self.buffer = self.buffer.partition(mark)
        return line

    def head(self):
        """The next response's status line and fields; None when the server closes instead."""
        head = self._line(b"\r\n\r\n")
        return None if head is None else Response(head)

    def pieces(self, response, method="GET"):
        """The body as it arrives. Sets response.complete when its framing says that it is whole."""
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            response.complete = True
        elif (response.header("Transfer-Encoding") or "").lower() == "chunked":
            yield from self._chunks(response)
        elif response.header("Content-Length") is not None:
            yield from self._exactly(int(response.header("Content-Length")))
            response.complete = not self.ended or self._left == 0
        else:
            while self.buffer or self._fill():
                piece, self.buffer = self.buffer, b""
                yield piece
            response.complete = not self.was_reset

    def _exactly(self, count):
        self._left = count
        while self._left:
            if not self.buffer and not self._fill():
                return
            piece, self.buffer = self.buffer[: self._left], self.buffer[self._left:]
            self._left -= len(piece)
            yield piece

    def _chunks(self, response):
        while True:
            line = self._line()
            if line is None:
                return
            size = int(line, 16)
            if size == 0:
                response.complete = self._line() == b""
                return
            yield from self._exactly(size)
            if self._left or self._line() != b"":
                return

    def response(self, method="GET"):
        response = self.head()
        if response is not None:
            response.body = b"".join(self.pieces(response, method))
        return response

    def read_to_end(self):
        """Every byte until the server closes."""
        while self._fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def read_until(self, mark):
        """Every byte up to this mark and it, or what comes before the server closes."""
        while mark not in self.buffer and self._fill():
            pass
        data, found, self.buffer = self.buffer.partition(mark)
        return data + found

    def closed(self, timeout=5.0):
        """Whether the server closes within the time, without another byte."""
        self.socket.settimeout(timeout * PATIENCE)
        try:
            return not self.buffer and not self._fill()
        except TimeoutError:
            return False

    def silent(self, seconds):
        """Whether neither byte nor end comes for so long."""
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and not self._fill() and not self.ended
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(15 * PATIENCE)

    def request(self, method="GET", path="/", headers=(), body=None, chunked=False):
        """Sends a request and reads its answer at the same time, as a big body needs."""
        data = head(method, path, headers, body, chunked)
        if body is None:
            self.send(data)
            return self.response(method)
        if chunked:
            half = len(body) // 2
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:half], body[half:]) if p)
            body += b"0\r\n\r\n"
        if len(body) < 32768:
            self.send(data + body)
            return self.response(method)
        sender = threading.Thread(target=lambda: self.send(data + body), daemon=True)
        sender.start()
        return self.response(method)


def head(method="GET", path="/", headers=(), body=None, chunked=False):
    lines = [f"{method} {path} HTTP/1.1"]
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    if not any(name.lower() == "host" for name, _ in pairs):
        lines.append("Host: function.example")
    lines += [f"{name}: {value}" for name, value in pairs]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
