"""Where IPv6 is switched off, the watchdog listens on IPv4 and serves."""

import subprocess

import case

NO_IPV6 = {"net.ipv6.conf.all.disable_ipv6": "1", "net.ipv6.conf.default.disable_ipv6": "1"}
AF_INET6, EAFNOSUPPORT = 10, 97
REFUSING = {
    "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
    "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": EAFNOSUPPORT,
                  "args": [{"index": 0, "value": AF_INET6, "op": "SCMP_CMP_EQ"}]}],
}
TRY_SOCKET = f"socket(my $s, {AF_INET6}, 1, 0) and print 'a socket' or printf 'error %d', $!"


class WithoutIPv6:
    """Of each way to switch it off."""

    options = {}

    def test_a_command_per_request_answers(self):
        self.assert_text(self.bash("echo fine", **self.options).request(), "fine\n")

    def test_a_warm_server_answers(self):
        container = self.start("template-node", user=None, **self.options)
        self.assert_text(container.request("POST", body=b"newcomer"), "Hello, newcomer!\n")

    def test_a_warm_server_that_is_called_localhost_answers(self):
        container = self.start("template-python", user=None, upstream_url="http://localhost:3000", **self.options)
        self.assert_text(container.request("POST", body=b"newcomer"), "Hello, newcomer!\n")

    def test_files_are_served(self):
        self.assertIn("Hello, web!", self.start("template-static", user=None, **self.options).request().text)

    def test_metrics_are_served(self):
        container = self.bash("echo fine", **self.options)
        with case.containers.Client(8081, address=container.address) as client:
            self.assertEqual(client.request(path="/metrics").status, 200)

    def test_it_is_drained(self):
        container = self.bash("echo fine", **case.QUICK, **self.options)
        self.assertEqual(container.stop()[1], 0, container.log())


class SwitchedOffByTheKernel(WithoutIPv6, case.Case):
    options = {"sysctl": NO_IPV6}

    def test_it_is_switched_off(self):
        container = self.bash("echo fine", **self.options)
        addresses = subprocess.run(["ip", "-n", container.id, "-6", "address"], capture_output=True, text=True)
        self.assertEqual((addresses.returncode, addresses.stdout), (0, ""))


class RefusedBySeccomp(WithoutIPv6, case.Case):
    options = {"seccomp": REFUSING}

    def test_it_is_refused(self):
        container = self.start("bash-env", fprocess=f'["perl", "-e", "{TRY_SOCKET}"]', **self.options)
        self.assert_text(container.request(), f"error {EAFNOSUPPORT}")
