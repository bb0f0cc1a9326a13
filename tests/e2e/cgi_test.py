"""mode=cgi and cgi_response: programs that say their own status and fields (RFC 3875)."""

import hashlib
import os
import shutil
import tempfile

from harness import EXIT_USAGE, SANITIZER, Case, Stopwatch, run, until

PLAIN = "printf 'Content-Type: text/plain\\n\\n';"
WATCHDOG_MOST_KB = 8192


class Cgi(Case):
    def cgi(self, program, **options):
        """A watchdog whose CGI program is a shell script."""
        return self.sh(program, mode="cgi", **options)

    def answer(self, script, method="GET", path="/", **options):
        return self.cgi(script, **options).request(method, path)

    def variables(self, dog, method="GET", path="/", **request):
        text = dog.request(method, path, **request).text
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class Variables(Cgi):
    def test_the_request_is_told_as_rfc_3875_says(self):
        dog = self.cgi(PLAIN + "env")
        told = self.variables(dog, "POST", "/a%20b/c?x=1&y=%20", body=b"12345",
                              headers={"Content-Type": "text/x", "X-Some-Field": "v", "Host": "f.example:81"})
        for name, value in {"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1",
                            "REQUEST_METHOD": "POST", "PATH_INFO": "/a b/c", "SCRIPT_NAME": "",
                            "QUERY_STRING": "x=1&y=%20", "REQUEST_URI": "/a%20b/c?x=1&y=%20",
                            "CONTENT_LENGTH": "5", "CONTENT_TYPE": "text/x", "HTTP_X_SOME_FIELD": "v",
                            "SERVER_NAME": "f.example", "SERVER_PORT": "81", "REMOTE_ADDR": "127.0.0.1",
                            "REDIRECT_STATUS": "200", "Http_Path": "/a b/c", "Http_Method": "POST",
                            "Http_X_Some_Field": "v"}.items():
            self.assertEqual(told.get(name), value, name)
        self.assertTrue(told["SCRIPT_FILENAME"].endswith("sh"))
        self.assertEqual(self.variables(dog)["QUERY_STRING"], "")
        self.assertNotIn("CONTENT_LENGTH", self.variables(dog))

    def test_the_server_is_named_by_its_address_and_as_the_application_likes_it(self):
        told = self.variables(self.cgi(PLAIN + "env"))
        self.assertEqual(told["SERVER_ADDR"], "127.0.0.1")
        self.assertRegex(told["SERVER_SOFTWARE"], "^fwatchdog/")
        told = self.variables(self.cgi(PLAIN + "env", server_software="nginx/1.22.1"))
        self.assertEqual(told["SERVER_SOFTWARE"], "nginx/1.22.1")

    def test_http_variables_of_watchdogs_can_be_left_out(self):
        told = self.variables(self.cgi(PLAIN + "env", cgi_headers="false"))
        self.assertNotIn("Http_Path", told)
        self.assertEqual(told["REQUEST_METHOD"], "GET")

    def test_no_field_becomes_the_program_s_proxy(self):
        dog = self.cgi(PLAIN + "env", HTTP_PROXY="http://our.own")
        told = self.variables(dog, headers={"Proxy": "http://evil", "X_Real_Ip": "forged"})
        self.assertEqual(told["HTTP_PROXY"], "http://our.own")
        self.assertNotIn("HTTP_X_REAL_IP", told)

    def test_our_own_environment_does_not_pass_for_the_request_s(self):
        told = self.variables(self.cgi(PLAIN + "env", HTTP_COOKIE="old", QUERY_STRING="old", OTHER="ours"))
        self.assertNotIn("HTTP_COOKIE", told)
        self.assertEqual(told["QUERY_STRING"], "")
        self.assertEqual(told["OTHER"], "ours")

    def test_a_prefix_comes_before_the_paths(self):
        dog = self.cgi(PLAIN + "env", script_name_prefix="X-Forwarded-Prefix")
        told = self.variables(dog, path="/x?y", headers={"X-Forwarded-Prefix": "/function/f"})
        self.assertEqual((told["SCRIPT_NAME"], told["REQUEST_URI"]), ("/function/f", "/function/f/x?y"))
        told = self.variables(dog, path="/x", headers={"X-Forwarded-Prefix": "//evil.example"})
        self.assertEqual((told["SCRIPT_NAME"], told["REQUEST_URI"]), ("", "/x"))
        dog = self.cgi(PLAIN + "env", script_name_prefix="/function/mine/")
        told = self.variables(dog, path="/x", headers={"X-Forwarded-Prefix": "/other"})
        self.assertEqual(told["REQUEST_URI"], "/function/mine/x")


