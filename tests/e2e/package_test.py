"""The Debian package, made of the binary under test: what is in it, and that it comes and goes without a trace."""

import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from harness import BINARY, COMMAND, ROOT, Case, demand_rights_of, run

BUILD = ROOT / "examples/deb/build.sh"
MACHINE = {b"\x3e\x00": "amd64", b"\xb7\x00": "arm64"}[BINARY.read_bytes()[18:20]]
FILES = {
    "etc/fwatchdog/", "usr/bin/fwatchdog", "usr/lib/systemd/system/fwatchdog@.service",
    "usr/share/bash-completion/completions/fwatchdog", "usr/share/fish/vendor_completions.d/fwatchdog.fish",
    "usr/share/zsh/vendor-completions/_fwatchdog", "usr/share/doc/fwatchdog/changelog.gz",
    "usr/share/doc/fwatchdog/copyright", "usr/share/doc/fwatchdog/examples/greet.env",
    "usr/share/lintian/overrides/fwatchdog", "usr/share/man/man1/fwatchdog.1.gz",
}
# How copyright calls the licenses that --licenses calls by their names at SPDX.
LICENSES = {"MIT": "Expat", "BSD-3-Clause": "BSD-3-clause", "BSD-2-Clause": "BSD-2-clause", "Zlib": "Zlib",
            "GPL-3.0-or-later-WITH-GCC-exception-3.1": "GPL-3+ with GCC exception",
            "LGPL-2.1-or-later": "LGPL-2.1+"}


