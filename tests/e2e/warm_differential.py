"""The same requests to a cold function and to a warm one: every answer and every line of the log has to be equal.

warm_start_test.py asks some hundred times, tests/warm.py ten thousand times.
"""

import concurrent.futures
import random

from harness import InBackground, process_status, until
from warm_support import COMMANDS, Request, WarmTests, answer, log_lines, random_requests

CLIENTS = 4


class Differential(WarmTests):
    """Mixed into a Case with a language."""

    language = None
    kind = "zygote"
    workers = 2
    requests = 60
    largest = 300_000
    seed = None

    def test_every_answer_is_equal_to_the_cold_one(self):
        cold, warm = self.pair(*COMMANDS[self.language], kind=self.kind, exec_timeout="60s",
                               Http_X_Forged="by the container", API_KEY="'a' \"secret\" \\ $(touch injected)")
        kind = "zygote" if self.kind == "auto" else self.kind
        warm.warmed_up(kind)
        cold.request()
        cold.wait_log("^.{20}GET / - 200 ")
        lines = [log_lines(dog) for dog in (cold, warm)]
        starts = warm.starts(kind)
        templates, descriptors, files = self.resident(warm), warm.fds(), warm.memory_descriptors()
        seed = self.seed or random.randrange(1_000_000)
        print(f"{self.language}: seed {seed}")  # shown when it fails
        self.ask_both(cold, warm, list(random_requests(seed, self.requests, self.largest)))
        missed = warm.fallbacks("overloaded") if kind == "spare" else 0
        self.assertEqual(warm.starts(kind) - starts + missed, self.requests, "every start has to be warm")
        seen = [self.lines_after(dog, before) for dog, before in zip((cold, warm), lines)]
        self.assertEqual(seen[0] - seen[1], seen[1] - seen[0])
        self.assert_no_trace(warm, descriptors, files)
        if kind == "zygote":
            self.assertLess(self.resident(warm), templates + 1024)

    def ask_both(self, cold, warm, requests):
        def compare(request):
            return request, answer(request, cold), answer(request, warm)

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for request, expected, actual in pool.map(compare, requests):
                self.assertEqual(expected, actual, repr(request))

    def lines_after(self, dog, before):
        """Its lines about these requests, once all are there."""
        def complete():
            lines = log_lines(dog) - before
            finished = sum(count for line, count in lines.items() if not line.startswith("stderr"))
            return finished >= self.requests and lines

        return until(complete, 5, "a line for each request")

    def resident(self, dog):
        """The memory of its templates, in KB."""
        return sum(int(process_status(pid)["VmRSS"].split()[0]) for pid in dog.waiting())

    def assert_no_trace(self, dog, descriptors, files):
        self.assertEqual(list(dog.folder.glob("**/injected")), [])
        until(lambda: set(dog.processes()) == set(dog.waiting()), 5, "every process of a request to be gone")
        until(lambda: not dog.zombies(), 5, "every process to be reaped")
        self.assert_no_more_fds(dog, descriptors)
        until(lambda: dog.memory_descriptors() <= files, 5, "no memory file to be left")


class Large(WarmTests):
    """What is larger than a pipe, a message and most of what anybody sends."""

    language = None
    kind = "zygote"

    def test_sixty_four_megabytes_come_and_go(self):
        cold, warm = self.pair(*COMMANDS[self.language], kind=self.kind)
        warm.warmed_up(self.kind)
        body = b"b" + random.randbytes(64 * 1024 * 1024 - 1)
        self.assert_same(cold, warm, Request("report", body=body))
        self.assert_same(cold, warm, Request("print 67108864"))
        self.assert_same(cold, warm, Request("part", body=body))

    def test_a_thousand_variables_and_one_of_128_kilobytes(self):
        many = {f"VARIABLE_{number}": f"value '{number}' \"\\ $x" for number in range(1000)}
        cold, warm = self.pair(*COMMANDS[self.language], kind=self.kind, **many)
        warm.warmed_up(self.kind)
        fields = [(f"X-Field-{number}", "y" * 500) for number in range(75)]
        self.assert_same(cold, warm, Request("report child", headers=fields))
        largest = 128 * 1024 - len("Http_X_Large=") - 1
        self.assert_same(cold, warm, Request("report child", headers=[("X-Large", '"' * largest)]))
        for length in (largest + 1, 140_000):
            self.assert_same(cold, warm, Request("report", headers=[("X-Large", "z" * length)]))

    def test_many_at_once_do_not_mix(self):
        warm = self.warm(*COMMANDS[self.language]).warmed_up(self.kind)

        def work(seed):
            chance = random.Random(seed)
            for number in range(5):
                tag = f"{seed}.{number}"
                text = Request("report", headers=[("X-Tag", tag)], body=b"b" * chance.randrange(1, 99_999)).send(warm)
                if b"own Http_X_Tag=" + tag.encode() + b"\0" not in text.body:
                    return text
            return None

        workers = [InBackground(lambda seed=seed: work(seed)) for seed in range(8)]
        self.assertEqual([worker.result() for worker in workers], [None] * 8)
