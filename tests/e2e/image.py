"""A Dockerfile followed step by step, without an engine: RUN with the tools of this machine, COPY into folders.

What the base images and package managers of the system would bring has to be here: RUN steps of theirs are
for this machine's own installation, so those that would change it are refused. Paths below /home are the
image's own, in a mount namespace; others are this machine's.
"""

import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import BINARY, ROOT, demand_rights_of

# Caches that stay: Go's standard library takes half a minute.
CACHES = {"GOCACHE": ROOT / "build/go-cache", "GOPATH": ROOT / "build/go", "npm_config_cache": ROOT / "build/npm",
          "COMPOSER_HOME": ROOT / "build/composer", "COMPOSER_ALLOW_SUPERUSER": "1"}
NAMESPACE = ("unshare", "--mount")
MOUNTS = 'mount --bind "$IMAGE/home" /home && mount -t tmpfs none /var/lib/apt/lists && cd "$FOLDER" && '
# As securityContext.readOnlyRootFilesystem: only /tmp can be written.
READ_ONLY = ('mount --bind /tmp /tmp && mount --bind "$IMAGE/home" /home && mount -o remount,bind,ro /home && '
             'mount -o remount,bind,ro / && cd "$FOLDER" && ')


def instructions(dockerfile):
    """A Dockerfile's (INSTRUCTION, arguments)."""
    lines = re.sub(r"\\\n", " ", dockerfile.read_text()).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip() and line[0] != "#"]


def words_of(arguments):
    """Those of ENV or ARG: {name: value}; ARG NAME alone is empty."""
    return dict((word.split("=", 1) + [""])[:2] for word in shlex.split(arguments))


class Stage:
    def __init__(self, root):
        self.root = root
        self.folder = "/"
        self.arguments = {}
        self.environment = {}
        self.user = "0"
        self.healthcheck = []
        self.entrypoint = []
        for name in ("home", "tmp", "usr/bin"):
            (root / name).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)

    def path(self, name):
        """Where a path of the image is here."""
        return self.root / os.path.normpath(os.path.join(self.folder, name)).lstrip("/")


class Image:
    def __init__(self, context, arguments=None, tools=None):
        """`arguments` are those of --build-arg; RUN finds programs in the folder `tools` first. The context's
        modes become those that faas-cli gives it."""
        self.base = Path(tempfile.mkdtemp(prefix="fwatchdog-image-", dir="/tmp"))
        self.base.chmod(0o755)
        self._context = context
        self._given = arguments or {}
        self._path = f"{tools}:{os.environ['PATH']}" if tools else os.environ["PATH"]
        self._stages = {}
        self.output = ""
        for path in [context, *context.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o700 if path.is_dir() else 0o600)
        try:
            for step in instructions(context / "Dockerfile"):
                self._follow(*step)
        except BaseException:
            self.remove()
            raise

    def remove(self):
        shutil.rmtree(self.base)

    def _follow(self, name, arguments):
        if name == "FROM":
            label = arguments.split(" AS ")[1] if " AS " in arguments else ""
            self.stage = Stage(self.base / f"stage{len(self._stages)}")
            self._stages[label or len(self._stages)] = self.stage
        elif name == "ARG":
            if self._stages:
                self.stage.arguments.update(
                    {key: self._given.get(key, value) for key, value in words_of(arguments).items()})
        elif name == "ENV":
            self.stage.environment.update(words_of(arguments))
        elif name == "WORKDIR":
            self.stage.folder = arguments
            self.stage.path(".").mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            self._copy(arguments.split())
        elif name == "RUN":
            self._run(arguments)
        elif name == "HEALTHCHECK":
            self.stage.healthcheck = json.loads(arguments.partition(" CMD ")[2])
        elif name == "ENTRYPOINT":
            self.stage.entrypoint = json.loads(arguments)
        elif name == "USER":
            self.stage.user = arguments
        else:
            raise AssertionError(f"a Dockerfile with {name} cannot be followed here")

    def _copy(self, words):
        flags = words_of(" ".join(word for word in words if word.startswith("--")))
        *sources, target = [word for word in words if not word.startswith("--")]
        owner = [int(part) for part in flags.get("--chown", "0:0").split(":")]
        for source in sources:
            for found in self._sources(flags.get("--from"), source):
                self._copy_one(found, target, owner)

    def _sources(self, stage, name):
        if stage == "fwatchdog":
            return [BINARY]
        if stage is None:
            found = glob.glob(str(self._context / name))
        else:
            inside = self._stages[stage].path(name)
            found = [inside] if inside.exists() else glob.glob(name)
        if not found:
            raise AssertionError(f"COPY finds no {name}")
        return [Path(path) for path in found]

    def _copy_one(self, source, target, owner):
        place = self.stage.path(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        before = {place, *place.rglob("*")} if place.exists() else set()
        if source.is_dir():
            mode = place.stat().st_mode if place.exists() else source.stat().st_mode
            shutil.copytree(source, place, dirs_exist_ok=True, symlinks=True)
            place.chmod(mode)
        else:
            place = place / source.name if place.is_dir() else place
            shutil.copy(source, place)
        for path in {place, *place.rglob("*")} - before:
            os.chown(path, *owner, follow_symlinks=False)

    def _run(self, script):
        stage = self.stage
        if re.match(r"apt-get ", script):
            return self._installed(script)
        environment = {**os.environ, **{key: str(value) for key, value in CACHES.items()}, **stage.arguments,
                       **stage.environment, "PATH": self._path, "IMAGE": str(stage.root), "FOLDER": stage.folder}
        demand_rights_of(NAMESPACE)
        done = subprocess.run([*NAMESPACE, "sh", "-c", f"{MOUNTS} umask 022; {script}"], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.output += done.stdout + done.stderr
        if done.returncode != 0:
            raise AssertionError(f"RUN {script}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def _installed(self, script):
        """What a step installs unconditionally is on this machine, or the suite's list of packages lacks it."""
        names = re.search(r" install ((?:-\S+ )*)([\w .+-]+?) *(?:&&|$)", script).group(2).split()
        for name in names:
            done = subprocess.run(["dpkg", "-s", name], capture_output=True)
            if done.returncode != 0:
                raise AssertionError(f"{name} is not installed: tests/run.sh installs what the tests need")

    def binary(self):
        """The ENTRYPOINT's program, here."""
        name = self.stage.entrypoint[0]
        return self.stage.path(name if "/" in name else f"/usr/bin/{name}")

    def wrapper(self, read_only=True):
        """What a container of the image is started with: its files, its folder and its user."""
        start = (f"{READ_ONLY if read_only else MOUNTS} umask 077; exec setpriv --reuid={self.stage.user} "
                 f'--regid={self.stage.user} --clear-groups "$@"')
        return (*NAMESPACE, "env", f"IMAGE={self.stage.root}", f"FOLDER={self.stage.folder}", "sh", "-c", start, "sh")

    def check_health(self, environment):
        """The exit code of its HEALTHCHECK."""
        command = [self.binary(), *self.stage.healthcheck[1:]]
        return subprocess.run([*self.wrapper(), *command], env=environment, capture_output=True).returncode
