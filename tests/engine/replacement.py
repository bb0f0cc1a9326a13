"""Functions are replaced under load, in Docker's order and in faasd's."""

import random
import time

import case
from client import head
from harness import until
from traffic import Router, Traffic

RATE = 200
SCRIPT = '["bash", "-c", "echo fine"]'
# What is replaced: its image, its variables, the request, what the response holds, and how often: 50 in all.
KINDS = {
    "streaming": ("bash-env", {"fprocess": SCRIPT}, {}, "fine", 7),
    "serializing": ("bash-env", {"fprocess": SCRIPT, "mode": "serializing"}, {}, "fine", 6),
    "classic": ("bash-env", {"fprocess": SCRIPT, "mode": "classic"}, {}, "fine", 6),
    "cgi": ("cgi-bash", {}, {}, "/docs -> ", 6),
    "http_node": ("template-node", {}, {"method": "POST", "body": b"load"}, "Hello, load!", 7),
    "http_python": ("template-python", {}, {"method": "POST", "body": b"load"}, "Hello, load!", 6),
    "fastcgi": ("template-php-fastcgi", {}, {"method": "POST", "body": b"load"}, "Hello, load!", 6),
    "static": ("template-static", {}, {}, "Hello, web!", 6),
}


class FiftyReplacements(case.Case):
    """Docker's order: the new one starts, traffic moves, SIGTERM for PID 1; its network stays to the end."""

    total = {"replacements": 0, "answered": 0, "lost": 0}

    def new(self, kind):
        image, variables, _, _, _ = KINDS[kind]
        return self.start(image, user=None if image.startswith("template") else "1000:1000", **variables, **case.QUICK)

    def replace_under_load(self, kind):
        _, _, request, expected, times = KINDS[kind]
        old = self.new(kind)
        router = Router(old)
        with Traffic(router, expected, RATE, **request) as traffic:
            for _ in range(times):
                new = self.new(kind)
                router.move(new)
                time.sleep(random.uniform(0, 0.1))
                _, code = old.stop()
                self.assertEqual(code, 0, old.log()[-2000:])
                self.assert_nothing_left(old)
                old.remove()
                old = new
        self.total["replacements"] += times
        self.total["answered"] += traffic.answered
        self.total["lost"] += len(traffic.lost)
        print(f"     {kind}: {times} replacements, {traffic.answered} requests answered at "
              f"{traffic.answered / traffic.seconds:.0f}/s, {len(traffic.lost)} lost, the slowest took "
              f"{traffic.slowest * 1000:.0f} ms", flush=True)
        self.assertEqual(traffic.lost, [])
        self.assertGreater(traffic.answered, times * RATE / 4)

    @classmethod
    def tearDownClass(cls):
        print("     {replacements} replacements, {answered} requests answered, {lost} lost".format(**cls.total),
              flush=True)


for each in KINDS:
    setattr(FiftyReplacements, f"test_no_request_is_lost_{each}",
            lambda self, kind=each: self.replace_under_load(kind))


class DockersOrder(case.Case):
    def test_requests_under_way_finish(self):
        for mode in ("streaming", "serializing", "classic"):
            container = self.bash("sleep 2; echo finished", mode=mode, **case.QUICK)
            clients = [container.client() for _ in range(5)]
            for client in clients:
                client.send(head())
            until(lambda: len(container.processes()) >= 6, 5, "the functions to run")
            _, code = container.stop()
            self.assertEqual(code, 0)
            for client in clients:
                self.assert_text(client.response(), "finished\n")
                client.close()

    def test_a_request_under_way_in_a_warm_server_finishes(self):
        slow = ("module.exports = async () => { await new Promise(r => setTimeout(r, 2000));"
                " return {body: 'finished'}; };")
        mount = self.volume(slow, "/home/app/function/handler.js")
        container = self.start("template-node", user=None, mounts=[mount], **case.QUICK)
        with container.client() as client:
            client.send(head())
            time.sleep(0.3)  # node has no way to say that it has the request
            _, code = container.stop()
            self.assertEqual(code, 0, container.log())
            self.assert_text(client.response(), "finished")

    def test_with_the_default_settings_it_ends_in_the_grace_period_of_ten_seconds(self):
        container = self.bash("echo fine")
        self.assertEqual(container.request().status, 200)
        seconds, code = container.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 8)
