"""What tests/replay.py starts: configurations with what is sent to each, and command lines."""

import signal
from pathlib import Path
from typing import NamedTuple

from replay_corpus import (ABORT, BAD_CHUNKS, BASICS, CLOSE, FORWARDED, FUNCTION, HALF_CLOSE, LARGE, MALFORMED, PATHS,
                           RANGED, RELEASE, RESPONSES, RUNNING, SITE_REQUESTS, SPLITS, closing, played, talk,
                           until_running)
from client import Client
from config_test import MODES, REFUSED
from malformed import get, post


class Configuration(NamedTuple):
    name: str
    folder: Path  # the current one
    arguments: tuple
    variables: dict
    items: list
    ready: bool = True  # wait until it is healthy


def named(*parts):
    """The basics whose name begins so."""
    return [item for item in BASICS if item[0].startswith(parts)]


PLAIN = named("GET 1.1", "HEAD 1.1", "pipelined", "sized body", "chunked body", "fields of all kinds", "forwarded",
              "100-continue", "large body")
FOR_PEERS = named("forwarded", "X_Forwarded", "GET 1.1", "absolute target")
SIZES = [talk(f"{count} bytes {framing}", *steps) for count in (0, 9, 10, 11, 50_000) for framing, *steps in (
    ("sized", post(b"Content-Length: %d" % count, CLOSE, body=b"s" * count)),
    ("sized and awaited", post(b"Content-Length: %d" % count, b"Expect: 100-continue", CLOSE), 0.02, b"s" * count),
    ("chunked", post(b"Transfer-Encoding: chunked", CLOSE, b"X-Loose: 1",
                     body=(b"%x\r\n" % count + b"s" * count + b"\r\n" if count else b"") + b"0\r\n\r\n")))]
SLOW = [talk(f"{method} /{name}", closing(f"{method} /{name} HTTP/1.1".encode()))
        for name in ("sleep", "begun", "plain") for method in ("GET", "HEAD")] + [
    talk("X-Timeout shortens", closing(b"GET /sleep HTTP/1.1", b"X-Timeout: 100ms")),
    talk("a slow kept connection", get(line=b"GET /sleep HTTP/1.1") + closing(b"GET /plain HTTP/1.1"))]
GONE_EARLY = [talk("gone before the response", closing(b"GET /sleep HTTP/1.1"), RUNNING, ABORT),
              talk("gone in the request", post(b"Content-Length: 9", body=b"abc"), RUNNING, ABORT)]
GONE = GONE_EARLY + [talk("gone in the response", closing(b"GET /begun HTTP/1.1"), (b"begun",), ABORT)]


def crowded(side):
    """A request that is held, and three that come meanwhile; then the held one is let go."""
    with Client(side.port) as held:
        held.send(closing(b"GET /hold HTTP/1.1"))
        until_running(side)
        told = b"".join(played(side, [closing(line, b"X-Loose: 1")]) for line in (
            b"GET /plain HTTP/1.1", b"HEAD /plain HTTP/1.1", b"GET /_/ready HTTP/1.1", b"GET /_/health HTTP/1.1"))
        (side.dog.tmp / "go").touch()
        return told + held.read_to_end()


def drained(side):
    """SIGTERM while a request runs; what comes during the drain, and how the held one ends."""
    with Client(side.port) as held, Client(side.port) as idle:
        idle.send(get(line=b"GET /_/health HTTP/1.1"))
        told = idle.read_until(b"OK")
        held.send(get(line=b"GET /hold HTTP/1.1"))
        until_running(side)
        side.dog.signal(signal.SIGTERM)
        side.dog.wait_log("(?i)sigterm|unready|stopping")
        told += played(side, [get(line=b"GET /_/health HTTP/1.1")])
        (side.dog.tmp / "go").touch()
        told += held.read_to_end() + idle.read_to_end()
        side.dog.wait_exit()
        return told


