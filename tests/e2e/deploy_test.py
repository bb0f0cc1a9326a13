"""The engines that functions run on: templates and manifests, as far as they can be tried without one."""

import json
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from harness import BINARY, ROOT, Case, Client, free_port, head, run, until
from real_servers_test import NODE, install_node_modules

EXAMPLES = ROOT / "examples"
TEMPLATES = EXAMPLES / "openfaas/template"


def documents(path):
    """The YAML documents of a file; by Debian's own python3, which has a parser."""
    script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))"
    with open(path) as file:
        return json.loads(subprocess.run(["/usr/bin/python3", "-c", script], stdin=file, check=True,
                                         capture_output=True, text=True).stdout)


def environment(dockerfile):
    lines = re.findall(r"(?m)^ENV (.*)", dockerfile.read_text())
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line))


def served_series(case):
    """The names of the series on the metrics port."""
    port = free_port()
    case.start(fprocess="true", metrics_port=port).request()
    with Client(port) as client:
        return set(re.findall(r"(?m)^(\w+)[{ ]", client.request(path="/metrics").text))


def copy_as_dockerfile_says(context, image):
    """Follows COPY of files as docker does, from a context as `faas-cli build` makes it: folders of mode
    0700, files of 0600, and whoever builds owns them in the image unless --chown says otherwise."""
    for path in [context, *context.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    dockerfile = (context / "Dockerfile").read_text()
    (image / "app").mkdir()
    for owner, source, target in re.findall(
            r"(?m)^COPY (?:--chown=(\d+:\d+) )?(?!--from)(\S+) (\S+)$", dockerfile):
        target = image / "app" / Path(target).relative_to("/home/app") if target[0] == "/" else image / "app" / target
        there = set(image.rglob("*")) | {image}
        mode = target.stat().st_mode if target.exists() else 0o700
        shutil.copytree(context / source, target, dirs_exist_ok=True)
        target.chmod(mode)
        user, group = map(int, (owner or "0:0").split(":"))
        for path in {target, *target.rglob("*")} - there:
            os.chown(path, user, group)


class Templates(Case):
    """What `faas-cli new` and `faas-cli build` make of a template, run by the watchdog."""

    def function(self, name, handler=None, text="", **options):
        folder = Path(tempfile.mkdtemp(prefix="fwatchdog-test-"))
        self.addCleanup(shutil.rmtree, folder)
        folder.chmod(0o755)
        shutil.copytree(TEMPLATES / name, folder / "context")
        (folder / "context/function/below").mkdir()
        (folder / "context/function/below/notes.txt").write_text("of a folder below")
        if handler is not None:
            (folder / "context" / handler).write_text(text)
        copy_as_dockerfile_says(folder / "context", folder)
        port, fastcgi = free_port(), free_port()
        settings = {key: value.replace("/home/app", str(folder / "app")).replace("3000", str(port))
                    .replace("9000", str(fastcgi))
                    for key, value in environment(TEMPLATES / name / "Dockerfile").items()}
        shutil.copy(BINARY, folder / "fwatchdog")
        user = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")
        umask = ("sh", "-c", f'umask 077; shift; exec {folder}/fwatchdog "$@"', "sh")
        dog = self.start(wrapper=(*user, "env", "-C", str(folder / "app"), *umask), **settings, **options)
        until(lambda: dog.request(path="/_/health").status == 200, 20, "it to be ready")
        return dog

    def test_a_folder_below_is_readable_too(self):
        dog = self.function("bash", handler="function/handler.sh", text="cat function/below/notes.txt")
        self.assertEqual(dog.request().text, "of a folder below")
        for name in ("static", "php-fastcgi"):
            self.assertEqual(self.function(name).request(path="/below/notes.txt").text, "of a folder below")

    def assert_greets(self, name, default):
        dog = self.function(name)
        self.assertEqual(dog.request("POST", body=b"newcomer").text, "Hello, newcomer!\n")
        self.assertEqual(dog.request().text, f"Hello, {default}!\n")

    def test_bash(self):
        self.assert_greets("bash", "bash")

    def test_php8(self):
        self.assert_greets("php8", "PHP")
        page = ("<?php namespace App; class Handler { public function handle(string $data): string "
                "{ return '<!doctype html><p>Hello'; } }")
        response = self.function("php8", handler="function/Handler.php", text=page).request()
        self.assertEqual(response.header("Content-Type"), "text/html; charset=utf-8")

    def test_node(self):
        self.assert_greets("node", "node")

    def test_python(self):
        self.assert_greets("python", "Python")

    def test_php_fastcgi(self):
        self.assert_greets("php-fastcgi", "PHP")
        dog = self.function("php-fastcgi", script_name_prefix="/function/shop")
        response = dog.request(path="/old")
        self.assertEqual((response.status, response.header("Location")), (301, "/function/shop"))

    def test_static(self):
        self.assertIn("Hello, web!", self.function("static").request().text)

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
        dog = self.function("php-fastcgi", handler="function/index.php", text=script, TMPDIR="/tmp",
                            suppress_lock="true")
        body = (b'--b\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'
                + bytes(8_000_000) + b"\r\n--b--\r\n")
        response = dog.request("POST", headers={"Content-Type": "multipart/form-data; boundary=b"}, body=body)
        self.assertEqual(response.text, "0 8000000")

    def test_what_goes_wrong_in_php_is_a_500_and_logged(self):
        dog = self.function("php8", handler="function/Handler.php", text="<?php this is not PHP;")
        self.assertEqual(dog.request().status, 500)
        dog.wait_log("stderr: .*syntax error")

    def test_each_is_complete_and_has_a_function_in_the_stack(self):
        names = {path.name for path in TEMPLATES.iterdir()}
        self.assertEqual(names, {"bash", "node", "php-fastcgi", "php8", "python", "static"})
        for name in names:
            template = documents(TEMPLATES / name / "template.yml")[0]
            self.assertEqual(template["language"], name)
            self.assertIn("welcome_message", template)
            dockerfile = TEMPLATES / name / "Dockerfile"
            self.assertLessEqual(len(dockerfile.read_text().splitlines()), 8)
            self.assertIn("\nUSER 1000\n", dockerfile.read_text())
            self.assertEqual(environment(dockerfile).get("fprocess"), template.get("fprocess"))
        stack = documents(EXAMPLES / "openfaas/stack.yaml")[0]
        self.assertEqual({function["lang"] for function in stack["functions"].values()}, names)
        for function in stack["functions"].values():
            self.assertTrue((EXAMPLES / "openfaas" / function["handler"]).is_dir())
            self.settings_are_taken(function.get("environment", {}), mode="fastcgi", upstream_url="unix:/x",
                                    document_root="/")

    def settings_are_taken(self, settings, **more):
        result = run("--check-config", fprocess="true", **{**more, **settings})
        self.assertEqual(result.returncode, 0, result.stderr)


class Examples(Case):
    def dockerfiles(self):
        found = sorted(EXAMPLES.rglob("Dockerfile"))
        self.assertGreater(len(found), 15)
        return found

    def settings(self, dockerfile):
        settings = environment(dockerfile)
        for folder in {"document_root", "static_path"} & set(settings):
            settings[folder] = dockerfile.parent / settings[folder].removeprefix("/home/app/")
        result = run("--check-config", **settings)
        self.assertEqual((result.returncode, result.stderr), (0, ""), dockerfile)
        return dict(line.split("=", 1) for line in result.stdout.splitlines() if line[0] != "#")

    def seconds(self, duration):
        return sum(float(count) * {"h": 3600, "m": 60, "s": 1}[unit]
                   for count, unit in re.findall(r"([\d.]+)([hms])", duration))

    def test_each_is_configured_without_a_warning(self):
        for dockerfile in self.dockerfiles():
            self.settings(dockerfile)

    def test_where_a_request_may_take_long_its_body_may_too(self):
        longer = 0
        for dockerfile in self.dockerfiles():
            settings = self.settings(dockerfile)
            execution, reading = self.seconds(settings["exec_timeout"]), self.seconds(settings["read_timeout"])
            self.assertGreaterEqual(reading, execution, dockerfile)
            longer += execution > 30
        self.assertGreaterEqual(longer, 3)


class Manifests(Case):
    def validate(self, path):
        install_node_modules()
        objects = documents(path)
        result = subprocess.run(["node", "validate.js"], cwd=NODE, input=json.dumps(objects), text=True,
                                capture_output=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return {item["kind"]: item for item in objects}

    def container_of(self, manifest):
        return manifest["spec"]["template"]["spec"]["containers"][0]

    def try_container(self, container):
        """Runs a function with the container's settings and asks its probes."""
        settings = {item["name"]: item["value"] for item in container["env"]}
        dog = self.start(fprocess="cat", **settings)
        for probe in ("startupProbe", "readinessProbe"):
            if probe in container:
                self.assertEqual(dog.request(path=container[probe]["httpGet"]["path"]).status, 200)
        return settings

    def test_kubernetes(self):
        kinds = self.validate(EXAMPLES / "kubernetes/function.yaml")
        spec = kinds["Deployment"]["spec"]["template"]["spec"]
        settings = self.try_container(self.container_of(kinds["Deployment"]))
        self.assertGreater(spec["terminationGracePeriodSeconds"], int(settings["shutdown_timeout"].rstrip("s")))
        metric = kinds["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["metric"]["name"]
        self.assertIn(metric, served_series(self))

    def test_knative(self):
        kinds = self.validate(EXAMPLES / "knative/service.yaml")
        self.try_container(self.container_of(kinds["Service"]))

    def test_what_is_wrong_is_found(self):
        install_node_modules()
        wrong = documents(EXAMPLES / "kubernetes/function.yaml")
        del wrong[0]["spec"]["selector"]
        result = subprocess.run(["node", "validate.js"], cwd=NODE, input=json.dumps(wrong), text=True,
                                capture_output=True)
        self.assertNotEqual(result.returncode, 0)

    def test_systemd(self):
        folder = tempfile.mkdtemp(prefix="fwatchdog-test-")
        self.addCleanup(shutil.rmtree, folder)
        unit = Path(folder, "greet.service")
        unit.write_text((EXAMPLES / "systemd/greet.service").read_text().replace("/usr/bin/fwatchdog", "/bin/true"))
        result = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
        self.assertNotIn("greet.service", result.stderr)
        settings = dict(word.split("=", 1) for line in re.findall(r"(?m)^Environment=(.*)", unit.read_text())
                        for word in line.split())
        self.assertEqual(run("--check-config", "--", "true", **settings).returncode, 0)


class Compose(Case):
    folder = EXAMPLES / "compose"

    def test_the_services_are_what_compose_takes(self):
        result = subprocess.run(["docker-compose", "-f", self.folder / "compose.yaml", "config"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        services = documents(self.folder / "compose.yaml")[0]["services"]
        for service in services.values():
            for volume in service.get("volumes", []):
                self.assertTrue((self.folder / volume.split(":")[0]).exists(), volume)
        self.assertEqual(run("--check-config", fprocess="true", **services["function"]["environment"]).returncode, 0)
        self.assertEqual(services["function"]["healthcheck"]["test"][1:], ["fwatchdog", "--run-healthcheck"])

    def test_prometheus_takes_its_configuration(self):
        result = subprocess.run(["promtool", "check", "config", self.folder / "prometheus.yml"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_the_dashboard_asks_for_series_that_are_served(self):
        served = served_series(self)
        dashboard = json.loads((self.folder / "grafana/dashboard.json").read_text())
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        self.assertGreater(len(queries), 8)
        for query in queries:
            asked = set(re.findall(r"(?:http|fwatchdog|process)_\w+", query))
            self.assertTrue(asked)
            self.assertLessEqual(asked, served, query)
        self.assert_parses(queries)

    def assert_parses(self, queries):
        rules = {"groups": [{"name": "g", "rules": [
            {"record": f"r{i}", "expr": query} for i, query in enumerate(queries)]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump(rules, file)  # YAML, too
            file.flush()
            result = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class Packaging(Case):
    def test_licenses_name_what_is_linked_in(self):
        lines = [line.split() for line in run("--licenses").stdout.splitlines()]
        self.assertEqual([line[0] for line in lines], ["fwatchdog", "libuv", "llhttp", "fmt", "CLI11", "nlohmann-json", "zlib",
                                                       "xxHash", "libstdc++", "glibc"])
        for name, version, license in lines:
            self.assertRegex(version, r"^\d+\.\d+", name)
            self.assertTrue(license)

    def test_the_manual_has_each_option_and_no_mistake(self):
        page = run("--help", "--man").stdout
        options = re.findall(r"(?m)^  --([\w-]+) ", run("--help").stdout)
        for option in options:
            self.assertIn("\\-\\-" + option.replace("-", "\\-"), page)
        result = subprocess.run(["mandoc", "-Tlint", "-Werror"], input=page, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_bash_completes_options_modes_and_commands(self):
        script = run("--help", "--bash-completion").stdout
        for words, expected in (("--exec", "--exec-timeout"), ("--mode fast", "fastcgi"), ("--restart al", "always"),
                                ("-- prlim", "prlimit")):
            count = len(words.split())
            result = subprocess.run(["bash", "-c", f"{script}\nCOMP_WORDS=(fwatchdog {words}); COMP_CWORD={count}; "
                                     "_fwatchdog; echo ${COMPREPLY[@]}"], capture_output=True, text=True)
            self.assertEqual(set(result.stdout.split()), {expected}, result.stderr)

    def completed(self, typed, folder):
        """What bash makes of a line when TAB is pressed, at a terminal."""
        master, terminal = pty.openpty()
        with open(f"{folder}/rc", "w") as file:
            file.write(run("--help", "--bash-completion").stdout + "bind 'set bell-style none'\nPS1='ready> '\n")
        shell = subprocess.Popen(["bash", "--noprofile", "--rcfile", f"{folder}/rc", "-i"], stdin=terminal,
                                 stdout=terminal, stderr=terminal, cwd=folder, start_new_session=True,
                                 env={"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": folder})
        os.close(terminal)
        seen = b""

        def read_until(part):
            nonlocal seen
            deadline = time.monotonic() + 20
            while part not in seen:
                left = deadline - time.monotonic()
                self.assertTrue(left > 0 and select.select([master], [], [], left)[0], seen)
                seen += os.read(master, 4096)

        try:
            read_until(b"ready> ")
            seen = b""
            # What comes behind it shows that the completion is over.
            os.write(master, typed.encode() + b"\t#over")
            read_until(b"#over")
            return seen.decode().partition("#over")[0]
        finally:
            shell.kill()
            shell.wait()
            os.close(master)

    def test_at_a_terminal_values_after_an_equals_sign_and_names_with_spaces_are_completed(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/my site")
            Path(folder, "my page.html").touch()
            for typed, line in (("fwatchdog --mode=st", None), ("fwatchdog --mode=str", "fwatchdog --mode=streaming "),
                                ("fwatchdog --mode fastc", "fwatchdog --mode fastcgi "),
                                ("fwatchdog --prefix-logs=f", "fwatchdog --prefix-logs=false "),
                                ("fwatchdog --combined-output t", "fwatchdog --combined-output true "),
                                ("fwatchdog --stop-signal=Q", "fwatchdog --stop-signal=QUIT "),
                                ("fwatchdog --healthc", "fwatchdog --healthcheck-interval "),
                                ("fwatchdog --static-path my", r"fwatchdog --static-path my\ site/"),
                                ("fwatchdog --watch=my", r"fwatchdog --watch=my\ site/"),
                                ('fwatchdog --document-root "my', 'fwatchdog --document-root "my site"/'),
                                ("fwatchdog -- cat my\\ p", r"fwatchdog -- cat my\ page.html "),
                                ("fwatchdog -- prlim", "fwatchdog -- prlimit ")):
                with self.subTest(typed=typed):
                    shown = self.completed(typed, folder)
                    # "st" may be streaming or static: what both begin with.
                    self.assertEqual(shown, line or typed)

    def test_meson_installs_binary_manual_and_completion(self):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run(["meson", "install", "-C", ROOT / "build/release", "--destdir", folder],
                                    capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            installed = {path.name for path in Path(folder).rglob("*") if path.is_file()}
            self.assertLessEqual({"fwatchdog", "fwatchdog.1", "fwatchdog.bash", "LICENSE"}, installed)
