"""A headless Chromium, driven over the DevTools protocol: JSON messages through two pipes."""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading

from harness import until

PATIENCE = 60  # seconds for anything; a browser on a busy machine starts slowly


class Browser:
    """One browser with one page. `events` holds what the page's session reported, in order."""

    def __init__(self):
        program = shutil.which("chromium")
        if program is None:
            raise AssertionError("chromium is missing (Debian: chromium)")
        self.profile = tempfile.mkdtemp(prefix="fwatchdog-chromium-")
        self.events = []
        self._answers = {}
        self._next = 0
        command_out, self._commands = os.pipe()
        self._replies, reply_in = os.pipe()
        # The browser takes commands from its descriptor 3 and answers on 4.
        launch = f"exec 3<&{command_out} 4>&{reply_in}; exec \"$@\""
        self.process = subprocess.Popen(
            ["bash", "-c", launch, "bash", program, "--headless", "--no-sandbox",
             "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--mute-audio",
             "--hide-scrollbars", "--window-size=800,700", f"--user-data-dir={self.profile}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.profile, "TMPDIR": self.profile},
            pass_fds=(command_out, reply_in), start_new_session=True)
        os.close(command_out)
        os.close(reply_in)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self):
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget",
                                   {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def _read(self):
        rest = b""
        while data := os.read(self._replies, 1 << 20):
            *messages, rest = (rest + data).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self._answers[message["id"]] = message
                else:
                    self.events.append((message["method"], message["params"]))

    def _call(self, method, params, **more):
        self._next += 1
        number = self._next
        os.write(self._commands, json.dumps(
            {"id": number, "method": method, "params": params, **more}).encode() + b"\0")
        until(lambda: number in self._answers or self.process.poll() is not None, PATIENCE, method)
        answer = self._answers.pop(number, {"error": "the browser has ended"})
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def call(self, method, **params):
        """A command to the page."""
        return self._call(method, params, sessionId=self._session)

    def evaluate(self, expression):
        """What a JavaScript expression is, promises awaited."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, url):
        """Loads a page to its end; what was reported before is forgotten."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def reload(self):
        self.events.clear()
        self.call("Page.reload")
        self.wait_for("Page.loadEventFired")

    def wait_for(self, method):
        until(lambda: self.reported(method), PATIENCE, method)

    def reported(self, method):
        return [params for name, params in list(self.events) if name == method]

    def answers_to(self, ending):
        """The responses to requests whose URL has this ending."""
        return [params["response"] for params in self.reported("Network.responseReceived")
                if params["response"]["url"].endswith(ending)]

    def complaints(self):
        """What the page's console and the browser's own log say, but for mere information."""
        console = [params for params in self.reported("Runtime.consoleAPICalled")
                   if params["type"] in ("error", "warning", "assert")]
        log = [params["entry"] for params in self.reported("Log.entryAdded")
               if params["entry"]["level"] in ("error", "warning")]
        # It gives up loading a film itself when it is wound on.
        failed = [params for params in self.reported("Network.loadingFailed")
                  if not params.get("canceled")]
        return console + log + failed + self.reported("Runtime.exceptionThrown")

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._reader.join(2)
        os.close(self._commands)
        os.close(self._replies)
        shutil.rmtree(self.profile, ignore_errors=True)
