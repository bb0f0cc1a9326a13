"""What each template for faas-cli does with a function, whatever its language."""

import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

from harness import FUNCTIONS, ROOT, Case, InBackground, free_port, head, until
from image import Image

TEMPLATES = ROOT / "examples/openfaas/template"


def build_context(folder, template, function=None, **files):
    """What `faas-cli build` makes of a template and a handler's folder (that of the template unless given), with
    files of a test's own over it (None: without that file)."""
    context = Path(folder, "context")
    shutil.copytree(TEMPLATES / template, context)
    if function is not None:
        shutil.rmtree(context / "function")
        shutil.copytree(function, context / "function")
    for name, text in files.items():
        path = context / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if template == "dockerfile":  # its handler's folder is all of the context
        context = context / "function"
    return context


class TemplateCase(Case):
    def build(self, template, function=None, arguments=None, tools=None, **files):
        with tempfile.TemporaryDirectory(prefix="fwatchdog-test-") as folder:
            image = Image(build_context(folder, template, function, **files), arguments, tools)
        self.addCleanup(image.remove)
        return image

    def run_image(self, image, **options):
        """A watchdog with the image's own settings but for the ports; it is ready."""
        port = str(free_port())
        settings = {name: re.sub(r"(?<=127\.0\.0\.1:)\d+", port, value)
                    for name, value in image.stage.environment.items()}
        settings |= {"TMPDIR": image.stage.path("/tmp"), **options}
        dog = self.start(wrapper=image.wrapper(), binary=image.binary(), **settings)
        until(lambda: dog.request(path="/_/health").status == 200, 20, "it to be ready")
        return dog

    def function(self, template, function=None, files=None, **options):
        return self.run_image(self.build(template, function, **(files or {})), **options)

    def assert_greets(self, template, default):
        dog = self.function(template)
        self.assertEqual(dog.request("POST", body=b"newcomer").text, "Hello, newcomer!\n")
        self.assertEqual(dog.request().text, f"Hello, {default}!\n")
        return dog


class WarmContract:
    """A template whose server is kept warm; `template` is its name, and functions/templates/NAME its function: a
    request for /throw throws, /slow takes a second, /status/N has that status, /package is what the package
    `greeting` says, /pid the process; a POST is a 201 with the body that came, a GET describes itself."""

    template = ""
    packages = {}

    def setUp(self):
        cls = type(self)
        if "image" not in vars(cls):
            with tempfile.TemporaryDirectory(prefix="fwatchdog-test-") as folder:
                context = build_context(folder, self.template, FUNCTIONS / "templates" / self.template,
                                        **self.packages_of_the_function())
                cls.image = Image(context)
            cls.addClassCleanup(cls.image.remove)

    def packages_of_the_function(self):
        return {}

    def served(self, **options):
        return self.run_image(self.image, **options)

    def test_it_greets_as_it_is_delivered(self):
        self.assert_greets(self.template, self.default)

    def test_a_get_has_method_path_query_and_header(self):
        response = self.served().request(path="/info?name=a%20b&empty=", headers={"X-Test": "yes"})
        self.assertEqual((response.status, response.text), (200, "GET /info name=a b test=yes"))

    def test_status_header_and_body_are_the_handler_s(self):
        response = self.served().request("POST", "/", {"Content-Type": "application/octet-stream"}, b"posted")
        self.assertEqual((response.status, response.body), (201, b"posted"))
        self.assertEqual(response.header("X-Size"), "6")
        self.assertEqual(response.header("Content-Type"), "application/octet-stream")
        dog = self.served()
        for status in (204, 302, 404, 503):
            response = dog.request(path=f"/status/{status}")
            self.assertEqual((response.status, response.header("X-Status")), (status, str(status)))

    def test_bodies_come_back_as_they_were_of_any_size_and_framing(self):
        dog = self.served()
        fields = {"Content-Type": "application/octet-stream"}
        for size, chunked in ((0, False), (1, True), (256, False), (70_000, True), (5_000_000, False),
                              (5_000_000, True)):
            body = bytes(range(256)) if size == 256 else os.urandom(size)
            response = dog.request("POST", "/", fields, body, chunked=chunked)
            self.assertEqual((response.status, response.body == body), (201, True), f"{size} chunked={chunked}")

    def test_an_exception_is_a_500_and_logged_and_the_process_stays(self):
        dog = self.served()
        process = dog.request(path="/pid").text
        for _ in range(3):
            response = dog.request(path="/throw")
            self.assertEqual((response.status, response.text), (500, "The function failed.\n"))
        dog.wait_log("thrown on purpose")
        self.assertEqual(dog.request(path="/pid").text, process)

    def test_a_connection_serves_one_request_after_the_other(self):
        dog = self.served()
        with dog.client() as client:
            for path in ("/pid", "/throw", "/pid", "/status/204", "/pid"):
                self.assertIsNotNone(client.request(path=path))
        self.assertEqual(dog.request("HEAD", "/pid").body, b"")

    def test_the_function_s_packages_are_installed(self):
        self.assertEqual(self.served().request(path="/package").text, "Hello from a package")

    def test_a_request_under_way_is_finished_after_sigterm(self):
        dog = self.served(healthcheck_interval="0s")
        slow = InBackground(lambda: dog.request(path="/slow"))
        dog.wait_log("slow begins", 10)
        dog.signal(signal.SIGTERM)
        response = slow.result()
        self.assertEqual((response.status, response.text), (200, "done"))
        self.assertEqual(dog.wait_exit(), 0)

    def test_clients_that_leave_in_the_middle_of_a_body_harm_nobody(self):
        dog = self.served()
        process = dog.request(path="/pid").text
        for _ in range(5):
            with dog.client() as client:
                client.send(head("POST", body=b"x" * 1000) + b"half")
        self.assertEqual(dog.request(path="/pid").text, process)

    def test_its_health_check_sees_it(self):
        dog = self.served()
        self.assertEqual(self.image.check_health({**dog.environment, "port": str(dog.port)}), 0)
        self.assertNotEqual(self.image.check_health({**dog.environment, "port": str(free_port())}), 0)
