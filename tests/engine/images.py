"""The images of the examples and templates, built by podman from their own Dockerfiles.

No registry of images can be reached where this runs, so the images that the Dockerfiles begin with are
made here, of Debian: NAMES_OF_BASES says of which packages.
"""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import place

# Each is debian:bookworm-slim, of debootstrap, with these packages of Debian on it.
NAMES_OF_BASES = {
    "composer:2": "composer",
    "eclipse-temurin:17-jdk": "openjdk-17-jdk-headless",
    "eclipse-temurin:17-jre": "openjdk-17-jre-headless",
    "golang:1-bookworm": "golang-go",
    "node:20-slim": "nodejs npm",
    "node:22-slim": "nodejs npm",
    "perl:5-slim": "perl",
    "php:8-cli": "php-cli",
    "python:3-slim": "python3 python3-pip",
    "ruby:3-bookworm": "ruby ruby-bundler",
    "ruby:3-slim-bookworm": "ruby ruby-bundler",
}
INSTALL = "RUN apt-get update && apt-get install -y --no-install-recommends {} && rm -rf /var/lib/apt/lists/*"
# What else a base of that name has or lacks.
MORE = {"python:3-slim": "RUN rm -f /usr/lib/python3*/EXTERNALLY-MANAGED"}
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class CannotBuild(Exception):
    pass


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", **options)
    if done.returncode != 0:
        raise CannotBuild(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def podman(*arguments):
    (place.FOLDER / "containers.conf").write_text(CONTAINERS_CONF)
    return run("podman", "--root", place.FOLDER / "storage", "--runroot", place.FOLDER / "podman",
               "--storage-driver", "overlay", *arguments,
               env={**os.environ, "CONTAINERS_CONF": str(place.FOLDER / "containers.conf")})


def exists(name):
    try:
        podman("image", "exists", f"localhost/{name}")
        return True
    except CannotBuild:
        return False


def build(name, folder):
    certificates = "/etc/ssl/certs/ca-certificates.crt"  # whom this machine trusts, the build trusts
    volume = ("--volume", f"{certificates}:{certificates}:ro") if Path(certificates).exists() else ()
    podman("build", "--network", "host", "--pull=never", "--layers", *volume, "-t", f"localhost/{name}", folder)


def build_text(name, dockerfile, *files):
    folder = place.FOLDER / "contexts" / name.replace(":", "-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(dockerfile)
    for file in files:
        shutil.copy(file, folder)
    build(name, folder)


def make_debian():
    """As the image of that name: dpkg does not wait for the disk, and apt keeps nothing."""
    if exists("debian:bookworm-slim"):
        return
    root = place.FOLDER / "debian"
    shutil.rmtree(root, ignore_errors=True)
    # In memory where there is some: debootstrap waits for the disk after each file.
    root.mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", root)
    run("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root)
    (root / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
    (root / "etc/apt/apt.conf.d/clean").write_text(
        'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };\n'
        'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n')
    run("sh", "-c", f"rm -rf {root}/var/lib/apt/lists/* {root}/var/cache/apt/archives/*.deb &&"
                    f" tar -C {root} -cf {place.FOLDER}/debian.tar .")
    run("umount", root)
    podman("import", place.FOLDER / "debian.tar", "localhost/debian:bookworm-slim")
    (place.FOLDER / "debian.tar").unlink()


def make_bases(names):
    """Those of the same packages."""
    for name in names:
        build_text(name, "\n".join(["FROM debian:bookworm-slim", INSTALL.format(NAMES_OF_BASES[name]),
                                    MORE.get(name, ""), ""]))


def dockerfiles():
    """Every Dockerfile of the examples and templates: the name that its image gets, and its path."""
    examples = place.ROOT / "examples"
    named = {path.parent.name: path for path in sorted(examples.glob("*/Dockerfile"))}
    templates = examples / "openfaas/template"
    for path in sorted(templates.glob("**/Dockerfile")):
        named["template-" + path.relative_to(templates).parts[0]] = path
    return named


def bases_of(path):
    """The images that the Dockerfile begins with, its ARGs at their defaults."""
    text = path.read_text()
    arguments = dict(re.findall(r"(?m)^ARG (\w+)=(\S*)", text))
    return [re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], base)
            for base in re.findall(r"(?m)^FROM (\S+)", text)]


def first_install(path):
    """What the Dockerfile begins with: images that begin alike are built one after the other, as layers
    are shared then."""
    text = path.read_text()
    return (re.findall(r"(?m)^RUN apt-get.*", text) or bases_of(path))[0]


def build_group(paths):
    """Returns an error, or "", for each image."""
    said = {}
    for name, path in paths.items():
        try:
            build(name, path.parent)
            said[name] = ""
        except CannotBuild as error:
            said[name] = str(error)
    return said


def build_all():
    """All of them, two at a time. Returns an error, or "", for each image."""
    groups = {}
    for name, path in dockerfiles().items():
        groups.setdefault(first_install(path), {})[name] = path
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        said = {}
        for some in pool.map(build_group, groups.values()):
            said.update(some)
    return said


def described(name):
    """What its configuration says, and the layers it is made of."""
    image = json.loads(podman("image", "inspect", f"localhost/{name}"))[0]
    return {"config": image["Config"], "layers": image["RootFS"]["Layers"]}


def prepare():
    """Builds all images and writes them to images.tar, and what is known of them to images.json."""
    place.FOLDER.mkdir(parents=True, exist_ok=True)
    make_debian()
    build_text("fwatchdog", "FROM scratch\nCOPY fwatchdog /fwatchdog\nENTRYPOINT [\"/fwatchdog\"]\n", place.BINARY)
    bases = sorted({base for path in dockerfiles().values() for base in bases_of(path)} -
                   {"scratch", "debian:bookworm-slim"})
    for base in bases:
        if base not in NAMES_OF_BASES:
            raise CannotBuild(f"a Dockerfile begins with {base}: say in tests/engine/images.py what that is of")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(make_bases, [[base for base in bases if NAMES_OF_BASES[base] == packages]
                                   for packages in sorted({NAMES_OF_BASES[base] for base in bases})]))
    notes = [f"{base} is Debian's {NAMES_OF_BASES[base]}, as no registry of images can be reached" for base in bases]
    said = build_all()
    good = [name for name, error in said.items() if not error]
    tar = place.FOLDER / "images.tar"
    tar.unlink(missing_ok=True)
    podman("save", "--quiet", "--multi-image-archive", "--format", "docker-archive", "-o", tar,
           *[f"localhost/{name}" for name in good])
    images = {name: described(name) for name in good}
    (place.FOLDER / "images.json").write_text(json.dumps({"said": said, "images": images}))
    return notes + [f"{name} could not be built: {error}" for name, error in said.items() if error]
