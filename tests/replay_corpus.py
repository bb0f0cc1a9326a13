"""What tests/replay.py sends, and what the functions and servers behind the watchdog say to it."""

import gzip
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "e2e"))

import malformed  # noqa: E402
from client import Client  # noqa: E402
from harness import until  # noqa: E402
from malformed import chunked, get, post  # noqa: E402

HALF_CLOSE, ABORT, RUNNING, RELEASE = "half-close", "abort", "until a request runs", "let the held one go"
CLOSE = b"Connection: close"
PAUSE = 0.004
# How long a connection that neither speaks nor closes counts as open.
SILENCE = 1.0


def joined_chunks(data):
    """The same response with its chunks as one: how a stream falls into chunks is a matter of time."""
    head, mark, rest = data.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return data
    body = b""
    while b"\r\n" in rest:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line, 16)
        if size == 0:
            return head + mark + body + b"<last chunk>" + rest
        body, rest = body + rest[:size], rest[size + 2:]
    return head + mark + body + b"<no last chunk>" + rest


def until_running(side):
    until(lambda: b"http_requests_in_flight 1\n" in side.metrics(), 5, "the request to run")


def played(side, steps):
    """Does these steps on one connection, and returns all that came on it and how it ended."""
    with Client(side.port) as client:
        told = b""
        for step in steps:
            if step == HALF_CLOSE:
                client.half_close()
            elif step == ABORT:
                client.abort()
                until(lambda: b"http_requests_in_flight 0\n" in side.metrics(), 8, "the request to end")
                return told + b"<aborted>"
            elif step == RUNNING:
                until_running(side)
            elif step == RELEASE:
                (side.dog.tmp / "go").touch()
            elif isinstance(step, float):
                time.sleep(step)
            elif isinstance(step, tuple):
                told += client.read_until(step[0])
            else:
                client.send(step)
        client.socket.settimeout(SILENCE if steps[-1] == b"" else 15)
        try:
            told += client.read_to_end()
            return told + (b"<reset>" if client.was_reset else b"<closed>")
        except TimeoutError:
            return told + client.buffer + b"<open>"


def talk(name, *steps, loose=False):
    """A conversation: bytes are sent, (mark,) is waited for, a float is a pause; a last b"" says that
    the connection may stay open."""
    def play(side):
        told = played(side, steps)
        return joined_chunks(told) if loose else told
    return name, play


def split(name, data, *at):
    """The same bytes in pieces that end at these offsets."""
    steps = []
    for start, end in zip((0, *at), (*at, len(data))):
        steps += [data[start:end], PAUSE]
    return talk(f"{name}, split at {at}", *steps[:-1], loose=True)


def closing(line, *fields):
    return get(CLOSE, *fields, line=line)


METHODS = [talk(f"{method} {version}", closing(f"{method} /a%20b/c?d=e&f HTTP/{version}".encode()))
           for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "FOO")
           for version in ("1.1", "1.0")]
UPLOAD = b"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n"
TRAILED = post(b"Transfer-Encoding: chunked", b"Trailer: X-T", CLOSE, b"X-Loose: 1",
               body=UPLOAD + b"X-T: 1\r\nX-U: 2\r\n\r\n")
SIZED = post(b"Content-Length: 11", CLOSE, b"X-Loose: 1", body=b"hello world")
TWO = get(b"X-N: 1") + closing(b"GET /second HTTP/1.1")
FORWARDED = [b"X-Forwarded-For: 198.51.100.1, 10.1.2.3", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: shop.example",
             b"X-Forwarded-Prefix: /function/shop", b'Forwarded: for=198.51.100.7;proto=https', b"X-Real-IP: 198.51.100.9"]
