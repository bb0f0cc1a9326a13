"""The engines that functions run on: settings and manifests, as far as they can be tried without one."""

import json
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import ROOT, Case, Client, free_port, run
from real_servers_test import NODE, install_node_modules

EXAMPLES = ROOT / "examples"


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
                                                       "xxHash", "BearSSL", "libstdc++", "glibc"])
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

    def test_meson_installs_binary_manual_and_completion(self):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run(["meson", "install", "--no-rebuild", "-C", ROOT / "build/release", "--destdir", folder],
                                    capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            installed = {path.name for path in Path(folder).rglob("*") if path.is_file()}
            self.assertLessEqual({"fwatchdog", "fwatchdog.1", "fwatchdog.bash", "_fwatchdog", "fwatchdog.fish", "LICENSE"}, installed)