class Answers(Cgi):
    def test_the_program_says_status_and_fields(self):
        response = self.answer("printf 'Status: 418 Short and stout\\r\\nX-A: 1\\r\\nX-A: 2\\r\\n"
                               "Content-Type: text/tea\\r\\n\\r\\nbody'")
        self.assertEqual((response.status, response.reason), (418, "Short and stout"))
        self.assertEqual([v for n, v in response.headers if n == "X-A"], ["1", "2"])
        self.assertEqual(response.header("Content-Type"), "text/tea")
        self.assertIsNone(response.header("Status"))
        self.assertIsNotNone(response.header("X-Duration-Seconds"))
        self.assertEqual(response.text, "body")

    def test_an_absolute_location_is_a_redirect(self):
        response = self.answer("printf 'Location: https://example.com/x\\n\\n'")
        self.assertEqual((response.status, response.header("Location")), (302, "https://example.com/x"))

    def test_a_local_location_is_answered_here(self):
        dog = self.cgi('case $PATH_INFO in /old) printf "Location: /new?a=b\\n\\n";; '
                       f'*) {PLAIN} echo "$REQUEST_METHOD $REQUEST_URI [$CONTENT_LENGTH]"; cat;; esac')
        self.assertEqual(dog.request(path="/old").text, "GET /new?a=b []\n")
        with dog.client() as client:
            response = client.request("POST", "/old", body=b"x" * 100_000)
            self.assertEqual(response.text, "GET /new?a=b []\n")
            self.assertEqual(client.request("GET", "/other").text, "GET /other []\n")
        dog.wait_log(r"POST /old - 200 OK")
        self.assertEqual(dog.request("HEAD", "/old").status, 200)

    def test_a_local_location_beside_other_fields_is_a_redirect_that_keeps_them(self):
        dog = self.cgi(r"printf 'Location: /account\nSet-Cookie: session=1\n\n'")
        response = dog.request("POST", "/login", body=b"name=a")
        self.assertEqual((response.status, response.header("Location"), response.header("Set-Cookie")),
                         (302, "/account", "session=1"))

    def test_a_local_location_with_a_fragment_is_for_the_browser(self):
        response = self.answer(r"printf 'Location: /page#part\n\n'")
        self.assertEqual((response.status, response.header("Location")), (302, "/page#part"))

    def test_a_local_location_behind_a_prefix_has_it_once(self):
        script = (r'case $PATH_INFO in /old) printf "Location: $SCRIPT_NAME/new?a=b\n\n";; '
                  rf'/bare) printf "Location: /new?a=b\n\n";; *) {PLAIN} echo "$REQUEST_URI";; esac')
        dog = self.cgi(script, script_name_prefix="/function/shop")
        self.assertEqual(dog.request(path="/old").text, "/function/shop/new?a=b\n")
        self.assertEqual(dog.request(path="/bare").text, "/function/shop/new?a=b\n")

    def test_a_head_that_is_not_quite_right_is_mended_and_the_log_says_so_once(self):
        dog = self.cgi(r"printf 'Content-Type: a/b\nno field\nTransfer-Encoding: chunked\n\nhello'")
        for _ in range(3):
            response = dog.request()
            self.assertEqual((response.status, response.header("Content-Type"), response.text),
                             (200, "a/b", "hello"))
        warning = "the head of the function's answer was mended: a line that is no header field was left out"
        dog.wait_log(warning)
        self.assertEqual(dog.log().count(warning), 1)

    def test_local_redirects_in_a_circle_end(self):
        dog = self.cgi("printf 'Location: /again\\n\\n'")
        response = dog.request()
        self.assertEqual(response.status, 502)
        dog.wait_log(r"GET / - 502 Bad Gateway .* bad_answer: its local redirects go in a circle")

    def test_output_leaves_as_it_is_printed(self):
        dog = self.cgi(PLAIN + "echo one; read x; echo two")
        client = self.client(dog)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
        response = client.head()
        pieces = client.pieces(response)
        self.assertEqual(next(pieces), b"one\n")
        client.send(b"x\n")
        self.assertEqual(b"".join(pieces), b"two\n")

    def test_head_has_the_fields_and_no_body(self):
        dog = self.cgi("printf 'Content-Length: 5\\nContent-Type: a/b\\n\\nhello'")
        with dog.client() as client:
            for _ in range(2):
                response = client.request("HEAD")
                self.assertEqual((response.status, response.header("Content-Length")), (200, "5"))

    def test_204_has_no_body_whatever_is_printed(self):
        dog = self.cgi("printf 'Status: 204\\n\\nthis is not for you'")
        with dog.client() as client:
            for _ in range(2):
                self.assertEqual(client.request().status, 204)

    def test_a_declared_length_is_kept_to(self):
        dog = self.cgi("printf 'Content-Length: 3\\n\\nabcdef'")
        with dog.client() as client:
            for _ in range(2):
                self.assertEqual(client.request().text, "abc")

    def test_fields_of_the_connection_are_not_the_program_s(self):
        response = self.answer("printf 'Content-Type: a/b\\nConnection: upgrade\\nUpgrade: x\\n\\n'")
        self.assertIsNone(response.header("Upgrade"))


