"""Each example, started and called as its user would."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from harness import ROOT, free_port, until


class Examples(unittest.TestCase):
    def environment(self, port):
        return {"port": str(port)}

    def try_out(self, name, folder=ROOT, says=""):
        """Runs ./examples/run.sh NAME and, in `folder`, the command that it prints; returns its output, once the log
        has what it `says`."""
        port = free_port()
        process = subprocess.Popen([ROOT / "examples/run.sh", name], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                                   env={**os.environ, **self.environment(port), "metrics_port": "0"},
                                   cwd="/", start_new_session=True)
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")),
                                  daemon=True)
        reader.start()
        try:
            def command():
                if process.poll() is not None:
                    raise AssertionError("it ended: " + "".join(lines))
                return next((found.group() for line in list(lines)
                             if (found := re.search(r"^  ((curl|node|git) .*)", line))), None)

            tried = until(command, 120, "the command to try").strip()
            self.assertIn(str(port), tried)
            result = subprocess.run(["sh", "-c", tried.replace("curl", "curl -sS --fail", 1)],
                                    capture_output=True, text=True, timeout=30, cwd=folder)
            self.assertEqual(result.returncode, 0, result.stderr + "".join(lines))
            until(lambda: says in "".join(list(lines)), 20, f"{says!r} in the log")
            return result.stdout
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            reader.join(2)
            process.stdout.close()

    def test_php_index(self):
        output = self.try_out("php-index", says="Warm start: zygote (php")
        self.assertIn("/greet", output)
        self.assertIn("fwatchdog", output)

    def test_bash_env(self):
        output = self.try_out("bash-env")
        self.assertIn("Http_Method=", output)
        self.assertRegex(output, "(?i)hello")

    def test_python_stdin(self):
        self.assertIn("42", self.try_out("python-stdin", says="Warm start: zygote (python3"))

    def test_php_server(self):
        output = self.try_out("php-server")
        self.assertIn("POST /greet", output)
        self.assertIn("hello", output)

    def test_python_flask(self):
        self.assertIn("42", self.try_out("python-flask"))

    def test_node_http(self):
        self.assertIn('"body":"hello","answered":1', self.try_out("node-http"))

    def test_websocket(self):
        self.assertEqual(self.try_out("websocket"), "hello\n")

    def test_static_site(self):
        self.assertIn("mode=static", self.try_out("static-site"))

    def test_php_app(self):
        self.assertEqual(self.try_out("php-app"), "number,square\n1,1\n2,4\n3,9\n4,16\n")

    def test_cgi_bash(self):
        output = self.try_out("cgi-bash")
        self.assertIn(" 302 Found", output)
        self.assertIn("Location: https://example.com/documentation", output)

    def test_cgi_perl(self):
        output = self.try_out("cgi-perl")
        self.assertIn("Set-Cookie: best=6", output)
        self.assertIn("6 words, the best are 6.", output)

    def test_git_server(self):
        with tempfile.TemporaryDirectory(prefix="fwatchdog-test-") as folder:
            self.try_out("git-server", folder)
            self.assertTrue(os.path.isdir(f"{folder}/project/.git"))


class OnKnative(Examples):
    """The same, where the platform chooses the port."""

    def environment(self, port):
        return {"PORT": str(port), "K_SERVICE": "example"}


class Script(unittest.TestCase):
    def test_an_unknown_example_is_named_and_the_others_listed(self):
        result = subprocess.run([ROOT / "examples/run.sh", "nonsense"], capture_output=True, text=True,
                                timeout=60)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("nonsense", result.stderr)
        self.assertIn("php-index", result.stderr)

    def test_a_second_build_is_quick_and_quiet(self):
        result = subprocess.run([ROOT / "examples/run.sh", "--build"], capture_output=True, text=True,
                                timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertLessEqual(len(result.stdout.splitlines()), 2, result.stdout)

    def with_programs(self, script, **programs):
        """Runs a script that has sourced packages.sh, with these shell programs for those of a machine."""
        with tempfile.TemporaryDirectory(prefix="fwatchdog-test-") as folder:
            for name, text in {"grep": 'exec /usr/bin/grep "$@"', **programs}.items():
                path = os.path.join(folder, name)
                with open(path, "w") as file:
                    file.write("#!/bin/sh\n" + text + "\n")
                os.chmod(path, 0o755)
            for name in ("mkdir", "rm", "tail", "mktemp", "cat"):
                os.symlink(shutil.which(name), os.path.join(folder, name))
            return subprocess.run(["/bin/sh", "-c", f". {ROOT}/examples/packages.sh; {script}"], cwd=folder,
                                  env={"PATH": folder}, capture_output=True, text=True, timeout=60)

    def test_who_may_not_install_gets_the_line_for_an_administrator(self):
        debian = {"id": "echo 1000", "dpkg-query": '[ "$4" = alpha ] && echo installed',
                  "apt-cache": "echo Package: libllhttp-dev"}
        line = "\n  apt-get update && apt-get install --no-install-recommends beta gamma libllhttp-dev\n"
        result = self.with_programs("install_missing alpha beta gamma", **debian)
        self.assertEqual(result.returncode, 1)
        self.assertIn(line, result.stderr)
        result = self.with_programs("install_missing alpha beta gamma", **debian,
                                    sudo='echo "user is not in the sudoers file"; exit 1')
        self.assertEqual(result.returncode, 1)
        self.assertIn("not in the sudoers file", result.stderr)
        self.assertIn(line, result.stderr)
        self.assertEqual(self.with_programs("install_missing alpha", **{
            **debian, "dpkg-query": "echo installed"}).stderr, "")

    def test_a_build_shows_how_far_it_is_and_where_its_log_is(self):
        meson = ("[ $1 = setup ] && mkdir -p $2 && : >$2/build.ninja && exit; "
                 "for i in 1 2 30 31 60 61 80; do echo \"[$i/80] Compiling [x/y]\"; done; echo '[1/a] no step'; ")
        result = self.with_programs("build x && build x && cat build/x.log", meson=meson)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        lines = result.stdout.splitlines()
        self.assertRegex(lines[0], r"build/x: .* minutes; .* build/x\.log$")
        self.assertEqual(lines[1:7], ["30 of 80", "60 of 80", "80 of 80"] * 2)
        self.assertEqual(lines[7:9], ["[1/80] Compiling [x/y]", "[2/80] Compiling [x/y]"])
        result = self.with_programs("build x; echo came to $?", meson=meson + "exit 3")
        self.assertIn("came to 1", result.stdout)
        self.assertIn("no step", result.stderr)
        self.assertIn("build/x.log", result.stderr)

    def test_each_dockerfile_has_at_most_seven_lines(self):
        for path in (ROOT / "examples").glob("*/Dockerfile"):
            name, lines = path.parent.name, path.read_text().splitlines()
            self.assertLessEqual(len(lines), 7, name)
