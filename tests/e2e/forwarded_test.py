"""What a client and a proxy can make a function believe about where a request comes from: the same in
every mode."""

import fastcgi_server
from harness import EXIT_USAGE, Case, head, run, until
from scripted_server import ScriptedServer, answering, ok

FORGED = [("X-Forwarded-For", "203.0.113.66"), ("X-Forwarded-Host", "forged.example"),
          ("X-Forwarded-Proto", "https"), ("X-Forwarded-Prefix", "/forged"), ("X-Forwarded-Port", "666"),
          ("Forwarded", "for=203.0.113.66;proto=https"), ("X-Real-IP", "203.0.113.66"),
          ("X_Forwarded_For", "203.0.113.66"), ("X-Forwarded_Proto", "forged")]
MADE = {"x-forwarded-for": ["127.0.0.1"], "x-forwarded-host": ["function.example"],
        "x-forwarded-proto": ["http"]}


class Believed:
    """Each mode says in told() which fields reach the function: values by lower-case name with '-'."""

    def told(self, request, **options):
        raise NotImplementedError

    def forwarded(self, request, **options):
        return {name: values for name, values in self.told(request, **options).items()
                if name.startswith(("x-forwarded-", "forwarded", "x-real"))}

    def test_what_a_stranger_says_is_made_anew(self):
        self.assertEqual(self.forwarded(head(headers=FORGED), trusted_proxies="none"), MADE)
        self.assertEqual(self.forwarded(head(headers=FORGED), trusted_proxies="192.0.2.0/24,::1"), MADE)

    def test_where_nobody_says_anything_it_is_said(self):
        self.assertEqual(self.forwarded(head()), MADE)

    def test_what_a_proxy_says_stays_as_it_is(self):
        said = [("X-Forwarded-For", "203.0.113.9, 10.0.0.1"), ("X-Forwarded-Host", "shop.example"),
                ("X-Forwarded-Proto", "https"), ("X-Forwarded-Prefix", "/p")]
        expected = {name.lower(): [value] for name, value in said}
        for options in ({}, {"trusted_proxies": "127.0.0.1"}, {"trusted_proxies": "all"}):
            self.assertEqual(self.forwarded(head(headers=said), **options), expected)
        self.assertEqual(self.forwarded(head(headers=said[:1])), {**MADE, **dict(list(expected.items())[:1])})

    def test_no_option_of_connection_takes_any_of_it_away(self):
        names = ["X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "Forwarded", "Authorization",
                 "Cookie", "Host", "traceparent", "tracestate", "baggage"]
        fields = [(name, f"v-{i}") for i, name in enumerate(names) if name != "Host"]
        told = self.told(head(headers=[("Connection", ", ".join(names)), *fields]))
        for name, value in fields:
            self.assertEqual(told.get(name.lower()), [value], name)
        self.assertEqual(told["host"], ["function.example"])
        told = self.told(head(headers=[("Connection", "x-forwarded-for, x-forwarded-proto")]))
        self.assertEqual(told["x-forwarded-for"], ["127.0.0.1"])

    def test_the_host_is_that_of_an_absolute_target(self):
        for request in (head(path="http://other.example:81/x"),
                        b"GET http://other.example:81/x HTTP/1.0\r\nHost: function.example\r\n\r\n",
                        b"GET http://other.example:81/x HTTP/1.0\r\n\r\n"):
            told = self.told(request)
            self.assertEqual(told["host"], ["other.example:81"], request)
            self.assertEqual(told["x-forwarded-host"], ["other.example:81"], request)

    def test_a_name_with_underscores_passes_for_no_other(self):
        told = self.told(head(headers=[("X_User", "forged"), ("X-User", "real"), ("x-user_", "forged")]))
        self.assertEqual(told["x-user"], ["real"])

    def test_a_hundred_thousand_options_of_connection_are_refused(self):
        dog = self.dog()
        self.assertEqual(dog.request(headers=[("Connection", "x," * 100_000)]).status, 400)
        options = ",".join(f"x-{i}" for i in range(31))
        self.assertEqual(dog.request(headers=[("Connection", f"{options},close")]).status, 200)
        self.assertEqual(dog.request(headers=[("Connection", f"{options},close,x")]).status, 400)