BASICS = METHODS + [
    talk("absolute target", closing(b"GET http://other.example:8080/x?y HTTP/1.1")),
    talk("absolute target without a path", closing(b"GET http://other.example HTTP/1.1")),
    talk("https target", closing(b"GET https://other.example/ HTTP/1.1")),
    talk("OPTIONS *", closing(b"OPTIONS * HTTP/1.1")),
    talk("GET *", closing(b"GET * HTTP/1.1")),
    talk("CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    talk("odd targets", *[get(line=b"GET %s HTTP/1.1" % target) for target in (
        b"//a", b"/../a", b"/a/../b", b"/%2e%2e/a", b"/%zz", b"/%00", b"/?", b"/??", b"/a;b=c", b"/\xc3\xa9")],
        closing(b"GET / HTTP/1.1"), loose=True),
    talk("HTTP/1.0 without a host", b"GET / HTTP/1.0\r\n\r\n"),
    talk("HTTP/1.0 kept", b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + b"GET /b HTTP/1.0\r\n\r\n"),
    talk("HTTP/1.0 body", b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
    talk("kept and silent", get(b"X-A: 1"), b""),
    talk("keep-alive and close", get(b"Connection: keep-alive, close")),
    talk("pipelined", TWO),
    talk("pipelined bodies", post(b"Content-Length: 3", body=b"abc") + post(b"Content-Length: 0") + SIZED),
    talk("pipelined then malformed", get() + b"GET  / HTTP/1.1\r\n\r\n"),
    talk("empty lines before", b"\r\n\r\n" + closing(b"GET / HTTP/1.1")),
    talk("sized body", SIZED),
    talk("chunked body with trailers", TRAILED),
    talk("empty chunked body", post(b"Transfer-Encoding: chunked", CLOSE, body=b"0\r\n\r\n")),
    talk("body of a GET", closing(b"GET / HTTP/1.1", b"Content-Length: 3") + b"abc"),
    talk("large body", post(b"Content-Length: 300000", CLOSE, body=b"x" * 300_000)),
    talk("large chunked body", post(b"Transfer-Encoding: chunked", CLOSE, b"X-Loose: 1",
                                    body=b"10000\r\n" + b"y" * 65536 + b"\r\n0\r\n\r\n")),
    talk("100-continue", post(b"Content-Length: 3", b"Expect: 100-continue", CLOSE), (b"\r\n\r\n",), b"abc"),
    talk("100-continue, body at once", post(b"Content-Length: 3", b"Expect: 100-continue", CLOSE, body=b"abc")),
    talk("100-continue without a body", closing(b"GET / HTTP/1.1", b"Expect: 100-continue")),
    talk("100-continue in HTTP/1.0", b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"),
    talk("another expectation", closing(b"GET / HTTP/1.1", b"Expect: 200-ok")),
    talk("half-close after a request", closing(b"GET / HTTP/1.1"), HALF_CLOSE),
    talk("half-close in the head", b"GET / HT", HALF_CLOSE),
    talk("half-close in the body", post(b"Content-Length: 9", body=b"abc"), HALF_CLOSE),
    talk("half-close without a byte", b"", HALF_CLOSE),
    talk("upgrade", closing(b"GET / HTTP/1.1", b"Upgrade: websocket")),
    talk("upgrade asked for", get(b"Connection: Upgrade", b"Upgrade: h2c, websocket") + closing(b"GET /n HTTP/1.1")),
    talk("fields of all kinds", closing(
        b"POST /fields HTTP/1.1", b"Content-Length: 0", b"X-Twice: 1", b"X-Twice: 2", b"Cookie: a=1", b"Cookie: b=2",
        b"X_Under: no", b"Proxy: evil", b"X-Empty:", b"X-High: \xff\xe4", b"Accept: a/b , c/d\t", b"Te: trailers",
        b"Keep-Alive: 5", b"Proxy-Connection: x", b"Authorization: Basic eDp5", b"User-Agent: u/1", b"X-Call-Id: mine",
        b"Content-Type: text/x; charset=y", b"Connection: X-Twice", b"X-Start-Time: 17")),
    talk("forwarded", closing(b"GET / HTTP/1.1", *FORWARDED)),
    talk("X_Forwarded_For", closing(b"GET / HTTP/1.1", b"X_Forwarded_For: 1.2.3.4", b"Connection: X-Forwarded-For")),
    talk("a large head", closing(b"GET / HTTP/1.1", *[b"X-L%d: %s" % (i, b"v" * 1000) for i in range(40)]), loose=True),
    talk("a field of 100 KB", closing(b"GET / HTTP/1.1", b"X-L: " + b"v" * 100_000), loose=True),
    talk("X-Timeout", *[get(b"X-Timeout: " + value) for value in (b"5", b"0", b"-1", b"x", b"1m", b"")],
         closing(b"GET / HTTP/1.1")),
    talk("health", *[get(line=line + b" HTTP/1.1") for line in (
        b"GET /_/health", b"HEAD /_/health", b"POST /_/health", b"GET /_/ready", b"GET /_/health?x", b"GET /_/other")],
        closing(b"GET /_/health/ HTTP/1.1")),
]
SPLITS = [split(name, data, *at) for name, data, points in (
    ("pipelined", TWO, [(1,), (4,), (15,), (16,), (26,), (len(TWO) - 1,), (len(TWO) - 2,), (3, 9, 14, 20)]),
    ("sized", SIZED, [(16,), (len(SIZED) - 11,), (len(SIZED) - 12,), (len(SIZED) - 13,), (len(SIZED) - 4,)]),
    ("chunked", TRAILED, [(len(TRAILED) - back,) for back in (1, 2, 3, 9, 17, 19, 20, 21, 24, 26, 33, 35, 37, 42)]
     + [(len(TRAILED) - 44, len(TRAILED) - 40, len(TRAILED) - 30)])) for at in points]
MALFORMED = [talk(name, data) for name, data, _ in malformed.HEADS if (name, data, _) not in malformed.LARGE] + [
    talk(name, get() + get(field)) for name, field in (
        ("second: no colon", b"nonsense"), ("second: length and chunked", b"Content-Length: 1\r\nTransfer-Encoding: chunked"))]
MALFORMED += [talk(f"field {field!r}", closing(b"GET / HTTP/1.1", field)) for field in (
    b"Host : b", b"X-A: \x7f", b"X-A: \x80", b"X-\x80: 1", b"Connection: " + b"a," * 40, b"Connection: ,, ,close",
    b"Transfer-Encoding: Chunked", b"Content-Length: 00", b"Content-Length: 0, 0", b"Upgrade: \x01", b"@: 1")]
MALFORMED += [talk(f"host {host!r}", b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n") for host in (
    b"", b"a/b", b"a@b", b"[::1]", b"[::1", b"a:b", b"a:99999", b"a:", b"%41", b"a,b", b"\xc3\xa9")]
BAD_CHUNKS = [talk(name, data, loose=True) for name, data, _ in malformed.CHUNKS if len(data) < 20_000]
LARGE = [talk(name, data) for name, data, _ in malformed.LARGE] + [
    talk(name, data, loose=True) for name, data, _ in malformed.CHUNKS if len(data) >= 20_000]

# What a function prints for a path; with a head in the modes that read one.
TYPE = b"Content-Type: text/plain\n"
OUTPUTS = {
    "plain": TYPE + b"\nhello\n", "crlf": b"Content-Type: text/plain\r\n\r\nhello", "nothing": b"", "line": b"\nbody",
    "only-head": TYPE + b"\n", "status": b"Status: 404 Not Found\n" + TYPE + b"\nno", "teapot": b"Status: 418\n\nshort",
    "no-content": b"Status: 204\n\n", "not-modified": b"Status: 304 Not Modified\nETag: \"x\"\n\n",
    "two-statuses": b"Status: 200\nStatus: 404\n\nx", "bad-status": b"Status: abc\n\nx", "status-99": b"Status: 99\n\nx",
    "redirect": b"Location: https://example.com/\n\n", "local": b"Location: /plain?x=1\n\n",
    "local-beside": b"Location: /plain\nSet-Cookie: a=b\n\n", "fragment": b"Location: /plain#there\n\n",
    "found": b"Status: 302\nLocation: /plain\n\nbody", "loop": b"Location: /loop\n\n", "relative": b"Location: plain\n\n",
    "length": TYPE + b"Content-Length: 5\n\nhello", "short": TYPE + b"Content-Length: 9\n\nhello",
    "long": TYPE + b"Content-Length: 2\n\nhello", "two-lengths": TYPE + b"Content-Length: 2\nContent-Length: 3\n\nhello",
    "transfer": TYPE + b"Transfer-Encoding: chunked\n\nhello", "two-types": TYPE + b"Content-Type: text/html\n\nx",
    "no-field": TYPE + b"nonsense\n\nx", "cookies": TYPE + b"Set-Cookie: a=1\nSet-Cookie: b=2\nX-A:\tb \n\nx",
    "control": TYPE + b"X-A: \x01\n\nx", "cr": TYPE + b"X-A: 1\r2\n\nx", "space": b"Content-Type : text/plain\n\nx",
    "folded": TYPE + b"X-A: 1\n 2\n\nx", "no-end": TYPE + b"X-A: 1", "no-head": b"just words\nand lines\n\nx",
    "html": b"<!DOCTYPE html><p>x", "php-error": b"<br />\n<b>Warning</b>: x", "date": TYPE + b"Date: yesterday\nServer: s\n\nx",
    "hop": TYPE + b"Connection: close\nKeep-Alive: 1\nUpgrade: x\n\nx", "accel": TYPE + b"X-Accel-Redirect: /a.txt\n\nown",
    "accel-missing": TYPE + b"X-Accel-Redirect: /none\n\nown", "accel-up": TYPE + b"X-Accel-Redirect: /../x\n\nown",
    "sendfile": TYPE + b"X-Sendfile: ROOT/big.bin\n\nown", "sendfile-out": TYPE + b"X-Sendfile: /etc/hostname\n\nown",
    "accel-status": b"Status: 403\nX-Accel-Redirect: /sub/page.html\nContent-Disposition: attachment\nX-Accel-Limit-Rate: 1\n\nown",
    "large": TYPE + b"\n" + b"0123456789" * 30_000, "large-head": TYPE + b"X-L: " + b"v" * 70_000 + b"\n\nx",
}
# What the server of mode=http answers for a path; it closes behind those whose name begins with end-.
OK = b"HTTP/1.1 200 OK\r\n"
RESPONSES = {
    "plain": OK + b"Content-Length: 5\r\n\r\nhello", "empty": OK + b"Content-Length: 0\r\n\r\n",
    "fields": OK + b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: s\r\nDate: yesterday\r\nX-E:\r\nX-High: \xe4\r\nContent-Length: 1\r\n\r\nx",
    "hop": OK + b"Connection: X-Mine, keep-alive\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nContent-Length: 1\r\n\r\nx",
    "in-chunks": OK + b"Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    "chunk-space": OK + b"Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
    "chunk-lf": OK + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
    "chunk-extension": OK + b"Transfer-Encoding: chunked\r\n\r\n5; a = \"b\"\r\nhello\r\n0\r\n\r\n",
    "end-chunk-bad": OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
    "end-chunk-cut": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe", "end-cut": OK + b"Content-Length: 9\r\n\r\nhello",
    "end-until-close": OK + b"Content-Type: a/b\r\n\r\nuntil close", "end-1.0": b"HTTP/1.0 200 OK\r\n\r\nold",
    "end-head-cut": b"HTTP/1.1 200 OK\r\nContent-Le", "end-nothing": b"", "end-words": b"hello\r\n\r\n",
    "lf": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "control": OK + b"X-A: a\x01b\r\nContent-Length: 1\r\n\r\nx",
    "space-before-colon": OK + b"X-A : 1\r\nContent-Length: 1\r\n\r\nx", "end-name": OK + b"X A: 1\r\nContent-Length: 1\r\n\r\nx",
    "end-folded": OK + b"X-A: 1\r\n 2\r\nContent-Length: 1\r\n\r\nx",
    "two-lengths": OK + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "end-two-lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    "end-both": OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "end-coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "end-204-body": b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", "not-modified": b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n",
    "hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx",
    "end-switch": b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "no-reason": b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx",
    "version": b"HTTP/1.4 200 OK\r\nContent-Length: 1\r\n\r\nx", "end-version-2": b"HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
    "end-status": b"HTTP/1.1 99 No\r\nContent-Length: 1\r\n\r\nx", "status-799": b"HTTP/1.1 799 Odd \xe4\r\nContent-Length: 1\r\n\r\nx",
    "error": b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy", "sendfile": OK + b"X-Accel-Redirect: /a\r\nContent-Length: 0\r\n\r\n",
    "end-head-large": OK + b"X-L: " + b"v" * 300_000 + b"\r\nContent-Length: 1\r\n\r\nx",
    "large-head": OK + b"X-L: " + b"v" * 100_000 + b"\r\nContent-Length: 1\r\n\r\nx",
    "end-fields-many": OK + b"X-A: 1\r\n" * 1100 + b"Content-Length: 1\r\n\r\nx",
    "large": OK + b"Content-Length: 300000\r\n\r\n" + b"0123456789" * 30_000,
}
# The path is the function's way to fail: see FUNCTION.
DEEDS = ["exit", "late-exit", "kill", "early", "quiet", "stderr"]
PATHS = [talk(f"{method} /{name}", closing(f"{method} /{name} HTTP/1.1".encode()), loose=name.startswith(("large", "stderr")))
         for name in [*OUTPUTS, *DEEDS] for method in ("GET", "HEAD")]
PATHS += [talk(f"POST /{name}, HTTP/1.0", b"POST /%s HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc" % name.encode())
          for name in ("plain", "status", "local", "length", "short", "large", "exit", "late-exit", "early", "quiet")]
RANGED = [talk(f"/accel {field!r}", closing(b"GET /accel HTTP/1.1", field))
          for field in (b"Range: bytes=2-4", b"Range: bytes=0-0,3-4", b"Range: bytes=999-", b"If-None-Match: *")]
FUNCTION = """
name=${Http_Path#/}
case $name in
  exit) cat >/dev/null; echo wrong >&2; exit 7 ;;
  late-exit) cat >/dev/null; printf 'Content-Type: a/b\\n\\nbegun'; exit 3 ;;
  kill) kill -9 $$ ;;
  early) printf 'Content-Type: a/b\\n\\nearly'; exit ;;
  quiet) cat >/dev/null; exit ;;
  stderr) cat >/dev/null; printf 'Content-Type: a/b\\n\\n'; echo one >&2; exit ;;
  sleep) exec sleep 20 ;;
  begun) printf 'Content-Type: a/b\\n\\nbegun'; exec sleep 20 ;;
  hold) until [ -e "$TMPDIR/go" ]; do sleep 0.02; done; rm "$TMPDIR/go"; printf 'Content-Type: a/b\\n\\nheld'; exit ;;
  ?*) if [ -e "$OUTPUTS/$name" ]; then cat >/dev/null; exec cat "$OUTPUTS/$name"; fi ;;
esac
body=$(cksum)
printf '%s\\n' 'Content-Type: text/plain' '' "$body" \
  "$(env -0 | grep -zaE '^(Http_|[A-Z]+_(METHOD|URI|INFO|NAME|STRING|LENGTH|TYPE|ADDR|PORT|PROTOCOL|TRANSLATED)=|HTTP|X_|C)' |
     sort -z | tr '\\0' '\\n')"
"""

SITE_REQUESTS = [talk(f"{method} {target}", closing(f"{method} {target} HTTP/1.1".encode()))
                 for target in ("/", "/a.txt", "/sub", "/sub/", "/sub/page.html", "/none", "/none.js", "/.secret", "/.well-known/x",
                                "/a%2etxt", "/a.txt/", "/sub/../a.txt", "/%2e%2e/a.txt", "/a.txt?v=1", "/app.3f2a9c1b.js", "/style.css",
                                "/packed.js", "/big.bin", "/empty", "/in", "/out", "/a%00", "/a%zz", "/list/", "/sub?x", "/fifo", "/%c3%a9.txt")
                 for method in ("GET", "HEAD")]
SITE_REQUESTS += [talk(f"{method} /a.txt", closing(f"{method} /a.txt HTTP/1.1".encode()))
                  for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "FOO")]
