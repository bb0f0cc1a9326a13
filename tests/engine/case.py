"""What every test here stands on: containers that are removed when the test is over."""

import json
import os
import tempfile
import unittest

import containers
import place

IMAGES = {}  # name: what is known of it
SAID = {}  # name of a Dockerfile: why it could not be built, or ""
QUICK = {"healthcheck_interval": "300ms", "shutdown_timeout": "8s"}  # an end that a test can wait for


def load():
    """Starts the engine with all images, for all tests of this process."""
    known = json.loads((place.FOLDER / "images.json").read_text())
    IMAGES.update(known["images"])
    SAID.update(known["said"])
    Case.engine = containers.Engine(IMAGES)
    Case.engine.load(place.FOLDER / "images.tar")
    return Case.engine


class Case(unittest.TestCase):
    engine = None
    longMessage = True

    def create(self, image, *arguments, **options):
        """A container that has been started, healthy or not."""
        container = containers.Container(self.engine, image, *arguments, **options)
        self.addCleanup(container.remove)
        return container

    def start(self, image, *arguments, **options):
        """A container that is healthy."""
        return self.create(image, *arguments, **options).wait_healthy()

    def bash(self, script, **options):
        """A healthy container whose function is this script."""
        return self.start("bash-env", fprocess=json.dumps(["bash", "-c", script]), **options)

    def python(self, script, **options):
        return self.start("python-stdin", fprocess=json.dumps(["python3", "-c", script]), **options)

    def volume(self, text, destination):
        """A file of this text, to be mounted there."""
        with tempfile.NamedTemporaryFile("w", prefix="volume-", dir=containers.RUN, delete=False) as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        return {"destination": destination, "type": "bind", "source": file.name, "options": ["rbind", "ro"]}

    def assert_text(self, response, text, status=200):
        self.assertEqual((response.status, response.text), (status, text))

    def assert_nothing_left(self, container):
        self.assertEqual(container.processes(), [])
