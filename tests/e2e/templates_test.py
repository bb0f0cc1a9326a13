"""The templates for faas-cli: what `faas-cli new` and `faas-cli build` make of each, run by the watchdog.

Those whose languages every run of the tests has; tests/templates.py has the others, and all of them together.
"""

import re
import shutil
import tempfile
import unittest
import zipfile
from io import BytesIO
from pathlib import Path

from deploy_test import EXAMPLES, documents, environment
from harness import head, run
from image import instructions
from template_contract import TEMPLATES, TemplateCase, WarmContract

NAMES = {"bash", "bash-streaming", "dockerfile", "golang-http", "golang-middleware", "java17", "node", "node22",
         "php-fastcgi", "php8", "python", "python3-http", "ruby-http", "static"}
OFFICIAL = {"bash-streaming", "dockerfile", "golang-http", "golang-middleware", "java17", "node22", "php8",
            "python3-http", "ruby-http"}
# What faas-cli reads of a template.yml.
SCHEMA = {"language": str, "fprocess": str, "build_options": list, "welcome_message": str, "handler_folder": str}


def dockerfile_of(name):
    folder = TEMPLATES / name
    return folder / "Dockerfile" if name != "dockerfile" else folder / "function/Dockerfile"


def wheel(module, text):
    """A package for pip, as a registry would have it."""
    info = f"{module}-1.0.dist-info"
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{module}.py", text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                                          "Tag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return data.getvalue()


class Layout(unittest.TestCase):
    def test_these_templates_are_there(self):
        self.assertEqual({path.name for path in TEMPLATES.iterdir()}, NAMES)

    def test_each_template_yml_is_as_faas_cli_reads_it(self):
        for name in NAMES:
            template, = documents(TEMPLATES / name / "template.yml")
            self.assertEqual(template["language"], name)
            self.assertTrue(template["welcome_message"].strip())
            for key, value in template.items():
                self.assertIsInstance(value, SCHEMA[key], f"{name}: {key}")
            for option in template.get("build_options", []):
                self.assertEqual(set(option), {"name", "packages"})
                self.assertTrue(all(isinstance(package, str) for package in option["packages"]), name)
            self.assertEqual(environment(dockerfile_of(name)).get("fprocess"),
                             "cat" if name == "dockerfile" else template.get("fprocess"))

    def test_build_options_have_a_build_argument_to_arrive_in(self):
        for name in NAMES:
            template, = documents(TEMPLATES / name / "template.yml")
            if "build_options" in template:
                self.assertIn("ARG ADDITIONAL_PACKAGE\n", dockerfile_of(name).read_text())

    def test_each_dockerfile_ends_with_a_user_a_health_check_and_the_watchdog(self):
        for name in NAMES:
            steps = instructions(dockerfile_of(name))
            last = {step: words for step, words in steps}
            program = "/fwatchdog" if name == "static" else "fwatchdog"
            self.assertEqual(last["USER"], "1000", name)
            self.assertEqual(last["ENTRYPOINT"], f'["{program}"]', name)
            self.assertEqual(last["HEALTHCHECK"], f'--interval=5s CMD ["{program}", "--run-healthcheck"]', name)
            self.assertEqual([step for step, _ in steps][-3:], ["HEALTHCHECK", "USER", "ENTRYPOINT"], name)

    def test_what_is_copied_into_the_last_stage_belongs_to_its_user(self):
        for name in NAMES:
            steps = instructions(dockerfile_of(name))
            stage = max(number for number, (step, _) in enumerate(steps) if step == "FROM")
            for step, words in steps[stage:]:
                if step == "COPY" and "--from=fwatchdog" not in words and "/etc/ssl/" not in words:
                    self.assertIn("--chown=1000:1000 ", words, name)

    def test_each_has_a_function_in_the_stack(self):
        stack, = documents(EXAMPLES / "openfaas/stack.yaml")
        self.assertEqual({function["lang"] for function in stack["functions"].values()}, NAMES)
        for function in stack["functions"].values():
            self.assertTrue((EXAMPLES / "openfaas" / function["handler"]).is_dir(), function)
            result = run("--check-config", **{"fprocess": "true", "mode": "fastcgi", "upstream_url": "unix:/x",
                                              "document_root": "/", **function.get("environment", {})})
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_table_of_contracts_has_each_official_template_and_says_of_ours_what_its_dockerfile_says(self):
        page = (EXAMPLES / "openfaas/TEMPLATES.md").read_text()
        ours = {}
        for line in page.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            found = re.fullmatch(r"`([\w-]+)`, ours", cells[0])
            if found:
                ours[found.group(1)] = cells
        self.assertEqual(set(ours), OFFICIAL)
        for name, cells in ours.items():
            settings = environment(dockerfile_of(name))
            said = dict(re.findall(r"`(\w+)=([^`]*)`", cells[3]))
            for key in ("mode", "upstream_url", "fprocess", "prefix_logs"):
                self.assertEqual(said.get(key), settings.get(key), f"{name}: {key}")


