"""warm_start=auto: which kind of start it takes and why; what makes a template new; seeds; metrics; the log."""

import re
import subprocess
import time

from harness import EXIT_USAGE, Case, Hold, InBackground, head, run, until
from warm_support import COMMANDS, PATH, Request, WarmTests

THREAD = "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start(); "
STATIC_PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  char line[99] = "";
  if (!fgets(line, sizeof line, stdin)) return 1;
  const char* path = getenv("Http_Path");
  printf("%s%s", line, path ? path : "-");
}
"""
NODE = "let t = ''; process.stdin.on('data', d => t += d).on('end', () => console.log(t + VALUE))"
REASONS = {"threads", "static", "no_read", "unknown_interpreter", "differs", "template_gone", "template_slow",
           "no_memfd", "no_memory", "overloaded"}
LINE = r"^.{20}(Warning: )?Warm start: (.*)$"


class ChoiceTests(WarmTests):
    def chosen(self, *command, **options):
        """Starts it with auto; returns it and what its only line about warm starts says."""
        dog = self.warm(*command, kind="auto", **options)
        said = dog.wait_log(LINE, 30).group(2)
        return dog, said

    def assert_choice(self, pattern, *command, kind, **options):
        dog, said = self.chosen(*command, **options)
        self.assertRegex(said, pattern)
        request = Request(path="/one", body=b"x\n")
        if kind == "cold":
            before = [dog.starts(each) for each in ("zygote", "spare", "cold")]
            for _ in range(3):
                request.send(dog)
            after = [dog.starts(each) for each in ("zygote", "spare", "cold")]
            self.assertEqual(after, [before[0], before[1], before[2] + 3])
        else:
            dog.warmed_up(kind, request)
        self.assertEqual(len(re.findall("Warm start: ", dog.log())), 1, dog.log())
        return dog


class Choice(ChoiceTests, Case):
    def test_every_language_that_the_library_knows_becomes_a_zygote(self):
        for language in COMMANDS:
            program = language.split()[0]
            # In the C locale python3 adds a variable of its own, and where that stands differs.
            self.assert_choice(rf"^zygote .*{program}.*same", *COMMANDS[language], kind="zygote", LANG="C.UTF-8")

    def test_threads_in_the_template(self):
        program = THREAD + "print(input())"
        self.assert_choice("^spare, not zygote: .*2 threads", "python3", "-c", program, kind="spare")

    def test_a_static_binary(self):
        binary = self.static_program()
        dog = self.assert_choice("^off: .*no dynamic loader", binary, kind="cold")
        self.assertEqual(dog.request("POST", "/path", body=b"x").text, "x/path")

    def test_a_static_binary_that_gets_no_variables_can_be_a_spare(self):
        dog = self.assert_choice("^spare, not zygote: .*no dynamic loader", self.static_program(), kind="spare",
                                 cgi_headers="false")
        self.assertEqual(dog.request("POST", "/path", body=b"x").text, "x-")

    def static_program(self):
        source = self.script(STATIC_PROGRAM, "main.c")
        subprocess.run(["gcc", "-static", "-o", source.with_suffix(""), source], check=True)
        return source.with_suffix("")

    def test_a_script_that_ends_before_it_reads(self):
        for program in (("php", "-r", "echo 'unread';"), ("bash", "-c", "echo unread"),
                        ("perl", "-e", "print 'unread'")):
            dog = self.assert_choice("^off: .*(ends|ended|no_read)", *program, kind="cold")
            self.assertEqual(dog.request().text.strip(), "unread")

    def test_a_script_whose_response_differs(self):
        programs = (
            ("php", "-r", "$early = getenv('Http_Method'); fgets(STDIN); echo $early;"),
            ("python3", "-c", "import os; early = os.environ.get('Http_Path'); input(); print(early)"),
            ("bash", "-c", "early=$Http_Method; read -r x; echo $early"))
        for program in programs:
            dog = self.assert_choice("^off: .*another response", *program, kind="cold")
            self.assertIn(dog.request("POST", "/one", body=b"x\n").text.strip(), ("POST", "/one"))

    def test_a_script_that_never_responds_twice_alike_cannot_be_compared(self):
        for program in (("php", "-r", "fgets(STDIN); echo microtime(true), ' ', getmypid();"),
                        ("python3", "-c", "import random; input(); print(random.random())")):
            self.assert_choice("^off: .*always another.* set warm_start=zygote$", *program, kind="cold")

    def test_a_script_that_asks_for_the_method_before_it_reads(self):
        """It is equal for a made-up GET and wrong for every POST."""
        for program in (("php", "-r", "$post = getenv('Http_Method') == 'POST'; $in = fgets(STDIN); "
                         "echo $post ? \"posted $in\" : 'got';"),
                        ("bash", "-c", "[ \"$Http_Method\" = POST ] && post=yes; read -r x; echo ${post:-no} $x")):
            cold, warm = self.pair(*program, kind="auto")
            warm.wait_log(LINE, 15)
            for method in ("POST", "GET", "POST"):
                self.assert_same(cold, warm, Request(method=method, body=b"x\n"))

    def test_a_script_with_an_early_output(self):
        for program in (("php", "-r", "echo 'first '; echo fgets(STDIN), getenv('Http_Path');"),
                        ("bash", "-c", "echo first; read -r x; echo $x $Http_Path")):
            cold, warm = self.pair(*program, kind="auto")
            warm.wait_log(LINE, 15)
            for number in range(3):
                self.assert_same(cold, warm, Request(path=f"/{number}", body=b"x\n"))

    def test_a_command_that_is_not_there_or_fails_is_off(self):
        for program in (("no-such-command",), ("bash", "-c", "read -r x; exit 3"), ("php", "no-such-script.php")):
            dog, said = self.chosen(*program)
            self.assertEqual(dog.request().status, 500 if program[0] != "php" else dog.request().status)
            self.assertRegex(said, "^(off|zygote|spare)")

    def test_where_memory_files_are_refused(self):
        from warm_surroundings_test import SECCOMP
        dog, said = self.chosen(*COMMANDS["perl"], wrapper=SECCOMP)
        self.assertRegex(said, "^(off|spare, not zygote): .*(memfd)")
        self.assertIn(b"own Http_X_Tag=7\0", Request(headers=[("X-Tag", "7")]).send(dog).body)


class SlowChoice(ChoiceTests, Case):
    """Where auto has to wait."""

    def test_an_interpreter_that_the_library_does_not_know(self):
        # It waits for its input in another way than with a read. A line comes when the time for that is over.
        def with_variables():
            program = NODE.replace("VALUE", "process.env.Http_Path")
            dog = self.assert_choice("^off: ", "node", "-e", program, kind="cold")
            self.assertEqual(dog.request("POST", "/7", body=b"x").text, "x/7\n")

        def without_variables():
            program = NODE.replace("VALUE", "'!'")
            dog = self.assert_choice("^spare, not zygote: ", "node", "-e", program, kind="spare", cgi_headers="false")
            self.assertEqual(dog.request("POST", "/7", body=b"x").text, "x!\n")

        for work in [InBackground(with_variables), InBackground(without_variables)]:
            work.result(60)

    def test_a_script_that_never_ends_does_not_hold_up_the_start(self):
        dog = self.warm("perl", "-e", "sleep 600 if !<STDIN>; print 'ok'", kind="auto", exec_timeout="1s")
        self.assertEqual(dog.request("POST", body=b"x").text, "ok")
        dog.wait_log(LINE, 15)
        until(lambda: len(dog.processes()) <= 2, 15, "the made-up requests to be gone")


class Off(WarmTests, Case):
    def test_the_default_is_cold_and_says_nothing(self):
        dog = self.warm(*COMMANDS["perl"], kind=None)
        for _ in range(3):
            Request().send(dog)
        self.assertEqual((dog.starts("cold"), dog.starts("zygote"), dog.starts("spare")), (3, 0, 0))
        self.assertEqual(dog.waiting(), [])
        self.assertNotIn("Warm start", dog.log())

    def test_a_value_that_is_none_is_refused(self):
        for name, value in (("warm_start", "always"), ("warm_spares", "0"), ("warm_spares", "x"),
                            ("warm_max_age", "soon")):
            result = run(fprocess="true", **{"warm_start": "zygote", name: value})
            self.assertEqual(result.returncode, EXIT_USAGE, name)
            self.assertIn(f"{name}={value}", result.stderr)

    def test_in_a_mode_without_processes_it_has_no_effect_and_a_warning_says_so(self):
        for options in ({"mode": "static", "static_path": "/tmp"}, {"mode": "cgi", "fprocess": "true"},
                        {"mode": "http", "fprocess": "true", "upstream_url": "http://127.0.0.1:9"}):
            result = run("--check-config", warm_start="zygote", **options)
            self.assertRegex(result.stdout + result.stderr, "warm_start.* no effect")

    def test_watch_needs_a_warm_start_in_these_modes(self):
        folder = self.script("").parent
        for kind, code in (("off", EXIT_USAGE), ("zygote", 0)):
            result = run("--check-config", fprocess="cat", warm_start=kind, watch=folder)
            if kind == "zygote":
                self.assertEqual((result.returncode, "no effect" in result.stderr), (0, False), result.stderr)


class Freshness(WarmTests, Case):
    def test_a_changed_script_is_served_where_it_is_watched(self):
        for kind in ("zygote", "spare"):
            script = self.script("my $x = <STDIN>; print 'one';")
            dog = self.warm("perl", script, kind=kind, watch=script.parent).warmed_up(kind)
            self.assertEqual(dog.request().text, "one")
            for text in ("two", "three"):
                script.write_text(f"my $x = <STDIN>; print '{text}';")
                until(lambda: dog.request().text == text, 5, f"the answer {text}")
                dog.warmed_up(kind)
                self.assertEqual(dog.request().text, text)
            self.assertEqual([dog.request().text for _ in range(5)], ["three"] * 5)

    def test_a_change_under_way_fails_no_request(self):
        script = self.script("my $x = <STDIN>; print 'one';")
        dog = self.warm("perl", script, watch=script.parent).warmed_up()
        other = script.with_name("other")
        for number in range(20):
            other.write_text(f"my $x = <STDIN>; print 'text {number}';")
            other.rename(script)
            for _ in range(5):
                response = dog.request()
                self.assertEqual(response.status, 200)
                self.assertRegex(response.text, r"^(one|text \d+)$")
        until(lambda: dog.request().text == "text 19", 5, "the last text")

    def test_a_broken_script_is_an_error_and_a_mended_one_is_warm_again(self):
        script = self.script("my $x = <STDIN>; print 'one';")
        dog = self.warm("perl", script, watch=script.parent).warmed_up()
        script.write_text("this is not perl at all;")
        until(lambda: dog.request().status == 500, 5, "the error")
        script.write_text("my $x = <STDIN>; print 'mended';")
        until(lambda: dog.request().text == "mended", 5, "the mended answer")
        dog.warmed_up()

    def test_a_template_is_replaced_when_it_is_old(self):
        script = self.script("my $born = $$; my $x = <STDIN>; print $born;")
        dog = self.warm("perl", script, warm_max_age="500ms").warmed_up()
        first = dog.request().text
        until(lambda: dog.request().text != first and dog.template() != int(first), 5, "another template")
        dog.warmed_up()
        self.assert_nothing_left(dog)

    def test_without_a_change_and_an_age_a_template_stays(self):
        script = self.script("my $born = $$; my $x = <STDIN>; print $born;")
        dog = self.warm("perl", script).warmed_up()
        self.assertEqual({dog.request().text for _ in range(20)}, {str(dog.template())})

    def test_a_spare_is_used_once(self):
        dog = self.warm("perl", self.script("my $x = <STDIN>; print $$;"), kind="spare", warm_spares="3")
        until(lambda: len(dog.waiting()) == 3, 5, "three spares")
        oldest = min(dog.waiting())
        dog.warmed_up("spare")
        answers = [dog.request().text for _ in range(20)]
        self.assertEqual(len(set(answers)), 20)
        until(lambda: len(dog.waiting()) == 3, 5, "three spares again")
        self.assertNotIn(oldest, dog.waiting())

    def test_a_spare_is_started_behind_the_request_that_took_one_not_beside_it(self):
        script = self.script('echo "begin $$ $EPOCHREALTIME" >>times; read -r x; sleep 0.01; '
                             'echo "end $$ $EPOCHREALTIME" >>times; echo $$', "index.sh")
        dog = self.warm("bash", script, kind="spare", warm_spares="1").warmed_up("spare")

        def times(what):
            lines = [line.split() for line in (dog.folder / "times").read_text().splitlines()]
            return {pid: float(moment) for said, pid, moment in lines if said == what}

        checked = 0
        while checked < 20:
            asked = time.time()
            pid = dog.request("POST", body=b"x\n").text.strip()
            if times("begin")[pid] > asked:  # no spare was ready
                continue
            checked += 1
            following = until(lambda: [moment for moment in times("begin").values() if moment > asked], 5, "a spare")
            took_long = following[0] > asked + 0.05
            self.assertTrue(times("end")[pid] <= following[0] or took_long, (asked, following, times("end")[pid]))

    def test_a_request_that_takes_long_is_not_waited_for_with_the_next_spare(self):
        script = self.script("read -r x; until [ -e release ]; do sleep 0.01; done", "index.sh")
        dog = self.warm("bash", script, kind="spare", warm_spares="1")

        def one_more_has_a_spare():
            spare, cold = dog.starts("spare"), dog.starts("cold")
            self.client(dog).send(head())
            until(lambda: dog.starts("spare") + dog.starts("cold") > spare + cold, 5, "its start")
            return dog.starts("spare") > spare

        for _ in range(3):
            until(one_more_has_a_spare, 5, "a spare while the requests before still run")
        Hold(dog.folder).release()


class Seeds(WarmTests, Case):
    def assert_all_different(self, *command, count=8):
        """A program prints what is random, separated by blanks: no request has a word of another's."""
        dog = self.warm(*command).warmed_up()
        columns = zip(*(dog.request("POST", body=b"x\n").text.split() for _ in range(count)))
        for number, column in enumerate(columns):
            self.assertEqual(len(set(column)), count, f"{number}: {column}")

    def test_php(self):
        sources = ("mt_rand()", "rand()", "random_int(0, PHP_INT_MAX)", "uniqid('', true)",
                   "str_shuffle('abcdefghijklm')", "bin2hex(openssl_random_pseudo_bytes(8))")
        separator = ", ' ', "
        # The seed of lcg_value cannot be renewed, but it is not there before the first call.
        self.assert_all_different("php", "-r", "mt_rand(); rand(); openssl_random_pseudo_bytes(8); fgets(STDIN); "
                                  f"echo {separator.join(sources)}, ' ', lcg_value();")

    def test_python(self):
        self.assert_all_different(
            "python3", "-c", "import os, random, secrets, ssl, tempfile, uuid; random.random(); ssl.RAND_bytes(8); "
            "tempfile.mktemp(); input(); print(random.random(), uuid.uuid4(), os.urandom(8).hex(), "
            "secrets.token_hex(), ssl.RAND_bytes(8).hex(), tempfile.mktemp())")

    def test_perl(self):
        # As with lcg_value of php.
        self.assert_all_different("perl", "-e", "my $x = <STDIN>; print rand;")

    def test_bash(self):
        self.assert_all_different("bash", "-c", ": $RANDOM; read -r x; echo $RANDOM$RANDOM $SRANDOM $$ $BASHPID")

    def test_a_seed_that_the_script_chose_itself_stays(self):
        programs = (("python3", "-c", "import random; random.seed(7); input(); print(random.random())"),
                    ("perl", "-e", "srand(7); my $x = <STDIN>; print rand;"),
                    ("php", "-r", "mt_srand(7); fgets(STDIN); echo mt_rand();"),
                    ("bash", "-c", "RANDOM=7; read -r x; echo $RANDOM"))
        for program in programs:
            cold, warm = self.pair(*program, kind="auto")
            warm.wait_log(LINE, 15)
            for _ in range(3):
                self.assert_same(cold, warm, Request(body=b"x\n"))