def made(folder, machine=MACHINE, **environment):
    """The package, made in a folder."""
    done = subprocess.run([BUILD, machine, folder], env={**os.environ, "BINARY": str(BINARY), **environment},
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    package, = Path(folder).glob("*.deb")
    return package


class Package(Case):
    @classmethod
    def setUpClass(cls):
        cls.base = Path(tempfile.mkdtemp(prefix="fwatchdog-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.base)
        cls.package = made(cls.base / "made")
        cls.tree = cls.base / "tree"
        subprocess.run(["dpkg-deb", "-R", cls.package, cls.tree], check=True)

    def field(self, name):
        done = subprocess.run(["dpkg-deb", "-f", self.package, name], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def test_it_holds_these_files_which_are_root_s(self):
        listed = subprocess.run(["dpkg-deb", "-c", self.package], capture_output=True, text=True, check=True).stdout
        names = set()
        for line in listed.splitlines():
            mode, owner, *_, name = line.split()
            names.add(name[2:])
            self.assertEqual(owner, "root/root", line)
            self.assertEqual(mode, "drwxr-xr-x" if name.endswith("/") else
                             "-rwxr-xr-x" if name == "./usr/bin/fwatchdog" else "-rw-r--r--", line)
        self.assertEqual({name for name in names if name and not name.endswith("/")} | {"etc/fwatchdog/"}, FILES)

    def test_its_fields_say_what_it_is(self):
        self.assertEqual((self.field("Package"), self.field("Architecture")), ("fwatchdog", MACHINE))
        self.assertEqual(self.field("Depends"), "")
        number = run("--version").stdout.split()[1].split("-")[0]
        self.assertTrue(self.field("Version").startswith(number), self.field("Version"))
        for source in ("libuv1", "fmtlib", "cli11", "nlohmann-json3", "zlib", "xxhash", "bearssl", "glibc", "gcc-"):
            self.assertRegex(self.field("Built-Using"), rf"(^|, ){source}\S* \(= ")
        size = sum(path.stat().st_size for path in self.tree.rglob("*") if path.is_file())
        self.assertAlmostEqual(int(self.field("Installed-Size")), size // 1024, delta=20)

    def test_lintian_finds_neither_errors_nor_warnings(self):
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", self.package],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, re.findall("(?m)^[EW]: .*", done.stdout)), (0, []), done.stderr)

    def test_the_binary_from_it_serves(self):
        self.assertEqual((self.tree / "usr/bin/fwatchdog").read_bytes(), BINARY.read_bytes())
        dog = self.start(fprocess="cat", binary=self.tree / "usr/bin/fwatchdog")
        self.assertEqual(dog.request("POST", body=b"packed").text, "packed")

    def test_the_manual_and_the_completions_are_the_binary_s_and_compressed_without_a_name(self):
        manual = (self.tree / "usr/share/man/man1/fwatchdog.1.gz").read_bytes()
        self.assertEqual(gzip.decompress(manual).decode(), run("--help", "--man").stdout)
        self.assertEqual(manual[3] & 8, 0)  # FNAME
        for shell, name in (("bash", "bash-completion/completions/fwatchdog"), ("zsh", "zsh/vendor-completions/_fwatchdog"),
                            ("fish", "fish/vendor_completions.d/fwatchdog.fish")):
            self.assertEqual((self.tree / "usr/share" / name).read_text(), run("--help", f"--{shell}-completion").stdout)

    def test_copyright_has_the_license_of_each_library_that_is_linked_in_and_its_text(self):
        text = (self.tree / "usr/share/doc/fwatchdog/copyright").read_text()
        paragraphs = dict(re.findall(r"(?m)^Files: (\S+)\n(?:.+\n)*?License: (.+)$", text))
        for line in run("--licenses").stdout.splitlines()[1:]:
            name, _, license = line.split()
            self.assertEqual(paragraphs[f"libraries/{name}/*"], LICENSES[license], name)
        texts = set(re.findall(r"(?m)^License: (.+)\n ", text))
        self.assertEqual(texts, set(paragraphs.values()))

    def test_made_again_elsewhere_it_is_the_same_byte_for_byte(self):
        again = made(self.base / "again", TZ="Pacific/Auckland", LC_ALL="C.UTF-8")
        self.assertEqual(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in (self.package, again)))
        self.assertEqual(self.package.name, again.name)

    def test_the_unit_is_one_that_systemd_takes_and_its_settings_are_taken(self):
        unit = (self.tree / "usr/lib/systemd/system/fwatchdog@.service").read_text()
        for name in ("fwatchdog@.service", "fwatchdog@greet.service"):
            (self.base / name).write_text(unit.replace("/usr/bin/fwatchdog", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "fwatchdog@greet.service"], text=True,
                              capture_output=True, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{self.base}:"})
        self.assertNotIn("fwatchdog@", done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        exposure = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=25",
                                   self.base / "fwatchdog@greet.service"], capture_output=True, text=True)
        self.assertEqual(exposure.returncode, 0, exposure.stdout[-300:])

        settings = self.settings(unit)
        self.assertEqual(run("--check-config", **settings).stderr, "")
        stop = int(re.search(r"(?m)^TimeoutStopSec=(\d+)s$", unit).group(1))
        self.assertGreater(stop, int(settings["shutdown_timeout"].removesuffix("s")))

    def settings(self, unit):
        """Those of the unit, and of the example over them."""
        pairs = [word for line in re.findall(r"(?m)^Environment=(.*)", unit) for word in line.split()]
        example = (self.tree / "usr/share/doc/fwatchdog/examples/greet.env").read_text()
        pairs += [line for line in example.splitlines() if line and line[0] != "#"]
        return dict(pair.split("=", 1) for pair in pairs)

    def test_a_function_runs_with_the_unit_s_settings_and_drains_at_sigterm(self):
        unit = (self.tree / "usr/lib/systemd/system/fwatchdog@.service").read_text()
        settings = self.settings(unit) | {"port": 0, "fprocess": f"php {ROOT}/examples/php-index/index.php"}
        dog = self.start(**settings)
        self.assertEqual(dog.request("POST", "/greet", body=b"admin").status, 200)
        dog.signal(signal.SIGTERM)
        self.assertEqual(dog.wait_exit(5), 0)

    def empty_root(self, name):
        root = self.base / name
        for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"):
            (root / folder).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        return root

    def dpkg(self, root, *arguments):
        done = subprocess.run(["dpkg", f"--root={root}", "--force-script-chrootless,architecture",
                               f"--log={root}/var/log/dpkg.log", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stderr

    def test_it_is_installed_and_purged_without_a_trace(self):
        root = self.empty_root("root")
        (root / "etc/systemd/system/multi-user.target.wants").mkdir(parents=True)

        def there():
            return {str(path.relative_to(root)) for path in root.rglob("*")
                    if not path.is_relative_to(root / "var") and path.name not in ("systemd", "system")}

        before = there()
        self.dpkg(root, "--install", self.package)
        self.assertLessEqual({name.rstrip("/") for name in FILES}, there())
        self.assertEqual(self.dpkg(root, "--verify", "fwatchdog"), "")
        done = subprocess.run([*COMMAND[:-1], root / "usr/bin/fwatchdog", "--version"], capture_output=True, text=True)
        self.assertEqual(done.stdout, run("--version").stdout)
        enabled = root / "etc/systemd/system/multi-user.target.wants/fwatchdog@greet.service"
        enabled.symlink_to("/usr/lib/systemd/system/fwatchdog@.service")
        self.dpkg(root, "--install", self.package)  # an upgrade
        self.dpkg(root, "--remove", "fwatchdog")
        self.assertTrue(enabled.is_symlink())
        self.dpkg(root, "--purge", "fwatchdog")
        self.assertEqual(there() - before, set())
        self.assertEqual(list((root / "var/lib/dpkg/info").glob("fwatchdog*")), [])

    def scripts_say(self, script, *arguments):
        """What a script of the package asks of systemd, where that runs the machine."""
        tools = Path(tempfile.mkdtemp(dir=self.base))
        for name in ("systemctl", "deb-systemd-invoke"):
            (tools / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{tools}/said\n')
            (tools / name).chmod(0o755)
        (tools / "said").touch()
        wrapper = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && mkdir -p /run/systemd/system && "$@"')
        demand_rights_of(wrapper)
        subprocess.run([*wrapper, "sh", self.tree / "DEBIAN" / script, *arguments], check=True,
                       env={"PATH": f"{tools}:{os.environ['PATH']}", "DPKG_ROOT": ""})
        return (tools / "said").read_text().splitlines()

    def test_functions_are_started_again_by_an_upgrade_and_stopped_by_a_removal_only(self):
        reload = "systemctl --system daemon-reload"
        self.assertEqual(self.scripts_say("postinst", "configure", ""), [reload])
        self.assertEqual(self.scripts_say("prerm", "upgrade", "2"), [])
        self.assertEqual(self.scripts_say("postinst", "configure", "1"),
                         [reload, "deb-systemd-invoke try-restart fwatchdog@*.service"])
        self.assertEqual(self.scripts_say("prerm", "remove"), ["deb-systemd-invoke stop fwatchdog@*.service"])
        self.assertEqual(self.scripts_say("postrm", "remove"), [reload])

    def test_what_the_administrator_has_written_stays(self):
        root = self.empty_root("kept")
        self.dpkg(root, "--install", self.package)
        (root / "etc/fwatchdog/greet.env").write_text("fprocess=cat\n")
        self.dpkg(root, "--purge", "fwatchdog")
        self.assertEqual((root / "etc/fwatchdog/greet.env").read_text(), "fprocess=cat\n")

    def test_a_release_has_its_number_and_what_is_made_before_or_after_it_sorts_there(self):
        native = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True).stdout.strip()
        versions = []
        for number, version in enumerate(("1.2.3-rc1", "1.2.3", "1.2.3-4-gabcdef0", "1.2.4")):
            binary = self.base / "stand-in"
            binary.write_text(f"#!/bin/sh\necho fwatchdog {version}\n")
            binary.chmod(0o755)
            folder = self.base / f"versions{number}"
            made(folder, machine=native, BINARY=str(binary), SOURCE_DATE_EPOCH="1767225600")
            versions.append(next(folder.iterdir()).name.split("_")[1])
        self.assertEqual(versions, ["1.2.3~rc1", "1.2.3", "1.2.3+git20260101.4.gabcdef0", "1.2.4"])
        for before, after in zip(versions, versions[1:]):
            self.assertEqual(subprocess.run(["dpkg", "--compare-versions", before, "lt", after]).returncode, 0)

    def test_another_architecture_is_refused_in_one_line(self):
        done = subprocess.run([BUILD, "sparc", self.base], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r'^There is no package for "sparc" .*\n$')
