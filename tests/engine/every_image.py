"""Every example and every template, in a container as an OpenFaaS provider makes it."""

import base64
import hmac
import os
import re
import subprocess
import tempfile
from pathlib import Path

import case
import containers
import images

JSON = {"Content-Type": "application/json"}
GREETING = {"method": "POST", "body": b"newcomer"}
# What is asked, and what the response holds.
REQUESTS = {
    "bash-env": ({"path": "/any/path?with=a"}, "/any/path"),
    "cgi-bash": ({}, "/docs -> https://"),
    "cgi-perl": ({"method": "POST", "body": b"to be or not to be"}, "6 words"),
    "node-http": ({"method": "POST", "body": b"hello"}, '"body":"hello"'),
    "php-app": ({}, "Hello from PHP"),
    "php-index": ({"method": "POST", "body": b"fwatchdog"}, "Hello, fwatchdog!"),
    "php-server": ({"method": "POST", "path": "/greet", "body": b"hello"}, "Hello, POST /greet\nhello"),
    "python-flask": ({"method": "POST", "path": "/sum", "headers": JSON, "body": b'{"numbers": [20, 22]}'},
                     '{"sum":42}'),
    "python-stdin": ({"method": "POST", "body": b'{"numbers": [20, 22]}'}, '{"sum": 42}'),
    "static-site": ({}, "<!doctype html>"),
    "template-bash": (GREETING, "Hello, newcomer!"),
    "template-bash-streaming": (GREETING, "Hello, newcomer!"),
    "template-dockerfile": (GREETING, "newcomer"),
    "template-golang-http": (GREETING, "Hello, newcomer!"),
    "template-golang-middleware": (GREETING, "Hello, newcomer!"),
    "template-java17": (GREETING, "Hello, newcomer!"),
    "template-node22": (GREETING, "Hello, newcomer!"),
    "template-python3-http": (GREETING, "Hello, newcomer!"),
    "template-ruby-http": (GREETING, "Hello, newcomer!"),
    "template-node": (GREETING, "Hello, newcomer!"),
    "template-php-fastcgi": (GREETING, "Hello, newcomer!"),
    "template-php8": (GREETING, "Hello, newcomer!"),
    "template-python": (GREETING, "Hello, newcomer!"),
    "template-static": ({}, "Hello, web!"),
}


def fprocess_of_template(name):
    """The command that faas-cli takes from template.yml and a provider sets as a variable."""
    text = (images.place.ROOT / "examples/openfaas" / name.replace("-", "/", 1) / "template.yml").read_text()
    found = re.search(r"(?m)^fprocess: (.*)", text)
    return {"fprocess": found[1]} if found else {}


