"""Options: what is refused, how, and what is only a warning."""

import re
import socket
import subprocess

from harness import COMMAND, EXIT_UNAVAILABLE, EXIT_USAGE, ROOT, STATIC, Case, free_port, run

MODES = ("streaming", "serializing", "classic", "http", "static", "cgi", "fastcgi")
DURATION = r"duration|seconds"
BOOLEAN = r"true.*false|1/0"
NUMBER = r"number|\d+ (to|and|or)"
SIZE = r"(?i)bytes|MiB|size"

# (variable, values that it must refuse, what the message must say that it accepts)
REFUSED = [
    ("port", ["80a80", "-1", "65536", "http", "8080 8081", "99999999999999999999"], r"65535"),
    ("metrics_port", ["80a80", "-1", "65536"], r"65535"),
    ("read_timeout", ["-1s", "soon", "10 parsecs", "1m30", "1h-5m", "--", "1e9s"], DURATION),
    ("write_timeout", ["0", "0s", "-5", "never"], DURATION + "|more than 0"),
    ("exec_timeout", ["-1", "ten", "1x", ".s", "9999999999999h"], DURATION),
    ("idle_timeout", ["-1", "x"], DURATION),
    ("healthcheck_interval", ["-1", "x"], DURATION),
    ("shutdown_timeout", ["-1", "x", "0"], DURATION),
    ("startup_timeout", ["-1", "x"], DURATION),
    ("queue_timeout", ["-1", "x"], DURATION),
    ("max_inflight", ["-1", "many", "1.5"], NUMBER),
    ("max_queue", ["-1", "many"], NUMBER),
    ("workers", ["-1", "many", "0.5"], r"auto"),
    ("max_body_size", ["-1", "10XiB", "big", "1.5.5"], SIZE),
    ("log_buffer_size", ["x", "-2"], r"bytes|-1"),
    ("mode", ["nonsense", "Streaming ", "http2"], "|".join(MODES)),
    ("log_format", ["xml"], r"text.*json"),
    ("access_log", ["some"], r"all.*errors.*off"),
    ("restart", ["sometimes"], r"no.*on-failure.*always"),
    ("listen_address", ["not an address", "300.1.1.1"], r"address"),
    *[(name, ["maybe", "2", "tru"], BOOLEAN) for name in (
        "prefix_logs", "suppress_lock", "cgi_headers", "http_buffer_req_body", "combine_output",
        "marshal_request", "write_debug", "read_debug", "debug_headers", "log_callid", "jwt_auth",
        "kill_on_disconnect", "cgi_response")],
    ("script", ["/", "../index.php", "folder/"], r"below document_root"),
    ("server_software", ["a\x7fb"], r"text without control characters"),
    ("trusted_proxies", ["localhost", "10.0.0.0/33", ",", "none,all"], r"private.*10\.0\.0\.0/8"),
    ("script_name_prefix", ["function", "//function", "/a?b"], r"/function/name"),
    ("fprocess", ['echo "unclosed', "echo 'unclosed", "echo \\", '["unclosed"', "[1, 2]", "[]",
                  "   "], r".+"),
]


