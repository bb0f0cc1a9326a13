"""Who may call: OpenFaaS function tokens, tokens of any issuer, and signed webhooks."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path

import fastcgi_server
from harness import Case, free_port, run, until
from scripted_server import ScriptedServer, answering, ok
from tokens import Gateway, Key, bearer

SHOW = 'printf "%s|%s|%s" "$Http_X_Auth_Subject" "$Http_X_Auth_Seconds" "$(cat)"; : > "$PWD/ran.$$"'


class WithKeys(Case):
    """Keys are slow to make: one folder of them for a class."""

    @classmethod
    def setUpClass(cls):
        cls.keys = Path(tempfile.mkdtemp(prefix="fwatchdog-keys-"))
        cls.addClassCleanup(shutil.rmtree, cls.keys)
        cls.rsa = Key(cls.keys, "one")
        cls.ec = Key(cls.keys, "two", "ES256")

    def gateway(self, *keys):
        gateway = Gateway(*(keys or (self.rsa, self.ec)))
        self.addCleanup(gateway.close)
        return gateway

    def runs(self, dog):
        return len(list(dog.folder.glob("ran.*")))

    def denied(self, dog, status, text, **request):
        response = dog.request(**request)
        self.assertEqual(status, response.status, response)
        self.assertIn(text, response.text)
        return response


class OpenFaas(WithKeys):
    def function(self, gateway, ready=True, **options):
        dog = self.sh(SHOW, jwt_auth="true", jwt_auth_url=gateway.url, OPENFAAS_NAME="env",
                      OPENFAAS_NAMESPACE="openfaas-fn", **options)
        if ready:
            until(lambda: dog.request(path="/_/ready").status == 200, 5, "the keys to be read")
        return dog

    def test_a_good_token_opens_the_function(self):
        dog = self.function(self.gateway())
        for key in (self.rsa, self.ec):
            for _ in range(2):  # fresh, and remembered
                response = dog.request("POST", headers=bearer(key.token()), body=b"hello")
                self.assertEqual(200, response.status, response)
                self.assertRegex(response.text, r"^alice\|0\.\d{6}\|hello$")

    def test_no_token_starts_nothing(self):
        dog = self.function(self.gateway())
        response = self.denied(dog, 401, "Bearer must be present in Authorization header")
        self.assertEqual("Bearer realm=IAM function invoke", response.header("WWW-Authenticate"))
        self.assertEqual("faas-middleware", response.header("X-OpenFaaS-Internal"))
        self.assertEqual(0, self.runs(dog))
        dog.wait_log(r"GET / - 401 ACCESS DENIED - .*access_denied: Bearer must be present")

    def test_permissions_are_of_the_whole_name(self):
        dog = self.function(self.gateway())
        for pattern, opens in (("*", True), ("openfaas-fn:*", True), ("*:env", True), ("openfaas-fn:e*", True),
                               ("openfaas-fn:env", True), ("openfaas-fn:en", False), ("env", False),
                               ("openfaas-fn:env2", False), ("openfaas.fn:env", False), ("", False)):
            with self.subTest(pattern=pattern):
                token = self.rsa.token(function={"permissions": [pattern]})
                response = dog.request(headers=bearer(token))
                self.assertEqual(200 if opens else 403, response.status, response)
        response = self.denied(dog, 403, "insufficient permissions",
                               headers=bearer(self.rsa.token(function={"permissions": []})))
        self.assertEqual("faas-middleware", response.header("X-OpenFaaS-Internal"))
        self.assertIsNone(response.header("WWW-Authenticate"))

    def test_what_is_wrong_with_a_token_is_said_and_counted_but_not_the_token(self):
        port = free_port()
        dog = self.function(self.gateway(), metrics_port=port)
        now = int(time.time())
        good = self.rsa.token()
        changed = good[:-10] + ("A" if good[-10] != "A" else "B") + good[-9:]
        none = "eyJhbGciOiJub25lIiwia2lkIjoib25lIn0." + good.split(".")[1] + "."
        hs256 = "eyJhbGciOiJIUzI1NiIsImtpZCI6Im9uZSJ9." + good.split(".", 1)[1]
        for token, word in ((self.rsa.token(exp=now - 2), "expired"), (self.rsa.token(exp=None), "no_expiry"),
                            (self.rsa.token(nbf=now + 60), "not_yet_valid"),
                            (self.rsa.token(iss="https://other"), "issuer"),
                            (self.rsa.token(aud="other"), "audience"), (changed, "signature"),
                            (none, "algorithm"), (hs256, "algorithm"), ("a.b", "malformed"), ("x" * 20000, "too_long"),
                            (Key(self.keys, "three").token(), "unknown_key")):
            with self.subTest(word=word):
                self.denied(dog, 401, "token", headers=bearer(token))
                self.assertNotIn(token[:200], dog.log())
                metrics = self.client_of(port).request(path="/metrics").text
                self.assertRegex(metrics, rf'fwatchdog_requests_denied_total{{reason="{word}"}} [12]\n')
        self.assertEqual(0, self.runs(dog))

    def client_of(self, port):
        from client import Client
        client = Client(port)
        self.addCleanup(client.close)
        return client

    def test_the_watchdog_s_own_paths_need_none(self):
        dog = self.function(self.gateway())
        for path in ("/_/health", "/_/ready"):
            self.assertEqual(200, dog.request(path=path).status)
        self.denied(dog, 401, "Bearer", path="/_/other")

    def test_a_client_cannot_say_who_it_is(self):
        dog = self.function(self.gateway())
        for name in ("X-Auth-Subject", "x-auth-subject", "X_Auth_Subject", "X-Auth_Seconds"):
            with self.subTest(name=name):
                response = dog.request(headers={**bearer(self.rsa.token(sub=None)), name: "root"})
                self.assertEqual(200, response.status, response)
                self.assertNotIn("root", response.text)

    def test_no_slot_is_taken_by_who_is_refused(self):
        dog = self.function(self.gateway(), max_inflight="1")
        for _ in range(5):
            self.denied(dog, 401, "Bearer")
        self.assertEqual(200, dog.request(headers=bearer(self.rsa.token())).status)

    def test_without_keys_requests_get_503_and_the_log_says_why_once(self):
        gateway = self.gateway()
        answers = {"garbage": b"<html>", "an error": 500, "too much": b"x" * 10_000_000, "no keys": b'{"keys": []}',
                   "no names": b"{}"}
        for name, answer in answers.items():
            with self.subTest(answer=name):
                path = "/keys" if name == "no keys" else "/.well-known/openid-configuration"
                gateway.answer = {path: answer}
                dog = self.function(gateway, ready=False)
                dog.wait_log("cannot read the keys of the issuer of tokens: .*requests get 503")
                response = self.denied(dog, 503, "keys", headers=bearer(self.rsa.token()))
                self.assertEqual("1", response.header("Retry-After"))
                self.assertEqual(503, dog.request(path="/_/ready").status)
                gateway.answer = {}
                until(lambda: dog.request(headers=bearer(self.rsa.token())).status == 200, 10, "keys to be read")
                self.assertEqual(1, dog.log().count("cannot read the keys"))

    def test_a_gateway_that_is_not_there_or_slow_holds_nothing_up(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        for url in (f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{listener.getsockname()[1]}"):
            dog = self.sh(SHOW, jwt_auth="1", jwt_auth_url=url, OPENFAAS_NAME="a", OPENFAAS_NAMESPACE="b")
            self.denied(dog, 503, "keys", headers=bearer(self.rsa.token()))
            self.assertEqual(200, dog.request(path="/_/health").status)
            dog.wait_log("cannot read the keys", timeout=8)

    def test_a_new_key_is_found_by_the_first_token_that_names_it(self):
        gateway = self.gateway(self.rsa)
        dog = self.function(gateway)
        gateway.keys = [self.ec]
        token = bearer(self.ec.token())
        self.denied(dog, 401, "key (kid)", headers=token)
        until(lambda: dog.request(headers=token).status == 200, 15, "the new key to be read")
        self.denied(dog, 401, "key (kid)", headers=bearer(self.rsa.token()))
        asked = len(gateway.asked)
        for _ in range(50):
            dog.request(headers=bearer(self.rsa.token()))
        self.assertLessEqual(len(gateway.asked) - asked, 2)  # at most once in ten seconds

    def test_keys_at_an_address_for_the_outside_are_read_from_the_gateway_inside(self):
        gateway = self.gateway()
        gateway.jwks_uri = "https://gateway.example/keys"
        self.assertEqual(200, self.function(gateway).request(headers=bearer(self.rsa.token())).status)

    def test_a_function_without_a_name_does_not_start(self):
        for name, space, missing in ((None, "fn", "OPENFAAS_NAME"), ("env", None, "OPENFAAS_NAMESPACE")):
            done = run("--", "true", jwt_auth="true", OPENFAAS_NAME=name, OPENFAAS_NAMESPACE=space)
            self.assertEqual(64, done.returncode)
            self.assertIn(f"jwt_auth=true: {missing} is not set", done.stderr)

    def test_with_debug_the_log_says_what_came_of_a_token(self):
        dog = self.function(self.gateway(), jwt_auth_debug="true")
        token = self.rsa.token()
        dog.request(headers=bearer(token))
        dog.wait_log('A token of https://gateway.example for subject "alice" is good until')
        dog.request(headers=bearer(self.rsa.token(exp=1)))
        dog.wait_log("A token was refused: the token has expired")
        self.assertNotIn(token.rsplit(".", 1)[1], dog.log())


class AnyIssuer(WithKeys):
    def policy(self, **options):
        return {"auth_issuer": Gateway.ISSUER, "auth_audience": "me", "auth_jwks": str(self.file), **options}

    def setUp(self):
        super().setUp()
        self.file = self.keys / "keys.json"
        self.file.write_bytes(json.dumps({"keys": [self.rsa.jwk()]}).encode())

    def test_a_token_for_us_opens_the_function_in_every_mode(self):
        site = self.keys / "site"
        site.mkdir(exist_ok=True)
        (site / "index.html").write_text("page")
        for mode in ("streaming", "serializing", "classic", "cgi", "static"):
            with self.subTest(mode=mode):
                program = ("sh", "-c", "printf 'Content-Type: text/plain\n\n'; echo $HTTP_X_AUTH_SUBJECT"
                           if mode == "cgi" else "echo $Http_X_Auth_Subject")
                command = () if mode == "static" else ("--", *program)
                dog = self.start(*command, mode=mode, static_path=str(site) if mode == "static" else None,
                                 **self.policy())
                response = dog.request(headers=bearer(self.rsa.token(aud="me", function=None)))
                self.assertEqual((200, "page" if mode == "static" else "alice\n"), (response.status, response.text))
                response = self.denied(dog, 401, "another audience", headers=bearer(self.rsa.token()))
                self.assertEqual('Bearer realm="function", error="invalid_token"', response.header("WWW-Authenticate"))
                self.assertEqual('Bearer realm="function"', dog.request().header("WWW-Authenticate"))

    def test_a_warm_server_learns_who_calls_and_hears_of_nobody_else(self):
        server = ScriptedServer(answering(ok(), ok()))
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="http", upstream_url=server.url, **self.policy())
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        self.denied(dog, 401, "Bearer", headers={"X-Auth-Subject": "root"})
        token = bearer(self.rsa.token(aud="me"))
        for fields in ({"X-Auth-Subject": "root"}, {"Connection": "X-Auth-Subject, X-Auth-Seconds"}):
            self.assertEqual("ok", dog.request(headers={**fields, **token}).text)
        received = b"".join(server.received)
        self.assertEqual(2, received.count(b"\r\nX-Auth-Subject: alice\r\n"))
        self.assertNotIn(b"root", received)

    def test_a_file_of_keys_is_read_again_when_it_changes(self):
        dog = self.sh(SHOW, **self.policy())
        token = bearer(self.ec.token(aud="me"))
        self.denied(dog, 401, "key (kid)", headers=token)
        other = self.keys / "new.json"
        other.write_bytes(json.dumps({"keys": [self.ec.jwk()]}).encode())
        os.rename(other, self.file)
        until(lambda: dog.request(headers=token).status == 200, 5, "the file to be read again")
        self.file.write_text("{")  # half written
        dog.wait_log("cannot read the keys.*stay in force")
        self.assertEqual(200, dog.request(headers=token).status)

    def test_keys_can_come_over_http(self):
        gateway = self.gateway()
        for options in ({"auth_jwks": gateway.jwks_uri},
                        {"auth_jwks": None, "auth_issuer": gateway.url}):
            gateway.issuer = options.get("auth_issuer", Gateway.ISSUER)
            dog = self.sh(SHOW, **self.policy(**options))
            token = bearer(self.rsa.token(aud="me", iss=gateway.issuer))
            until(lambda: dog.request(headers=token).status == 200, 5, "the keys to be read")
        gateway.issuer = "http://other"
        dog = self.sh(SHOW, **self.policy(auth_jwks=None, auth_issuer=gateway.url))
        dog.wait_log("is of another issuer, http://other; requests get 503")

    def test_what_is_missing_or_cannot_be_done_is_refused_at_the_start(self):
        for options, said in (({"auth_jwks": None}, "TLS to the outside is not spoken"),
                              ({"auth_audience": None}, "auth_audience is not set"),
                              ({"auth_issuer": None}, "auth_issuer is not set"),
                              ({"auth_jwks": "https://a/keys"}, "TLS to the outside"),
                              ({"auth_jwks": "/nowhere.json"}, "auth_jwks=/nowhere.json: No such file"),
                              ({"jwt_auth": "true"}, "unset one of them"),
                              ({"auth_hmac": "github"}, "auth_hmac_secret_file is not set"),
                              ({"auth_hmac_secret_file": "/x"}, "auth_hmac is not set"),
                              ({"auth_hmac": "gitlab"}, "it accepts github, stripe, slack or HEADER")):
            with self.subTest(said=said):
                done = run("--check-config", "--", "true", **self.policy(**options))
                self.assertEqual(64, done.returncode, done)
                self.assertIn(said, done.stderr)


class Webhooks(Case):
    SECRET = "It's a Secret to Everybody"  # of GitHub's documentation

    def function(self, scheme, *secrets, program="cat", **options):
        folder = Path(tempfile.mkdtemp(prefix="fwatchdog-secret-"))
        self.addCleanup(shutil.rmtree, folder)
        self.secrets = folder / "secret"
        self.secrets.write_text("\n".join(secrets or (self.SECRET,)) + "\n")
        return self.sh(program, auth_hmac=scheme, auth_hmac_secret_file=str(self.secrets), **options)

    def mac(self, body, secret=None, algorithm="sha256"):
        return hmac.new((secret or self.SECRET).encode(), body, algorithm)

    def signed(self, body, secret=None):
        return {"X-Hub-Signature-256": "sha256=" + self.mac(body, secret).hexdigest()}

    def test_github_s_own_example_fits(self):
        dog = self.function("github")
        headers = {"X-Hub-Signature-256":
                   "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
        response = dog.request("POST", headers=headers, body=b"Hello, World!")
        self.assertEqual((200, "Hello, World!"), (response.status, response.text))

    def test_slack_s_own_example_fits_but_is_old(self):
        dog = self.function("slack", "8f742231b10e8888abcd99yyyzzz85a5")
        body = (b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
                b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
                b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
                b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")
        said = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        made = hmac.new(b"8f742231b10e8888abcd99yyyzzz85a5", b"v0:1531420618:" + body, "sha256").hexdigest()
        self.assertEqual(said, "v0=" + made)  # so that what follows makes signatures as Slack does
        headers = {"X-Slack-Request-Timestamp": "1531420618", "X-Slack-Signature": said}
        self.assertEqual(401, dog.request("POST", headers=headers, body=body).status)
        for age, status in ((0, 200), (290, 200), (-290, 200), (310, 401), (-310, 401)):
            with self.subTest(age=age):
                when = str(int(time.time()) - age)
                mac = hmac.new(b"8f742231b10e8888abcd99yyyzzz85a5", f"v0:{when}:".encode() + body, "sha256")
                headers = {"X-Slack-Request-Timestamp": when, "X-Slack-Signature": "v0=" + mac.hexdigest()}
                self.assertEqual(status, dog.request("POST", headers=headers, body=body).status)

    def test_stripe_s_signature_has_a_time_and_may_have_several(self):
        dog = self.function("stripe", "whsec_test")
        body = b'{"id": "evt_1"}'
        for age, status in ((0, 200), (310, 401)):
            when = int(time.time()) - age
            good = self.mac(f"{when}.".encode() + body, "whsec_test").hexdigest()
            for value, expected in ((f"t={when},v1={good}", status), (f"t={when},v1={'0' * 64},v1={good}", status),
                                    (f"t={when},v1={'0' * 64}", 401), (f"v1={good}", 401), (f"t={when}", 401),
                                    (f"t={when + 1},v1={good}", 401), (f"t={when},v0={good}", 401)):
                with self.subTest(value=value, age=age):
                    response = dog.request("POST", headers={"Stripe-Signature": value}, body=body)
                    self.assertEqual(expected, response.status, response)

    def test_any_header_algorithm_and_encoding_can_be_named(self):
        body = b"payload"
        for algorithm in ("sha1", "sha256", "sha384", "sha512"):
            digest = self.mac(body, algorithm=algorithm).digest()
            for encoding, text in (("hex", digest.hex()), ("base64", base64.b64encode(digest).decode())):
                for prefix in ("", "v1:"):
                    with self.subTest(algorithm=algorithm, encoding=encoding, prefix=prefix):
                        dog = self.function(f"X-Sign:{algorithm}:{encoding}:{prefix}")
                        response = dog.request("POST", headers={"X-Sign": prefix + text}, body=body)
                        self.assertEqual(200, response.status, response)

    def test_the_log_says_at_the_start_what_callers_need(self):
        self.function("github").wait_log(r"Callers need a signature \(github\)$")
        self.assertNotIn("Callers need", self.sh("true").log())

    def test_a_body_with_a_byte_changed_is_refused_in_every_mode(self):
        body = os.urandom(300_000)
        wrong = body[:-1] + bytes([body[-1] ^ 1])
        for mode in ("streaming", "serializing", "classic", "cgi"):
            for chunked in (False, True):
                with self.subTest(mode=mode, chunked=chunked):
                    program = 'sha256sum > "$PWD/saw.$$"; : > "$PWD/whole.$$"'
                    if mode == "cgi":
                        program = f"{program}; printf 'Content-Type: text/plain\n\nok'"
                    dog = self.function("github", mode=mode, program=program)
                    response = dog.request("POST", headers=self.signed(body), body=wrong, chunked=chunked)
                    self.assertEqual(401, response.status, response)
                    self.assertIn("does not fit the body", response.text)
                    until(lambda: not dog.children(), 5, "the process to be ended")
                    self.assertEqual([], list(dog.folder.glob("whole.*")))
                    response = dog.request("POST", headers=self.signed(body), body=body, chunked=chunked)
                    self.assertEqual(200, response.status, response)
                    saw = [file.read_text() for file in dog.folder.glob("saw.*") if file.stat().st_size]
                    self.assertEqual([f"{hashlib.sha256(body).hexdigest()}  -\n"], saw)

    def test_a_warm_server_never_gets_the_whole_of_a_wrong_body(self):
        server = ScriptedServer(answering(ok(), ok()))
        self.addCleanup(server.close)
        dog = self.function("github", mode="http", upstream_url=server.url, program="sleep 1000")
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        for chunked in (False, True):
            body = os.urandom(100_000).hex().encode()
            wrong = dog.request("POST", headers=self.signed(body), body=body[:-1] + b"!", chunked=chunked)
            self.assertEqual(401, wrong.status)
            self.assertFalse(b"".join(server.received).count(body[-1000:-1]))
            right = dog.request("POST", headers=self.signed(body), body=body, chunked=chunked)
            self.assertEqual("ok", right.text)
            self.assertTrue(b"".join(server.received).count(body[-1000:]))

    def test_a_fastcgi_application_gets_a_signed_body_whole_and_nothing_of_a_wrong_one(self):
        requests = []

        def script(visit):
            while (request := fastcgi_server.read_request(visit)) is not None:
                requests.append(request)
                visit.send(fastcgi_server.ok())

        server = ScriptedServer(script)
        self.addCleanup(server.close)
        dog = self.function("github", mode="fastcgi", upstream_url=server.url.replace("http:", "fastcgi:"),
                            program="sleep 1000")
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        for chunked in (False, True):
            body = os.urandom(300_000)
            wrong = dog.request("POST", headers=self.signed(body), body=body[:-1] + b"!", chunked=chunked)
            self.assertEqual(401, wrong.status)
            right = dog.request("POST", headers=self.signed(body), body=body, chunked=chunked)
            self.assertEqual("ok", right.text)
            self.assertEqual(body, requests.pop().body)
            self.assertEqual([], requests)

    def test_the_trailers_of_a_signed_body_reach_a_warm_server(self):
        server = ScriptedServer(answering(ok()))
        self.addCleanup(server.close)
        dog = self.function("github", mode="http", upstream_url=server.url, program="sleep 1000")
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        client = self.client(dog)
        client.send(f"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n"
                    f"X-Hub-Signature-256: {self.signed(b'hello')['X-Hub-Signature-256']}\r\n\r\n"
                    "5\r\nhello\r\n0\r\nX-End: here\r\n\r\n".encode())
        self.assertEqual(200, client.response().status)
        self.assertTrue(b"".join(server.received).endswith(b"0\r\nX-End: here\r\n\r\n"), server.received)

    def test_modes_that_collect_start_nothing_for_a_wrong_body(self):
        for mode in ("serializing", "classic"):
            dog = self.function("github", mode=mode, program=': > "$PWD/ran.$$"')
            self.assertEqual(401, dog.request("POST", headers=self.signed(b"a"), body=b"b").status)
            self.assertEqual([], list(dog.folder.glob("ran.*")))

    def test_what_is_not_signed_starts_nothing(self):
        dog = self.function("github", program=': > "$PWD/ran.$$"')
        for headers in ({}, {"X-Hub-Signature-256": "sha256=00"}, {"X-Hub-Signature-256": "sha1=" + "0" * 64},
                        {"X-Hub-Signature-256": "sha256=" + "g" * 64}, self.signed(b"other")):
            with self.subTest(headers=headers):
                response = dog.request(headers=headers)
                self.assertEqual(401, response.status, response)
                self.assertEqual('Signature realm="webhook"', response.header("WWW-Authenticate"))
        self.assertEqual([], list(dog.folder.glob("ran.*")))
        self.assertEqual(200, dog.request(headers=self.signed(b"")).status)
        self.assertEqual(200, dog.request(path="/_/health").status)

    def pending(self, dog, signature, length=100, sent=99, extra=""):
        """A client whose body is not complete yet."""
        client = self.client(dog)
        client.send(f"POST / HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: {signature}\r\n{extra}"
                    f"Content-Length: {length}\r\n\r\n{'x' * sent}".encode())
        return client

    def test_nothing_starts_and_no_slot_is_taken_before_the_body_fits(self):
        dog = self.function("github", program=': > "$PWD/ran.$$"', max_inflight="1")
        made_up = [self.pending(dog, "sha256=" + "0" * 64) for _ in range(3)]
        self.assertEqual(200, dog.request("POST", headers=self.signed(b"x"), body=b"x").status)
        self.assertEqual(1, len(list(dog.folder.glob("ran.*"))))
        for client in made_up[:2]:
            client.send(b"x")
            self.assertEqual(401, client.response().status)
        made_up[2].close()
        self.assertEqual(1, len(list(dog.folder.glob("ran.*"))))

    def test_a_site_sends_nothing_before_the_body_fits(self):
        site = Path(tempfile.mkdtemp(prefix="fwatchdog-site-"))
        self.addCleanup(shutil.rmtree, site)
        (site / "index.html").write_text("secret")
        secret = site / "key"
        secret.write_text(self.SECRET)
        dog = self.start(mode="static", static_path=str(site), auth_hmac="github", auth_hmac_secret_file=str(secret))
        client = self.pending(dog, "sha256=" + "0" * 64, 1, 0)
        time.sleep(0.3)
        client.send(b"x")
        response = client.response()
        self.assertEqual(401, response.status)
        self.assertNotIn("secret", response.text)
        self.assertEqual("secret", dog.request(headers=self.signed(b"")).text)

    def test_no_tunnel_opens_before_the_body_fits(self):
        server = ScriptedServer(answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                                          b"Connection: upgrade\r\n\r\ntunnel"))
        self.addCleanup(server.close)
        dog = self.function("github", mode="http", upstream_url=server.url, program="sleep 1000")
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        client = self.pending(dog, "sha256=" + "0" * 64, 1, 0, "Connection: upgrade\r\nUpgrade: x\r\n")
        time.sleep(0.3)
        self.assertEqual([], server.received)
        client.send(b"x")
        self.assertEqual(401, client.response().status)

    def test_a_signed_body_may_wait_for_100_continue(self):
        dog = self.function("github")
        client = self.pending(dog, self.signed(b"hello")["X-Hub-Signature-256"], 5, 0, "Expect: 100-continue\r\n")
        self.assertEqual(100, client.response().status)
        client.send(b"hello")
        self.assertEqual("hello", client.response().text)

    def test_a_signed_body_has_a_limit(self):
        dog = self.function("github", max_body_size="10")
        for chunked in (False, True):
            body = b"x" * 11
            self.assertEqual(413, dog.request("POST", headers=self.signed(body), body=body, chunked=chunked).status)
        self.assertEqual(200, dog.request("POST", headers=self.signed(b"x" * 10), body=b"x" * 10).status)

    def test_secrets_are_replaced_while_it_runs(self):
        dog = self.function("github", "old", "new")
        for secret in ("old", "new"):
            self.assertEqual(200, dog.request("POST", headers=self.signed(b"x", secret), body=b"x").status)
        self.secrets.write_text("new\n")
        until(lambda: dog.request("POST", headers=self.signed(b"x", "old"), body=b"x").status == 401, 5,
              "the old secret to be refused")
        self.assertEqual(200, dog.request("POST", headers=self.signed(b"x", "new"), body=b"x").status)
        self.secrets.write_text("")
        dog.wait_log("it has no secret.*stay in force")
        self.assertEqual(200, dog.request("POST", headers=self.signed(b"x", "new"), body=b"x").status)