SITE_REQUESTS += [talk(f"{path} with {b' and '.join(fields)!r}", closing(f"GET {path} HTTP/1.1".encode(), *fields))
                  for path, sets in {
    "/big.bin": [[b"Range: bytes=" + value] for value in (
        b"0-9", b"5-", b"-5", b"0-0", b"199999-", b"200000-", b"0-999999", b"9-5", b"x", b"-0", b"0-1,5-6", b"0-1,0-1,3-4", b"-5,0-1",
        b"0-150000,1-150000", b",0-1,", b"0-1, 999999-", b" 1-2 ")] + [
        [b"Range: items=0-1"], [b"Range: bytes=0-1", b"If-Range: \"x\""],
        [b"Range: bytes=0-1", b"If-Range: Tue, 14 Nov 2023 22:13:20 GMT"], [b"Range: bytes=0-1", b"Range: bytes=2-3"]],
    "/a.txt": [[field] for field in (
        b"If-None-Match: *", b'If-None-Match: "x", W/"y"', b"If-Match: *", b'If-Match: "x"',
        b"If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT", b"If-Modified-Since: Tue, 14 Nov 2023 22:13:19 GMT",
        b"If-Modified-Since: Tuesday, 14-Nov-23 22:13:20 GMT", b"If-Modified-Since: Tue Nov 14 22:13:20 2023",
        b"If-Modified-Since: x", b"If-Unmodified-Since: Tue, 14 Nov 2023 22:13:19 GMT", b"Origin: https://o.example")] + [
        [b"Content-Length: 0"], [b'If-None-Match: "x"', b"If-Modified-Since: Tue, 14 Nov 2030 22:13:20 GMT"]],
    "/style.css": [[b"Accept-Encoding: " + value] for value in (
        b"gzip", b"br, gzip", b"gzip;q=0", b"*", b"identity;q=0", b"x-gzip", b"gzip;q=0.5, identity;q=1", b"")] + [
        [b"Accept-Encoding: gzip", b"Range: bytes=0-9"], [b"Accept-Encoding: gzip", b"If-None-Match: *"]],
    "/packed.js": [[b"Accept-Encoding: " + value] for value in (b"gzip", b"br", b"br;q=0.1, gzip", b"zstd", b"deflate")],
    "/": [[b"Accept: text/html"], [b"Accept-Encoding: gzip"], [b"Sec-Fetch-Mode: cors", b"Origin: https://o.example"]],
    "/deep/route": [[b"Accept: text/html"], [b"Accept: image/png"], [b"Sec-Fetch-Dest: script"]]}.items() for fields in sets]
