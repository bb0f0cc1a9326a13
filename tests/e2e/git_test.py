"""git-http-backend as a CGI program, with the real git client."""

import os
import subprocess
import tempfile

from harness import SANITIZER, Case

WATCHDOG_MOST_KB = 8192


class Git(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fwatchdog-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        repositories = f"{self.folder}/repositories"
        self.git("init", "--quiet", "--bare", f"{repositories}/project.git")
        self.git("-C", f"{repositories}/project.git", "config", "http.receivepack", "true")
        self.dog = self.start(mode="cgi", fprocess="git http-backend", GIT_PROJECT_ROOT=repositories,
                              GIT_HTTP_EXPORT_ALL="1", exec_timeout="60s")
        self.url = f"http://127.0.0.1:{self.dog.port}/project.git"

    def git(self, *arguments):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
                       "GIT_TERMINAL_PROMPT": "0"}
        result = subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example", *arguments],
                                capture_output=True, text=True, timeout=120, env=environment)
        self.assertEqual(result.returncode, 0, f"git {arguments}: {result.stderr}")
        return result.stdout

    def commit(self, work, name, content):
        with open(f"{work}/{name}", "wb") as file:
            file.write(content)
        self.git("-C", work, "add", name)
        self.git("-C", work, "commit", "--quiet", "-m", name)

    def test_what_is_pushed_is_cloned(self):
        work, again = f"{self.folder}/work", f"{self.folder}/again"
        self.git("clone", "--quiet", self.url, work)
        large = os.urandom(8_000_000)  # sent chunked, as git does with more than a megabyte
        self.commit(work, "small", b"hello\n")
        self.git("-C", work, "push", "--quiet", "origin", "HEAD:main")
        self.commit(work, "large", large)
        self.git("-C", work, "push", "--quiet", "origin", "HEAD:main")
        self.assertRegex(self.dog.log(), r"POST /project.git/git-receive-pack - 200 OK")
        self.git("clone", "--quiet", "--branch", "main", self.url, again)
        with open(f"{again}/large", "rb") as file:
            self.assertEqual(file.read(), large)
        self.assertEqual(self.git("-C", again, "log", "--format=%s").split(), ["large", "small"])
        if not SANITIZER:
            self.assertLess(self.dog.rss_kb(), WATCHDOG_MOST_KB)

    def test_a_repository_that_is_not_there_is_404(self):
        response = self.dog.request(path="/other.git/info/refs?service=git-upload-pack")
        self.assertEqual(response.status, 404)
