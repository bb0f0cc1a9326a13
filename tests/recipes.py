#!/usr/bin/env python3
"""Follows watchdog/README.md's recipes for a new mode with an option, a metric and a failure of its own
in a copy of the tree, builds that and tries it. Ends with "N passed, N failed".

The edits below are all that they take; one that needs more is a fault of a seam.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
os.environ["WATCHDOG"] = ""  # set to what is built here, before the harness looks
TREE = Path(tempfile.mkdtemp(prefix="fwatchdog-recipes-"))
BINARY = TREE / "build/recipes/fwatchdog"

NEW_FILES = {
    "modes/echo_mode.h": """#pragma once

#include <memory>

#include "server/mode.h"

namespace watchdog {

// mode=echo: every request's body is sent back, behind echo_prefix. An empty one is a failure.
Result<std::unique_ptr<Mode>> make_echo_mode(const ModeContext& context);

}  // namespace watchdog
""",
    "modes/echo_mode.cc": """#include "modes/echo_mode.h"

#include "server/exchange.h"

namespace watchdog {

namespace {

class Echo final : public Invocation {
 public:
  Echo(Exchange& exchange, std::string_view prefix, Metrics& metrics)
      : exchange_(exchange), prefix_(prefix), metrics_(metrics) {}
  void on_body(std::string_view bytes) override {
    if (!exchange_.responding()) {
      exchange_.head({});
      exchange_.write(prefix_);
    }
    exchange_.write(bytes);
    if (exchange_.response_full()) exchange_.pause_upload();
  }
  void on_response_drained() override { exchange_.resume_upload(); }
  void on_body_end() override {
    if (!exchange_.responding()) {
      return exchange_.fail(Failure::kNothingToEcho, "the body is empty");
    }
    ++metrics_.echoes;
    exchange_.end();
  }

 private:
  Exchange& exchange_;
  const std::string_view prefix_;
  Metrics& metrics_;
};

class EchoMode final : public Mode {
 public:
  explicit EchoMode(const ModeContext& context)
      : config_(context.config), metrics_(context.metrics) {}
  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    return std::make_unique<Echo>(exchange, config_.echo_prefix, metrics_);
  }

 private:
  const Config& config_;
  Metrics& metrics_;
};

}  // namespace