def configurations(top, http, fastcgi):
    site, outputs = top / "site", top / "outputs"

    def make(name, items, *arguments, ready=True, **variables):
        variables = {"workers": 1, "OUTPUTS": outputs, **variables}
        return Configuration(name, top, arguments, variables, items, ready)

    def forked(mode, name, items, **options):
        if options.get("cgi_response") or mode == "cgi":
            options.setdefault("server_software", "s/1")
        return make(f"{mode} {name}", items, "--", "sh", "-c", FUNCTION, mode=mode, **options)

    def passed_on(name, items, url=None, **options):
        return make(f"http {name}", items, "--", "sleep", "1000", mode="http", upstream_url=url or http.url, **options)

    def fast(name, items, **options):
        return make(f"fastcgi {name}", items, "--", "sleep", "1000", mode="fastcgi", server_software="s/1",
                    upstream_url=fastcgi.url.replace("http", "fastcgi"), **options)

    def files(name, items=SITE_REQUESTS, **options):
        return make(f"static {name}", items, mode="static", static_path=site, **options)

    everything = BASICS + MALFORMED + BAD_CHUNKS
    yield forked("streaming", "all", everything + SPLITS + LARGE + PATHS)
    yield forked("streaming", "cgi_response", everything + SPLITS + PATHS, cgi_response="true")
    yield forked("streaming", "cgi_response, accel_root", PATHS + RANGED, cgi_response="true", accel_root=site)
    yield forked("cgi", "all", everything + SPLITS + PATHS + GONE)
    yield forked("cgi", "accel_root", PATHS + RANGED, accel_root=site)
    yield make("cgi document_root", SITE_REQUESTS + PLAIN, "--", "sh", "-c", '. "$SCRIPT_FILENAME"', mode="cgi", document_root=site, script="index.sh",
               server_software="s/1")
    for mode in ("serializing", "classic"):
        yield forked(mode, "all", everything + SPLITS + PATHS)
    for mode in ("streaming", "serializing", "classic", "cgi"):
        yield forked(mode, "max_body_size", SIZES, max_body_size=10)
        yield forked(mode, "exec_timeout", SLOW, exec_timeout="300ms", stop_timeout="200ms")
        yield forked(mode, "kill_on_disconnect", GONE_EARLY if mode in ("serializing", "classic") else GONE, kill_on_disconnect="true")
        yield forked(mode, "a crowd", [("crowd", crowded)], max_inflight=1)
        yield forked(mode, "a queue", [("crowd", crowded)], max_inflight=1, max_queue=1, queue_timeout="200ms")
        yield forked(mode, "no proxy is trusted", FOR_PEERS, trusted_proxies="none")
        yield forked(mode, "a drain", [("drain", drained)], shutdown_timeout="5s")
        yield make(f"{mode} no such command", PLAIN, "--", "/no/such/command", mode=mode)
    yield forked("streaming", "every proxy is trusted", FOR_PEERS, trusted_proxies="all")
    yield forked("streaming", "json", PLAIN + PATHS, log_format="json", log_callid="true")
    yield forked("streaming", "call ids", PLAIN + MALFORMED[:9], log_callid="true", prefix_logs="false")
    yield forked("streaming", "sniffed", PATHS, content_type="auto", cgi_headers="false")
    yield forked("streaming", "errors alone are logged", PATHS, access_log="errors", content_type="text/x")
    yield forked("streaming", "two workers", PLAIN, workers=2)
    yield forked("streaming", "healthcheck_interval", [("drain", drained)], healthcheck_interval="200ms")
    yield forked("classic", "sniffed", PATHS, content_type="auto")
    yield forked("classic", "marshalled", PLAIN + named("PATCH", "X-Timeout"), marshal_request="true")
    yield forked("classic", "debugged", PLAIN + PATHS[:20], write_debug="true", read_debug="true", debug_headers="true",
                 combine_output="false")
    yield forked("cgi", "prefix", FOR_PEERS + PATHS[:30], script_name_prefix="/function/shop")
    yield forked("cgi", "prefix of a proxy", FOR_PEERS, script_name_prefix="X-Forwarded-Prefix", trusted_proxies="127.0.0.1")

    responses = [talk(f"{method} /{name}", closing(f"{method} /{name} HTTP/1.1".encode()))
                 for name in [*RESPONSES, "reset", "early"] for method in ("GET", "HEAD", "POST")]
    responses += [talk(f"GET /{name}, HTTP/1.0", f"GET /{name} HTTP/1.0\r\n\r\n".encode()) for name in RESPONSES]
    tunnel = [talk("tunnel", get(b"Connection: upgrade", b"Upgrade: websocket", line=b"GET /websocket HTTP/1.1"),
                   (b"hello",), b"echo"),
              talk("tunnel, half-closed", get(b"Connection: upgrade", b"Upgrade: websocket", line=b"GET /websocket HTTP/1.1")
                   + b"ec", (b"hello",), HALF_CLOSE)]
    yield passed_on("all", everything + SPLITS + LARGE)
    yield passed_on("responses", responses + tunnel + GONE)
    yield passed_on("collected", PLAIN + SPLITS + BAD_CHUNKS + responses[:30], http_buffer_req_body="true")
    yield passed_on("prefix", PLAIN, url=http.url + "/pre/fix")
    yield passed_on("prefix of a path", named("GET", "odd", "absolute", "OPTIONS"), url=http.url + "/pre/fix/")
    yield passed_on("max_body_size", SIZES, max_body_size=10)
    yield passed_on("exec_timeout", SLOW, exec_timeout="300ms")
    yield passed_on("response_start_timeout", SLOW[:2], response_start_timeout="200ms")
    yield passed_on("a crowd", [("crowd", crowded)], max_inflight=1)
    yield passed_on("no proxy is trusted", FOR_PEERS, trusted_proxies="none")
    yield passed_on("kept alive", GONE, kill_on_disconnect="false")
    yield passed_on("ready_path", PLAIN, ready_path="/ready")
    yield passed_on("json", PLAIN + responses[:20], log_format="json")
    yield passed_on("a drain", [("drain", drained)], shutdown_timeout="5s")

    yield fast("all", everything + SPLITS + PATHS + GONE)
    yield fast("document_root", SITE_REQUESTS + PATHS + PLAIN, document_root=site)
    yield fast("accel_root", PATHS + RANGED, accel_root=site)
    yield fast("max_body_size", SIZES, max_body_size=10)
    yield fast("exec_timeout", SLOW, exec_timeout="300ms")
    yield fast("prefix", FOR_PEERS, script_name_prefix="/function/shop")
    yield fast("prefix of a proxy", FOR_PEERS, script_name_prefix="X-Forwarded-Prefix", trusted_proxies="127.0.0.1")
    yield fast("no proxy is trusted", FOR_PEERS, trusted_proxies="none")

    yield files("all", SITE_REQUESTS + everything + SPLITS)
    yield files("fallback", static_fallback="/index.html")
    yield files("404", static_404="/404.html")
    yield files("listing", static_listing="true")
    yield files("cors", static_cors="https://o.example")
    yield files("cors of all", static_cors="*")
    yield files("gzip off, policy", static_gzip="false", static_cache_control="max-age=60")
    yield files("no cache, any links", static_cache="0", symlinks="any")
    yield files("limits", SIZES, max_body_size=10)


