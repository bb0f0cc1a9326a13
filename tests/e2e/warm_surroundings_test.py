"""Where and how functions run: users, limits, mounts, ways to start an interpreter and to read the input."""

import os
import re
import subprocess
import sys

from harness import FUNCTIONS, SANITIZER, Case, InBackground, Stopwatch, until
from warm_support import COMMANDS, Request, WarmTests, process_names

SECCOMP = (sys.executable, str(FUNCTIONS / "warm/without_memfd.py"))
READ_ONLY = ("unshare", "--mount", "sh", "-c", 'mount --bind "$TMPDIR" "$TMPDIR" && mount -o remount,bind,ro / && '
             "mount -t tmpfs -o ro none /dev/shm && mount -t tmpfs -o ro none /var/tmp && "
             'mount -t tmpfs -o ro none /run && exec "$@"', "sh")
NOBODY = ("setpriv", "--reuid=64124", "--regid=64124", "--clear-groups")


class Surroundings(WarmTests, Case):
    def assert_probe_works(self, dog, kind="zygote"):
        dog.warmed_up(kind)
        response = Request("report child", headers=[("X-Tag", "'tag'")], body=b"body").send(dog)
        self.assertIn(b"\0own Http_X_Tag='tag'\0", response.body)
        self.assertIn(b"\0Http_X_Tag='tag'\0", response.body)
        self.assertIn(b"fact length=4\0", response.body)

    def test_a_read_only_root_is_no_obstacle(self):
        dog = self.warm(*COMMANDS["perl"], wrapper=READ_ONLY)
        self.assert_probe_works(dog)
        self.assertNotEqual(dog.request(path="/", headers=[("X-Do", "report")]).status, 500)

    def test_a_user_without_rights_is_no_obstacle(self):
        folder = self.script("", "empty").parent
        folder.chmod(0o777)
        script = 'cp "$1" "$TMPDIR/fwatchdog" && chmod 755 "$TMPDIR/fwatchdog" && shift && cd / && '
        wrapper = ("sh", "-c", f'{script} exec {" ".join(NOBODY)} "$TMPDIR/fwatchdog" "$@"', "sh")
        dog = self.warm(*self.readable(COMMANDS["perl"]), wrapper=wrapper, TMPDIR=str(folder))
        self.assert_probe_works(dog)
        self.assertNotIn(os.getuid(), [os.stat(f"/proc/{pid}").st_uid for pid in dog.waiting()])

    def readable(self, command):
        """The same command with a script that every user may read."""
        *words, script = command[:2]
        return [*words, self.script(script.read_text(), script.name)]

    def test_where_memfd_create_is_refused_starts_are_cold_and_the_log_says_so(self):
        dog = self.warm(*COMMANDS["perl"], wrapper=SECCOMP)
        dog.wait_log(r"Warm start: .*no_memfd|Warm start: .*memfd_create")
        for number in range(3):
            response = Request("report", headers=[("X-Tag", str(number))], body=b"x" * 100_000).send(dog)
            self.assertIn(b"own Http_X_Tag=%d\0" % number, response.body)
        self.assertEqual((dog.starts("cold"), dog.starts("zygote")), (3, 0))
        self.assertGreater(dog.fallbacks("no_memfd"), 0)

    def test_the_names_of_variables_may_be_long(self):
        for language in ("bash", "perl", "python3", "php -n"):
            cold, dog = self.pair(*COMMANDS[language])
            dog.warmed_up()
            for length in (200, 250, 251, 300, 4000):
                self.assert_same(cold, dog, Request(headers=[("X" * length, "long"), ("X-Tag", "7")]))

    def test_a_limit_of_processes_fails_warm_where_it_fails_cold_and_not_for_longer(self):
        # The limit counts the user's processes, so it is a user of this test's own.
        folder = self.script("", "empty").parent
        folder.chmod(0o777)
        copy = 'cp "$1" "$TMPDIR/fwatchdog" && chmod 755 "$TMPDIR/fwatchdog" && shift && cd / && '
        become = f"setpriv --reuid={50_000 + os.getpid() % 10_000} --regid=64124 --clear-groups prlimit --nproc=12:12"
        wrapper = ("sh", "-c", f'{copy} exec {become} "$TMPDIR/fwatchdog" "$@"', "sh")
        script = self.script("my $x = <STDIN>; select(undef, undef, undef, 0.3); print 'ok';")
        dog = self.warm("perl", script, wrapper=wrapper, TMPDIR=str(folder), workers="1").warmed_up()
        answers = [InBackground(dog.request) for _ in range(30)]
        statuses = {each.result().status for each in answers}
        self.assertIn(200, statuses)
        self.assertLessEqual(statuses, {200, 500, 503})
        self.assertGreater(dog.fallbacks("no_memory"), 0)
        self.assertEqual(dog.request().text, "ok")
        dog.warmed_up()

    def test_a_limit_of_memory_is_each_fork_s_own(self):
        script = self.script("my $x = <STDIN>; my $y = 'x' x ($ENV{Http_Path} eq '/much' ? 6e8 : 6); print 'ok';")
        cold, dog = self.pair("prlimit", "--as=500000000", "perl", script)
        dog.warmed_up()
        for path in ("/much", "/little", "/much", "/little"):
            self.assert_same(cold, dog, Request(path=path))
        dog.warmed_up()
        self.assertEqual(dog.restarts(), 0)

    def test_a_script_that_leaves_no_descriptors_for_requests_is_started_cold(self):
        script = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5)); print(input())"
        dog = self.warm("python3", "-c", script)
        dog.wait_log(r"Warm start: off: the files of a request cannot be opened in it: Too many open files \(differs\)")
        self.assertEqual(dog.request("POST", body=b"x\n").text, "x\n")

    def test_a_command_that_is_not_there_yet_is_told_of_once_and_waits_for_requests_later(self):
        program = self.script("", "empty").parent / "late"
        dog = self.warm(program)
        told = "Warning: warm start: cannot run .*late.*: no such file; trying again$"
        dog.wait_log(told)
        self.assertEqual(dog.request().status, 500)
        program.write_text("#!/bin/bash\nread -r line\necho $line\n", encoding="ascii")
        program.chmod(0o755)
        self.assertEqual(dog.warmed_up(request=Request(body=b"x\n")).request("POST", body=b"x\n").text, "x\n")
        self.assertEqual(len(re.findall(told, dog.log(), re.MULTILINE)), 1, dog.log())

    def test_a_fork_of_a_template_has_the_watchdog_s_limits(self):
        cold, dog = self.pair(*COMMANDS["python3"], wrapper=("prlimit", "--nofile=100:2000", "--cpu=77:99", "--core=0"))
        dog.warmed_up()
        self.assert_same(cold, dog, Request())


