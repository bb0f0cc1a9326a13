"""secrets_env: each secret of the function becomes a variable of its environment, and of nobody else's."""

import os
import shutil
import tempfile
from pathlib import Path

from harness import Case, free_port, run, until

SHOW = 'env | grep "^SECRET_" | sort'


class Secrets(Case):
    def setUp(self):
        super().setUp()
        self.secrets = Path(tempfile.mkdtemp(prefix="fwatchdog-secrets-"))
        self.addCleanup(shutil.rmtree, self.secrets)

    def put(self, name, content=b"value\n"):
        (self.secrets / name).write_bytes(content)

    def options(self, **options):
        return {"secrets_env": "SECRET_", "secrets_folder": str(self.secrets), **options}

    def test_a_function_has_each_as_a_variable(self):
        self.put("token", b"t0p\n")
        self.put("two_lines", b"a\nb\n")
        self.put("empty", b"")
        for mode in ("streaming", "serializing", "classic"):
            for headers in ("true", "false"):
                with self.subTest(mode=mode, cgi_headers=headers):
                    dog = self.sh(SHOW, mode=mode, **self.options(cgi_headers=headers))
                    self.assertEqual("SECRET_empty=\nSECRET_token=t0p\nSECRET_two_lines=a\n", dog.request().text)

    def test_a_cgi_script_and_a_warm_server_have_them(self):
        self.put("token", b"t0p\n")
        dog = self.sh(f"printf 'Content-Type: text/plain\n\n'; {SHOW}", mode="cgi", **self.options())
        self.assertEqual("SECRET_token=t0p\n", dog.request().text)
        port = free_port()
        program = ("import http.server, os\n"
                   "class Handler(http.server.BaseHTTPRequestHandler):\n"
                   "    def do_GET(self):\n"
                   "        self.send_response(200); self.end_headers()\n"
                   "        self.wfile.write(os.environ['SECRET_token'].encode())\n"
                   f"http.server.HTTPServer(('127.0.0.1', {port}), Handler).serve_forever()\n")
        dog = self.start("--", "python3", "-c", program, mode="http",
                         upstream_url=f"http://127.0.0.1:{port}", **self.options())
        until(lambda: dog.request(path="/_/health").status == 200, 20, "the server to be ready")
        self.assertEqual("t0p", dog.request().text)

    def test_a_secret_replaces_a_variable_of_the_container(self):
        self.put("token", b"new")
        dog = self.sh(SHOW, **self.options(SECRET_token="old"))
        self.assertEqual("SECRET_token=new\n", dog.request().text)

    def test_kubernetes_links_are_followed_and_its_own_names_passed_over(self):
        (self.secrets / "..2026_11").mkdir()
        (self.secrets / "..2026_11/token").write_bytes(b"linked\n")
        (self.secrets / "..data").symlink_to("..2026_11")
        (self.secrets / "token").symlink_to("..data/token")
        self.assertEqual("SECRET_token=linked\n", self.sh(SHOW, **self.options()).request().text)

    def test_nobody_else_sees_them(self):
        self.put("token", b"hidden-value\n")
        dog = self.sh("echo done", **self.options())
        self.assertEqual("done\n", dog.request().text)
        self.assertNotIn(b"hidden-value", Path(f"/proc/{dog.pid}/environ").read_bytes())
        self.assertNotIn("hidden-value", dog.log())
        checked = run("--check-config", fprocess="true", **self.options())
        self.assertEqual(0, checked.returncode)
        self.assertIn("secrets_env=SECRET_\n", checked.stdout)
        self.assertNotIn("hidden-value", checked.stdout + checked.stderr)

    def test_without_the_option_there_are_none(self):
        self.put("token")
        dog = self.sh(f"{SHOW}; true", secrets_folder=str(self.secrets))
        self.assertEqual("", dog.request().text)
        self.assertIn("secrets_folder has no effect: secrets_env is not set", dog.log())

    def refused(self, said, **options):
        done = run(fprocess="true", **self.options(**options))
        self.assertEqual(64, done.returncode, done)
        self.assertRegex(done.stderr, rf"^fwatchdog: [^\n]*{said}[^\n]*\n$")

    def test_what_can_be_no_variable_stops_the_start_with_one_line(self):
        self.put("api-key", b"hidden")
        self.refused("api-key: SECRET_api-key is no name of a variable")
        (self.secrets / "api-key").unlink()
        (self.secrets / "folder").mkdir()
        self.refused("folder: not a file")
        (self.secrets / "folder").rmdir()
        self.put("large", b"x" * 10_000_000)
        self.refused("large: more than 1[0-9]+ bytes")
        self.put("large", b"a\0b")
        self.refused("large: a variable cannot hold its NUL byte")
        (self.secrets / "large").unlink()
        os.mkfifo(self.secrets / "pipe")
        self.refused("pipe: not a file")
        (self.secrets / "pipe").unlink()
        (self.secrets / "dangling").symlink_to("nowhere")
        self.refused("dangling: No such file")
        (self.secrets / "dangling").unlink()
        self.refused("secrets_folder=/nowhere: No such file", secrets_folder="/nowhere")
        self.refused("secrets_env=1: not a prefix of variables", secrets_env="1")

    def test_the_largest_variable_that_the_kernel_takes_reaches_the_function(self):
        value = b"x" * (128 * 1024 - len("SECRET_large=") - 1)
        for newline in (b"", b"\n"):
            self.put("large", value + newline)
            self.assertEqual(f"{len(value)}\n", self.sh("echo ${#SECRET_large}", **self.options()).request().text)
        self.put("large", value + b"x")
        self.refused("large: larger than a variable can be")

    def test_an_unreadable_secret_stops_the_start(self):
        self.put("token")
        os.chmod(self.secrets / "token", 0)
        os.chmod(self.secrets, 0o755)
        wrapper = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")
        done = run(fprocess="true", wrapper=wrapper, **self.options())
        self.assertEqual(64, done.returncode, done)
        self.assertIn("token: Permission denied", done.stderr)