def lines():
    """(arguments, variables) that the binary answers by itself, and ends."""
    yield from ((("--check-config",), {"fprocess": "cat", "mode": mode, **more}) for mode in MODES for more in (
        {}, {"upstream_url": "http://127.0.0.1:3000", "document_root": "/tmp", "accel_root": "/tmp", "static_path": "/tmp"},
        {"upstream_url": "unix:/tmp/x", "static_path": "/none", "document_root": "/none", "accel_root": "/none"},
        {"exec_timeout": "5s", "kill_on_disconnect": "true", "content_type": "auto", "cgi_response": "true"},
        {"marshal_request": "true", "http_buffer_req_body": "true", "instances": "2", "hung_after": "3", "restart": "always"}))
    yield from (((), {"fprocess": "true", name: value}) for name, values, _ in REFUSED for value in values)
    yield from ((("--check-config",), {"fprocess": "cat", name: value}) for name, value in (
        ("exec_timeout", "1m30s"), ("exec_timeout", "250ms"), ("exec_timeout", "90"), ("exec_timeout", "1.5h"), ("exec_timeout", "0"),
        ("exec_timout", "1s"), ("EXEC_TIMEOUT", "1s"), ("max_body_size", "10MiB"), ("max_body_size", "1g"), ("max_body_size", "5k"),
        ("log_buffer_size", "-1"), ("workers", "3"), ("trusted_proxies", "10.0.0.0/8, ::1"), ("stop_signal", "SIGQUIT"),
        ("stop_signal", "9"), ("stop_signal", "NONE"), ("PORT", "9000"), ("port", ""), ("prefix_logs", "yes"), ("prefix_logs", "FALSE"),
        ("function_process", "wc"), ("combined_output", "false"), ("log_call_id", "1"), ("listen_address", "::1"),
        ("upstream_url", "ftp://x"), ("upstream_url", "http://x"), ("static_path", "/tmp"), ("healthcheck_interval", "5s"),
        ("shutdown_timeout", "1s"), ("write_timeout", "5s"), ("jwt_auth", "true"), ("static_cors", "x y"), ("content_type", "a\nb")))
    yield from ((("--check-config", "--", *words), {}) for words in (("cat",), ("sh", "-c", "a 'b'"), ("/no/such",), ("é", "")))
    yield from (((f"--{name}", value, "--check-config", "--", "cat"), {}) for name, value in (
        ("mode", "classic"), ("exec-timeout", "5s"), ("exec_timeout", "5s"), ("port", "80a"), ("nonsense", "1"), ("mode", "HTTP")))
    yield from (((name,), {}) for name in ("--version", "--licenses", "--run-healthcheck", "--nonsense", "-x", "word", "--port"))
    yield from ((("--check-config",), {"fprocess": value}) for value in (
        "cat -n", "a 'b c' \"d\"", '["a", "b c"]', "a\\ b", "$HOME", "a;b", " cat ", "php index.php"))
    for mode in ("http", "fastcgi"):
        more = {"mode": mode, "upstream_url": f"{mode}://127.0.0.1:9", "startup_timeout": "300ms"}
        for words in (("/no/such",), ("/etc/passwd",), ("sh", "-c", "exit 5"), ("sh", "-c", "kill -9 $$"), ("sleep", "9")):
            yield ("--", *words), more
        yield ("--check-config",), {"mode": mode, "fprocess": "x"}
        yield ("--check-config",), {"mode": mode, "fprocess": "x", "upstream_url": f"{mode}://127.0.0.1:9/pre/fix?x"}
        yield ("--check-config",), {"mode": mode, "fprocess": "x", "upstream_url": "http://127.0.0.1:8080", "port": "8080"}
        yield ("--check-config",), {"mode": mode, "fprocess": "x", "upstream_url": "http://127.0.0.1:{port}", "instances": "3"}


# The one whose lines are compared in their order.
IN_ORDER = (("--check-config", "--", "cat"), {})
COMMAND_LINES = list(lines())