class LikeCold(WarmTests):
    kind = "zygote"

    def assert_like_cold(self, *command, requests=(), **options):
        """Compares answers, with a template and before there is one; returns the warm watchdog."""
        cold, warm = self.pair(*command, kind=self.kind, **options)
        for request in requests or [Request(path=f"/{number}", body=b"line\n" * number) for number in range(4)]:
            self.assert_same(cold, warm, request)
        return warm


class Programs(LikeCold, Case):
    """How an interpreter is started, and what a script did before it read its input."""

    def test_chains_of_programs_end_in_a_template(self):
        probe = str(COMMANDS["perl"][1])
        for command in (["env", "X=1", "perl", probe], ["sh", "-c", f"exec perl {probe}"],
                        ["bash", "-c", f"exec env X=2 perl {probe}"], ["nice", "-n", "1", "perl", probe],
                        ["env", "-S", "perl -w", probe], ["stdbuf", "-oL", "perl", probe]):
            cold, warm = self.pair(*command)
            warm.warmed_up()
            self.assert_same(cold, warm, Request("report child", headers=[("X-Tag", "7")], body=b"x" * 99_999))

    def test_a_script_with_a_first_line_is_a_template(self):
        script = self.script("#!/usr/bin/env perl\nmy $x = <STDIN>; print $ENV{Http_Path}, $x;")
        script.chmod(0o755)
        self.assertEqual(self.warm(script).warmed_up().request("POST", "/7", body=b"x").text, "/7x")

    def test_a_program_between_that_does_not_exec_is_answered_all_the_same(self):
        # The reader of the input is no leader of a session there.
        probe = str(COMMANDS["perl"][1])
        for command in (["sh", "-c", f"perl {probe}; exit $?"], ["timeout", "20", "perl", probe]):
            self.assert_like_cold(*command, requests=[Request("exit 3"), Request("part"), Request("say 2")])

    def test_an_env_that_takes_everything_away_is_like_cold(self):
        probe = str(COMMANDS["perl"][1])
        for clean in (["-i"], ["-u", "TMPDIR"]):
            cold, warm = self.pair("env", *clean, "perl", probe, kind=self.kind)
            warm.wait_log("Warm start: off: .*that the library is not in")
            self.assert_same(cold, warm, Request(headers=[("X-Tag", "7")]))

    def test_what_is_printed_before_the_input_is_read_is_part_of_every_response(self):
        programs = (("php", "-r", "echo 'first '; echo fgets(STDIN), getenv('Http_Path');"),
                    ("perl", "-e", "print 'first '; print <STDIN>, $ENV{Http_Path};"),
                    ("perl", "-e", "$| = 1; print 'first '; print <STDIN>, $ENV{Http_Path};"),
                    ("python3", "-c", "import os; print('first', flush=True); print(input(), os.environ['Http_Path'])"),
                    ("python3", "-c", "import os; print('first'); print(input(), os.environ['Http_Path'])"),
                    ("bash", "-c", "echo first; read -r x; echo $x $Http_Path"))
        for program in programs:
            self.assert_like_cold(*program)

    def test_what_is_logged_before_the_input_is_read_is_logged_for_every_request(self):
        program = "echo early >&2; read -r x; echo $x $Http_Path"
        warm = self.warm("bash", "-c", program)
        for number in range(5):
            warm.request(path=f"/{number}")
        until(lambda: warm.log().count("stderr: early") >= 5, 5, "a line for each request")

    def test_children_before_the_first_read_are_as_they_would_be(self):
        programs = (("perl", "-e", "my $x = `env -0; ls /proc/self/fd`; my $y = <STDIN>; print $x, $y;"),
                    ("python3", "-c", "import subprocess; "
                     "x = subprocess.check_output(['sh', '-c', 'env; ls /proc/self/fd']); input(); "
                     "print(sorted(l for l in x.splitlines() if not l.startswith((b'Http_', b'_=')) "
                     "and not any(own in l for own in (b'warm_', b'FWATCHDOG', b'TMPDIR', b'port'))))"))
        warm = self.warm(*programs[0]).warmed_up(request=Request("report", body=b"x"))
        text = warm.request("POST", body=b"x").text
        self.assertNotIn("LD_PRELOAD", text)
        self.assertNotIn("memfd", text)
        self.assertEqual(text.split("\0")[-1].split(), ["0", "1", "2", "3", "x"])
        self.assert_like_cold(*programs[1], requests=[Request(body=b"x\n")] * 2)

    def test_a_child_that_runs_at_the_first_read_can_be_waited_for(self):
        programs = (("bash", "-c", "(sleep 0.2; echo child) & read -r x; wait; echo $x $Http_Path $?"),
                    ("python3", "-c", "import os, subprocess; "
                     "child = subprocess.Popen(['sh', '-c', 'sleep 0.2; exit 3']); x = input(); "
                     "print(x, os.environ['Http_Path'], child.wait())"))
        for program in programs:
            self.assert_like_cold(*program, requests=[Request(path=f"/{n}", body=b"x\n") for n in range(3)])

    def test_each_request_reads_a_file_that_was_opened_before_from_the_same_position(self):
        data = self.script("first\nsecond\nthird\n", "data.txt")
        programs = (("python3", "-c", f"f = open('{data}', buffering=1); f.readline(); input(); print(f.read())"),
                    ("perl", self.script("<DATA>; my $x = <STDIN>; print $_ while <DATA>;\n__DATA__\n1\n2\n3\n")),
                    ("php", "-r", f"$f = fopen('{data}', 'r'); fgets(STDIN); echo stream_get_contents($f);"),
                    ("bash", "-c", f"exec 5<{data}; read -r a <&5; read -r x; read -r b <&5; echo $a $x $b"))
        for program in programs:
            self.assert_like_cold(*program, requests=[Request(body=b"x\n")] * 3)

    def test_a_timer_that_was_set_before_the_first_read_fires(self):
        programs = (("python3", "-c", "import os, signal; signal.alarm(1); input(); signal.pause()"),
                    ("perl", "-e", "alarm 1; my $x = <STDIN>; sleep 5; print 'late'"),
                    ("php", "-r", "set_time_limit(1); fgets(STDIN); while (true);"))
        for program in programs:
            self.assert_like_cold(*program, requests=[Request(body=b"x\n")])

    def test_what_a_script_does_to_its_process_before_it_reads_is_as_ever(self):
        programs = (
            ("bash", "-c", "exec 3>&1 4<&0; read -r x; echo three >&3; read -r y <&4; echo $x $y"),
            ("bash", "-c", "exec 2>&1; read -r x; echo error >&2; echo $x"),
            ("bash", "-c", "exec 0<&-; read -r x 2>&-; echo $?"),
            ("bash", "-c", "cd /; umask 027; ulimit -S -n 99; set -- a b; "
             "read -r x; echo $PWD $(umask) $(ulimit -n) $#"),
            ("perl", "-MPOSIX", "-e", "POSIX::close($_) for 3..255; my $x = <STDIN>; print $ENV{Http_Path}, $x"),
            ("perl", "-e", "my $pid = fork() // die; exit 3 if !$pid; select(undef, undef, undef, 0.05); "
             "my $x = <STDIN>; waitpid($pid, 0); print $? >> 8, $x"),
            ("python3", "-c", "import os; os.setuid(65534); os.nice(3); input(); print(os.getuid(), os.nice(0))"),
            ("python3", "-c", "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, [s.SIGUSR1]); "
             "s.signal(s.SIGHUP, s.SIG_IGN); input(); "
             "print(s.pthread_sigmask(s.SIG_BLOCK, []), s.getsignal(s.SIGHUP))"),
            ("python3", "-c", "import atexit; atexit.register(lambda: print('at the end')); input()"))
        for program in programs:
            self.assert_like_cold(*program, requests=[Request(body=b"1\n2\n")] * 2)

    def test_a_variable_that_was_declared_before_the_first_read_is_no_way_to_run_code(self):
        # Bash evaluates what is assigned to an integer, and follows a reference.
        code = "a[$(touch injected)]"
        for declaration in ("declare -i Http_X_Value", "declare -n Http_X_Value=PATH", "declare -u Http_X_Value",
                            "declare -a Http_X_Value", "readonly Http_X_Value=7", "declare -A Http_X_Value",
                            "Http_X_Value() { echo called; }"):
            warm = self.assert_like_cold("bash", "-c", f"{declaration} 2>&-; read -r x; echo \"$Http_X_Value $PATH\"",
                                         requests=[Request(headers=[("X-Value", code)], body=b"x\n")] * 3)
            self.assertFalse((warm.process_folder() / "injected").exists(), declaration)

    def test_perl_s_taint_mode_protects_from_variables_as_ever(self):
        program = "my $x = <STDIN>; eval { open(my $file, '>', \"/nowhere/$ENV{Http_X_Value}\") }; print $@;"
        warm = self.assert_like_cold("perl", "-T", "-e", program,
                                     requests=[Request(headers=[("X-Value", "name")], body=b"x\n")] * 3)
        self.assertIn("Insecure dependency", warm.request("POST", headers={"X-Value": "name"}, body=b"x\n").text)

    def test_a_handler_that_was_set_before_the_first_read_is_kept(self):
        warm = self.warm("bash", "-c", "trap 'touch cleaned' EXIT; read -r x; echo $x").warmed_up()
        self.assertEqual(warm.request("POST", body=b"x").text, "x\n")
        self.assertTrue((warm.folder / "cleaned").exists())

    def test_a_preloaded_library_of_the_container_stays(self):
        library = subprocess.run(["gcc", "-print-file-name=libm.so.6"], capture_output=True, text=True,
                                 check=True).stdout.strip()
        given = [(["env", f"LD_PRELOAD={library}"], {})]
        if SANITIZER != "asan":  # which itself wants to be the first
            given.append(([], {"LD_PRELOAD": library}))
        for words, variables in given:
            cold, warm = self.pair(*words, *COMMANDS["perl"], **variables)
            warm.warmed_up()
            self.assert_same(cold, warm, Request("report child"))
            self.assertIn("libm", open(f"/proc/{warm.template()}/maps", encoding="utf-8").read())