class Bodies(Cgi):
    def test_a_body_with_a_length_streams_to_the_program(self):
        body = os.urandom(1_000_000)
        dog = self.cgi(PLAIN + "sha256sum | cut -c-64")
        self.assertEqual(dog.request("POST", body=body).text.strip(), hashlib.sha256(body).hexdigest())

    def test_a_chunked_body_has_a_length_when_the_program_starts(self):
        dog = self.cgi(PLAIN + 'echo "$CONTENT_LENGTH"; sha256sum | cut -c-64')
        for size in (0, 10, 300_000, 20_000_000):
            body = os.urandom(size)
            response = dog.request("POST", body=body, chunked=True, timeout=60)
            self.assertEqual(response.text.split(), [str(size), hashlib.sha256(body).hexdigest()])
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), WATCHDOG_MOST_KB)

    def test_a_chunked_body_that_no_file_can_hold_is_503(self):
        dog = self.cgi(PLAIN + "wc -c", wrapper=("prlimit", "--fsize=1000000"))
        response = dog.request("POST", body=b"x" * 3_000_000, chunked=True)
        self.assertEqual(response.status, 503)
        self.assertIn("the body cannot be kept: File too large", response.text)
        self.assertEqual(dog.request("POST", body=b"x" * 1000, chunked=True).text.strip(), "1000")

    def test_a_full_disk_is_503_and_nothing_stays_behind(self):
        script = 'mount -t tmpfs -o size=1m none "$TMPDIR" && exec "$@"'
        dog = self.cgi(PLAIN + 'wc -c; df --output=used "$TMPDIR" | tail -n 1',
                       wrapper=("unshare", "--mount", "sh", "-c", script, "sh"))
        response = dog.request("POST", body=b"x" * 3_000_000, chunked=True)
        self.assertEqual(response.status, 503)
        self.assertIn("the body cannot be kept: No space left on device; make room in TMPDIR", response.text)
        self.assertEqual(response.header("Retry-After"), "1")
        dog.wait_log("out_of_resources: the body cannot be kept")
        self.assertEqual(dog.log().count("cannot be kept"), 1)
        self.assertEqual(dog.request("POST", body=b"x" * 1000, chunked=True).text.split()[0], "1000")
        self.assertLess(int(dog.request("POST", body=b"x", chunked=True).text.split()[1]), 100)

    def test_a_body_that_only_memory_can_hold_has_a_limit(self):
        dog = self.cgi(PLAIN + "wc -c", wrapper=("env", "TMPDIR=/proc/nowhere"), suppress_lock="true")
        response = dog.request("POST", body=bytes(65 << 20), chunked=True, timeout=60)
        self.assertEqual(response.status, 413)
        self.assertIn("1GiB in a file and 64MiB in memory; max_body_size sets another limit", response.text)
        self.assertEqual(dog.request("POST", body=b"x" * 1000, chunked=True).text.strip(), "1000")

    def test_max_body_size_holds(self):
        dog = self.cgi(PLAIN + "cat", max_body_size="1000")
        self.assertEqual(dog.request("POST", body=b"x" * 1001, chunked=True).status, 413)
        self.assertEqual(dog.request("POST", body=b"x" * 1001).status, 413)

    def test_a_100_mb_upload_that_is_never_read_is_answered(self):
        dog = self.cgi("printf 'Status: 403\\n\\nno'")
        response = dog.request("POST", body=bytes(100_000_000), timeout=60)
        self.assertEqual((response.status, response.text), (403, "no"))
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), WATCHDOG_MOST_KB)


