"""FastCGI as it is on the wire, for a server that says what a test wants."""

import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = range(1, 8)


def record(kind, content=b"", padding=0, request_id=1, version=1):
    head = struct.pack(">BBHHBx", version, kind, request_id, len(content), padding)
    return head + content + b"\0" * padding


def out(content, padding=0):
    return record(STDOUT, content, padding)


def err(content):
    return record(STDERR, content)


def end(exit_code=0, status=0, padding=0):
    return record(END, struct.pack(">IB3x", exit_code, status), padding)


def ok(body=b"ok", fields=b""):
    return out(b"Content-Type: text/plain\r\n" + fields + b"\r\n" + body) + end()


def addressed(data, request_id):
    """What these bytes are when the records in them that are for request 1 are for that one."""
    told, left = b"", data
    while len(left) >= 8:
        _, _, old, length, padding = struct.unpack(">BBHHBx", left[:8])
        size = 8 + length + padding
        told += left[:2] + struct.pack(">H", request_id if old == 1 else old) + left[4:size]
        left = left[size:]
    return told + left


def next_record(visit):
    """(kind, content) of the next record; None when the watchdog closes instead. What is said after
    the beginning of a request is said to it."""
    try:
        head = visit.exactly(8)
        if len(head) < 8:
            return None
        _, kind, visit.request_id, length, padding = struct.unpack(">BBHHBx", head)
        if kind == BEGIN:
            visit.translate = lambda data, name=visit.request_id: addressed(data, name)
        return kind, visit.exactly(length + padding)[:length]
    except ConnectionResetError:
        return None


class Request:
    def __init__(self):
        self.id = None
        self.flags = None
        self.params = []  # the content of each record
        self.body = b""
        self.aborted = False

    @property
    def variables(self):
        """As PHP reads them: a variable that is split over two records is not understood."""
        found = {}
        for data in self.params:
            while data:
                sizes = []
                for _ in range(2):
                    if data[0] < 128:
                        sizes.append(data[0])
                        data = data[1:]
                    else:
                        sizes.append(struct.unpack(">I", data[:4])[0] & 0x7FFFFFFF)
                        data = data[4:]
                if sum(sizes) > len(data):
                    raise ValueError("a variable is split over two records")
                name, value = data[:sizes[0]], data[sizes[0]:sum(sizes)]
                found[name.decode()] = value.decode("latin-1")
                data = data[sum(sizes):]
        return found


def read_request(visit, body=True):
    """The next whole request; up to the end of its parameters with `body=False`."""
    request = Request()
    while (found := next_record(visit)) is not None:
        kind, content = found
        if kind == BEGIN:
            request.flags = content[2]
            request.id = visit.request_id
        elif kind == ABORT:
            request.aborted = True
            return request
        elif kind == PARAMS:
            request.params.append(content)
            if not content and not body:
                return request
        elif kind == STDIN:
            request.body += content
            if not content:
                return request
    return None


def answering(*answers):
    """A script that gives these answers, one to each request on a connection, then the last again."""

    def script(visit):
        left = list(answers)
        while read_request(visit) is not None:
            visit.send(left.pop(0) if len(left) > 1 else left[0])

    return script
