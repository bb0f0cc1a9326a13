"""What README says, tried out."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from config_test import MODES
from harness import (BINARY, EXIT_INTERNAL, EXIT_USAGE, ROOT, STATIC, Case, Client, free_port,
                     head, run)

PAGES = {path: path.read_text() for path in
         (ROOT / "README.md", *sorted(ROOT.glob("watchdog/**/README.md")), *sorted(ROOT.glob("modes/*/README.md")),
          ROOT / "examples/openfaas/README.md", ROOT / "examples/openfaas/TEMPLATES.md",
          ROOT / "examples/deb/README.md")}
README = PAGES[ROOT / "README.md"]


def spans(text):
    """What stands between backquotes, outside blocks of code."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


CODE = [span for page in PAGES.values() for span in spans(page)]


def blocks(language, page=README):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def marked(name):
    """What README has between the marks <!-- name --> and <!-- end -->, or the block behind <!-- name -->."""
    found = re.search(rf"<!-- {name} -->(?:\n```\w*\n(.*?)```|(.*?)<!-- end -->)", README, re.DOTALL)
    return found.group(1) or found.group(2)


def rows(title, page="README.md"):
    """The cells of each row of the table whose first column has this title."""
    table = re.search(rf"(?m)^\| {title} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGES[ROOT / page]).group(1)
    return [line.strip("|").strip().split(" | ") for line in table.splitlines()]


def instructions(text):
    """A Dockerfile's (INSTRUCTION, arguments)."""
    lines = re.sub(r"\\\n", " ", text).strip().splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip() and line[0] != "#"]


OURS = instructions((ROOT / "Dockerfile").read_text())


class Commands(Case):
    def test_each_command_is_known_to_a_test(self):
        commands = [line for block in blocks("sh") for line in block.splitlines()]
        self.assertEqual(commands, ["./examples/run.sh --build", "fprocess=cat ./build/release/fwatchdog &",
                                    "curl -d 'hello' http://127.0.0.1:8080/"])

    def test_the_examples_named_are_those_there_are(self):
        there = {path.parent.name for path in ROOT.glob("examples/*/Dockerfile")}
        self.assertEqual({*re.findall(r"`([\w-]+)`", marked("examples"))}, there)

    def test_each_script_takes_the_arguments_named(self):
        named = re.findall(r"(\./\w+/run\.sh) ([\w-]+)", README)
        self.assertEqual(len(named), 3)
        for script, word in named:
            text = (ROOT / script).read_text()
            labels = " | ".join(re.findall(r"(?m)^ +([\w |-]+)\)", text)).split(" | ")  # of its case
            suites = " ".join(re.findall(r'(?m)^(?:ALL|BY_NAME)="(.*)"$', text)).split()
            self.assertIn(word, labels + suites)

    def test_a_command_is_a_function_with_two_lines_of_shell(self):
        build, *commands = blocks("sh")[0].splitlines()
        self.assertEqual(build, "./examples/run.sh --build")
        block, port = "\n".join(commands), free_port()
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, ".curlrc").write_text("retry = 5\nretry-connrefused\n")
            script = block.replace("./build/release/fwatchdog", shlex.quote(str(BINARY)))
            script = script.replace("8080", str(port)) + "\nkill -INT $!; wait $!"
            env = {"PATH": "/usr/bin:/bin", "CURL_HOME": folder, "port": str(port),
                   "TMPDIR": folder, "metrics_port": "0"}
            result = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True)
        self.assertEqual((result.stdout, result.returncode), ("hello", 0), result.stderr)

    def test_each_fwatchdog_command_is_taken(self):
        commands = [text for text in CODE if text.startswith("fwatchdog -")]
        self.assertGreater(len(commands), 1)
        for text in commands:
            result = run("--check-config", *shlex.split(text)[1:], fprocess="true")
            self.assertEqual(result.returncode, 0, f"{text}: {result.stderr}")