class BadAnswers(Cgi):
    def assert_refused(self, script, says, path="/"):
        dog = self.cgi(script)
        response = dog.request(path=path)
        self.assertEqual(response.status, 502, response)
        self.assertIn(says, response.text)
        self.assertIsNone(response.header("X-OpenFaaS-Internal"))
        dog.wait_log(r" - 502 Bad Gateway .* - bad_answer: ")

    def test_an_answer_without_a_head_says_what_to_print(self):
        self.assert_refused("echo hello", 'print "Content-Type: text/plain" and an empty line first')

    def test_nothing_at_all(self):
        self.assert_refused("true", "it printed nothing")

    def test_a_status_that_is_none(self):
        self.assert_refused("printf 'Status: 99\\n\\n'", "its Status is not a number from 200 to 599")

    def test_two_lengths(self):
        self.assert_refused("printf 'Content-Length: 1\\nContent-Length: 2\\n\\nab'",
                            "its head has two different Content-Length fields")

    def test_nph_programs_are_told_that_they_are_not_supported(self):
        self.assert_refused("printf 'HTTP/1.0 200 OK\\n\\nhello'", "nph-")

    def test_a_head_without_an_end(self):
        self.assert_refused("while printf 'X-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\\n'; do :; done",
                            "more than 1024 fields")
        self.assert_refused("head -c 300000 /dev/zero | tr '\\0' a", "larger than 256 KiB")

    def test_a_carriage_return_cannot_smuggle_in_a_field(self):
        self.assert_refused("printf 'Location: http://a/\\rSet-Cookie: evil=1\\n\\n'", "line 1 of its head")

    def test_an_exit_code_before_the_head_is_complete_is_500(self):
        dog = self.cgi("printf 'Content-Type: a/b\\n'; exit 3")
        self.assertEqual(dog.request().status, 500)
        dog.wait_log(r" - 500 .* - function_failed: exit code 3")

    def test_a_failure_in_the_body_breaks_the_connection(self):
        for ending in ("exit 1", "kill -9 $$"):
            response = self.answer(PLAIN + f"echo half; {ending}")
            self.assertEqual(response.status, 200)
            self.assertFalse(response.complete, ending)

    def test_an_error_status_stands_whatever_the_exit_code(self):
        response = self.answer("printf 'Status: 500\\n\\nsorry'; exit 255")
        self.assertEqual((response.status, response.text, response.complete), (500, "sorry", True))

    def test_a_body_shorter_than_its_length_breaks_the_connection(self):
        response = self.answer("printf 'Content-Length: 10\\n\\nabc'")
        self.assertEqual((response.body, response.complete), (b"abc", False))

    def test_time_runs_out_before_the_head(self):
        watch = Stopwatch()
        dog = self.cgi("printf 'Content-Type: a/b\\n'; sleep 60", exec_timeout="300ms")
        self.assertEqual(dog.request().status, 504)
        self.assert_within(watch.seconds, 0.3, 2)
        dog.until_no_processes()

    def test_a_client_that_leaves_ends_the_program(self):
        dog = self.cgi(PLAIN + "echo x; sleep 60")
        client = self.client(dog)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(client.head().status, 200)
        client.close()
        dog.until_no_processes()