class Metrics(WarmTests, Case):
    def text(self, dog):
        from harness import Client
        with Client(dog.metrics_port) as client:
            return client.request(path="/metrics").text

    def test_starts_are_counted_by_kind(self):
        kinds = ("zygote", "spare", "cold")
        for kind in ("zygote", "spare", "off"):
            name = "cold" if kind == "off" else kind
            dog = self.warm(*COMMANDS["perl"], kind=kind).warmed_up(name)
            before = {each: dog.starts(each) for each in kinds}
            sent = 0
            while dog.starts(name) < before[name] + 5:
                Request().send(dog)
                sent += 1
                self.assertLess(sent, 100)
            counted = {each: dog.starts(each) - before[each] for each in kinds}
            self.assertEqual(sum(counted.values()), sent, kind)
            # Spares may not be ready again when the next request comes; a template always is.
            self.assertEqual(counted, {**dict.fromkeys(kinds, 0), name: 5, "cold": sent - 5 if name != "cold" else 5})

    def test_reasons_come_from_a_closed_set(self):
        dog = self.warm("bash", "-c", "echo unread")
        for _ in range(5):
            dog.request()
        reasons = set(re.findall(r'fwatchdog_warm_fallbacks_total\{reason="([^"]*)"\}', self.text(dog)))
        self.assertLessEqual(reasons, REASONS)
        self.assertIn("no_read", reasons)
        self.assertGreater(dog.fallbacks("no_read"), 0)

    def test_each_reason_is_counted_and_stands_in_the_log_line_of_the_request(self):
        program = self.script(STATIC_PROGRAM, "main.c")
        subprocess.run(["gcc", "-static", "-o", program.with_suffix(""), program], check=True)
        cases = (("static", [program.with_suffix("")]), ("unknown_interpreter", ["cat"]),
                 ("threads", ["python3", "-c", THREAD + "input(); print(1)"]),
                 ("differs", ["bash", "-c", "echo early; read -r x"]), ("no_read", ["bash", "-c", "exit 0"]))
        for reason, command in cases:
            dog = self.warm(*command)
            dog.wait_log(LINE, 15)
            self.assertEqual(dog.request("POST", body=b"x\n").status, 200)
            dog.wait_log(rf"POST / - 200 OK .* - cold start: {reason}$")
            self.assertGreater(dog.fallbacks(reason), 0)

    def test_more_requests_than_spares_start_cold(self):
        script = self.script("my $x = <STDIN>; select(undef, undef, undef, 0.3); print 'ok';")
        dog = self.warm("perl", script, kind="spare", warm_spares=1).warmed_up("spare")
        answers = [InBackground(dog.request) for _ in range(6)]
        self.assertEqual([each.result().text for each in answers], ["ok"] * 6)
        self.assertGreater(dog.fallbacks("overloaded"), 0)
        dog.wait_log("GET / - 200 OK .* - cold start: overloaded$")

    def test_promtool_finds_nothing_to_say(self):
        dog = self.warm(*COMMANDS["perl"]).warmed_up()
        result = subprocess.run(["promtool", "check", "metrics"], input=self.text(dog), text=True, capture_output=True,
                                timeout=60)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_a_zygote_that_cannot_be_says_why_in_one_line(self):
        cases = ((("bash", "-c", "echo unread"), "ends|ended|no_read"),
                 (("python3", "-c", THREAD + "input(); print(1)"), "threads"))
        for command, reason in cases:
            dog = self.warm(*command)
            self.assertRegex(dog.wait_log(LINE, 15).group(2), reason)
            for _ in range(5):
                self.assertEqual(dog.request("POST", body=b"x\n").status, 200)
            self.assertEqual(len(re.findall("Warm start: ", dog.log())), 1)

    def test_the_path_of_the_tests_has_the_system_s_interpreters(self):
        for name in ("php", "python3", "perl", "bash", "node"):
            found = subprocess.run(["sh", "-c", f"command -v {name}"], env={"PATH": PATH}, capture_output=True,
                                   text=True)
            self.assertRegex(found.stdout, rf"^/(usr/)?(local/)?bin/{name}$")