class Reading(LikeCold, Case):
    """The ways to read the input."""

    def test_every_way_of_reading_the_input_is_like_cold(self):
        ways = {
            "php": ("stream_get_contents(STDIN)", "file_get_contents('php://stdin')", "fgets(STDIN)",
                    "file_get_contents('/dev/stdin')", "implode(file('php://stdin'))", "fread(STDIN, 3)"),
            "python3": ("sys.stdin.read()", "sys.stdin.buffer.read()", "input()", "os.read(0, 9)", "open(0).read()",
                        "open('/dev/stdin').read()", "''.join(sys.stdin)", "sys.stdin.readline()",
                        "os.readv(0, [bytearray(9)])", "subprocess.check_output('cat')",
                        "select.select([0], [], [], 5)[0] and sys.stdin.read()", "os.fdopen(os.dup(0)).read()"),
            "perl": ("join('', <STDIN>)", "<>", "do { read(STDIN, my $x, 3); $x }", "do { local $/; <STDIN> }", "`cat`",
                     "do { open(my $f, '<', '/dev/stdin'); <$f> }", "do { open(my $f, '<&', 0); <$f> }", "getc()"),
            "bash": ("$(cat)", "$(</dev/stdin)", "$(head -c 3)", "$(read -r x; echo \"$x\")",
                     "$(mapfile -t x; echo \"${x[@]}\")", "$(while read -r x; do echo \"<$x>\"; done)")}
        programs = {"php": "echo {way}, getenv('Http_Path');", "perl": "my $in = {way}; print $in, $ENV{{Http_Path}};",
                    "python3": "import os, sys, select, subprocess; print({way}, os.environ['Http_Path'])",
                    "bash": "in={way}; echo \"$in $Http_Path\""}
        flags = {"php": "-r", "perl": "-e", "python3": "-c", "bash": "-c"}
        for language, expressions in ways.items():
            for way in expressions:
                program = programs[language].format(way=way)
                self.assert_like_cold(language, flags[language], program,
                                      requests=[Request(path="/1", body=b"abc\ndef\n"), Request(path="/2", body=b"x")])

    def test_bash_reads_lines_with_its_own_commands(self):
        for read in ("read -r in", "mapfile in", "IFS= read -r -d '' -n 2 in", "while read -r line; do in+=$line; done",
                     "read -r -t 5 in", "select in in a b; do break; done", "exec 3<&0; read -r in <&3"):
            self.assert_like_cold("bash", "-c", f'{read}; echo "$in $Http_Path"',
                                  requests=[Request(path="/1", body=b"1\ndef\n"), Request(path="/2", body=b"2\n")])

    def test_a_file_on_descriptor_0_is_not_the_input(self):
        for program in ("read -r x <index.txt; read -r in; echo $x $in $Http_Path",
                        "exec <index.txt; read -r in; echo $in $Http_Path",
                        "while read -r x; do read -r y; done <index.txt; read -r in; echo $x $y $in $Http_Path"):
            program = program.replace("index.txt", str(self.script("of the file\nsecond\n", "index.txt")))
            self.assert_like_cold("bash", "-c", program, requests=[Request(path="/1", body=b"of the request\n")] * 3)


