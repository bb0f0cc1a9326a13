"""A request's variables stay data in a function that starts warm, whatever its script did before it reads."""

import tempfile
from pathlib import Path

from harness import Case, until

EVIL = "a[$(echo ran >&2)]"  # bash evaluates it where it assigns it to an integer


class Trust(Case):
    def dog(self, text, *command, **options):
        folder = tempfile.TemporaryDirectory(prefix="fwatchdog-warm-")
        self.addCleanup(folder.cleanup)
        script = Path(folder.name) / "script"
        script.write_text(text)
        Path(folder.name).chmod(0o755)
        dog = self.start("--", *command, str(script), **options)
        if options.get("warm_start"):
            until(lambda: "Warm start:" in dog.log(), 20, "a kind of start")
        return dog

    def test_bash_evaluates_no_value_for_a_name_that_its_script_declared(self):
        for declaration in ("declare -i Http_A", "readonly Http_A", "declare -n Http_A=other", "Http_A=1", "local_=1"):
            with self.subTest(declaration=declaration):
                text = f'{declaration} 2>/dev/null; read -r line; printf "[%s]" "$Http_A"'
                cold = self.dog(text, "bash")
                warm = self.dog(text, "bash", warm_start="zygote")
                said = [dog.request("POST", headers={"A": EVIL}, body=b"line\n").text for dog in (cold, warm)]
                self.assertEqual(said[0], said[1])
                self.assertNotIn("stderr: ran", cold.log() + warm.log())

    def test_a_perl_that_distrusts_its_environment_is_not_forked(self):
        text = ('$ENV{PATH} = "/bin:/usr/bin"; delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};\n'
                'my $line = <STDIN>; system("echo $ENV{Http_A}");')
        for kind in ("zygote", "spare"):
            dog = self.dog(text, "perl", "-T", warm_start=kind)
            self.assertIn("unknown_interpreter", dog.log())
            self.assertEqual(dog.request("POST", headers={"A": "$(echo ran >&2)"}, body=b"line\n").status, 500)
            dog.wait_log("Insecure dependency")
            self.assertNotIn("stderr: ran", dog.log())

    def test_php_has_each_variable_of_the_request_and_none_of_ours(self):
        text = '<?php fgets(STDIN); ksort($_SERVER); echo json_encode([$_SERVER["Http_A"], getenv("Http_A"),' \
               ' preg_grep("/FWATCHDOG_[NW]/", array_keys($_SERVER + getenv()))]);'
        dog = self.dog(text, "php", warm_start="zygote", mode="streaming")
        self.assertEqual('["=a\'=","=a\'=",[]]', dog.request("POST", headers={"A": "=a'="}, body=b"x\n").text)

    def test_what_a_wrapper_redirects_stays_redirected(self):
        program = 'import sys; sys.stdout.write("out:" + sys.stdin.read()); sys.stderr.write("err\\n")'
        with tempfile.TemporaryDirectory(prefix="fwatchdog-warm-") as folder:
            (Path(folder) / "input").write_text("of the file")
            for where, response, logged in (("2>/dev/null", "out:body", False), ("2>&1", "err\nout:body", False),
                                            (f">{folder}/output", "", True), (f"<{folder}/input", "out:of the file", True),
                                            ("", "out:body", True)):
                with self.subTest(where=where):
                    dog = self.start("--", "sh", "-c", f"exec python3 -c '{program}' {where}", warm_start="zygote")
                    if "input" not in where:
                        dog.wait_log("Warm start: zygote", 20)
                    answered = [dog.request("POST", body=b"body").text for _ in range(2)]
                    self.assertEqual([response] * 2, answered)
                    if logged:
                        dog.wait_log("stderr: err")
                    else:
                        self.assertNotIn("stderr: err", dog.log())

    def test_a_request_cannot_open_the_memory_of_what_waits(self):
        text = ('import os, sys\n'
                'sys.stdin.read()\n'
                'def same(pid):\n'
                '    return open(f"/proc/{pid}/cmdline").read() == open("/proc/self/cmdline").read()\n'
                'for pid in filter(str.isdigit, os.listdir("/proc")):\n'
                '    try:\n'
                '        if int(pid) != os.getpid() and same(pid):\n'
                '            open(f"/proc/{pid}/mem", "rb+")\n'
                '            print("opened")\n'
                '    except OSError as error:\n'
                '        print(type(error).__name__)\n'
                'print(len(os.listdir("/proc/self/fd")) > 0)\n')
        user = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")
        for kind in ("zygote", "spare"):
            dog = self.dog(text, "python3", warm_start=kind, wrapper=user, workers="1", suppress_lock="true")
            response = dog.request("POST", body=b"x").text
            self.assertRegex(response, r"^((Permission|FileNotFound|ProcessLookup)Error\n)+True\n$")

    def test_a_request_s_trace_reaches_a_function_that_starts_warm(self):
        text = 'read -r line; printf "%s|%s" "$TRACEPARENT" "$TRACESTATE"'
        parent = f"00-{'a' * 32}-{'b' * 16}-01"
        fields = {"traceparent": parent, "tracestate": "a=b"}
        for kind in ("zygote", "spare"):
            for cgi_headers in ("true", "false"):
                with self.subTest(kind=kind, cgi_headers=cgi_headers):
                    dog = self.dog(text, "bash", warm_start=kind, cgi_headers=cgi_headers)
                    for sent, told in ((fields, f"{parent}|a=b"), ({}, "|"), (fields, f"{parent}|a=b")):
                        self.assertEqual(told, dog.request("POST", headers=sent, body=b"line\n").text)