class Applications(Cgi):
    """document_root: files beside the program."""

    def application(self, **options):
        dog = self.cgi(PLAIN + 'echo "$SCRIPT_NAME + $PATH_INFO"', script="app.cgi",
                       document_root=self.folder(), **options)
        return dog

    def folder(self):
        import tempfile
        folder = tempfile.TemporaryDirectory(prefix="fwatchdog-test-")
        self.addCleanup(folder.cleanup)
        for name, text in {"app.cgi": "secret source", "style.css": "body {}", "app.cgi.bak": "secret",
                           "old.php": "<?php secret", ".env": "secret", "docs/index.html": "docs"}.items():
            path = os.path.join(folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        return folder.name

    def test_files_are_served_and_the_rest_is_the_program_s(self):
        dog = self.application()
        self.assertEqual(dog.request(path="/").text, "/app.cgi + \n")
        self.assertEqual(dog.request(path="/a/b").text, "/app.cgi + /a/b\n")
        self.assertEqual(dog.request(path="/app.cgi/a").text, "/app.cgi + /a\n")
        response = dog.request(path="/style.css")
        self.assertEqual(response.text, "body {}")
        self.assertEqual(response.header("Content-Type"), "text/css; charset=utf-8")
        self.assertEqual(dog.request(path="/style.css", headers={"If-None-Match": response.header("ETag")}).status, 304)
        self.assertEqual(dog.request(path="/docs/").text, "docs")
        self.assertEqual(dog.request(path="/docs").header("Location"), "./docs/")
        self.assertEqual(dog.request("POST", "/style.css", body=b"x").status, 405)

    def test_an_extension_counts_at_the_end_of_a_name_alone(self):
        folder = self.folder()
        for name in ("jquery.plugin.js", "app.include.js", "de.pharmacy.svg", "page.cgi.html"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(name)
        for name in ("app.inc", "old.php~", "tool.phar", "page.phtml.old"):
            with open(os.path.join(folder, name), "w") as file:
                file.write("secret")
        dog = self.cgi(PLAIN + 'echo "$SCRIPT_NAME + $PATH_INFO"', script="app.cgi", document_root=folder)
        for name in ("jquery.plugin.js", "app.include.js", "de.pharmacy.svg", "page.cgi.html"):
            self.assertEqual(dog.request(path="/" + name).text, name)
        for name in ("app.inc", "old.php~", "tool.phar", "page.phtml.old"):
            self.assertEqual(dog.request(path="/" + name).text, f"/app.cgi + /{name}\n")

    def test_no_file_is_cached_for_ever_unless_asked(self):
        folder = self.folder()
        for name in ("app.3f2a9c1b.js", "avatar.png"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(name)
        for policy, built, uploaded in (("", "no-cache", "no-cache"),
                                        ("by name", "public, max-age=31536000, immutable", "no-cache"),
                                        ("max-age=60", "max-age=60", "max-age=60")):
            with self.subTest(policy=policy):
                dog = self.cgi(PLAIN, script="app.cgi", document_root=folder,
                               **({"static_cache_control": policy} if policy else {}))
                self.assertEqual(dog.request(path="/app.3f2a9c1b.js").header("Cache-Control"), built)
                self.assertEqual(dog.request(path="/avatar.png").header("Cache-Control"), uploaded)

    def test_sources_and_hidden_files_are_never_sent(self):
        dog = self.application()
        for path in ("/app.cgi", "/app.cgi.bak", "/old.php", "/.env", "/%2eenv", "/docs/../.env", "/old.php/",
                     "//old.php", "/./old.php", "/%6fld.php", "/OLD.PHP"):
            self.assertNotIn("secret", dog.request(path=path).text, path)

    def programs(self):
        """A site with a program in it, and what else must not leave it."""
        folder = self.folder()
        program = "#!/bin/sh\n# secret\n" + PLAIN + 'echo "$SCRIPT_NAME + $PATH_INFO"'
        for name in ("app.cgi", "app", "tool"):
            path = os.path.join(folder, name)
            with open(path, "w") as file:
                file.write(program)
            os.chmod(path, 0o755)
        for name in ("dump.sql", "data.sqlite", "composer.json", "Dockerfile", "my.module", "page.twig", "Lib.PM"):
            with open(os.path.join(folder, name), "w") as file:
                file.write("secret")
        os.symlink("app.cgi", os.path.join(folder, "link.txt"))
        os.symlink("dump.sql", os.path.join(folder, "dump.txt"))
        os.symlink(".env", os.path.join(folder, "env.txt"))
        os.link(os.path.join(folder, "app"), os.path.join(folder, "twin.css"))
        return folder

    def test_a_program_below_document_root_runs_by_its_name_and_is_never_sent(self):
        folder = self.programs()
        hidden = ("/tool", "/dump.sql", "/data.sqlite", "/composer.json", "/Dockerfile", "/my.module", "/page.twig",
                  "/Lib.PM", "/link.txt", "/dump.txt", "/env.txt")
        for fprocess, options, expected in (
                (f"{folder}/app.cgi", {}, {"/app.cgi": "/app.cgi + \n", "/app.cgi/a": "/app.cgi + /a\n", "/app": None}),
                (f"{folder}/app", {"script": "app"}, {"/app": "/app + \n", "/app/a": "/app + /a\n", "/twin.css": None}),
                (f"{folder}/app.cgi", {"script": "app"}, {"/app": "/app + \n", "/app.cgi": None, "/twin.css": None}),
                (f"sh {folder}/app", {}, {"/app": "/app + \n", "/app/a": "/app + /a\n", "/twin.css": None})):
            with self.subTest(fprocess=fprocess, **options):
                dog = self.start(mode="cgi", fprocess=fprocess, document_root=folder, **options)
                for path, text in expected.items():
                    response = dog.request(path=path)
                    self.assertNotIn("secret", response.text, path)
                    if text is not None:
                        self.assertEqual(response.text, text, path)
                for path in hidden:
                    self.assertNotIn("secret", dog.request(path=path).text, path)
                self.assertEqual(dog.request(path="/style.css").text, "body {}")

    def test_a_program_that_is_replaced_is_still_no_file(self):
        folder = self.programs()
        dog = self.start(mode="cgi", fprocess=f"sh {folder}/app.cgi", document_root=folder, script="app")
        os.remove(os.path.join(folder, "twin.css"))
        shutil.copy(os.path.join(folder, "app"), os.path.join(folder, "new"))
        os.replace(os.path.join(folder, "new"), os.path.join(folder, "app.cgi"))
        os.link(os.path.join(folder, "app.cgi"), os.path.join(folder, "twin.css"))
        for path in ("/app.cgi", "/twin.css"):
            self.assertEqual(dog.request(path=path).status, 404, path)

    def test_links_are_followed_for_scripts_and_files_alike(self):
        folder = self.folder()
        outside = self.folder()
        os.symlink(outside, os.path.join(folder, "shared"))
        os.symlink(os.path.join(outside, "style.css"), os.path.join(folder, "theme.css"))
        for symlinks, found in (("", True), ("any", True), ("inside", False)):
            with self.subTest(symlinks=symlinks):
                dog = self.cgi(PLAIN + 'echo "$SCRIPT_NAME + $PATH_INFO"', script="app.cgi", document_root=folder,
                               **({"symlinks": symlinks} if symlinks else {}))
                self.assertEqual(dog.request(path="/shared/app.cgi/a").text,
                                 "/shared/app.cgi + /a\n" if found else "/app.cgi + /shared/app.cgi/a\n")
                for path in ("/shared/style.css", "/theme.css"):
                    response = dog.request(path=path)
                    self.assertEqual((response.status, response.text == "body {}"), (200, True) if found else (404, False), path)
                for path in ("/shared/app.cgi.bak", "/shared/old.php", "/shared/.env"):
                    self.assertNotIn("secret", dog.request(path=path).text, path)

    def test_a_document_root_is_what_its_path_leads_to_now(self):
        top = tempfile.mkdtemp(prefix="fwatchdog-test-")
        self.addCleanup(shutil.rmtree, top, True)
        for n in ("1", "2"):
            os.mkdir(f"{top}/{n}")
            for name in ("app.cgi", "style.css"):
                with open(f"{top}/{n}/{name}", "w") as file:
                    file.write(n)
        os.symlink("1", f"{top}/current")
        dog = self.cgi(PLAIN + 'cat "$SCRIPT_FILENAME"; echo " $DOCUMENT_ROOT"; pwd', script="app.cgi",
                       document_root=f"{top}/current")
        for n in ("1", "2"):
            self.assertEqual(dog.request(path="/app.cgi").text, f"{n} {top}/{n}\n{top}/{n}\n")
            self.assertEqual(dog.request(path="/style.css").text, n)
            os.symlink("2", f"{top}/next")
            os.replace(f"{top}/next", f"{top}/current")
            shutil.rmtree(f"{top}/1", True)

    def test_a_folder_or_script_that_is_not_there_is_refused_at_the_start(self):
        for options, says in (({"document_root": "/no/such"}, "document_root=/no/such: there is no such folder"),
                              ({"script": "none.php"}, "script=none.php: there is no such file")):
            result = run("--", "true", mode="cgi", **options)
            self.assertEqual(result.returncode, EXIT_USAGE)
            self.assertIn(says, result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1)


class CgiResponse(Case):
    """cgi_response=true: a streaming function whose answer may begin with a head."""

    def function(self, script, **options):
        return self.sh(script, cgi_response="true", **options)

    def test_an_answer_with_a_head_has_its_status_and_fields(self):
        response = self.function("printf 'Status: 201\\nX-Made: yes\\nContent-Type: a/b\\n\\nmade'").request()
        self.assertEqual((response.status, response.header("X-Made"), response.text), (201, "yes", "made"))

    def test_an_answer_without_one_is_as_before(self):
        for text in ("hello", "Note: a\\n\\nb", "Stat", "\\n"):
            response = self.function(f"printf '{text}'", content_type="text/plain").request()
            self.assertEqual((response.status, response.header("Content-Type")), (200, "text/plain"))
            self.assertEqual(response.text, text.replace("\\n", "\n"))

    def test_no_answer_is_an_empty_one(self):
        response = self.function("true").request()
        self.assertEqual((response.status, response.text), (200, ""))

    def test_without_the_option_nothing_is_a_head(self):
        response = self.sh("printf 'Status: 404\\n\\nx'").request()
        self.assertEqual((response.status, response.text), (200, "Status: 404\n\nx"))

    def test_a_tick_is_not_held_back(self):
        dog = self.function("echo time: now; sleep 60", exec_timeout="2s")
        client = self.client(dog)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        watch = Stopwatch()
        response = client.head()
        self.assertEqual(next(client.pieces(response)), b"time: now\n")
        self.assert_within(watch.seconds, 0, 1)

    def test_a_failure_is_500_before_the_head_and_a_break_after_it(self):
        self.assertEqual(self.function("printf 'Status: 2'; exit 1").request().status, 500)
        response = self.function("printf 'Status: 200\\n\\nx'; exit 1").request()
        self.assertFalse(response.complete)


class WorkingFolder(Cgi):
    """RFC 3875 7.2: a program finds what lies beside it by a relative name."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fwatchdog-test-")
        self.addCleanup(folder.cleanup)
        self.top = os.path.realpath(folder.name)
        for name in ("", "tools"):
            inside = os.path.join(self.top, name)
            os.makedirs(inside, exist_ok=True)
            with open(inside + "/show.cgi", "w") as file:
                file.write(f"#!/bin/sh\n{PLAIN} cat data.txt; echo $0\n")
            os.chmod(inside + "/show.cgi", 0o755)
            with open(inside + "/data.txt", "w") as file:
                file.write(f"data of {name or 'top'}\n")

    def first_line(self, path="/", **options):
        return self.start(mode="cgi", **options).request(path=path).text.partition("\n")[0]

    def test_a_program_runs_in_the_folder_that_holds_it(self):
        self.assertEqual(self.first_line(fprocess=f"{self.top}/tools/show.cgi"), "data of tools")

    def test_a_tool_runs_in_the_folder_of_the_script_that_it_is_given(self):
        self.assertEqual(self.first_line(fprocess=f"sh {self.top}/tools/show.cgi"), "data of tools")

    def test_a_program_named_from_the_current_folder_is_found_all_the_same(self):
        for fprocess in ("tools/show.cgi", "./tools/show.cgi", "sh tools/show.cgi"):
            dog = self.start(mode="cgi", fprocess=fprocess, current_folder=self.top)
            for chunked in (False, True):
                text = dog.request("POST", body=b"x", chunked=chunked).text
                self.assertEqual(text, f"data of tools\n{self.top}/tools/show.cgi\n", fprocess)

    def test_a_script_below_document_root_runs_in_its_own_folder(self):
        options = {"fprocess": """sh -c 'exec "$SCRIPT_FILENAME"'""", "document_root": self.top, "script": "show.cgi"}
        self.assertEqual(self.first_line("/tools/show.cgi", **options), "data of tools")
        self.assertEqual(self.first_line("/", **options), "data of top")

    def test_what_is_no_file_runs_where_the_watchdog_runs(self):
        dog = self.cgi(PLAIN + "pwd", current_folder=self.top)
        self.assertEqual(dog.request().text, self.top + "\n")


class Endurance(Cgi):
    def test_nothing_grows_over_1000_requests(self):
        dog = self.cgi(PLAIN + "echo x")
        for _ in range(100):
            dog.request()
        fds, memory = dog.fds(), dog.rss_kb()
        with dog.client() as client:
            for i in range(1000):
                response = client.request("POST", "/", body=b"x" * 100, chunked=i % 2 == 0)
                self.assertEqual(response.text, "x\n")
        self.assert_no_more_fds(dog, fds)
        until(lambda: not dog.children(), 5, "no child to be left")
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), memory + 1024)
