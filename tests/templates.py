#!/usr/bin/env python3
"""Builds and runs every template for faas-cli with its language's own tools: Go, Ruby, Java and Composer
besides those of tests/e2e/templates_test.py, whose tests run too. Ends with "N passed, N failed".

There is no engine: tests/e2e/image.py follows the Dockerfiles. Packages of functions come from the npm registry
for Node, and from a folder of the function or a file in it for the others, whose registries a machine may not reach.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
sys.dont_write_bytecode = True

import templates_test  # noqa: E402
from harness import BINARY, FUNCTIONS, Case  # noqa: E402
from template_contract import TemplateCase, WarmContract  # noqa: E402


class GolangMiddleware(WarmContract, TemplateCase):
    template, default = "golang-middleware", "Go"

    def test_files_of_the_folder_static_are_there(self):
        self.assertEqual(self.served().request(path="/static").text, "a static file\n")

    def test_a_response_that_has_begun_breaks_off_when_the_handler_panics(self):
        dog = self.served()
        response = dog.request(path="/late")
        self.assertEqual((response.status, response.complete), (200, False))
        self.assertEqual(dog.request(path="/package").text, "Hello from a package")

    def test_tests_that_fail_fail_the_build(self):
        failing = 'package function\n\nimport "testing"\n\nfunc TestIt(t *testing.T) { t.Fatal("it is wrong") }\n'
        with self.assertRaisesRegex(AssertionError, "it is wrong"):
            self.build("golang-middleware", **{"function/wrong_test.go": failing})

    def test_what_does_not_compile_fails_the_build(self):
        with self.assertRaisesRegex(AssertionError, "undefined: nothing"):
            self.build("golang-middleware", **{"function/more.go": "package function\n\nvar more = nothing\n"})


class GolangHttp(WarmContract, TemplateCase):
    template, default = "golang-http", "Go"

    def test_an_error_is_logged_and_a_500_with_the_body(self):
        dog = self.served()
        response = dog.request(path="/error")
        self.assertEqual((response.status, response.text), (500, "the input was invalid"))
        dog.wait_log("an error of the handler")

    def test_the_request_has_a_context(self):
        self.assertEqual(self.served().request(path="/context").text, "<nil>")


class RubyHttp(WarmContract, TemplateCase):
    template, default = "ruby-http", "Ruby"

    def test_options_is_a_204_and_a_function_without_a_gemfile_works(self):
        handler = "class Handler\n  def run(body, headers) = ['x', {'Allow' => 'GET'}]\nend\n"
        dog = self.function("ruby-http", files={"function/Gemfile": None, "function/handler.rb": handler})
        response = dog.request("OPTIONS")
        self.assertEqual((response.status, response.header("Allow"), response.body), (204, "GET", b""))
        self.assertEqual(dog.request().text, "x")

    def test_header_names_may_be_symbols_as_the_official_sample_has_them(self):
        handler = 'class Handler\n  def run(body, headers) = ["{}", {"content-type": "application/json"}]\nend\n'
        response = self.function("ruby-http", files={"function/handler.rb": handler}).request()
        self.assertEqual([value for name, value in response.headers if name.lower() == "content-type"],
                         ["application/json"])

    def test_a_header_cannot_be_split(self):
        handler = 'class Handler\n  def run(body, headers) = ["x", {"x-a" => "1\\r\\nX-B: 2"}]\nend\n'
        response = self.function("ruby-http", files={"function/handler.rb": handler}).request()
        self.assertEqual((response.header("X-A"), response.header("X-B")), ("1X-B: 2", None))


class Java17(WarmContract, TemplateCase):
    template, default = "java17", "Java"

    def packages_of_the_function(self):
        with tempfile.TemporaryDirectory(prefix="fwatchdog-test-") as folder:
            source = Path(folder, "Greeting.java")
            source.write_text('package example; public class Greeting { public static String from(String what) '
                              '{ return "Hello from " + what; } }')
            subprocess.run(["javac", "-d", f"{folder}/classes", source], check=True)
            subprocess.run(["jar", "cf", f"{folder}/greeting.jar", "-C", f"{folder}/classes", "."], check=True)
            return {"function/lib/greeting.jar": Path(folder, "greeting.jar").read_bytes()}

    def test_resources_are_on_the_class_path(self):
        handler = (Path(FUNCTIONS) / "templates/java17/src/main/java/com/openfaas/function/Handler.java").read_text()
        handler = handler.replace("import example.Greeting;", "").replace("Greeting.from(\"a package\")", "resource()")
        handler = handler.rstrip()[:-1] + (
            '    private static String resource() { try (var in = Handler.class.getResourceAsStream("/notes.txt")) '
            '{ return new String(in.readAllBytes()); } catch (java.io.IOException e) { return "none"; } }\n}\n')
        dog = self.function("java17", files={
            "function/src/main/java/com/openfaas/function/Handler.java": handler,
            "function/src/main/resources/notes.txt": "of the resources"})
        self.assertEqual(dog.request(path="/package").text, "of the resources")


class Php8(TemplateCase):
    def test_it_greets_as_it_is_delivered(self):
        self.assert_greets("php8", "PHP")

    def test_the_function_s_packages_are_installed(self):
        dog = self.function("php8", FUNCTIONS / "templates/php8")
        self.assertEqual(dog.request("POST", body=b"a package").text, "Hello from a package")

    def test_an_exception_is_a_500_and_logged(self):
        dog = self.function("php8", FUNCTIONS / "templates/php8")
        self.assertEqual(dog.request("POST", body=b"throw").status, 500)
        dog.wait_log("stderr: .*thrown on purpose")

    def test_php_extension_sh_is_run_when_the_image_is_built(self):
        image = self.build("php8", **{"function/php-extension.sh": "echo it runs in $PWD"})
        self.assertIn("it runs in /home/app\n", image.output)


def cases(names):
    for module in (sys.modules[__name__], templates_test):
        for case in vars(module).values():
            if isinstance(case, type) and issubclass(case, unittest.TestCase) and case not in (Case, TemplateCase) \
                    and case.__module__ == module.__name__ and (not names or case.__name__ in names):
                yield unittest.defaultTestLoader.loadTestsFromTestCase(case)


def main():
    if not BINARY.exists():
        print(f"no {BINARY}: build it first (./examples/run.sh --build)\n0 passed, 1 failed")
        return 1
    result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(cases(sys.argv[1:])))
    problems = result.failures + result.errors + result.skipped
    bad = len({getattr(test, "test_case", test).id() for test, _ in problems})
    print(f"{result.testsRun - bad} passed, {bad} failed")
    return 1 if bad or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
