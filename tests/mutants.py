#!/usr/bin/env python3
"""Breaks the code in small ways, one at a time, and says whether a test notices. By hand:

  tests/mutants.py           all of them, in a copy of the tree; about a quarter of an hour
  tests/mutants.py 3 17      these
  tests/mutants.py --list

Each mutant names the tests that should notice: unit tests by a part of their name ("unit:..."), end-to-end
tests as tests/e2e/run.py takes them. One that lives asks for a test. A text that is not found any more,
or stands more than once, is an error: mend the mutant. Ends with "N passed, N failed".
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TREE = ("meson.build", "meson_options.txt", "watchdog", "modes", "tests", "examples", "LICENSE")
TIME_LIMIT = 300


class Mutant(NamedTuple):
    bug: str
    file: str
    old: str
    new: str
    tests: tuple


def mutant(bug, file, old, new, *tests):
    return Mutant(bug, file, old, new, tests)


MUTANTS = [
    # A request's way in and out.
    mutant("the connection is kept although a 100 Continue is due", "watchdog/server/exchange.cc",
           "if (current_.continue_due || !client_", "if (!client_", "http_mode_test.Edges"),
    mutant("the rest of a body is discarded without a limit", "watchdog/server/connection.cc",
           "if (discarded_ > kMostDiscarded) begin_closing();", "", "http_test.Limits"),
    mutant("exec_timeout is forgotten once the answer has begun", "watchdog/server/exchange.cc",
           "if (whole > Duration::zero()) deadline_.set(current_.function_started_at + whole);", "", "http_mode_test.Edges"),
    mutant("a request is admitted before its signature fits", "watchdog/server/function_service.cc",
           "if (!caller.signature) return admit(exchange);", "return admit(exchange);", "auth_test.Webhooks"),
    mutant("a wrong signature fits", "watchdog/auth/webhook_signature.cc",
           "return difference == 0;", "return difference < 256;", "unit:does not fit"),
    mutant("a client can say who it is", "watchdog/http/auth_field.cc",
           "if (c == '_') return '-';", "", "unit:in any spelling"),
    mutant("a token that was remembered never expires", "watchdog/auth/verified_tokens.cc",
           "expires + kTokenLeeway", "expires + 1000", "unit:expires all the same"),
    mutant("X-Timeout lengthens exec_timeout", "watchdog/server/time_limit.cc",
           "std::min(limit, *asked)", "std::max(limit, *asked)", "fork_test.StreamingContract"),
    mutant("a failure after the head ends the answer as if it were whole", "watchdog/server/exchange.cc",
           "  if (!open() || failure == Failure::kClientGone) {\n",
           "  if (!open() || failure == Failure::kClientGone) {\n    writer_.end({});\n",
           "unit:cuts the connection", "fork_test.StreamingContract"),
    mutant("max_body_size counts a byte too many", "watchdog/server/exchange.cc",
           "size <= most) return false", "size <= most + 1) return false", "http_test.Limits"),
    mutant("a client's end in the middle of a request is no end", "watchdog/server/connection.cc",
           "  if (exchange_.active()) exchange_.on_client_gone();\n", "", "fork_test.StreamingContract", "chaos_test"),
    mutant("a slot is not given back", "watchdog/server/gate.cc", "    --inside_;\n", "", "unit:slot", "queue_test"),
    mutant("those who wait are let in last come, first served", "watchdog/base/wait_list.h",
           "*places_.front();", "*places_.back();", "unit:wait", "queue_test"),
    mutant("a drain answers without Connection: close", "watchdog/server/function_service.h",
           "return lifecycle_.stage() <= Stage::kServing;", "return lifecycle_.stage() <= Stage::kDraining;", "drain_test"),
    # HTTP.
    mutant("an LF without CR ends a line of a request", "watchdog/http/framing.cc",
           'if (complete && !ends_with_cr) return input.refuse({400, "an LF without CR"});', "", "unit:refused", "http_test"),
    mutant("two different Content-Length fields are taken", "watchdog/http/strict.cc",
           'if (has_length_) return Refusal{400, "more than one Content-Length field"};', "", "unit:refused", "http_test"),
    mutant("a message is both chunked and sized", "watchdog/http/strict.cc",
           "if (has_length_ && sender_ == Sender::kClient) {", "if (false) {", "unit:refused", "http_test"),
    mutant("a chunk's end is not looked at", "watchdog/http/framing.cc",
           "if (input.take(1).front() != kEnd[chunk_end_]) {", "if (input.take(1).empty()) {", "unit:refused", "http_test"),
    mutant("HEAD's answer is expected to have a body", "watchdog/http/http_response_reader.cc",
           "to_head_request_ || ", "", "unit:response", "http_mode_test"),
    mutant("Connection may take any field away", "watchdog/http/connection_options.cc",
           "} else if (!is_end_to_end(option)) {", "} else {", "unit:Connection"),
    mutant("a range ends one byte early", "watchdog/http/range.cc", "length - 1) - *first + 1};", "length - 1) - *first};", "unit:range", "static_test.Ranges"),
    # Files and scripts.
    mutant("dot files are served", "modes/static/site_path.cc", "starts_with('.')", "starts_with('\\n')",
           "unit:path", "static_test.Files"),
    mutant("links lead out of the folder", "modes/static/folder.cc", "RESOLVE_BENEATH", "0 * RESOLVE_BENEATH",
           "unit:folder", "static_test"),
    mutant("a CGI head may hold a CR", "modes/gateway/cgi_response_reader.cc",
           'std::string_view("\\r\\0", 2)', 'std::string_view("\\0", 1)', "unit:CR or a NUL"),
    mutant("a local redirect drops the fields beside it", "modes/gateway/cgi_response_reader.cc",
           "head_.fields.size() == 1 && ", "", "unit:CGI head becomes"),
    mutant("a FastCGI variable is split over two records", "modes/fastcgi/fastcgi_records.cc",
           "kHeaderSize + size > kMostContent", "kHeaderSize > kMostContent", "unit:none split"),
    mutant("the function's Proxy variable can be set by a client", "modes/fork/function_environment.cc",
           '{"Proxy", ', "{", "fork_test.StreamingContract"),
    mutant("what is collected in a file has no limit", "watchdog/server/spool.cc", "return kBeyondLimit;", "{}", "unit:limit"),
    # Servers behind us.
    mutant("an idle connection is used without asking whether it is alive", "modes/upstream/connection_pool.cc",
           "? connection->waits_for_request()", "? true", "http_mode_test.Edges"),
    mutant("a POST is sent again though the server may have seen it", "modes/upstream/upstream_request.cc",
           "is_idempotent(exchange_.request().method)", "true", "http_mode_test"),
    mutant("a request is sent again without the beginning of its body", "modes/upstream/upstream_request.cc",
           "kept_.size() < body_size_", "body_size_ > kMostKept", "unit:was not kept"),
    mutant("requests go to an instance that is not ready", "modes/upstream/upstreams.cc",
           "|| !upstream.instance.ready()", "", "instances_test"),
    # Processes.
    mutant("an abandoned group is not sent SIGCONT", "watchdog/process/reaper.cc",
           "system_.kill(-child.pid(), SIGCONT);", "", "unit:abandoned group"),
    mutant("an abandoned group is never killed", "watchdog/process/reaper.cc",
           "    system_.kill(-group.pid, SIGKILL);\n", "", "unit:abandoned group"),
    mutant("orphans are not reaped", "watchdog/process/reaper.cc",
           "    if (!reap_unless_ours(pid)) {", "    if (true) {", "unit:orphans"),
    mutant("what a server leaves behind is not waited for", "watchdog/process/remains.cc",
           "if (left.empty()) return on_gone_();", "return on_gone_();", "unit:leaves behind"),
    mutant("the backoff does not grow", "watchdog/process/restart_backoff.h", "next_ * 2", "next_", "unit:wait doubles"),
    mutant("children inherit an ignored SIGPIPE", "watchdog/process/system.cc", "{SIGPIPE, SIGXFSZ}", "{SIGXFSZ}",
           "unit:child", "fork_test", "pid1_test"),
    # Base and net.
    mutant("a retired object is destroyed at once", "watchdog/net/loop.h",
           "if (object) retired_.emplace_back(object.release(), [](void* p) { delete static_cast<T*>(p); });",
           "object.reset();", "unit:retire"),
    mutant("a timer fires early", "watchdog/net/timer.cc", "    if (*timer.deadline_ > now) {", "    if (false) {", "unit:deadline"),
    mutant("a stream is never full", "watchdog/net/stream.h", "return pending() >= kFull;", "return false;",
           "unit:full", "load_test"),
    mutant("a lost log line is not counted", "watchdog/base/log.cc", "++log.unreported_drops;", "", "unit:dropped"),
    mutant("a long line is cut off", "watchdog/base/line_splitter.cc",
           "    line.remove_prefix(size);\n", "    line = {};\n", "unit:line"),
    mutant("a line's escapes are not counted", "watchdog/base/log_format.cc", "taken += json_size(rest, size);",
           "taken += 1;", "unit:escapes"),
    mutant("control characters of 8 bits reach the log", "watchdog/base/printable.cc",
           "static_cast<unsigned char>(text[1]) < 0xa0", "byte_at(text, 1) < 0x80", "unit:8 bits"),
]


def not_found_once(mutants):
    """The mutants whose text is not there exactly once; tests/layers.py looks at them too."""
    def count(m):
        path = ROOT / m.file
        return path.read_text().count(m.old) if path.exists() else 0

    return [f"mutant {number}: {m.bug}: {count(m)} times in {m.file}: {m.old!r}" for number, m in mutants if count(m) != 1]


class Copy:
    """A tree of its own, with builds of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        for name in TREE:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.folder / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
            else:
                shutil.copy(source, self.folder / name)
        subprocess.run(["meson", "setup", "build", "-Dtests=true", "-Dversion=0"], cwd=self.folder, check=True,
                       capture_output=True)
        if not self.build():
            sys.exit("the tree does not build")

    def build(self):
        self.output = subprocess.run(["ninja", "-C", "build"], cwd=self.folder, capture_output=True, text=True)
        return self.output.returncode == 0

    def passes(self, test):
        if test.startswith("unit:"):
            command = ["build/tests/unit", f"-tc=*{test[5:].replace(',', '*')}*"]
        else:
            command = [sys.executable, "tests/e2e/run.py", test]
        environment = {**os.environ, "WATCHDOG": str(self.folder / "build/fwatchdog")}
        try:
            result = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True,
                                    timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return False
        if test.startswith("unit:") and " 0 passed" in result.stdout and " 0 failed" in result.stdout:
            sys.exit(f"there is no test for {test}")
        return result.returncode == 0

    def killer(self, m):
        """The test that notices; None when none does."""
        path = self.folder / m.file
        before = path.read_text()
        path.write_text(before.replace(m.old, m.new))
        try:
            if not self.build():
                return "the compiler"
            return next((test for test in m.tests if not self.passes(test)), None)
        finally:
            path.write_text(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="*", type=int)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    chosen = [(number, m) for number, m in enumerate(MUTANTS, 1)
              if not options.numbers or number in options.numbers]
    if options.list:
        for number, m in chosen:
            print(f"{number:3} {m.file}: {m.bug}")
        return False
    if wrong := not_found_once(chosen):
        sys.exit("Mend these mutants, the code has changed:\n" + "\n".join(wrong))
    lives = 0
    with tempfile.TemporaryDirectory(prefix="fwatchdog-mutants-") as folder:
        copy = Copy(folder)
        for number, m in chosen:
            killer = copy.killer(m)
            lives += killer is None
            print(f"{number:3} {'killed by ' + killer if killer else 'LIVES'}: {m.bug}", flush=True)
    print(f"{len(chosen) - lives} passed, {lives} failed")
    return lives > 0


if __name__ == "__main__":
    sys.exit(main())