class Http(Believed, Case):
    def dog(self, **options):
        self.server = ScriptedServer(answering(ok()))
        self.addCleanup(self.server.close)
        dog = self.start("--", "sleep", "1000", mode="http", upstream_url=self.server.url, **options)
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        return dog

    def told(self, request, **options):
        client = self.client(self.dog(**options))
        client.send(request)
        self.assertEqual(client.response().status, 200)
        told = {}
        for line in self.server.received[0].partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            told.setdefault(name.lower(), []).append(value)
        return told

    def test_a_name_with_underscores_passes_for_no_other(self):
        """A server of the function's own gets every name as it is, but for those of proxies."""
        told = self.told(head(headers=[("X_User", "1"), ("X_Forwarded_For", "forged"), ("X_Real_IP", "forged")]))
        self.assertEqual(told["x_user"], ["1"])
        self.assertNotIn("x_forwarded_for", told)
        self.assertNotIn("x_real_ip", told)

    def test_trailers_say_nothing_of_it(self):
        dog = self.dog()
        client = self.client(dog)
        client.send(head("POST", chunked=True) + b"0\r\nX-Forwarded-For: 203.0.113.66\r\nX-Sum: 1\r\n\r\n")
        self.assertEqual(client.response().status, 200)
        self.assertTrue(self.server.received[0].endswith(b"\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"))

    def test_options_of_the_server_itself(self):
        dog = self.dog()
        for target in ("*", "http://other.example"):
            self.assertEqual(dog.request("OPTIONS", target).status, 200)
        for received in self.server.received:
            self.assertTrue(received.startswith(b"OPTIONS * HTTP/1.1\r\n"), received)


class Fork(Believed, Case):
    mode = "streaming"

    def dog(self, **options):
        return self.start(fprocess="env", mode=self.mode, **options)

    def told(self, request, **options):
        client = self.client(self.dog(**options))
        client.send(request)
        response = client.response()
        self.assertEqual(response.status, 200)
        return self.fields(dict(line.split("=", 1) for line in response.text.splitlines() if "=" in line))

    def fields(self, variables):
        told = {}
        for name, value in variables.items():  # X-User and X_User made two of them: Http_X_User, Http_X_user
            if name.startswith("Http_"):
                told.setdefault(name.removeprefix("Http_").lower().replace("_", "-"), []).append(value)
        return told


class Serializing(Fork):
    mode = "serializing"


class Classic(Fork):
    mode = "classic"


class Cgi(Fork):
    mode = "cgi"
    program = "printf 'Content-Type: text/plain\\n\\n'; env"

    def dog(self, **options):
        return self.sh(self.program, mode="cgi", **options)

    def fields(self, variables):
        self.variables = variables
        both = [{name.removeprefix(prefix).lower().replace("_", "-"): [value]
                 for name, value in variables.items() if name.startswith(prefix)}
                for prefix in ("HTTP_", "Http_")]
        for name in both[0]:
            if name != "connection":
                self.assertEqual(both[1].get(name), both[0][name], name)
        return both[0]

    def variables_for(self, request, **options):
        self.told(request, **options)
        return self.variables

    def test_https_follows_a_trusted_proxy(self):
        for proto, trusted, https in (("https", "private", "on"), ("https,http", "private", "on"),
                                      ("HTTPS", "all", "on"), ("http", "all", None),
                                      ("http,https", "all", None), ("https", "none", None)):
            told = self.variables_for(head(headers={"X-Forwarded-Proto": proto}), trusted_proxies=trusted)
            self.assertEqual(told.get("HTTPS"), https, (proto, trusted))
            self.assertEqual(told["REQUEST_SCHEME"], "https" if https else "http")
            self.assertEqual(told["SERVER_PORT"], "443" if https else "80")
        told = self.variables_for(head(headers={"Forwarded": "for=203.0.113.9;proto=https"}))
        self.assertEqual(told["HTTPS"], "on")
        self.assertNotIn("HTTP_X_FORWARDED_PROTO", told)

    def test_remote_addr_is_the_client_s_where_the_proxies_are_named(self):
        request = head(headers={"X-Forwarded-For": "203.0.113.66, 203.0.113.9, 127.0.0.2"})
        for options, address in (({}, "127.0.0.1"), ({"trusted_proxies": "none"}, "127.0.0.1"),
                                 ({"trusted_proxies": "private"}, "203.0.113.9"),
                                 ({"trusted_proxies": "127.0.0.0/8"}, "203.0.113.9"),
                                 ({"trusted_proxies": "127.0.0.1"}, "127.0.0.2"),
                                 ({"trusted_proxies": "all"}, "203.0.113.66")):
            told = self.variables_for(request, **options)
            self.assertEqual((told["REMOTE_ADDR"], told["REMOTE_HOST"]), (address, address), options)
            self.assertEqual("REMOTE_PORT" in told, address == "127.0.0.1", options)

    def test_a_prefix_counts_where_it_is_asked_for_and_then_once(self):
        request = head(path="/x", headers={"X-Forwarded-Prefix": "/shop"})
        for options, name, field in (({}, "", "/shop"),
                                     ({"script_name_prefix": "X-Forwarded-Prefix"}, "/shop", None),
                                     ({"script_name_prefix": "/mine"}, "/mine", None),
                                     ({"trusted_proxies": "none"}, "", None),
                                     ({"script_name_prefix": "x-forwarded-prefix", "trusted_proxies": "none"},
                                      "", None)):
            told = self.variables_for(request, **options)
            self.assertEqual((told["SCRIPT_NAME"], told["REQUEST_URI"]), (name, name + "/x"), options)
            self.assertEqual(told.get("HTTP_X_FORWARDED_PREFIX"), field, options)

    def test_the_host_of_an_absolute_target_is_the_server_s_name_too(self):
        told = self.variables_for(head(path="http://other.example:81/x?y"))
        self.assertEqual((told["HTTP_HOST"], told["SERVER_NAME"], told["SERVER_PORT"], told["REQUEST_URI"]),
                         ("other.example:81", "other.example", "81", "/x?y"))

    def test_a_local_redirect_keeps_it(self):
        dog = self.sh('case $PATH_INFO in /old) printf "Location: /new\\n\\n";; *) ' + self.program + ";; esac",
                      mode="cgi", trusted_proxies="none")
        client = self.client(dog)
        client.send(head(path="http://other.example/old", headers=FORGED))
        lines = client.response().text.splitlines()
        for line in ("HTTP_HOST=other.example", "SERVER_NAME=other.example", "PATH_INFO=/new",
                     "HTTP_X_FORWARDED_FOR=127.0.0.1", "HTTP_X_FORWARDED_PROTO=http"):
            self.assertIn(line, lines)