SITE_REQUESTS += [
    talk("conditional by its own ETag", closing(b"HEAD /a.txt HTTP/1.1"), HALF_CLOSE),
    talk("pipelined files", get(line=b"GET /a.txt HTTP/1.1") + get(line=b"GET /none HTTP/1.1") + get(line=b"HEAD /big.bin HTTP/1.1")
         + closing(b"GET /sub/page.html HTTP/1.1")),
    talk("a body that nobody reads", closing(b"POST /a.txt HTTP/1.1", b"Content-Length: 100000") + b"z" * 100_000),
    talk("HTTP/1.0 file", b"GET /big.bin HTTP/1.0\r\n\r\n"),
    talk("preflight", closing(b"OPTIONS /a.txt HTTP/1.1", b"Origin: https://o.example", b"Access-Control-Request-Method: GET",
                              b"Access-Control-Request-Headers: x-a"))]


def own_etag(side):
    """A file asked for again by the ETag that was given for it, as it is, weak, and in a range."""
    told = played(side, [closing(b"GET /a.txt HTTP/1.1")])
    tag = told.split(b"ETag: ")[1].split(b"\r\n")[0]
    for fields in ([b"If-None-Match: " + tag], [b"If-None-Match: W/" + tag], [b"If-Match: " + tag],
                   [b"Range: bytes=0-1", b"If-Range: " + tag], [b"Accept-Encoding: gzip", b"If-None-Match: " + tag]):
        told += played(side, [closing(b"GET /a.txt HTTP/1.1", *fields)])
    return told


SITE_REQUESTS.append(("its own ETag", own_etag))


def make_site(folder):
    """The folder that the files come from, all of one age."""
    text = b"".join(b".c%d { color: #%06x }\n" % (i, i * 7919) for i in range(200))
    for name, data in {
            "index.html": b"<!DOCTYPE html><title>x</title>", "a.txt": b"some words\n", "sub/page.html": b"<p>page", "404.html": b"<p>gone",
            "app.3f2a9c1b.js": b"let a", "style.css": text, "packed.js": text, "packed.js.gz": gzip.compress(text, mtime=0),
            "packed.js.br": b"not brotli, but served", "big.bin": bytes(range(250)) * 800, "empty": b"", ".secret": b"s",
            ".well-known/x": b"w", "list/one.txt": b"1", "list/two words.txt": b"2", "list/.dot": b"3", "é.txt": b"e",
            "index.sh": b"#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'; env | grep -E '^(SCRIPT|PATH_|REQUEST_U|DOC)' | sort\n"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "index.sh").chmod(0o755)
    (folder / "in").symlink_to("a.txt")
    (folder / "out").symlink_to("/etc/hostname")
    os.mkfifo(folder / "fifo")
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            os.utime(path, (1_700_000_000, 1_700_000_000))