class Node22(WarmContract, TemplateCase):
    template, default = "node22", "node"

    def test_a_json_body_is_an_object_and_an_object_is_sent_as_json(self):
        dog = self.served()
        response = dog.request("POST", "/json", {"Content-Type": "application/json"}, b'{"a": [1, "2"]}')
        self.assertEqual((response.status, response.text), (202, '{"got":{"a":[1,"2"]}}'))
        self.assertEqual(response.header("Content-Type"), "application/json; charset=utf-8")
        form = dog.request("POST", "/json", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=1&b=2&b=3")
        self.assertEqual(form.text, '{"got":{"a":"1","b":["2","3"]}}')
        self.assertEqual(dog.request("POST", "/json", body=b"no type").text, '{"got":"no type"}')

    def test_a_body_that_is_no_json_is_the_client_s_fault(self):
        dog = self.served()
        broken = dog.request("POST", "/json", {"Content-Type": "application/json"}, b"{")
        self.assertEqual(broken.status, 400)
        self.assertIn("not JSON", broken.text)

    def test_raw_body_leaves_the_body_as_it_came(self):
        dog = self.served(RAW_BODY="true")
        response = dog.request("POST", "/", {"Content-Type": "application/json"}, b"{\xff")
        self.assertEqual((response.status, response.body), (201, b"{\xff"))

    def test_fail_is_a_500_or_the_status_that_was_set(self):
        dog = self.served()
        response = dog.request(path="/fail")
        self.assertEqual((response.status, response.text), (422, "Error: no good"))
        response = dog.request(path="/fail500")
        self.assertEqual((response.status, response.text), (500, "no good"))

    def test_a_value_returned_is_the_response(self):
        self.assertEqual(self.served().request(path="/returned").text, '{"a value":"alone"}')

    def test_a_handler_with_a_callback_answers_when_it_calls_it(self):
        for text, expected in (("callback(undefined, 'late')", (200, "late")), ("callback('wrong')", (500, "wrong"))):
            handler = f"module.exports = (event, context, callback) => {{ setTimeout(() => {text}, 50) }}"
            response = self.function("node22", files={"function/handler.js": handler}).request()
            self.assertEqual((response.status, response.text), expected)

    def test_tests_that_fail_fail_the_build(self):
        with self.assertRaisesRegex(AssertionError, "npm test"):
            self.build("node22", **{"function/package.json": '{"scripts": {"test": "exit 3"}}'})


class Python3Http(WarmContract, TemplateCase):
    template, default = "python3-http", "Python"

    def packages_of_the_function(self):
        text = "def greeting(what):\n    return f'Hello from {what}'\n"
        return {"function/greeting-1.0-py3-none-any.whl": wheel("greeting", text)}

    def test_a_dictionary_is_sent_as_json_and_what_is_missing_is_none(self):
        response = self.served(HOSTNAME="me").request(path="/json")
        self.assertEqual((response.status, response.text), (202, '{"host": "me", "missing": [null, null, false]}'))
        self.assertEqual(response.header("Content-Type"), "application/json")

    def test_a_string_a_tuple_or_nothing_may_be_returned(self):
        dog = self.served()
        for kind, expected in (("alone", (200, "a string")), ("pair", (201, "made")), ("nothing", (200, ""))):
            response = dog.request(path=f"/returned/{kind}")
            self.assertEqual((response.status, response.text), expected)


class Others(TemplateCase):
    def test_bash(self):
        self.assert_greets("bash", "bash")

    def test_node(self):
        self.assert_greets("node", "node")

    def test_python(self):
        self.assert_greets("python", "Python")

    def test_static(self):
        self.assertIn("Hello, web!", self.function("static").request().text)

    def test_dockerfile(self):
        self.assertEqual(self.function("dockerfile").request("POST", body=b"as it\0came").body, b"as it\0came")

    def test_bash_streaming(self):
        dog = self.assert_greets("bash-streaming", "bash")
        self.assertIsNone(dog.request().header("Content-Length"))

    def test_php_fastcgi(self):
        self.assert_greets("php-fastcgi", "PHP")
        dog = self.function("php-fastcgi", script_name_prefix="/function/shop")
        response = dog.request(path="/old")
        self.assertEqual((response.status, response.header("Location")), (301, "/function/shop"))

    def test_their_files_are_read_only_and_tmp_is_not(self):
        script = 'for path in function/x "$HOME/x" /usr/x; do touch $path 2>&1; done; touch "$TMPDIR/x" && echo written'
        dog = self.function("bash-streaming", files={"function/handler.sh": script}, HOME="/home/app")
        text = dog.request().text
        self.assertEqual(text.count("Read-only file system"), 3, text)
        self.assertIn("\nwritten\n", text)

    def test_a_script_that_fails_is_a_500(self):
        dog = self.function("bash-streaming", files={"function/handler.sh": "echo wrong >&2; exit 3"})
        self.assertEqual(dog.request().status, 500)
        dog.wait_log("stderr: wrong")

    def test_a_folder_below_is_readable_too(self):
        below = {"function/below/notes.txt": "of a folder below"}
        dog = self.function("bash", files={**below, "function/handler.sh": "cat function/below/notes.txt"})
        self.assertEqual(dog.request().text, "of a folder below")
        for name in ("static", "php-fastcgi"):
            dog = self.function(name, files=below)
            self.assertEqual(dog.request(path="/below/notes.txt").text, "of a folder below")

    def test_servers_survive_clients_that_leave_in_the_middle_of_a_body(self):
        for name in ("node", "python"):
            dog = self.function(name)
            for _ in range(5):
                with dog.client() as client:
                    client.send(head("POST", body=b"x" * 1000) + b"half")
            self.assertEqual(dog.request("POST", body=b"newcomer").text, "Hello, newcomer!\n")
            self.assertNotRegex(dog.log(), "Error|Hello, half")

    def test_servers_take_bodies_of_unknown_length(self):
        for name in ("node", "python", "php-fastcgi"):
            dog = self.function(name)
            with dog.client() as client:
                for _ in range(2):
                    self.assertEqual(client.request("POST", body=b"newcomer", chunked=True).text,
                                     "Hello, newcomer!\n")

    def test_a_photo_of_8_mb_is_taken(self):
        script = "<?php echo $_FILES['photo']['error'], ' ', filesize($_FILES['photo']['tmp_name']);"
        dog = self.function("php-fastcgi", files={"function/index.php": script})
        body = (b'--b\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'
                + bytes(8_000_000) + b"\r\n--b--\r\n")
        response = dog.request("POST", headers={"Content-Type": "multipart/form-data; boundary=b"}, body=body)
        self.assertEqual(response.text, "0 8000000")

    def test_packages_of_build_options_are_installed_when_the_image_is_built(self):
        for name in ("node22", "python3-http", "bash-streaming"):
            tools = Path(tempfile.mkdtemp(prefix="fwatchdog-test-"))
            self.addCleanup(shutil.rmtree, tools)
            (tools / "apt-get").write_text(f'#!/bin/sh\necho "$@" >>{tools}/asked\n')
            (tools / "apt-get").chmod(0o755)
            self.build(name, arguments={"ADDITIONAL_PACKAGE": "libpq5 make"}, tools=tools)
            self.assertEqual((tools / "asked").read_text().splitlines(),
                             ["update", "install -y --no-install-recommends libpq5 make"], name)


class Php8(TemplateCase):
    """Functions without composer.json, as they were before there was one; tests/templates.py has composer."""

    def php8(self, name="Handler.php", text=None):
        handler = text or (TEMPLATES / "php8/function/src/Handler.php").read_text()
        before = {"function/composer.json": None, "function/src/Handler.php": None}
        return self.function("php8", files={**before, f"function/{name}": handler})

    def test_a_handler_is_found_where_it_was(self):
        for name in ("Handler.php", "src/Handler.php"):
            dog = self.php8(name)
            self.assertEqual(dog.request("POST", body=b"newcomer").text, "Hello, newcomer!\n")
            self.assertEqual(dog.request().text, "Hello, PHP!\n")

    def test_a_page_has_the_type_of_its_first_bytes(self):
        page = ("<?php namespace App; class Handler { public function handle(string $data): string "
                "{ return '<!doctype html><p>Hello'; } }")
        self.assertEqual(self.php8(text=page).request().header("Content-Type"), "text/html; charset=utf-8")

    def test_what_goes_wrong_is_a_500_and_logged(self):
        dog = self.php8(text="<?php this is not PHP;")
        self.assertEqual(dog.request().status, 500)
        dog.wait_log("stderr: .*syntax error")
