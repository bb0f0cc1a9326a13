"""What the engine asks of a container: whether it is healthy, and with which code it ended."""

import case
from harness import until


class HealthFromWithin(case.Case):
    def test_the_health_check_succeeds_while_it_is_healthy_and_fails_when_it_is_not(self):
        container = self.bash("rm /tmp/.lock")
        check = ("fwatchdog", "--run-healthcheck")
        self.assertEqual(container.execute(*check).returncode, 0)
        container.request()  # it takes its own lock file away
        self.assertEqual(container.execute(*check).returncode, 1)
        self.assertEqual(container.request(path="/_/health").status, 503)

    def test_the_health_check_fails_until_a_warm_server_listens(self):
        container = self.create("bash-env", mode="http", upstream_url="http://127.0.0.1:3000", fprocess="sleep 1000")
        self.assertEqual(container.execute("fwatchdog", "--run-healthcheck").returncode, 1)

    def test_the_health_check_fails_during_the_drain(self):
        container = self.bash("echo fine", healthcheck_interval="5s", shutdown_timeout="8s")
        container.kill()
        until(lambda: container.request(path="/_/health").status == 503, 3, "the drain to begin")
        self.assertEqual(container.execute("fwatchdog", "--run-healthcheck").returncode, 1)

    def test_the_health_check_works_where_there_is_nothing_but_the_watchdog(self):
        container = self.start("template-static", user=None)
        self.assertEqual(container.execute("/fwatchdog", "--run-healthcheck").returncode, 0)


class ExitCodes(case.Case):
    def assert_exit(self, code, said, **options):
        container = self.create("bash-env", attached=True, **options)
        self.assertEqual(container.wait_exit(), code, container.log())
        self.assertRegex(container.log(), said)

    def test_sigterm_is_0(self):
        for image in ("bash-env", "template-node", "template-static", "template-php-fastcgi"):
            container = self.start(image, user=None if image.startswith("template") else "1000:1000", **case.QUICK)
            self.assertEqual(container.stop()[1], 0, f"{image}: {container.log()}")

    def test_a_configuration_that_cannot_be_used_is_64(self):
        self.assert_exit(64, "exec_timeout.*tomorrow", exec_timeout="tomorrow")
        self.assert_exit(64, "fprocess", fprocess=None)

    def test_a_warm_server_whose_program_is_missing_is_127(self):
        self.assert_exit(127, "no-such-program", mode="http", fprocess="no-such-program",
                         upstream_url="http://127.0.0.1:3000")

    def test_a_warm_server_whose_program_may_not_run_is_126(self):
        self.assert_exit(126, "hosts", mode="http", fprocess="/etc/hosts", upstream_url="http://127.0.0.1:3000")

    def test_a_command_that_is_missing_is_a_500(self):
        container = self.start("bash-env", fprocess="no-such-program")
        self.assertEqual(container.request().status, 500)
        self.assertIn("no-such-program", container.log())