class Sockets(WarmTests, Case):
    def test_neither_a_fork_nor_its_children_have_the_control_socket(self):
        script = "my $x = <STDIN>; $| = 1; print \"$$\\n\"; system('sleep 600');"
        dog = self.warm("perl", "-e", script, exec_timeout="2s")
        dog.warmed_up(request=Request("report", headers=[("X-Timeout", "10ms")]))
        template = dog.template()
        client = self.client(dog)
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        next(client.pieces(client.head()))
        until(lambda: "sleep" in process_names(dog.processes()), 5, "the child")
        for pid in set(dog.processes()) - {template}:
            links = {os.readlink(f"/proc/{pid}/fd/{fd}").partition(":")[0] for fd in os.listdir(f"/proc/{pid}/fd")}
            self.assertEqual(links, {"pipe", "/dev/null"}, process_names([pid]))

    def test_a_command_that_is_run_before_the_first_read_has_not_got_it(self):
        dog = self.warm("perl", "-e", "system('sleep 600 &'); my $x = <STDIN>; print $x;", leaves=True)
        watch = Stopwatch()
        self.assertEqual(dog.request("POST", body=b"x").text, "x")
        self.assert_within(watch.seconds, 0, 5)
        sleeping = [pid for pid in dog.processes() if "sleep" in process_names([pid])]
        self.assertTrue(sleeping)
        for pid in sleeping:
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            self.assertEqual([link for link in links if link.startswith(("socket:", "/memfd:"))], [])
