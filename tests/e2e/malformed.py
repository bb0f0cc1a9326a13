"""Requests that no server may accept, and what to answer: (name, bytes, status or statuses).

Each is a whole message, or as much of one as it takes to see that it is wrong. Where RFC 9110 and
9112 leave the choice, several statuses are allowed.
"""

HOST = b"Host: a\r\n"


def get(*fields, line=b"GET / HTTP/1.1"):
    return line + b"\r\n" + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def post(*fields, body=b""):
    return get(*fields, line=b"POST / HTTP/1.1") + body


def chunked(body):
    return post(b"Transfer-Encoding: chunked", body=body)


REQUEST_LINES = [
    ("no version", b"GET /\r\n\r\n", (400, 505)),
    ("no target", get(line=b"GET HTTP/1.1"), 400),
    ("empty target", get(line=b"GET  HTTP/1.1"), 400),
    ("two spaces before the target", get(line=b"GET  / HTTP/1.1"), 400),
    ("two spaces after the target", get(line=b"GET /  HTTP/1.1"), 400),
    ("tab before the target", get(line=b"GET\t/ HTTP/1.1"), 400),
    ("tab after the target", get(line=b"GET /\tHTTP/1.1"), 400),
    ("space in the target", get(line=b"GET /a b HTTP/1.1"), 400),
    ("space at the end of the line", get(line=b"GET / HTTP/1.1 "), 400),
    ("space at the start of the line", get(line=b" GET / HTTP/1.1"), 400),
    ("NUL in the target", get(line=b"GET /a\0b HTTP/1.1"), 400),
    ("control character in the target", get(line=b"GET /a\x01b HTTP/1.1"), 400),
    ("DEL in the target", get(line=b"GET /a\x7fb HTTP/1.1"), 400),
    ("escape sequence in the target", get(line=b"GET /\x1b[31m HTTP/1.1"), 400),
    ("fragment in the target", get(line=b"GET /a#b HTTP/1.1"), 400),
    ("relative target", get(line=b"GET a HTTP/1.1"), 400),
    ("bare CR in the target", get(line=b"GET /a\rb HTTP/1.1"), 400),
    ("NUL in the method", get(line=b"G\0T / HTTP/1.1"), (400, 501)),
    ("separator in the method", get(line=b"G@T / HTTP/1.1"), (400, 501)),
    ("method in lower case", get(line=b"get / HTTP/1.1"), (400, 501)),
    ("no method", get(line=b"/ HTTP/1.1"), (400, 501)),
    ("version in lower case", get(line=b"GET / http/1.1"), 400),
    ("version without a dot", get(line=b"GET / HTTP/11"), 400),
    ("version with a comma", get(line=b"GET / HTTP/1,1"), 400),
    ("version with two digits", get(line=b"GET / HTTP/1.10"), 400),
    ("version with a leading zero", get(line=b"GET / HTTP/01.1"), 400),
    ("version of another protocol", get(line=b"GET / RTSP/1.0"), (400, 505)),
    ("HTTP/0.9", get(line=b"GET / HTTP/0.9"), (400, 505)),
    ("HTTP/2.0", get(line=b"GET / HTTP/2.0"), 505),
    ("HTTP/3.0", get(line=b"GET / HTTP/3.0"), 505),
    ("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 501, 505)),
    ("bare LF after the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    ("bare LF everywhere", b"GET / HTTP/1.1\nHost: a\n\n", 400),
    ("bare CR after the request line", b"GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
    ("a TLS hello", bytes.fromhex("16030100a5010000a10303") + bytes(160), (400, 408)),
    ("an SSH banner", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", (400, 501)),
    ("a status line", b"HTTP/1.1 200 OK\r\n\r\n", (400, 501)),
    ("zeros", bytes(100), (400, 408)),
]

FIELDS = [
    ("no host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two hosts", get(b"Host: b"), 400),
    ("two equal hosts", get(b"Host: a"), 400),
    ("space in the host", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("space before the colon", get(b"X-A : 1"), 400),
    ("tab before the colon", get(b"X-A\t: 1"), 400),
    ("space before the colon of the length", post(b"Content-Length : 3", body=b"abc"), 400),
    ("space in the name", get(b"X A: 1"), 400),
    ("empty name", get(b": 1"), 400),
    ("no colon", get(b"nonsense"), 400),
    ("NUL in the name", get(b"X\0A: 1"), 400),
    ("separator in the name", get(b"X(A): 1"), 400),
    ("letter beyond ASCII in the name", get("X-Ä: 1".encode()), 400),
    ("NUL in the value", get(b"X-A: 1\0002"), 400),
    ("bare CR in the value", get(b"X-A: 1\r2"), 400),
    ("bare LF after a field", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\nX-B: 2\r\n\r\n", 400),
    ("bare LF at the end of the head", b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    ("control character in the value", get(b"X-A: 1\x012"), 400),
    ("DEL in the value", get(b"X-A: 1\x7f2"), 400),
    ("folded field with a space", get(b"X-A: 1\r\n 2"), 400),
    ("folded field with a tab", get(b"X-A: 1\r\n\t2"), 400),
    ("fold before the first field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
]

FRAMING = [
    ("length and chunked", post(b"Content-Length: 3", b"Transfer-Encoding: chunked",
                                body=b"0\r\n\r\n"), 400),
    ("chunked and length", post(b"Transfer-Encoding: chunked", b"Content-Length: 3",
                                body=b"0\r\n\r\n"), 400),
    ("two different lengths", post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"), 400),
    ("two different lengths in one", post(b"Content-Length: 3, 4", body=b"abcd"), 400),
    ("empty length", post(b"Content-Length:", body=b"abc"), 400),
    ("negative length", post(b"Content-Length: -3", body=b"abc"), 400),
    ("length with a plus", post(b"Content-Length: +3", body=b"abc"), 400),
    ("length in hex", post(b"Content-Length: 0x3", body=b"abc"), 400),
    ("length with a letter", post(b"Content-Length: 3a", body=b"abc"), 400),
    ("length with a space", post(b"Content-Length: 3 3", body=b"abc"), 400),
    ("length with a fraction", post(b"Content-Length: 3.0", body=b"abc"), 400),
    ("length of 65 bits", post(b"Content-Length: 18446744073709551617", body=b"abc"), (400, 413)),
    ("length of a hundred digits", post(b"Content-Length: " + b"9" * 100, body=b"abc"), (400, 413)),
    ("empty transfer coding", post(b"Transfer-Encoding:", body=b"abc"), 400),
    ("unknown transfer coding", post(b"Transfer-Encoding: gzip", body=b"abc"), (400, 501)),
    ("identity", post(b"Transfer-Encoding: identity", body=b"abc"), (400, 501)),
    ("gzip before chunked", post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), (400, 501)),
    ("identity before chunked", post(b"Transfer-Encoding: identity, chunked",
                                     body=b"0\r\n\r\n"), (400, 501)),
    ("chunked before gzip", post(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n"), (400, 501)),
    ("chunked twice", post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), (400, 501)),
    ("chunked in two fields", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
                                   body=b"0\r\n\r\n"), (400, 501)),
    ("almost chunked", post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), (400, 501)),
    ("quoted chunked", post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"), (400, 501)),
    ("chunked after a vertical tab", post(b"Transfer-Encoding: \x0bchunked",
                                          body=b"0\r\n\r\n"), (400, 501)),
    ("chunked in HTTP/1.0", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            b"0\r\n\r\n", 400),
]

# These are wrong only after a good head.
CHUNKS = [
    ("chunk size that is no number", chunked(b"xyz\r\n"), 400),
    ("empty chunk size", chunked(b"\r\nabc\r\n0\r\n\r\n"), 400),
    ("negative chunk size", chunked(b"-1\r\nabc\r\n"), 400),
    ("chunk size with a prefix", chunked(b"0x3\r\nabc\r\n0\r\n\r\n"), 400),
    ("chunk size with a space before", chunked(b" 3\r\nabc\r\n0\r\n\r\n"), 400),
    ("chunk size of 68 bits", chunked(b"FFFFFFFFFFFFFFFFF\r\nabc"), (400, 413)),
    ("bare LF after the chunk size", chunked(b"3\nabc\r\n0\r\n\r\n"), 400),
    ("bare CR after the chunk size", chunked(b"3\rabc\r\n0\r\n\r\n"), 400),
    ("chunk longer than its size", chunked(b"3\r\nabcd\r\n0\r\n\r\n"), 400),
    ("bare LF after the chunk", chunked(b"3\r\nabc\n0\r\n\r\n"), 400),
    ("NUL in a chunk extension", chunked(b"3;a=\0\r\nabc\r\n0\r\n\r\n"), 400),
    ("bare CR in a chunk extension", chunked(b"3;a=\rb\r\nabc\r\n0\r\n\r\n"), 400),
    ("bare LF in a chunk extension", chunked(b"3;a\nabc\r\n0\r\n\r\n"), 400),
    ("endless chunk extension", chunked(b"3;" + b"a" * 200_000 + b"\r\nabc\r\n0\r\n\r\n"), (400, 431)),
    ("space before the colon in a trailer", chunked(b"3\r\nabc\r\n0\r\nX-A : 1\r\n\r\n"), 400),
    ("bare LF in a trailer", chunked(b"3\r\nabc\r\n0\r\nX-A: 1\n\r\n"), 400),
    ("folded trailer", chunked(b"3\r\nabc\r\n0\r\nX-A: 1\r\n 2\r\n\r\n"), 400),
    ("endless trailers", chunked(b"3\r\nabc\r\n0\r\n" + b"X-A: 1\r\n" * 20_000 + b"\r\n"), (400, 431)),
]

LARGE = [
    ("target of 100 KB", get(line=b"GET /" + b"a" * 100_000 + b" HTTP/1.1"), 414),
    ("request line without an end", b"GET /" + b"a" * 400_000, 414),
    ("a thousand fields", get(*[b"X-A: 1"] * 1000), 431),
    ("one field of 300 KB", get(b"X-A: " + b"a" * 300_000), 431),
    ("a field name of 300 KB", get(b"a" * 300_000 + b": 1"), 431),
    ("fields without an end", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: 1\r\n" * 60_000, 431),
]

HEADS = REQUEST_LINES + FIELDS + FRAMING + LARGE
ALL = HEADS + CHUNKS