Result<std::unique_ptr<Mode>> make_echo_mode(const ModeContext& context) {
  return std::make_unique<EchoMode>(context);
}

}  // namespace watchdog
""",
}
# (file, a text that stands once in it, what to put before it)
EDITS = [
    ("modes/meson.build", "'registry.cc'", "'echo_mode.cc', "),
    ("modes/registry.cc", '#include "modes/fastcgi/fastcgi_mode.h"\n', '#include "modes/echo_mode.h"\n'),
    ("modes/registry.cc", "};\n\n}  // namespace\n",
     '    {"echo", 0, "sends the body of a request back", make_echo_mode},\n'),
    ("watchdog/config/config.h", "  std::string static_path;\n", "  std::string echo_prefix;\n"),
    ("watchdog/config/mode_options.cc", "constexpr OptionGroup kForkGroup",
     'constexpr OptionGroup kEchoGroup{"Echo", {.name = "echo"}};\n'),
    ("watchdog/config/mode_options.cc", "};\n\n}  // namespace\n",
     '''    {.name = "echo_prefix",
     .group = &kEchoGroup,
     .value = bind<&Config::echo_prefix, kFieldValue>(),
     .usual = {"> "},
     .meaning = "what the response begins with"},
'''),
    ("watchdog/server/metrics.h", "  std::atomic<uint64_t> spawn_failures{0};\n", "  std::atomic<uint64_t> echoes{0};\n"),
    ("watchdog/server/metrics_page.cc", '  page.counter("fwatchdog_restarts"',
     '''  page.counter("fwatchdog_echoes", "Bodies sent back.", metrics.echoes.load());
'''),
    ("watchdog/server/failure.h", "  kInternal,\n", "  kNothingToEcho,\n"),
    ("watchdog/server/failure.h", "    {Failure::kInternal, ",
     '    {Failure::kNothingToEcho, Blame::kClient, 422, false, "nothing_to_echo"},\n'),
]


def follow():
    for name in ("meson.build", "meson_options.txt", "LICENSE", "watchdog", "modes", "tests"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, TREE / name)
    for name, text in NEW_FILES.items():
        (TREE / name).write_text(text)
    for name, where, what in EDITS:
        text = (TREE / name).read_text()
        if text.count(where) != 1:
            sys.exit(f"{name}: {where!r} stands there {text.count(where)} times\n0 passed, 1 failed")
        (TREE / name).write_text(text.replace(where, what + where))
    for command in (["meson", "setup", "build/recipes", "-Dversion=recipes"],
                    ["ninja", "-C", "build/recipes", "fwatchdog"]):
        done = subprocess.run(command, cwd=TREE, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{done.stdout[-4000:]}{done.stderr[-2000:]}\n0 passed, 1 failed")


def run(*arguments, **variables):
    return subprocess.run([BINARY, *arguments], env={"PATH": os.environ["PATH"], **variables},
                          capture_output=True, text=True, timeout=10)


def cases():
    from client import Client
    from harness import Case, free_port  # it looks for $WATCHDOG when it is imported

    class Echo(Case):
        def test_the_mode_answers_and_its_option_counts(self):
            self.assertEqual(self.start(mode="echo").request("POST", body=b"hello").text, "> hello")
            dog = self.start("--echo-prefix", "a: ", mode="echo")
            self.assertEqual(dog.request("POST", body=b"x" * 1_000_000).text, "a:" + "x" * 1_000_000)

        def test_its_help_has_its_option_and_that_of_other_modes_has_not(self):
            text = run("--help", "echo").stdout
            self.assertTrue(text.startswith("mode=echo: sends the body of a request back\n"), text)
            self.assertIn("\nEcho (mode=echo)\n  --echo-prefix ", text)
            for foreign in ("--fprocess ", "--upstream-url ", "--static-path ", "--document-root "):
                self.assertNotIn(foreign, text)
            self.assertNotIn("--echo-prefix", run("--help", "static").stdout)

        def test_the_option_is_in_every_text(self):
            for text in (run("--help").stdout, run("--help", "--markdown").stdout.replace("_", "-"),
                         run("--help", "--man").stdout.replace("\\", ""), run("--help", "--bash-completion").stdout):
                self.assertIn("echo-prefix", text)
            self.assertIn("echo", run("--mode", "nonsense").stderr)

        def test_check_config_shows_it_and_takes_it_back(self):
            result = run("--check-config", mode="echo", echo_prefix="a=b")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            lines = [line for line in result.stdout.splitlines() if not line.startswith("# ")]
            self.assertIn("echo_prefix=a=b", lines)
            again = run("--check-config", **dict(line.split("=", 1) for line in lines))
            self.assertEqual((again.stdout, again.stderr), (result.stdout, ""))

        def test_it_is_refused_warned_of_and_spelled_like_any_other(self):
            self.assertIn("echo_prefix=a\x7f: not a header value", run(mode="echo", echo_prefix="a\x7f").stderr)
            self.assertEqual(run("--check-config", fprocess="cat", echo_prefix="x").stderr,
                             "fwatchdog: warning: echo_prefix has no effect: it is for mode=echo\n")
            self.assertIn("did you mean echo_prefix?", run("--check-config", mode="echo", echo_perfix="x").stderr)

        def test_the_failure_is_answered_and_logged_by_its_row(self):
            dog = self.start(mode="echo")
            response = dog.request("POST", body=b"")
            self.assertEqual((response.status, response.text), (422, "nothing_to_echo: the body is empty\n"))
            dog.wait_log("nothing_to_echo: the body is empty")

        def test_the_metric_counts(self):
            port = free_port()
            dog = self.start(mode="echo", metrics_port=port)
            dog.request("POST", body=b"x")
            with Client(port) as client:
                self.assertIn("\nfwatchdog_echoes_total 1\n", client.request(path="/metrics").text)

        def test_the_layers_hold(self):
            done = subprocess.run([sys.executable, TREE / "tests/layers.py"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)

    return unittest.defaultTestLoader.loadTestsFromTestCase(Echo)


def main():
    try:
        follow()
        os.environ["WATCHDOG"] = str(BINARY)
        result = unittest.TextTestRunner(verbosity=1).run(cases())
    finally:
        shutil.rmtree(TREE)
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
