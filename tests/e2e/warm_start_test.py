"""warm_start=zygote and spare answer as a cold start does, in every language that the library knows."""

from harness import SANITIZER, Case, process_status
from warm_differential import Differential, Large
from warm_support import Request, WarmTests


class Php(Differential, Large, Case):
    language = "php"
    requests = 60


class PhpWithoutModules(Differential, Case):
    language = "php -n"


class Python(Differential, Large, Case):
    language = "python3"
    requests = 100


class Perl(Differential, Large, Case):
    language = "perl"
    requests = 150


class Bash(Differential, Large, Case):
    language = "bash"
    requests = 100


class SerializingPython(Differential, Case):
    language = "python3"
    mode = "serializing"


class ClassicPerl(Differential, Case):
    language = "perl"
    mode = "classic"
    requests = 100


class Memory(WarmTests, Case):
    def test_neither_the_watchdog_nor_the_template_grows_with_the_requests(self):
        dog = self.probe("perl")
        # In messages, and in memory files; answered, failed, and timed out.
        requests = [Request(), Request(headers=[("X-Large", "x" * 100_000)]), Request("exit 3"), Request("kill KILL"),
                    Request("part", body=b"x" * 200_000)]
        resident = []
        for _ in range(2):
            for number in range(500):
                requests[number % len(requests)].send(dog)
            self.assert_nothing_left(dog)
            template = int(process_status(dog.template())["VmRSS"].split()[0])
            resident.append((dog.rss_kb(), template, dog.fds(), dog.memory_descriptors()))
        for name, before, after in zip(("watchdog", "template", "descriptors", "memory files"), *resident):
            if not (SANITIZER and name == "watchdog"):  # which keeps what was freed
                self.assertLessEqual(after, before + (256 if name in ("watchdog", "template") else 0), name)


class SparePhp(Differential, Case):
    language = "php"
    kind = "spare"
    requests = 30