class EveryImage(case.Case):
    """Each is run by user 1000, without a capability, with a read-only root and a limit of memory."""

    def start_hardened(self, name, **options):
        if name.startswith("template-"):
            options = {"user": None, **fprocess_of_template(name), **options}
        self.assertEqual(case.SAID[name], "", "it could not be built")
        container = self.start(name, **options)
        status = Path(f"/proc/{container.pid}/status").read_text()
        self.assertIn("Uid:\t1000\t1000\t1000\t1000", status)
        self.assertRegex(status, r"CapEff:\t0+\nCapBnd:\t0+\n")
        self.assertRegex(Path(f"/proc/{container.pid}/mountinfo").read_text(), r"(?m)^\S+ \S+ \S+ / / ro,")
        self.assertEqual(container.memory_limit(), containers.MEMORY)
        return container

    def answers(self, name):
        asked, expected = REQUESTS[name]
        container = self.start_hardened(name, **case.QUICK)
        for _ in range(3):
            response = container.request(**asked)
            self.assertEqual(response.status, 200, f"{response!r}\n{container.log()}")
            self.assertIn(expected, response.text)
        self.assertEqual(container.stop()[1], 0, container.log())
        self.assert_nothing_left(container)

    def test_websocket_answers(self):
        container = self.start_hardened("websocket")
        with container.client() as client:
            key = base64.b64encode(os.urandom(16)).decode()
            client.send(f"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
            self.assertEqual(client.head().status, 101)
            client.send(b"\x81\x85\0\0\0\0hello")  # a text of five bytes, masked with zeros
            self.assertEqual(client.read_until(b"hello"), b"\x81\x05hello")

    def test_git_server_is_cloned_from_and_pushed_to(self):
        with tempfile.TemporaryDirectory(prefix="fwatchdog-engine-") as folder:
            repositories, clone = Path(folder) / "repositories", Path(folder) / "clone"
            git = ("git", "-c", "safe.directory=*", "-c", "user.name=a", "-c", "user.email=a@example.org")

            def run(*words):
                subprocess.run([*git, *map(str, words)], check=True, capture_output=True)

            run("init", "--template=", "--bare", repositories / "project.git")
            run("-C", repositories / "project.git", "config", "http.receivepack", "true")
            for path in (Path(folder), *repositories.parent.rglob("*")):
                os.chown(path, 1000, 1000)
            # The folder of the image belongs to root and cannot be written to: a volume takes its place.
            volume = {"destination": "/repositories", "type": "bind", "source": str(repositories),
                      "options": ["rbind", "rw"]}
            container = self.start_hardened("git-server", mounts=[volume])
            url = f"http://{container.address}:8080/project.git"
            run("clone", url, clone)
            run("-C", clone, "commit", "--allow-empty", "-m", "first")
            run("-C", clone, "push", "origin", "HEAD:refs/heads/main")
            run("clone", "-b", "main", url, Path(folder) / "again")

    def test_there_is_a_test_for_each(self):
        self.assertEqual(set(images.dockerfiles()), {*REQUESTS, "websocket", "git-server"})


for each in REQUESTS:
    setattr(EveryImage, f"test_{each.replace('-', '_')}_answers", lambda self, name=each: self.answers(name))


class Surroundings(case.Case):
    """What a provider puts around a function reaches it."""

    def test_the_function_reads_its_secrets(self):
        container = self.bash(f"cat {containers.SECRETS}/api-key", secrets={"api-key": "s3cret"})
        self.assert_text(container.request(), "s3cret")

    def test_a_secret_of_the_provider_signs_requests(self):
        container = self.bash("echo let in", auth_hmac="github", secrets={"hook": "s3cret"},
                              auth_hmac_secret_file=f"{containers.SECRETS}/hook")
        self.assertEqual(container.request("POST", body=b"x").status, 401)
        signature = "sha256=" + hmac.new(b"s3cret", b"x", "sha256").hexdigest()
        response = container.request("POST", body=b"x", headers={"X-Hub-Signature-256": signature})
        self.assert_text(response, "let in\n")

    def test_the_function_has_the_variables_of_the_provider(self):
        container = self.bash('echo "$OPENFAAS_NAME $OPENFAAS_NAMESPACE"', name="greet")
        self.assert_text(container.request(), "greet openfaas-fn\n")

    def test_the_labels_of_the_provider_do_not_disturb_it(self):
        container = self.bash("echo fine", name="labelled")
        self.assertIn('"faas_function": "labelled"', containers.ctr("containers", "info", container.id).stdout)
        self.assert_text(container.request(), "fine\n")

    def test_the_function_has_the_hosts_and_the_name_server_of_the_provider(self):
        container = self.bash("cat /etc/hosts /etc/resolv.conf")
        text = container.request().text
        self.assertIn(f"{container.address}\t{container.id}\n", text)
        self.assertIn("nameserver 10.63.0.1\n", text)

    def test_the_hosts_of_the_provider_name_the_upstream(self):
        container = self.start("template-node", user=None, upstream_url="http://localhost:3000")
        self.assert_text(container.request("POST", body=b"a"), "Hello, a!\n")

    def test_only_tmp_can_be_written_to(self):
        container = self.bash("touch /tmp/a && echo tmp; touch /a /home/a /var/a 2>/dev/null || echo no more")
        self.assert_text(container.request(), "tmp\nno more\n")

    def test_the_lock_file_is_in_tmp(self):
        container = self.bash("ls /tmp/.lock")
        self.assert_text(container.request(), "/tmp/.lock\n")

    def test_metrics_are_read_by_the_address_of_the_container(self):
        container = self.bash("echo fine")
        container.request()
        with containers.Client(8081, address=container.address) as client:
            self.assertIn('http_requests_total{code="200"', client.request(path="/metrics").text)

    def test_the_client_is_not_taken_for_a_proxy_where_none_is_trusted(self):
        container = self.bash('echo "$Http_X_Forwarded_For"', trusted_proxies="none")
        response = container.request(headers={"X-Forwarded-For": "192.0.2.1"})
        self.assertEqual(response.text.strip(), "10.63.0.1")