class Refusals(Case):
    def refused(self, *arguments, **variables):
        variables.setdefault("fprocess", "true")
        result = run(*arguments, **variables)
        self.assertEqual(result.returncode, EXIT_USAGE, result.stderr)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def one_line(self, text):
        self.assertEqual(len(text.splitlines()), 1, text)
        return text.strip()

    def test_a_missing_fprocess_is_named(self):
        self.assertIn("fprocess", self.one_line(self.refused(fprocess=None)))

    def test_an_empty_fprocess_counts_as_missing(self):
        self.assertIn("fprocess", self.one_line(self.refused(fprocess="")))

    def test_an_unknown_mode_lists_the_modes(self):
        line = self.one_line(self.refused(mode="nonsense"))
        for mode in MODES:
            self.assertIn(mode, line)

    def test_jwt_auth_is_never_ignored(self):
        self.assertIn("OPENFAAS_NAME", self.one_line(self.refused(jwt_auth="true")))

    def test_all_errors_are_reported_at_once(self):
        text = self.refused(port="80a80", read_timeout="x", mode="nonsense")
        self.assertEqual(len(text.splitlines()), 3, text)

    def test_an_unknown_option_is_refused(self):
        self.assertIn("--nonsense", self.refused("--nonsense"))

    def test_a_stray_argument_is_refused(self):
        self.assertIn("index.php", self.refused("index.php"))

    def test_an_option_without_its_value_is_refused(self):
        self.assertIn("port", self.refused("--port"))

    def test_a_bad_value_on_the_command_line_is_refused_like_one_in_the_environment(self):
        line = self.one_line(self.refused("--exec-timeout", "soon"))
        self.assertRegex(line, r"exec.timeout")
        self.assertIn("soon", line)

    def test_each_mistake_on_the_command_line_is_one_line(self):
        for words, says in (("--nonsense", "unknown option --nonsense"),
                            ("--exec_timeout 5s", "did you mean --exec-timeout?"),
                            ("--exec-timout=5s", "did you mean --exec-timeout?"),
                            ("--port", "--port needs a value"),
                            ("--version=x", "--version=x: it takes no value"),
                            ("--help nosuchmode", "--help nosuchmode: not a mode; it accepts streaming, "),
                            ("--port x", "--port x: not a port; it accepts a number from 0 to 65535"),
                            ("--restart yes", "--restart yes: not a restart policy; it accepts no, on-failure"),
                            ("index.php", 'stray argument "index.php"'),
                            ("--", "there is no command after --")):
            with self.subTest(words=words):
                self.assertIn(says, self.one_line(self.refused(*words.split())))

    def test_all_mistakes_on_the_command_line_are_reported_at_once(self):
        text = self.refused("--nonsense", "--exec_timeout", "5s", "--version=x", "--port")
        self.assertEqual(len(text.splitlines()), 4, text)
        text = self.refused("--port", "x", "--read-timeout", "y", mode="z")
        self.assertEqual(len(text.splitlines()), 3, text)

    def test_a_value_that_is_no_utf_8_is_refused_in_one_line(self):
        for name in ("mode", "port", "exec_timeout", "restart", "upstream_url"):
            result = subprocess.run([*COMMAND, "--check-config"], capture_output=True,
                                    env={b"fprocess": b"cat", name.encode(): b"\xff\xfe\n"})
            self.assertEqual(result.returncode, EXIT_USAGE, result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertTrue(result.stderr.startswith(b"fwatchdog: " + name.encode() + b"="), result.stderr)

    def test_check_config_refuses_what_a_start_refuses(self):
        self.assertIn("80a80", self.one_line(self.refused("--check-config", port="80a80")))


def add_refusals():
    for name, values, accepts in REFUSED:
        def test(self, name=name, values=values, accepts=accepts):
            for value in values:
                with self.subTest(value=value):
                    line = self.one_line(self.refused(**{name: value}))
                    self.assertIn(name, line)
                    self.assertIn(value.strip(), line)
                    self.assertRegex(line, accepts)

        test.__doc__ = f"a bad {name} stops the start with one line"
        setattr(Refusals, f"test_bad_{name}_is_refused_in_one_line", test)


add_refusals()


class Unavailable(Case):
    def test_a_port_in_use_is_one_clear_line_and_exit_69(self):
        with socket.socket() as other:
            other.bind(("0.0.0.0", 0))
            other.listen()
            port = other.getsockname()[1]
            result = run(fprocess="true", port=port)
        self.assertEqual(result.returncode, EXIT_UNAVAILABLE, result.stderr)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertRegex(lines[0], rf"{port}.*in use")

    def test_a_second_watchdog_on_the_port_is_refused(self):
        dog = self.start(fprocess="true")
        result = run(fprocess="true", port=dog.port)
        self.assertEqual(result.returncode, EXIT_UNAVAILABLE, result.stderr)
        self.assertEqual(dog.request().status, 200)

    def test_an_address_of_another_machine_is_refused(self):
        result = run(fprocess="true", listen_address="192.0.2.1")
        self.assertEqual(result.returncode, EXIT_UNAVAILABLE, result.stderr)
        self.assertIn("192.0.2.1", result.stderr)

    def test_a_busy_metrics_port_is_a_warning(self):
        with socket.socket() as other:
            other.bind(("0.0.0.0", 0))
            other.listen()
            port = other.getsockname()[1]
            dog = self.start(fprocess="echo served", metrics_port=port)
            dog.wait_log(rf"metrics.*{port}")
            self.assertEqual(dog.request().text, "served\n")

    def test_a_read_only_filesystem_is_no_obstacle(self):
        script = 'mount -o remount,bind,ro / && ! touch "$TMPDIR/probe" 2>/dev/null && exec "$@"'
        dog = self.start(fprocess="echo served",
                         wrapper=("unshare", "--mount", "sh", "-c", script, "sh"))
        self.assertEqual(dog.request().text, "served\n")
        self.assertEqual(dog.request(path="/_/health").status, 200)
        self.assertRegex(dog.log(), r"(?i)read-only")

    if STATIC:
        def test_an_empty_root_filesystem_is_no_obstacle(self):
            """No /tmp, no /proc, no /etc: an image made from scratch."""
            script = ('mkdir root && cp "$1" root/fwatchdog && '
                      'exec env TMPDIR=/tmp chroot root /fwatchdog')
            dog = self.start(fprocess="/fwatchdog --version", wrapper=("sh", "-c", script, "sh"))
            self.assertRegex(dog.request().text, r"^fwatchdog ")
            self.assertEqual(dog.request(path="/_/health").status, 200)


class Accepted(Case):
    def settings(self, *arguments, **variables):
        variables.setdefault("fprocess", "true")
        result = run("--check-config", *arguments, **variables)
        self.assertEqual(result.returncode, 0, result.stderr)
        return dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)

    def test_check_config_prints_every_option_and_starts_nothing(self):
        settings = self.settings(port=None, metrics_port=None)
        self.assertEqual(settings["port"], "8080")
        self.assertEqual(settings["metrics_port"], "8081")
        self.assertEqual(settings["mode"], "streaming")
        self.assertEqual(settings["content_type"], "application/octet-stream")
        printed = run("--check-config", fprocess="true").stdout
        for name, _, _ in REFUSED:
            self.assertRegex(printed, rf"(?m)^({name}=|# {name}: )")

    def test_what_check_config_prints_is_an_environment_that_means_the_same(self):
        for mode, more in (("streaming", {"fprocess": "sh -c 'echo \"a  b\"'", "log_buffer_size": "-1",
                                          "stop_timeout": "1h"}),
                           ("classic", {"fprocess": "wc"}),
                           ("http", {"fprocess": "node x.js", "upstream_url": "http://127.0.0.1:{port}",
                                     "instances": "2"}),
                           ("fastcgi", {"upstream_url": "unix:/run/php.sock"})):
            first = run("--check-config", mode=mode, **more)
            self.assertEqual(first.returncode, 0, first.stderr)
            lines = [line for line in first.stdout.splitlines() if not line.startswith("# ")]
            again = run("--check-config", **dict(line.split("=", 1) for line in lines))
            self.assertEqual((again.returncode, again.stderr), (0, ""))
            self.assertEqual(again.stdout, first.stdout)

    def test_a_mistyped_variable_is_named_with_what_was_meant(self):
        said = "exec_timout is not an option and has no effect; did you mean exec_timeout?"
        result = run("--check-config", fprocess="true", exec_timout="5s", PORT="1", node="x")
        self.assertEqual((result.returncode, result.stderr), (0, f"fwatchdog: warning: {said}\n"))
        dog = self.start(fprocess="true", exec_timout="5s")
        dog.wait_log(re.escape(said))

    def test_a_start_that_is_refused_tells_what_was_mistyped(self):
        result = run(fproces="cat")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertIn("fprocess is not set", result.stderr)
        self.assertIn("did you mean fprocess?", result.stderr)
        result = run(mode="static", static_pth="/srv", static_path="/no/such/folder")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertIn("did you mean static_path?", result.stderr)

    def test_durations_are_go_s_and_bare_numbers_are_seconds(self):
        for text, printed in (("1m30s", "1m30s"), ("90", "1m30s"), ("250ms", "250ms"),
                              (".5s", "500ms"), ("1.5m", "1m30s"), ("5", "5s"), ("0", "0s")):
            self.assertEqual(self.settings(exec_timeout=text)["exec_timeout"], printed, text)

    def test_the_defaults_of_the_timeouts(self):
        settings = self.settings()
        self.assertEqual(settings["read_timeout"], "30s")
        self.assertEqual(settings["write_timeout"], "30s")
        self.assertEqual(settings["exec_timeout"], "30s")
        self.assertIn(settings["idle_timeout"], ("2m", "2m0s"))
        self.assertEqual(settings["shutdown_timeout"], "30s")
        self.assertEqual(self.settings(mode="classic")["exec_timeout"], "0s")

    def test_shutdown_timeout_follows_write_timeout(self):
        self.assertEqual(self.settings(write_timeout="7s")["shutdown_timeout"], "7s")

    def test_booleans_have_eight_spellings(self):
        for text in ("1", "true", "yes", "on", "TRUE", "Yes"):
            self.assertEqual(self.settings(suppress_lock=text)["suppress_lock"], "true", text)
        for text in ("0", "false", "no", "off", "False"):
            self.assertEqual(self.settings(prefix_logs=text)["prefix_logs"], "false", text)

    def test_sizes_have_units(self):
        for text, size in (("10MiB", 10485760), ("1g", 1073741824), ("2048", 2048), ("3kb", 3072)):
            self.assertEqual(self.settings(max_body_size=text)["max_body_size"], str(size), text)

    def test_an_option_that_is_repeated_counts_the_last_time(self):
        self.assertEqual(self.settings("--exec-timeout", "5s", "--exec-timeout=6s")["exec_timeout"], "6s")

    def test_an_empty_value_counts_as_unset(self):
        settings = self.settings("--exec-timeout=", "--read-timeout", "", exec_timeout="9s")
        self.assertEqual((settings["exec_timeout"], settings["read_timeout"]), ("9s", "30s"))

    def test_of_two_names_that_disagree_the_second_wins_with_a_warning(self):
        result = run("--check-config", fprocess="true", log_callid="1", log_call_id="0")
        self.assertEqual(result.returncode, 0)
        self.assertIn("\nlog_callid=false\n", result.stdout)
        self.assertEqual(result.stderr, "fwatchdog: warning: log_callid has no effect: "
                                        "log_call_id is set too, and wins\n")

    def test_ten_thousand_variables_are_no_obstacle(self):
        others = {f"application_{i}": "x" for i in range(10_000)}
        self.assertEqual(self.settings(exec_timeout="5s", **others)["exec_timeout"], "5s")

    def test_the_help_of_a_mode_has_its_options_and_no_others(self):
        for mode, own, foreign in (("static", "--static-listing", "--fprocess"),
                                   ("http", "--ready-path", "--document-root"),
                                   ("classic", "--combine-output", "--restart")):
            result = run("--help", mode)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(result.stdout.startswith(f"mode={mode}: "))
            self.assertIn(f"  {own} ", result.stdout)
            self.assertNotIn(f"  {foreign} ", result.stdout)

    def test_an_empty_variable_counts_as_unset(self):
        self.assertEqual(self.settings(exec_timeout="", mode="")["exec_timeout"], "30s")

    def test_the_command_line_wins_over_the_environment(self):
        settings = self.settings("--exec-timeout", "5s", exec_timeout="9s")
        self.assertEqual(settings["exec_timeout"], "5s")
        self.assertEqual(self.settings("--exec-timeout=6s")["exec_timeout"], "6s")

    def test_aliases_mean_the_same(self):
        for alias, value, name in (("log_call_id", "true", "log_callid"),
                                   ("buffer_http", "true", "http_buffer_req_body"),
                                   ("combined_output", "false", "combine_output")):
            self.assertEqual(self.settings(**{alias: value})[name], value, alias)

    def test_help_names_every_option(self):
        result = run("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for name, _, _ in REFUSED:
            self.assertRegex(result.stdout, rf"\b{name}\b|--{name.replace('_', '-')}\b")
        for option in ("--version", "--check-config", "--run-healthcheck"):
            self.assertIn(option, result.stdout)

    def test_version_is_that_of_the_project(self):
        version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text()).group(1)
        result = run("--version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, rf"^fwatchdog {re.escape(version)}(-[\w-]+)?\n$")

    def test_an_option_whose_mode_comes_later_is_taken(self):
        dog = self.start(fprocess="true", upstream_url="http://127.0.0.1:3000", max_queue="0",
                         static_path="/srv", restart="no")
        self.assertEqual(dog.request().status, 200)

    def test_port_0_picks_one(self):
        first = self.start(fprocess="true")
        second = self.start(fprocess="true")
        self.assertNotEqual(first.port, second.port)

    def test_a_given_port_is_used(self):
        port = free_port()
        dog = self.start(fprocess="true", port=port)
        self.assertEqual(dog.port, port)
        self.assertEqual(dog.request().status, 200)

    def test_listen_address_restricts_who_can_connect(self):
        dog = self.start(fprocess="true", listen_address="127.0.0.1")
        self.assertEqual(dog.request().status, 200)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.2", dog.port), timeout=2).close()

    def test_ipv6_is_served_where_the_machine_has_it(self):
        dog = self.start(fprocess="true")
        try:
            probe = socket.socket(socket.AF_INET6)
            probe.bind(("::1", 0))
        except OSError:
            return  # this machine has none
        probe.close()
        socket.create_connection(("::1", dog.port), timeout=5).close()