class Fastcgi(Cgi):
    def dog(self, **options):
        self.requests = []

        def script(visit):
            while (request := fastcgi_server.read_request(visit)) is not None:
                self.requests.append(request)
                visit.send(fastcgi_server.ok())

        server = ScriptedServer(script)
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="fastcgi",
                         upstream_url=server.url.replace("http://", "fastcgi://"), **options)
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        return dog

    def told(self, request, **options):
        client = self.client(self.dog(**options))
        client.send(request)
        self.assertEqual(client.response().status, 200)
        self.variables = self.requests[0].variables
        # Without a document_root the script's name is index.php.
        for name in ("SCRIPT_NAME", "REQUEST_URI"):
            self.variables[name] = self.variables[name].replace("/index.php", "")
        return {name.removeprefix("HTTP_").lower().replace("_", "-"): [value]
                for name, value in self.variables.items() if name.startswith("HTTP_")}

    def test_a_local_redirect_keeps_it(self):
        requests = []

        def script(visit):
            while (request := fastcgi_server.read_request(visit)) is not None:
                requests.append(request.variables)
                old = request.variables["REQUEST_URI"] == "/old"
                visit.send(fastcgi_server.out(b"Location: /new\r\n\r\n") + fastcgi_server.end() if old
                           else fastcgi_server.ok())

        server = ScriptedServer(script)
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="fastcgi", trusted_proxies="none",
                         upstream_url=server.url.replace("http://", "fastcgi://"))
        client = self.client(dog)
        client.send(head(path="http://other.example/old", headers=FORGED))
        self.assertEqual(client.response().status, 200)
        for told in requests:
            self.assertEqual((told["HTTP_HOST"], told["HTTP_X_FORWARDED_FOR"], told["HTTP_X_FORWARDED_PROTO"]),
                             ("other.example", "127.0.0.1", "http"))
        self.assertEqual([told["REQUEST_URI"] for told in requests], ["/old", "/new"])


class Setting(Case):
    def test_it_is_printed_as_it_can_be_set_again(self):
        for value in ("10.0.0.0/8, 2001:db8::/32", "none", "all", "private"):
            printed = run("--check-config", fprocess="cat", trusted_proxies=value).stdout
            self.assertIn(f"\ntrusted_proxies={value}\n", printed)
        # The default is not the same as its name: REMOTE_ADDR follows proxies that were named.
        self.assertIn("\n# trusted_proxies: private\n", run("--check-config", fprocess="cat").stdout)

    def test_a_name_is_no_address(self):
        result = run(fprocess="cat", trusted_proxies="10.0.0.0/8,proxy.example")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertRegex(result.stderr, r"trusted_proxies=.*: proxy.example is not an address; it accepts private")