class Containers(Case):
    def test_a_dockerfile_of_six_instructions_serves_a_function(self):
        steps = instructions(blocks("dockerfile")[0])
        self.assertLessEqual(len(steps), 6)
        copied = [words.split()[-1] for name, words in steps if name == "COPY"]
        self.assertEqual(copied, ["/usr/bin/fwatchdog", "/home/app/index.php"])
        root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, root)
        for source, path in zip((BINARY, ROOT / "examples/php-index/index.php"), copied):
            (root / path[1:]).parent.mkdir(parents=True)
            (root / path[1:]).symlink_to(source)
        settings = dict(word.split("=", 1) for name, words in steps if name == "ENV"
                        for word in shlex.split(words.replace("/home/app", f"{root}/home/app")))
        entrypoint = shlex.join(json.loads(dict(steps)["ENTRYPOINT"]))
        dog = self.start(wrapper=("sh", "-c", f"exec {entrypoint}"), **settings,
                         PATH=f"{root}/usr/bin:/usr/bin:/bin", port=free_port())
        response = dog.request("POST", "/greet", body=b"newcomer")
        self.assertEqual((response.status, response.header("Content-Type")), (200, "text/plain; charset=utf-8"))
        self.assertIn("newcomer", response.text)
        check = json.loads(re.search(r"HEALTHCHECK CMD (\[.*?\])", README, re.DOTALL).group(1))
        result = subprocess.run([root / "usr/bin" / check[0], *check[1:]], env=dog.environment)
        self.assertEqual(result.returncode, 0)

    def test_php_is_warm_with_a_dockerfile_of_six_instructions(self):
        steps = instructions(blocks("dockerfile", PAGES[ROOT / "modes/fastcgi/README.md"])[0])
        self.assertLessEqual(len(steps), 6)
        settings = dict(word.split("=", 1) for name, words in steps if name == "ENV"
                        for word in shlex.split(words))
        settings = {name: value.replace("/home/app/public", str(ROOT / "examples/php-app/public"))
                    .replace("9000", str(self.fastcgi_port)) for name, value in settings.items()}
        response = self.start(**settings).request(path="/old")
        self.assertEqual((response.status, response.header("Location")), (301, "/new"))

    @property
    def fastcgi_port(self):
        self._port = getattr(self, "_port", None) or free_port()
        return self._port

    def test_our_own_dockerfile_names_stages_that_are_there(self):
        names = [name for name, _ in OURS]
        self.assertLessEqual(set(names), {"FROM", "ARG", "RUN", "WORKDIR", "COPY", "LABEL", "EXPOSE", "ENTRYPOINT"})
        stages = [words.partition(" AS ")[2] for name, words in OURS if name == "FROM"]
        for words in (words.split() for name, words in OURS if name == "COPY"):
            if words[0].startswith("--from="):
                self.assertIn(words[0][7:], stages)
                self.assertEqual(words[1:], ["/src/build/release/fwatchdog", "/fwatchdog"])
        self.assertEqual(OURS[-1], ("ENTRYPOINT", '["/fwatchdog"]'))

    def test_our_own_dockerfile_copies_all_that_a_build_needs(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, words in OURS:
                if name == "COPY" and not words.startswith("--from"):
                    subprocess.run(["cp", "-r", *words.split()[:-1], folder], cwd=ROOT, check=True)
            result = subprocess.run(["meson", "setup", "build/release"], cwd=folder,
                                    capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stdout)

    def test_our_own_dockerfile_installs_what_the_scripts_install(self):
        listed = subprocess.run(["sh", "-c", ". examples/packages.sh; echo $BUILD_PACKAGES"],
                                cwd=ROOT, capture_output=True, text=True).stdout.split()
        command = next(words for name, words in OURS if name == "RUN")
        command = command.replace("$compiler", "g++").replace("$library", "")
        installed = set(command.partition(" --no-install-recommends ")[2].split())
        self.assertEqual(installed, set(listed) - {"doctest-dev", "ccache"} | {"node-llhttp"})


class Reference(Case):
    def test_the_options_are_those_that_help_prints(self):
        pages = (README, *((ROOT / page).read_text() for page in
                           ("watchdog/auth/README.md", "modes/README.md", "watchdog/trace/README.md")))
        tables = [re.search(r"<!-- options:.*?-->\n(.*?)\n<!-- end of options -->", page, re.DOTALL).group(1)
                  for page in pages]
        self.assertEqual("\n\n".join(tables) + "\n", run("--help", "--markdown").stdout)

    def test_each_mode_is_served_or_refused_as_said(self):
        served = set(re.findall(r"`mode=(\w+)`", " ".join(cells[1] for cells in rows("you have"))))
        self.assertEqual(served, set(MODES))
        for mode in MODES:
            protocol = "fastcgi" if mode == "fastcgi" else "http"
            code = run("--check-config", fprocess="true", mode=mode, static_path=".",
                       upstream_url=f"{protocol}://127.0.0.1:3000").returncode
            self.assertEqual(code, 0, mode)

    def test_what_has_no_effect_is_taken_with_a_warning(self):
        name, mode = re.findall(r"`(\w+)`", marked("no effect"))
        result = run("--check-config", fprocess="true", mode=mode, **{name: "5"})
        self.assertEqual(result.returncode, 0)
        self.assertIn(f"warning: {name} has no effect", result.stderr)

    def test_each_spelling_of_a_duration_or_size_is_taken(self):
        for name, kind in (("exec_timeout", "durations"), ("max_body_size", "sizes")):
            for value in re.findall(r"`(.*?)`", marked(kind)):
                result = run("--check-config", fprocess="true", **{name: value})
                self.assertEqual(result.returncode, 0, value)

    def test_the_exit_codes_are_those_of_the_source(self):
        source = (ROOT / "watchdog/base/exit_code.h").read_text()
        said = [cells[0] for cells in rows("exit code")]
        self.assertEqual(said, re.findall(r"= (\d+),", source))

    def test_each_exit_code_is_seen(self):
        dog = self.start(fprocess="true")
        results = [run("--run-healthcheck", port=free_port()), run(port="x", fprocess="true"),
                   run(port=dog.port, fprocess="true")]
        for command in ("/no/such/program", "/etc/passwd"):
            results.append(run(fprocess=command, mode="http", upstream_url="http://127.0.0.1:1"))
        if STATIC:
            results.append(run(fprocess="true", workers=4, wrapper=("prlimit", "--as=4000000")))
        dog.signal(signal.SIGINT)
        seen = {dog.wait_exit(), *(result.returncode for result in results)}
        said = {int(cells[0]) for cells in rows("exit code")}
        self.assertEqual(said - (set() if STATIC else {EXIT_INTERNAL}), seen)

    def test_the_refusals_of_malformed_http_are_those_that_are_sent(self):
        dog = self.start(fprocess="cat", mode="serializing", read_timeout="500ms", max_body_size=5)
        messages = [head(headers={"Content-Length": "x"}), b"GET / HTTP/1.1\r\n",
                    head("POST", body=b"123456"), head(path="/" + "x" * 100_000),
                    head(headers={"X": "x" * 300_000}), head(headers={"Transfer-Encoding": "gzip"}),
                    head().replace(b"HTTP/1.1", b"HTTP/2.0")]
        sent = [dog.raw(message).split()[1].decode() for message in messages]
        self.assertEqual(sent, re.findall(r"\d{3}", marked("refusals")))

    def test_the_log_is_as_shown(self):
        shown = marked("log: lines")
        php = self.start(fprocess=f"php {ROOT}/examples/php-index/index.php")
        php.request("POST", "/greet", body=b"fwatchdog")
        failing = self.sh(f"echo {re.search('stderr: (.*)', shown).group(1)} >&2; exit 7")
        failing.request()
        failing.wait_log("GET / ")
        php.wait_log("POST /greet")

        def shape(text):
            return re.sub(r"[\d/]{10} [\d:]{8} |\(\d+\.\d{4}s\)", "_", text).splitlines()

        real = [line for line in shape(php.log() + failing.log())
                if re.search("POST|stderr:|GET", line)]
        self.assertEqual(sorted(shape(shown)), sorted(real))

    def test_the_metrics_are_those_that_are_served(self):
        port = free_port()
        self.start(fprocess="true", metrics_port=port).request()
        with Client(port) as client:
            text = client.request(path="/metrics").text
        served = dict(re.findall(r"(?m)^# TYPE (\w+) (\w+)", text))
        told = {spans(name)[0]: kind for name, kind, _ in rows("name", "watchdog/server/README.md")}
        self.assertEqual(told.pop("process_*"), "several")
        self.assertEqual(told, {name: kind for name, kind in served.items() if not name.startswith("process_")})
        self.assertLessEqual({name for name in spans(README) if re.match("http_requests?_|fwatchdog_", name)}, set(told))

    def test_the_variables_are_those_that_a_function_sees(self):
        dog = self.start(fprocess="env")
        response = dog.request("POST", "/a%20b?c=%20", {"User-Agent": "me"}, b"x", chunked=True)
        seen = dict(line.split("=", 1) for line in response.text.splitlines())
        said = set(re.findall(r"`(Http_\w+)`", marked("variables")))
        self.assertGreater(len(said), 5)
        self.assertLessEqual(said, set(seen))
        self.assertEqual((seen["Http_Path"], seen["Http_Query"], seen["Http_Content_Length"]),
                         ("/a b", "c=%20", "-1"))

    def test_a_timeout_is_answered_as_said(self):
        for mode, status in zip(("streaming", "classic"), re.findall(r"\d+", marked("timeout"))):
            dog = self.start(fprocess="sleep 60", mode=mode, exec_timeout="100ms")
            self.assertEqual(dog.request().status, int(status))


# How each row of the table of differences begins, what its answer must name, which tests show it.
DIFFERENCES = [
    ("200 for a missing command, an exit code, a timeout", "500.*504.*breaks off",
     "a_missing_command_warns_at_the_start_and_answers_500 every_exit_code_is_told_truly "
     "exec_timeout_answers_at_the_deadline a_failure_after_output_cuts_the_answer"),
    ("streamed output", "at once", "output_leaves_while_the_function_runs"),
    ("`exec_timeout` kills one", "group.*504", "exec_timeout_takes_the_whole_tree"),
    ("stderr", "split", "a_line_of_70_kb_is_split_and_complete a_line_of_5_mb_wedges_nothing"),
    ("the last log lines", "all", "two_thousand_lines_before_a_crash_are_all_logged"),
    ("a function that does", "no error", "a_function_that_does_not_read_a_megabyte_is_no_error"),
    ("a function that exits", "once", "an_early_exit_is_answered_while_the_client_still_uploads"),
    ("the client hangs up", "streaming.*serializing and classic finish.*kill_on_disconnect",
     "the_group_dies_when_the_client_goes_before_the_answer kill_on_disconnect_ends_the_function "
     "a_client_that_goes_leaves_the_function_to_finish"),
    ("a client that closes its half", "every mode.*resets",
     "a_half_closed_client_gets_its_answer_in_every_mode clients_that_leave_end_the_function_however_they_leave"),
    ("`X-Timeout: 0`", "shorter", "x_timeout_can_neither_end_nor_lengthen_exec_timeout"),
    ("`Proxy:` becomes `Http_Proxy`, `Query:` forges", "neither",
     "a_proxy_header_sets_nothing headers_cannot_forge_the_request_line"),
    ("`//` and `/../`", "as they come", "the_target_is_not_redirected_or_cleaned"),
    ("zombies", "reaped", "daemons_that_functions_leave_are_reaped"),
    ("SIGTERM always sleeps", "one deadline.*`healthcheck_interval`",
     "it_serves_for_healthcheck_interval shutdown_timeout_bounds_everything"),
    ("functions that still run", "503",
     "a_function_that_term_ends_is_answered_with_503 a_second_term_kills_what_ignores_it"),
    ("a typo in a variable (`port=80a80`)", "64", "check_config_refuses_what_a_start_refuses"),
    ("an unwritable lock file, a busy port", "a warning; exit code 69",
     "a_lock_folder_that_cannot_be_written_is_a_warning "
     "a_port_in_use_is_one_clear_line_and_exit_69"),
    ("`fprocess` splits", "quotes.*JSON array.*`--`",
     "single_quotes_and_backslashes_are_the_shell_s a_json_array_is_taken_as_it_stands "
     "the_command_can_follow_two_dashes"),
    ("metrics on 8081", "a warning", "a_busy_metrics_port_is_a_warning"),
    ("`/_/health`", "answers", "head_is_answered_like_get_without_a_body"),
    ("serializing logs 200", "and why", "the_log_has_the_status_that_the_client_saw"),
    ("classic-watchdog answers 405", "any method",
     "every_common_method_reaches_the_function head_runs_the_function_and_sends_no_body"),
    ("`mode=http`: healthy before", "wait",
     "it_is_not_healthy_before_the_function_listens early_requests_wait_and_are_answered"),
    ("`mode=http` marks", "watchdog's fault",
     "what_is_not_http_answers_502_and_none_of_it a_failing_function_answers_500"),
    ("a dead function process", "exits with its code.*restart",
     "its_exit_code_becomes_ours on_failure_starts_it_again_and_holds_requests_meanwhile"),
    ("anybody's `X-Forwarded-*` is passed on", "`trusted_proxies`.*no variable",
     "what_a_stranger_says_is_made_anew what_a_proxy_says_stays_as_it_is "
     "a_name_with_underscores_passes_for_no_other"),
    ("POST bodies arrive chunked", "kept.*stripped",
     "a_sized_body_keeps_its_length fields_about_the_connection_stay_behind"),
    ("event streams and WebSockets", "one path",
     "bytes_leave_as_they_arrive any_protocol_is_tunnelled_both_ways"),
    ("an upstream that breaks off", "502", "an_answer_that_breaks_off_looks_broken "
     "what_is_not_http_answers_502_and_none_of_it"),
    ("`mode=static`: listings", "405",
     "there_are_no_listings dot_files_are_hidden_but_for_well_known "
     "links_within_the_folder_work_and_those_that_leave_it_do_not "
     "other_methods_are_refused_with_those_that_are_not"),
    ("`mode=static`: no `ETag`", "ranges.*gzip.*`static_404`, `static_fallback`",
     "what_the_client_has_is_not_sent_again one_range_is_a_206 text_is_compressed_for_those_who_take_it "
     "a_precompressed_file_beside_it_is_sent_to_those_who_take_it "
     "a_404_page_of_the_site_s_own a_fallback_answers_for_paths_that_a_page_s_script_knows"),
    ("a forked function cannot set", "`cgi_response=true`, `mode=cgi`",
     "an_answer_with_a_head_has_its_status_and_fields the_program_says_status_and_fields"),
    ("PHP without", "`mode=fastcgi`", "it_stays_warm paths_that_name_no_file_are_the_front_script_s"),
    ("of-watchdog's `afterburn`", "refused", "afterburn_and_inproc_are_refused_with_advice"),
    ("`jwt_auth`: a pattern", "whole name", "permissions_are_of_the_whole_name"),
    ("`jwt_auth`: a token without `exp`", "refused",
     "what_is_wrong_with_a_token_is_said_and_counted_but_not_the_token"),
    ("`jwt_auth`: HS256", "RS256 and ES256", "what_is_wrong_with_a_token_is_said_and_counted_but_not_the_token"),
    ("`jwt_auth`: keys", "again", "a_new_key_is_found_by_the_first_token_that_names_it"),
    ("`jwt_auth`: without a gateway", "503",
     "without_keys_requests_get_503_and_the_log_says_why_once "
     "a_gateway_that_is_not_there_or_slow_holds_nothing_up"),
]


class Differences(Case):
    def test_each_row_has_tests_that_are_there(self):
        there = {test for path in Path(__file__).parent.glob("*.py")
                 for test in re.findall(r"def test_(\w+)\(self\)", path.read_text())}
        table = rows("of-watchdog, classic-watchdog", "examples/openfaas/README.md")
        self.assertEqual(len(table), len(DIFFERENCES))
        for (claim, answer), (beginning, words, tests) in zip(table, DIFFERENCES):
            self.assertEqual(claim[:len(beginning)], beginning)
            self.assertRegex(answer, words)
            self.assertLessEqual(set(tests.split()), there)

    def test_afterburn_and_inproc_are_refused_with_advice(self):
        for mode in ("afterburn", "inproc"):
            result = run(fprocess="true", mode=mode)
            self.assertEqual(result.returncode, EXIT_USAGE)
            self.assertIn("mode=http", result.stderr)


class Files(unittest.TestCase):
    def test_each_path_named_is_there(self):
        for page, text in PAGES.items():
            named = {page.parent / word for word in re.findall(r"\]\(([^)#:]+)", text)}
            named |= {ROOT / word for span in spans(text) + blocks("sh", text) for word in re.findall(
                r"(?:^|\s)(?:\./)?((?:examples|tests|watchdog|modes)/[\w./-]*)", span)}
            self.assertEqual([path for path in named if not path.exists()], [], page)

    def test_each_section_linked_is_there(self):
        for page, text in PAGES.items():
            for path, section in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
                titles = re.findall(r"(?m)^#+ (.*)$", PAGES[(page.parent / path).resolve() if path else page])
                there = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
                self.assertIn(section, there, page)

    def test_the_page_is_short_and_its_lines_are(self):
        self.assertLess(len(README.splitlines()), 250)
        for page, text in PAGES.items():
            long = [line for line in text.splitlines()
                    if len(line) > 120 and not line.lstrip().startswith("|")]
            self.assertEqual(long, [], page)
