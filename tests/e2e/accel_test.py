"""accel_root: files that an application leaves to us to send, by X-Accel-Redirect or X-Sendfile."""

import os
import tempfile
from pathlib import Path

from fastcgi_server import end, out, read_request
from harness import Case, head, run, until
from scripted_server import ScriptedServer, answering

MEGABYTE = 1024 * 1024
TEXT = b"The words of a file.\n"


class Accel(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fwatchdog-test-")
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        self.top = Path(folder.name)
        self.root = self.top / "files"
        (self.root / "sub").mkdir(parents=True)
        (self.root / "a b.txt").write_bytes(TEXT)
        (self.root / "100%.txt").write_bytes(b"percent")
        (self.root / "sub" / ".secret.php").write_bytes(b"<?php")
        (self.top / "outside.txt").write_bytes(b"outside")
        (self.root / "out").symlink_to("../outside.txt")
        (self.root / "inside").symlink_to("a b.txt")

    def answers(self, *fields, body=b"its own"):
        """What the application answers from here on."""
        raise NotImplementedError

    def application(self, **options):
        """Runs the application."""
        raise NotImplementedError

    def serve(self, *fields, body=b"its own", **options):
        self.answers(*fields, body=body)
        options.setdefault("accel_root", self.root)
        return self.application(**{name: str(value) for name, value in options.items()})


class Contract:
    def test_the_file_is_sent_in_place_of_the_body(self):
        dog = self.serve("X-Accel-Redirect: /a%20b.txt?query")
        for field in ("X-Accel-Redirect: /a%20b.txt?query", "x-accel-redirect: //./a b.txt",
                      "X-Accel-Redirect: %2Fa%20b.txt", "X-Accel-Redirect: /inside",
                      f"X-Sendfile: {self.root}/a%20b.txt", f"X-Sendfile: {self.root}/a b.txt",
                      f"X-Sendfile: {self.root}/sub/../a b.txt", f"X-LIGHTTPD-send-file: {self.root}/a b.txt"):
            with self.subTest(field):
                self.answers(field, "Status: 403 Forbidden")
                response = dog.request()
                self.assertEqual((response.status, response.body), (200, TEXT))
                self.assertEqual(response.header("Content-Length"), str(len(TEXT)))
                self.assertEqual(response.header("Accept-Ranges"), "bytes")
                names = {name.lower() for name, _ in response.headers}
                self.assertFalse(names & {"x-accel-redirect", "x-sendfile", "x-lighttpd-send-file"})

    def test_names_that_are_not_encoded_dot_files_and_sources_are_sent(self):
        dog = self.serve()
        for field, content in (("X-Accel-Redirect: /100%.txt", b"percent"),
                               (f"X-Sendfile: {self.root}/100%.txt", b"percent"),
                               ("X-Accel-Redirect: /sub/.secret.php", b"<?php")):
            self.answers(field)
            self.assertEqual(dog.request().body, content, field)

    def test_fields_of_the_application_are_kept_but_for_those_of_its_body(self):
        kept = ["Content-Type: a/b", 'Content-Disposition: attachment; filename="x"', "Set-Cookie: a=1",
                "Set-Cookie: b=2", "Cache-Control: private, max-age=9", "Expires: 0",
                "Content-Security-Policy: sandbox"]
        dog = self.serve("X-Accel-Redirect: /a%20b.txt", *kept, 'ETag: "its"', "Content-Encoding: gzip",
                         "Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT", "Location: /elsewhere", "Content-Length: 7")
        response = dog.request()
        told = [f"{name}: {value}" for name, value in response.headers]
        for field in kept:
            self.assertEqual(told.count(field), 1, field)
        self.assertNotEqual(response.header("ETag"), '"its"')
        self.assertNotIn("2015", response.header("Last-Modified"))
        self.assertEqual([name for name, _ in response.headers if name in ("Content-Encoding", "Location")], [])
        names = [name for name, _ in response.headers]
        for name in ("Content-Type", "Cache-Control", "ETag", "Date", "Content-Length", "X-Duration-Seconds"):
            self.assertEqual(names.count(name), 1, name)

    def test_what_the_application_does_not_say_follows_from_the_file(self):
        response = self.serve("X-Accel-Redirect: /a%20b.txt", "Status: 200").request()
        self.assertEqual(response.header("Content-Type"), "text/plain; charset=utf-8")
        self.assertEqual(response.header("Cache-Control"), "no-cache")

    def test_conditions_and_ranges(self):
        dog = self.serve("X-Accel-Redirect: /a%20b.txt", "Content-Type: a/b", "Set-Cookie: a=1")
        whole = dog.request()
        etag = whole.header("ETag")

        def ask(method="GET", **fields):
            response = dog.request(method, headers={n.replace("_", "-"): v for n, v in fields.items()})
            self.assertEqual(response.header("Set-Cookie"), "a=1")
            return response

        response = ask(If_None_Match=etag)
        self.assertEqual((response.status, response.body, response.header("ETag")), (304, b"", etag))
        self.assertEqual(ask(If_Modified_Since=whole.header("Last-Modified")).status, 304)
        self.assertEqual(ask(If_Match='"other"').status, 412)
        response = ask(Range="bytes=4-8")
        self.assertEqual((response.status, response.body, response.header("Content-Type")),
                         (206, TEXT[4:9], "a/b"))
        self.assertEqual(response.header("Content-Range"), f"bytes 4-8/{len(TEXT)}")
        self.assertEqual(ask(Range="bytes=4-8", If_Range=etag).status, 206)
        self.assertEqual(ask(Range="bytes=4-8", If_Range='"other"').status, 200)
        response = ask(Range="bytes=99-")
        self.assertEqual((response.status, response.header("Content-Range")), (416, f"bytes */{len(TEXT)}"))
        response = ask(Range="bytes=0-0,4-8")
        self.assertEqual(response.status, 206)
        self.assertEqual(response.body.count(b"Content-Type: a/b"), 2)
        for fields in ({}, {"Range": "bytes=4-8"}):
            response = ask("HEAD", **fields)
            self.assertEqual((response.status, response.body), (200, b""))
            self.assertEqual(response.header("Content-Length"), str(len(TEXT)))

    def test_another_method_gets_the_whole_file(self):
        dog = self.serve("X-Accel-Redirect: /a%20b.txt")
        etag = dog.request().header("ETag")
        with dog.client() as client:
            for _ in range(2):
                response = client.request("POST", headers={"If-None-Match": etag, "Range": "bytes=0-1"},
                                          body=b"x" * 100_000)
                self.assertEqual((response.status, response.body), (200, TEXT))

    def test_what_is_not_below_is_404_and_the_log_says_so(self):
        dog = self.serve("Status: 200")
        beside = str(self.root) + "2"
        for field in ("X-Accel-Redirect: /none", "X-Accel-Redirect: /../outside.txt",
                      "X-Accel-Redirect: /sub/%2e%2e/%2e%2e/outside.txt", "X-Accel-Redirect: /sub/../a b.txt",
                      "X-Accel-Redirect: /%2e%2e%2foutside.txt", "X-Accel-Redirect: a b.txt",
                      "X-Accel-Redirect: @named", "X-Accel-Redirect: /out", "X-Accel-Redirect: /sub",
                      "X-Accel-Redirect: /", "X-Accel-Redirect: /a%00b", f"X-Accel-Redirect: /{'x' * 5000}",
                      f"X-Sendfile: {self.root}/../outside.txt", f"X-Sendfile: {self.root}/%2e%2e/outside.txt",
                      f"X-Sendfile: {self.root}", f"X-Sendfile: {beside}/a", "X-Sendfile: a b.txt",
                      "X-Sendfile: /../../etc/passwd", f"X-Sendfile: {self.root}/out"):
            with self.subTest(field):
                self.answers(field, "Content-Disposition: attachment", "Set-Cookie: a=1", "Content-Type: a/b")
                response = dog.request()
                self.assertEqual((response.status, response.text), (404, "404: Not Found\n"))
                self.assertIsNone(response.header("Content-Disposition"))
                self.assertEqual(response.header("Set-Cookie"), "a=1")
        self.assertIn("X-Sendfile: /../../etc/passwd: there is no such file in", dog.log())
        self.assertIn("out is a symbolic link that leads out of the folder", dog.log())

    def test_links_that_lead_out_are_followed_where_the_user_says_so(self):
        dog = self.serve("X-Accel-Redirect: /out", symlinks="any")
        self.assertEqual(dog.request().body, b"outside")

    def test_of_several_fields_the_first_of_the_best_counts(self):
        dog = self.serve("X-Sendfile: /none", "X-Accel-Redirect: ", "X-Accel-Redirect: /a b.txt",
                         "X-Accel-Redirect: /none")
        self.assertEqual(dog.request().body, TEXT)

    def test_an_empty_name_names_nothing(self):
        response = self.serve("X-Accel-Redirect: ", "X-Sendfile:").request()
        self.assertEqual((response.status, response.text), (200, "its own"))

    def test_without_accel_root_the_field_is_dropped_with_one_warning(self):
        dog = self.serve("X-Accel-Redirect: /a%20b.txt", "X-Sendfile: /x", "X-SENDFILE-TEMPORARY: /x",
                         "x-sendfile2: /x", "X-LIGHTTPD-send-file: /x", "X-Accel-Buffering: no",
                         "X-Accel-Expires: 0", accel_root="")
        for _ in range(3):
            response = dog.request()
            self.assertEqual((response.status, response.text), (200, "its own"))
            names = {name.lower() for name, _ in response.headers}
            self.assertFalse([name for name in names if "file" in name or name == "x-accel-redirect"], names)
            # For a proxy in front of us.
            self.assertEqual(response.header("X-Accel-Buffering"), "no")
            self.assertEqual(response.header("X-Accel-Expires"), "0")
        dog.wait_log("by X-Accel-Redirect, but accel_root is not set")
        self.assertEqual(dog.log().count("accel_root"), 1)

    def test_a_field_that_nobody_can_follow_is_dropped_all_the_same(self):
        dog = self.serve(f"X-Sendfile-Temporary: {self.root}/a b.txt")
        response = dog.request()
        self.assertEqual((response.text, response.header("X-Sendfile-Temporary")), ("its own", None))
        dog.wait_log("X-Sendfile-Temporary, which is not supported")

    def test_a_large_file_arrives_as_it_is(self):
        content = os.urandom(20 * MEGABYTE)
        (self.root / "large").write_bytes(content)
        dog = self.serve("X-Accel-Redirect: /large")
        with dog.client() as client:
            for _ in range(2):
                self.assertEqual(client.request().body, content)
            self.assertEqual(client.request(headers={"Range": "bytes=5000000-"}).body, content[5_000_000:])

    def test_a_client_that_leaves_and_a_file_that_shrinks(self):
        path = self.root / "large"
        path.write_bytes(os.urandom(20 * MEGABYTE))
        dog = self.serve("X-Accel-Redirect: /large")
        dog.request("HEAD")
        before = dog.fds()
        client = self.client(dog, receive_buffer=4096)
        client.send(head())
        self.assertEqual(client.head().status, 200)
        client.abort()
        dog.wait_log(r"GET / - 499")
        client = self.client(dog, receive_buffer=4096)
        client.send(head())
        response = client.head()
        os.truncate(path, 19 * MEGABYTE)
        self.assertLess(sum(map(len, client.pieces(response))), 20 * MEGABYTE)
        self.assertFalse(response.complete)
        dog.wait_log(r"GET / - 500 .*file_failed")
        client.close()
        self.assert_no_more_fds(dog, before)

    def test_a_large_body_of_its_own_is_thrown_away(self):
        dog = self.serve("X-Accel-Redirect: /a%20b.txt", body=bytes(8 * MEGABYTE))
        for _ in range(3):
            self.assertEqual(dog.request().body, TEXT)

    def test_a_slow_download_leaves_the_function_free(self):
        (self.root / "large").write_bytes(bytes(20 * MEGABYTE))
        dog = self.serve("X-Accel-Redirect: /large", max_inflight=1)
        slow = self.client(dog, receive_buffer=4096)
        slow.send(head())
        self.assertEqual(slow.head().status, 200)
        self.answers("Status: 200")
        self.assertEqual(dog.request().status, 200)

    def test_the_folder_is_what_its_path_leads_to_now(self):
        for release in ("one", "two"):
            (self.top / release).mkdir()
            (self.top / release / "a").write_text(release)
        (self.top / "current").symlink_to("one")
        dog = self.serve("X-Accel-Redirect: /a", accel_root=self.top / "current")
        self.assertEqual(dog.request().text, "one")
        (self.top / "next").symlink_to("two")
        os.replace(self.top / "next", self.top / "current")
        self.assertEqual(dog.request().text, "two")
        for path in ("current", "two"):
            self.answers(f"X-Sendfile: {self.top}/{path}/a")
            self.assertEqual(dog.request().text, "two")


class Cgi(Contract, Accel):
    mode = {"mode": "cgi"}

    def answers(self, *fields, body=b"its own"):
        lines = fields if any(f.lower().startswith(("status", "content-type")) for f in fields) else (
            *fields, "Status: 200")
        lines = sorted(lines, key=lambda line: not line.startswith("Status"))
        (self.top / "answer").write_bytes("".join(f"{line}\n" for line in lines).encode() + b"\n" + body)

    def application(self, **options):
        return self.start(fprocess=f"cat {self.top}/answer", **self.mode, **options)

    def test_a_program_that_sends_a_short_body_ends_by_itself(self):
        program = (rf"printf 'X-Accel-Redirect: /a b.txt\n\n'; head -c 500000 /dev/zero; echo all >{self.top}/said")
        dog = self.sh("printf 'Status: 200\\n';" + program, accel_root=str(self.root), **self.mode)
        self.assertEqual(dog.request().body, TEXT)
        self.assertEqual((self.top / "said").read_text(), "all\n")

    def test_one_that_fails_has_no_file_sent_for_it(self):
        dog = self.sh(r"printf 'Status: 200\nX-Accel-Redirect: /a b.txt\n\n'; exit 3", accel_root=str(self.root),
                      **self.mode)
        self.assertEqual(dog.request().status, 500)


    def test_nobody_is_sent_a_file_who_has_left(self):
        (self.root / "large").write_bytes(bytes(20 * MEGABYTE))
        dog = self.sh(f"echo >{self.top}/started; while [ ! -e {self.top}/go ]; do sleep 0.05; done;"
                      r"printf 'Status: 200\nX-Accel-Redirect: /large\n\n'",
                      accel_root=str(self.root), kill_on_disconnect="false", **self.mode)
        client = self.client(dog)
        client.send(head())
        until((self.top / "started").exists, 5, "the program to run")
        client.abort()
        (self.top / "go").touch()
        dog.wait_log(r"GET / - 499")
        self.assertEqual(len(dog.request().body), 20 * MEGABYTE)


class CgiResponse(Cgi):
    """mode=streaming with cgi_response=true."""
    mode = {"cgi_response": "true"}

    def answers(self, *fields, body=b"its own"):
        super().answers(*sorted(fields, key=lambda line: not line.startswith("Content-Type")), body=body)


class Fastcgi(Contract, Accel):
    def answers(self, *fields, body=b"its own"):
        self.said = "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n" + body

    def application(self, **options):
        self.requests = []

        def script(visit):
            while (request := read_request(visit)) is not None:
                self.requests.append(request)
                for start in range(0, len(self.said), 60_000):
                    visit.send(out(self.said[start:start + 60_000]))
                visit.send(end())

        server = ScriptedServer(script)
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="fastcgi",
                         upstream_url=server.url.replace("http://", "fastcgi://"), **options)
        until(lambda: dog.request(path="/_/health").status == 200, 5, "it to be ready")
        return dog

    def test_the_application_learns_that_files_are_sent_for_it_from_us_alone(self):
        for accel_root, told in ((self.root, "X-Sendfile"), ("", None)):
            dog = self.serve("Status: 200", accel_root=accel_root)
            dog.request(headers={"X-Sendfile-Type": "X-Accel-Redirect", "X-Accel-Mapping": "/=/"})
            variables = self.requests[-1].variables
            self.assertEqual(variables.get("HTTP_X_SENDFILE_TYPE"), told)
            self.assertNotIn("HTTP_X_ACCEL_MAPPING", variables)

    def test_below_document_root_it_is_closed_to_clients(self):
        public = self.top
        (self.root / "index.php").write_text("<?php")
        (public / "index.php").write_text("<?php")
        dog = self.serve("Status: 200", document_root=public, script="index.php")
        self.assertEqual(dog.request(path="/outside.txt").text, "outside")
        for path in ("/files/a%20b.txt", "/files//a%20b.txt", "/files", "/files/", "/%66iles/100%25.txt",
                     "/files/index.php"):
            self.assertEqual(dog.request(path=path).text, "its own", path)
            self.assertEqual(self.requests[-1].variables["SCRIPT_NAME"], "/index.php")
        self.answers("X-Accel-Redirect: /a b.txt")
        self.assertEqual(dog.request(path="/files/a%20b.txt").body, TEXT)


class Start(Case):
    def test_a_folder_that_is_not_there_stops_the_start(self):
        for options in ({"mode": "cgi"}, {"cgi_response": "true"}):
            result = run(fprocess="cat", accel_root="/no/such", **options)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("accel_root=/no/such: there is no such folder", result.stdout + result.stderr)

    def test_a_plain_proxy_passes_the_fields_on(self):
        server = ScriptedServer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Accel-Redirect: /a\r\n"
                                          b"X-Sendfile: /b\r\n\r\nok"))
        self.addCleanup(server.close)
        dog = self.start("--", "sleep", "1000", mode="http", upstream_url=server.url)
        response = dog.request()
        self.assertEqual((response.header("X-Accel-Redirect"), response.header("X-Sendfile")), ("/a", "/b"))
