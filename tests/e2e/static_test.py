"""mode=static: a folder as a web site."""

import gzip
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

from harness import (EXIT_USAGE, SANITIZER, Case, InBackground, Stopwatch, head,
                     raise_descriptor_limit, run, until)

LONG_AGO = 1_700_000_000  # what was changed just now is not kept in memory
MEGABYTE = 1 << 20
WORDS = b"".join(b"%d bottles of beer on the wall\n" % i for i in range(20_000))  # 650 KB


class StaticCase(Case):
    def setUp(self):
        self.site = Path(tempfile.mkdtemp(prefix="fwatchdog-site-"))
        self.site.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.site, True)

    def put(self, name, content=b"content", changed=LONG_AGO):
        path = self.site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (changed, changed))
        return path

    def settle(self):
        """Until everything written so far is old enough to be kept in memory."""
        time.sleep(3.2)

    def serve(self, **options):
        return self.start(mode="static", static_path=self.site, **options)

    def get(self, dog, path="/", method="GET", **headers):
        fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return dog.request(method, path, fields)


class Files(StaticCase):
    def test_a_file_is_served_with_its_type_and_length(self):
        self.put("style.css", b"body { color: red }")
        response = self.get(self.serve(), "/style.css")
        self.assertEqual((response.status, response.body), (200, b"body { color: red }"))
        self.assertEqual(response.header("Content-Type"), "text/css; charset=utf-8")
        self.assertEqual(response.header("Content-Length"), "19")
        self.assertEqual(response.header("X-Content-Type-Options"), "nosniff")

    def test_types_go_by_the_extension(self):
        for name, wanted in (("a.html", "text/html; charset=utf-8"), ("a.svg", "image/svg+xml"),
                             ("a.mjs", "javascript; charset=utf-8"), ("a.json", "application/json"),
                             ("a.woff2", "font/woff2"), ("a.wasm", "application/wasm"),
                             ("A.PNG", "image/png"), ("README", "application/octet-stream")):
            self.put(name)
            with self.subTest(name):
                served = self.get(self.served(), f"/{name}").header("Content-Type")
                self.assertTrue(served.endswith(wanted), served)

    def served(self):
        if not hasattr(self, "dog"):
            self.dog = self.serve()
        return self.dog

    def test_head_answers_with_the_fields_of_get(self):
        self.put("page.html", b"<p>page")
        dog = self.serve()
        got, asked = self.get(dog, "/page.html"), self.get(dog, "/page.html", "HEAD")

        def without_date(response):
            return [field for field in response.headers if field[0] != "Date"]

        self.assertEqual((asked.status, asked.body), (200, b""))
        self.assertEqual(without_date(asked), without_date(got))

    def test_other_methods_are_refused_with_those_that_are_not(self):
        self.put("page.html")
        dog = self.serve()
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            response = dog.request(method, "/page.html", body=b"x" if method == "POST" else None)
            self.assertEqual((response.status, response.header("Allow")), (405, "GET, HEAD"), method)

    def test_a_folder_answers_with_its_index_html(self):
        self.put("index.html", b"top")
        self.put("docs/index.html", b"docs")
        dog = self.serve()
        self.assertEqual(self.get(dog, "/").body, b"top")
        self.assertEqual(self.get(dog, "/docs/").body, b"docs")
        self.assertEqual(self.get(dog, "/docs/?page=2").body, b"docs")

    def test_a_folder_without_its_slash_is_redirected_with_its_query(self):
        self.put("docs/a b/index.html")
        dog = self.serve()
        response = self.get(dog, "/docs?x=1&y")
        self.assertEqual((response.status, response.header("Location")), (301, "./docs/?x=1&y"))
        response = self.get(dog, "/docs/a%20b")
        self.assertEqual(response.header("Location"), "./a%20b/")
        # Never to another host.
        self.assertEqual(self.get(dog, "//docs").header("Location"), "./docs/")

    def test_names_are_percent_decoded(self):
        self.put("a b+c/ü.txt", b"found")
        dog = self.serve()
        self.assertEqual(self.get(dog, "/a%20b+c/%C3%BC.txt").body, b"found")
        self.assertEqual(self.get(dog, "/%61%20b+c//%C3%BC.txt?query").body, b"found")

    def test_a_file_is_not_a_folder(self):
        self.put("file.txt")
        dog = self.serve()
        self.assertEqual(self.get(dog, "/file.txt/").status, 404)
        self.assertEqual(self.get(dog, "/file.txt/more").status, 404)

    def test_a_large_file_arrives_byte_for_byte(self):
        content = os.urandom(5_000_000)
        self.put("large.bin", content)
        dog = self.serve()
        with self.client(dog) as client:
            for _ in range(3):
                client.send(head(path="/large.bin"))
                response = client.response()
                self.assertTrue(response.complete)
                self.assertEqual(response.body, content)

    def test_every_size_around_the_limits_arrives_whole(self):
        sizes = [0, 1, 8191, 8192, 16383, 16384, 16385, 65535, 65536, 65537, MEGABYTE - 1,
                 MEGABYTE, MEGABYTE + 1, 2 * MEGABYTE + 17]
        contents = {size: os.urandom(size) for size in sizes}
        for size, content in contents.items():
            self.put(f"{size}.bin", content)
        dog = self.serve()
        client = self.client(dog)
        for size, content in contents.items():
            response = client.request(path=f"/{size}.bin")
            self.assertEqual(response.body, content, size)
            self.assertEqual(response.header("Content-Length"), str(size))

    def test_pipelined_files_come_in_order(self):
        contents = [os.urandom(size) for size in (10, 300_000, 5000, 2_000_000, 0, 70_000)]
        for number, content in enumerate(contents):
            self.put(f"{number}.bin", content)
        client = self.client(self.serve())
        client.send(b"".join(head(path=f"/{number}.bin") for number in range(len(contents))))
        for content in contents:
            self.assertEqual(client.response().body, content)

    def test_http_1_0_gets_its_file(self):
        self.put("a.bin", bytes(100_000))
        dog = self.serve()
        answer = dog.raw(b"GET /a.bin HTTP/1.0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertEqual(len(answer.partition(b"\r\n\r\n")[2]), 100_000)

    def test_the_access_log_and_the_metrics_know_of_each_request(self):
        self.put("a.txt", b"12345")
        dog = self.serve(metrics_port="0")
        self.get(dog, "/a.txt")
        self.get(dog, "/none")
        dog.wait_log(r"GET /a\.txt - 200 OK - ContentLength: 5B \(")
        dog.wait_log(r"GET /none - 404 Not Found - ContentLength: 15B \(")

    def test_it_is_healthy_at_once_and_needs_no_function(self):
        dog = self.serve()
        self.assertEqual(self.get(dog, "/_/health").status, 200)
        self.assertEqual(self.get(dog, "/_/ready").status, 200)
        self.assertRegex(dog.log(), r"mode: static static_path: " + re.escape(str(self.site)))


class Conditions(StaticCase):
    def setUp(self):
        super().setUp()
        self.put("a.txt", b"0123456789")
        self.put("large.bin", bytes(100_000))
        self.dog = self.serve()

    def etag(self, path="/a.txt"):
        return self.get(self.dog, path).header("ETag")

    def test_what_the_client_has_is_not_sent_again(self):
        self.settle()
        for path in ("/a.txt", "/large.bin"):
            etag = self.etag(path)
            self.assertRegex(etag, r'^"[^"]+"$')
            for condition in (etag, f"W/{etag}", f'"x", {etag}', "*"):
                response = self.get(self.dog, path, If_None_Match=condition)
                self.assertEqual((response.status, response.body), (304, b""), condition)
                self.assertEqual(response.header("ETag"), etag)
                self.assertIsNotNone(response.header("Cache-Control"))
                self.assertIsNone(response.header("Content-Length"))

    def test_what_it_does_not_have_is(self):
        self.assertEqual(self.get(self.dog, "/a.txt", If_None_Match='"other"').status, 200)

    def test_dates_work_too(self):
        date = formatdate(LONG_AGO, usegmt=True)
        self.assertEqual(self.get(self.dog, "/a.txt").header("Last-Modified"), date)
        self.assertEqual(self.get(self.dog, "/a.txt", If_Modified_Since=date).status, 304)
        earlier = formatdate(LONG_AGO - 1, usegmt=True)
        self.assertEqual(self.get(self.dog, "/a.txt", If_Modified_Since=earlier).status, 200)
        self.assertEqual(self.get(self.dog, "/a.txt", If_Unmodified_Since=earlier).status, 412)
        self.assertEqual(self.get(self.dog, "/a.txt", If_Unmodified_Since=date).status, 200)

    def test_if_match_fails_with_412(self):
        self.assertEqual(self.get(self.dog, "/a.txt", If_Match='"other"').status, 412)
        self.assertEqual(self.get(self.dog, "/a.txt", If_Match=self.etag()).status, 200)

    def test_a_small_file_s_tag_is_that_of_its_content(self):
        self.put("copy.txt", b"0123456789", changed=LONG_AGO + 100)
        self.assertEqual(self.etag("/copy.txt"), self.etag("/a.txt"))

    def test_a_connection_serves_on_after_304(self):
        client = self.client(self.dog)
        etag = self.etag()
        for _ in range(3):
            self.assertEqual(client.request(path="/a.txt", headers={"If-None-Match": etag}).status, 304)
            self.assertEqual(client.request(path="/a.txt").body, b"0123456789")


class Ranges(StaticCase):
    def setUp(self):
        super().setUp()
        self.small = b"0123456789"
        self.large = os.urandom(3_000_000)
        self.put("small.txt", self.small)
        self.put("large.bin", self.large)
        self.dog = self.serve()

    def test_one_range_is_a_206(self):
        for path, content in (("/small.txt", self.small), ("/large.bin", self.large)):
            size = len(content)
            for text, first, last in (("0-4", 0, 4), ("5-", 5, size - 1), ("-3", size - 3, size - 1),
                                      ("0-0", 0, 0), ("9-9999999", 9, min(9999999, size - 1)),
                                      (f"-{size * 2}", 0, size - 1)):
                response = self.get(self.dog, path, Range=f"bytes={text}")
                self.assertEqual(response.status, 206, text)
                self.assertEqual(response.header("Content-Range"), f"bytes {first}-{last}/{size}")
                self.assertEqual(response.body, content[first:last + 1])
                self.assertEqual(response.header("Accept-Ranges"), "bytes")

    def test_several_ranges_are_parts_of_one_answer(self):
        for path, content, ranges in (
                ("/small.txt", self.small, [(0, 1), (4, 5), (9, 9)]),
                ("/large.bin", self.large, [(2_000_000, 2_100_000), (0, 0), (5, 99_999)])):
            asked = ", ".join(f"{first}-{last}" for first, last in ranges)
            response = self.get(self.dog, path, Range=f"bytes={asked}")
            self.assertEqual(response.status, 206)
            found = re.fullmatch(r"multipart/byteranges; boundary=(\w+)",
                                 response.header("Content-Type"))
            mark = b"\r\n--" + found.group(1).encode()
            before, *parts, end = response.body.split(mark)
            self.assertEqual((before, end), (b"", b"--\r\n"))
            for (first, last), part in zip(ranges, parts, strict=True):
                fields, _, body = part.partition(b"\r\n\r\n")
                self.assertIn(b"\r\nContent-Range: bytes %d-%d/%d" % (first, last, len(content)),
                              fields)
                self.assertIn(b"\r\nContent-Type: ", fields)
                self.assertEqual(body, content[first:last + 1])
            self.assertEqual(response.header("Content-Length"), str(len(response.body)))

    def test_a_range_behind_the_end_is_416(self):
        for value in ("10-", "99-100", "-0"):
            response = self.get(self.dog, "/small.txt", Range=f"bytes={value}")
            self.assertEqual(response.status, 416)
            self.assertEqual(response.header("Content-Range"), "bytes */10")

    def test_a_range_that_makes_no_sense_is_no_range(self):
        for value in ("bytes=5-2", "bytes=x", "bytes=--1", "items=0-1", "bytes=", "0-1"):
            response = self.get(self.dog, "/small.txt", Range=value)
            self.assertEqual((response.status, response.body), (200, self.small), value)

    def test_huge_and_greedy_lists_get_the_whole(self):
        many = "bytes=" + ",".join(f"{i}-{i}" for i in range(17))
        greedy = "bytes=" + ",".join(["0-"] * 10)
        endless = "bytes=" + ",".join(["0-0"] * 5000)
        for value in (many, greedy, endless):
            self.assertEqual(self.get(self.dog, "/large.bin", Range=value).body, self.large)

    def test_overlapping_ranges_are_sent_once(self):
        response = self.get(self.dog, "/small.txt", Range="bytes=0-3,2-5")
        self.assertEqual((response.status, response.body), (206, b"012345"))

    def test_if_range_decides_whether_a_part_is_of_use(self):
        self.settle()
        etag = self.get(self.dog, "/large.bin").header("ETag")
        date = formatdate(LONG_AGO, usegmt=True)
        for condition, status in ((etag, 206), (date, 206), ('"other"', 200), (f"W/{etag}", 200),
                                  (formatdate(LONG_AGO + 1, usegmt=True), 200)):
            response = self.get(self.dog, "/large.bin", Range="bytes=0-9", If_Range=condition)
            self.assertEqual(response.status, status, condition)

    def test_head_ignores_ranges(self):
        response = self.get(self.dog, "/small.txt", "HEAD", Range="bytes=0-1")
        self.assertEqual((response.status, response.header("Content-Length")), (200, "10"))

    def test_an_empty_file_has_no_ranges(self):
        self.put("empty.txt", b"")
        for fields in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=-5"}, {"Range": "bytes=5-"}):
            response = self.get(self.dog, "/empty.txt", **fields)
            self.assertEqual((response.status, response.body, response.header("Content-Range")), (200, b"", None), fields)

    def test_a_download_goes_on_where_it_broke_off(self):
        command = ["curl", "-sS", "-C", "-", "-o", str(self.site / "out"),
                   f"http://127.0.0.1:{self.dog.port}/large.bin"]
        (self.site / "out").write_bytes(self.large[:1_234_567])
        subprocess.run(command, check=True, timeout=30)
        self.assertEqual((self.site / "out").read_bytes(), self.large)


class Codings(StaticCase):
    def ask(self, dog, path, accepted):
        return self.get(dog, path, Accept_Encoding=accepted)

    def coding(self, dog, path, accepted):
        return self.ask(dog, path, accepted).header("Content-Encoding")

    def test_a_precompressed_file_beside_it_is_sent_to_those_who_take_it(self):
        self.put("app.js", b"plain")
        for suffix, content in ((".br", b"brotli"), (".zst", b"zstandard"), (".gz", b"gzip")):
            self.put(f"app.js{suffix}", content)
        dog = self.serve()
        for accepted, coding, body in (
                ("gzip, deflate, br, zstd", "br", b"brotli"), ("gzip, zstd", "zstd", b"zstandard"),
                ("gzip", "gzip", b"gzip"), ("br;q=0.5, gzip", "gzip", b"gzip"), ("*", "br", b"brotli"),
                ("br;q=0, *;q=0.1", "zstd", b"zstandard"), ("identity", None, b"plain"),
                ("deflate", None, b"plain"), ("gzip;q=0.1, identity", None, b"plain"),
                ("gzip;q=0", None, b"plain"), ("", None, b"plain")):
            response = self.ask(dog, "/app.js", accepted)
            self.assertEqual((response.header("Content-Encoding"), response.body), (coding, body), accepted)
            self.assertTrue(response.header("Content-Type").endswith("javascript; charset=utf-8"))
            self.assertEqual(response.header("Vary"), "Accept-Encoding")
        self.assertIsNone(self.get(dog, "/app.js").header("Content-Encoding"))

    def test_each_coding_has_its_own_tag(self):
        self.put("app.js", b"plain")
        self.put("app.js.br", b"brotli")
        dog = self.serve()
        compressed = self.ask(dog, "/app.js", "br").header("ETag")
        self.assertNotEqual(compressed, self.get(dog, "/app.js").header("ETag"))
        again = self.get(dog, "/app.js", Accept_Encoding="br", If_None_Match=compressed)
        self.assertEqual((again.status, again.header("Vary")), (304, "Accept-Encoding"))
        self.assertEqual(self.get(dog, "/app.js", If_None_Match=compressed).status, 200)

    def test_ranges_of_a_precompressed_file_are_its_own(self):
        self.put("app.js", b"plain")
        self.put("app.js.br", b"brotli")
        response = self.get(self.serve(), "/app.js", Accept_Encoding="br", Range="bytes=1-2")
        self.assertEqual((response.status, response.body), (206, b"ro"))
        self.assertEqual(response.header("Content-Encoding"), "br")

    def test_a_precompressed_file_that_is_older_is_out_of_date(self):
        self.put("app.js", b"new", changed=LONG_AGO + 100)
        self.put("app.js.br", b"old")
        self.assertEqual(self.ask(self.serve(), "/app.js", "br").body, b"new")

    def test_the_age_of_each_precompressed_file_is_its_own(self):
        self.put("app.js", b"new", changed=LONG_AGO + 100)
        self.put("app.js.br", b"brotli", changed=LONG_AGO + 98)  # built side by side
        self.put("app.js.zst", b"old", changed=LONG_AGO + 97)
        self.assertEqual(self.ask(self.serve(), "/app.js", "br;q=0.5, zstd").body, b"brotli")

    def test_a_precompressed_file_alone_is_not_enough(self):
        self.put("app.js.br", b"brotli")
        self.assertEqual(self.ask(self.serve(), "/app.js", "br").status, 404)

    def test_text_is_compressed_for_those_who_take_it(self):
        self.put("words.txt", WORDS)
        self.settle()
        dog = self.serve()
        for _ in range(2):
            response = self.ask(dog, "/words.txt", "gzip, deflate")
            self.assertEqual(response.header("Content-Encoding"), "gzip")
            self.assertLess(len(response.body), len(WORDS) // 2)
            self.assertEqual(gzip.decompress(response.body), WORDS)
            self.assertEqual(response.header("Content-Length"), str(len(response.body)))
            self.assertEqual(response.header("Vary"), "Accept-Encoding")
            self.assertTrue(response.header("ETag").startswith('W/"'))
            self.assertIsNone(response.header("Accept-Ranges"))
        self.assertEqual(self.get(dog, "/words.txt").body, WORDS)
        again = self.get(dog, "/words.txt", Accept_Encoding="gzip",
                         If_None_Match=response.header("ETag"))
        self.assertEqual(again.status, 304)

    def test_head_says_what_get_would_send(self):
        self.put("words.txt", WORDS)
        self.settle()
        dog = self.serve()
        length = len(self.ask(dog, "/words.txt", "gzip").body)
        asked = self.get(dog, "/words.txt", "HEAD", Accept_Encoding="gzip")
        self.assertEqual((asked.header("Content-Encoding"), asked.header("Content-Length")),
                         ("gzip", str(length)))

    def test_small_files_images_and_what_does_not_shrink_stay_as_they_are(self):
        self.put("small.txt", b"x" * 1023)
        self.put("image.png", bytes(5000))
        self.put("noise.txt", os.urandom(50_000))
        self.settle()
        dog = self.serve()
        for path in ("/small.txt", "/image.png", "/noise.txt", "/noise.txt"):
            self.assertIsNone(self.coding(dog, path, "gzip"), path)

    def test_ranges_are_of_the_file_as_it_is(self):
        self.put("words.txt", WORDS)
        self.settle()
        response = self.get(self.serve(), "/words.txt", Accept_Encoding="gzip", Range="bytes=5-9")
        self.assertEqual((response.status, response.body), (206, WORDS[5:10]))
        self.assertIsNone(response.header("Content-Encoding"))

    def test_static_gzip_switches_it_off(self):
        self.put("words.txt", WORDS)
        self.put("app.js", b"plain")
        self.put("app.js.gz", b"gzip")
        self.settle()
        dog = self.serve(static_gzip="false")
        self.assertIsNone(self.coding(dog, "/words.txt", "gzip"))
        self.assertEqual(self.coding(dog, "/app.js", "gzip"), "gzip")

    def test_many_who_ask_at_once_cost_one_compression(self):
        self.put("words.txt", WORDS * 8)
        self.settle()
        dog = self.serve(workers="1")
        clients = [self.client(dog) for _ in range(50)]
        for client in clients:
            client.send(head(path="/words.txt", headers={"Accept-Encoding": "gzip"}))
        bodies = {client.response().body for client in clients}
        self.assertEqual(len(bodies), 1)
        self.assertEqual(gzip.decompress(bodies.pop()), WORDS * 8)

    def test_others_do_not_wait_for_a_compression(self):
        self.put("words.txt", (WORDS * 13)[:8 * MEGABYTE])
        self.put("a.txt", b"quick")
        self.settle()
        dog = self.serve(workers="1")
        client = self.client(dog)
        client.send(head(path="/words.txt", headers={"Accept-Encoding": "gzip"}))
        slowest = 0
        other = self.client(dog)
        for _ in range(20):
            watch = Stopwatch()
            self.assertEqual(other.request(path="/a.txt").body, b"quick")
            slowest = max(slowest, watch.seconds)
        self.assert_within(slowest, 0, 0.1)
        self.assertEqual(len(gzip.decompress(client.response().body)), 8 * MEGABYTE)

    def test_a_client_that_leaves_while_its_file_is_compressed_does_no_harm(self):
        self.put("words.txt", WORDS * 8)
        self.settle()
        dog = self.serve()
        for leave in ("abort", "close"):
            client = self.client(dog)
            client.send(head(path="/words.txt", headers={"Accept-Encoding": "gzip"}))
            time.sleep(0.01)
            getattr(client, leave)()
        response = self.ask(dog, "/words.txt", "gzip")
        self.assertEqual(gzip.decompress(response.body), WORDS * 8)

    def test_a_slow_client_of_a_compressed_file_gets_all_of_it(self):
        content = b"".join(b"%d %d\n" % (i, hash(i * 7919) * 104729 % 1000003) for i in range(500_000))
        self.put("numbers.txt", content[:8 * MEGABYTE])
        self.settle()
        dog = self.serve(workers="1", static_cache="64MiB")
        client = self.client(dog, receive_buffer=4096)
        client.send(head(path="/numbers.txt", headers={"Accept-Encoding": "gzip"}))
        response = client.head()
        self.assertEqual(response.header("Content-Encoding"), "gzip")
        time.sleep(0.5)
        body = b"".join(client.pieces(response))
        self.assertEqual(gzip.decompress(body), content[:8 * MEGABYTE])


class Freshness(StaticCase):
    def test_a_file_that_changes_is_never_served_stale(self):
        dog = self.serve()
        for round_ in range(100):
            content = b"%03d" % round_
            (self.site / "a.txt").write_bytes(content)
            self.assertEqual(self.get(dog, "/a.txt").body, content)

    def test_nor_is_one_that_had_been_kept_in_memory(self):
        self.put("a.txt", b"old")
        self.settle()
        dog = self.serve()
        for _ in range(2):
            self.assertEqual(self.get(dog, "/a.txt").body, b"old")
        self.put("a.txt", b"new")  # the same size, and the same date
        self.assertEqual(self.get(dog, "/a.txt").body, b"new")
        self.put("b.txt", b"bee", changed=LONG_AGO)
        os.replace(self.site / "b.txt", self.site / "a.txt")
        self.assertEqual(self.get(dog, "/a.txt").body, b"bee")
        (self.site / "a.txt").unlink()
        self.assertEqual(self.get(dog, "/a.txt").status, 404)

    def test_nor_is_one_that_had_been_compressed(self):
        self.put("a.txt", WORDS)
        self.settle()
        dog = self.serve()
        self.assertEqual(gzip.decompress(self.get(dog, "/a.txt", Accept_Encoding="gzip").body), WORDS)
        self.put("a.txt", WORDS[::-1])
        response = self.get(dog, "/a.txt", Accept_Encoding="gzip")
        body = response.body
        if response.header("Content-Encoding"):
            body = gzip.decompress(body)
        self.assertEqual(body, WORDS[::-1])

    def test_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was(self):
        content = os.urandom(20 * MEGABYTE)
        self.put("a.bin", content)
        client = self.client(self.serve(), receive_buffer=4096)
        client.send(head(path="/a.bin"))
        response = client.head()
        self.put("b.bin", bytes(20 * MEGABYTE))
        os.replace(self.site / "b.bin", self.site / "a.bin")
        self.assertEqual(b"".join(client.pieces(response)), content)

    def test_a_file_that_is_cut_short_while_it_is_sent_is_cut_and_never_padded(self):
        path = self.put("a.bin", os.urandom(20 * MEGABYTE))
        dog = self.serve()
        client = self.client(dog, receive_buffer=4096)
        client.send(head(path="/a.bin"))
        response = client.head()
        os.truncate(path, 19 * MEGABYTE)
        received = sum(map(len, client.pieces(response)))
        self.assertLess(received, 20 * MEGABYTE)
        self.assertFalse(response.complete)
        dog.wait_log(r"GET /a\.bin - 500 .*file_failed")

    def test_a_file_that_is_written_over_while_it_is_sent_is_cut_and_never_mixed(self):
        path = self.put("a.bin", os.urandom(20 * MEGABYTE))
        dog = self.serve()
        client = self.client(dog, receive_buffer=4096)
        client.send(head(path="/a.bin"))
        response = client.head()
        with open(path, "r+b") as file:
            file.seek(19 * MEGABYTE)
            file.write(bytes(1000))
        list(client.pieces(response))
        self.assertFalse(response.complete)
        dog.wait_log(r"file_failed.*changed while it was sent")

    def slow_download(self, change, size=20 * MEGABYTE, fields=(), settled=False, **options):
        """What a slow client gets of a file that `change` is done to meanwhile, and whether that was all."""
        content = os.urandom(size)
        path = self.put("a.bin", content)
        if settled:
            self.settle()
        client = self.client(self.serve(**options), receive_buffer=4096)
        client.send(head(path="/a.bin", headers=fields))
        response = client.head()
        change(path)
        received = b"".join(client.pieces(response))
        return content, received, response

    def test_a_file_that_is_appended_to_while_it_is_sent_is_sent_as_it_was_promised(self):
        def append(path):
            with open(path, "ab") as file:
                file.write(b"more")
        for settled in (True, False):
            with self.subTest(settled=settled):
                content, received, response = self.slow_download(append, settled=settled)
                self.assertEqual((len(received), received == content, response.complete), (len(content), True, True))
        for name, value, part in (("Range", "bytes=0-9999999", slice(0, 10_000_000)),
                                  ("Range", "bytes=9000000-18999999", slice(9_000_000, 19_000_000))):
            with self.subTest(value=value):
                content, received, response = self.slow_download(append, fields=[(name, value)])
                self.assertEqual((received == content[part], response.complete), (True, True))

    def test_a_file_that_grows_all_the_time_can_be_downloaded(self):
        line = b"line of a log\n"
        path = self.put("large.log", line * 1_500_000)
        dog = self.serve()
        stop = False

        def append():
            with open(path, "ab", buffering=0) as file:
                while not stop:
                    file.write(line)
                    time.sleep(0.001)
        writing = InBackground(append)
        try:
            for _ in range(3):
                client = self.client(dog, receive_buffer=4096)
                client.send(head(path="/large.log"))
                response = client.head()
                received = b"".join(client.pieces(response))
                self.assertTrue(response.complete)
                self.assertEqual(len(received), int(response.header("Content-Length")))
                self.assertEqual(received, line * (len(received) // len(line)))
        finally:
            stop = True
        writing.result()

    def test_what_is_overwritten_and_grows_is_cut_and_never_mixed(self):
        def replace(path):
            with open(path, "wb") as file:  # as cp does: cut to nothing, and written anew
                file.write(os.urandom(21 * MEGABYTE))

        def overwrite(path):
            with open(path, "r+b") as file:
                file.seek(20 * MEGABYTE - 1000)
                file.write(bytes(2000))
        for change in (replace, overwrite):
            for settled in (True, False):
                with self.subTest(change=change.__name__, settled=settled):
                    content, received, response = self.slow_download(change, settled=settled)
                    self.assertFalse(response.complete)
                    self.assertTrue(content.startswith(received))

    def test_an_atomic_switch_of_a_mounted_volume_is_followed(self):
        # As Kubernetes lays out a ConfigMap.
        for version in (b"1", b"2"):
            (self.site / f"..{version.decode()}").mkdir()
            (self.site / f"..{version.decode()}" / "a.txt").write_bytes(version)
        (self.site / "..data").symlink_to("..1")
        (self.site / "a.txt").symlink_to("..data/a.txt")
        self.settle()
        dog = self.serve()
        self.assertEqual(self.get(dog, "/a.txt").body, b"1")
        (self.site / "..new").symlink_to("..2")
        os.replace(self.site / "..new", self.site / "..data")
        self.assertEqual(self.get(dog, "/a.txt").body, b"2")


class Deployment(StaticCase):
    """static_path names a path: what it leads to now is served."""

    def release(self, name, **files):
        for file, text in files.items():
            self.put(f"{name}/{file}.txt", text.encode())
        return self.site / name

    def swap(self, name):
        (self.site / "next").symlink_to(name)
        os.replace(self.site / "next", self.site / "current")

    def serve_current(self, **options):
        return self.start(mode="static", static_path=self.site / "current", **options)

    def until_served(self, dog, path, text):
        until(lambda: self.get(dog, path).text == text, 5)

    def test_a_link_that_is_swapped_is_followed(self):
        self.release("one", a="one", old="one")
        self.release("two", a="two", new="two")
        self.swap("one")
        dog = self.serve_current(workers="2")
        self.assertEqual(self.get(dog, "/a.txt").text, "one")
        self.swap("two")
        self.until_served(dog, "/a.txt", "two")
        self.assertEqual(self.get(dog, "/new.txt").text, "two")
        until(lambda: self.get(dog, "/old.txt").status == 404, 5, "each worker to look")
        dog.wait_log(r"static_path=.*/current leads to another folder now: .*/two")

    def test_nothing_is_missing_in_the_moment_of_a_deployment(self):
        # The old release is deleted at once: a file is never looked for in what is left of it.
        self.swap(self.release("0", a="text").name)
        dog = self.serve_current(workers="1")
        client = self.client(dog)
        for n in range(1, 100):
            client.send(head(path="/a.txt"))
            self.assertEqual(client.response().status, 200, n)
            self.swap(self.release(str(n), a="text").name)
            shutil.rmtree(self.site / str(n - 1))
            client.send(head(path="/a.txt"))
            self.assertEqual(client.response().status, 200, n)

    def test_a_folder_that_is_renamed_into_place_is_followed(self):
        self.release("current", a="one")
        self.release("new", a="two")
        dog = self.serve_current()
        self.assertEqual(self.get(dog, "/a.txt").text, "one")
        os.rename(self.site / "current", self.site / "old")
        # Meanwhile the path leads nowhere, and what was there is served.
        self.assertEqual(self.get(dog, "/a.txt").text, "one")
        os.rename(self.site / "new", self.site / "current")
        self.until_served(dog, "/a.txt", "two")

    def test_a_folder_that_is_gone_comes_back(self):
        self.release("current", a="one")
        dog = self.serve_current()
        self.assertEqual(self.get(dog, "/a.txt").text, "one")
        shutil.rmtree(self.site / "current")
        self.assertEqual(self.get(dog, "/a.txt").status, 404)
        self.assertEqual(self.get(dog, "/_/health").status, 200)
        dog.wait_log(r"Warning: static_path=.*/current leads to no folder now")
        self.release("current", a="two")
        self.until_served(dog, "/a.txt", "two")

    def test_a_download_under_way_is_of_one_release(self):
        content = os.urandom(20 * MEGABYTE)
        self.put("one/a.bin", content)
        self.put("two/a.bin", bytes(20 * MEGABYTE))
        self.swap("one")
        dog = self.serve_current()
        client = self.client(dog, receive_buffer=4096)
        client.send(head(path="/a.bin"))
        response = client.head()
        self.swap("two")
        shutil.rmtree(self.site / "one")
        self.assertEqual(b"".join(client.pieces(response)), content)

    def test_what_was_kept_in_memory_is_of_the_release_before(self):
        for name in ("one", "two"):
            self.put(f"{name}/a.txt", WORDS if name == "one" else WORDS[::-1])
        self.swap("one")
        self.settle()
        dog = self.serve_current()
        for expected, after in ((WORDS, "two"), (WORDS[::-1], "one"), (WORDS, "two")):
            until(lambda expected=expected: gzip.decompress(
                self.get(dog, "/a.txt", Accept_Encoding="gzip").body) == expected, 5)
            self.swap(after)


class Safety(StaticCase):
    def setUp(self):
        super().setUp()
        self.put("index.html", b"top")
        self.outside = Path(tempfile.mkdtemp(prefix="fwatchdog-outside-"))
        self.addCleanup(shutil.rmtree, self.outside, True)
        (self.outside / "secret.txt").write_text("secret")

    def test_nothing_above_the_folder_can_be_reached(self):
        dog = self.serve()
        name = self.outside.name
        for path in ("/../etc/passwd", f"/../{name}/secret.txt", "/%2e%2e/etc/passwd",
                     "/..%2fetc%2fpasswd", "/a/../../etc/passwd", "/%2e%2e%2f%2e%2e%2fetc/passwd",
                     "/..\\etc\\passwd", "/..;/etc/passwd", "//etc/passwd", "/%2fetc/passwd",
                     "/....//etc/passwd", "/./../etc/passwd", "/%252e%252e/etc/passwd"):
            response = self.get(dog, path)
            self.assertEqual((response.status, response.body), (404, b"404: Not Found\n"), path)

    def test_names_that_no_file_has_are_refused(self):
        dog = self.serve()
        for path, status in (("/%00", 400), ("/index.html%00.txt", 400), ("/%", 400), ("/%g1", 400),
                             ("/%ff%fe", 404), ("/a%2fb", 404), ("/" + "a" * 300, 404),
                             ("/" + "a" * 8000, 404), ("/" + "a/" * 3000, 404),
                             ("/" + "%41" * 2000, 404)):
            self.assertEqual(self.get(dog, path).status, status, path[:40])

    def test_dot_files_are_hidden_but_for_well_known(self):
        for name in (".env", ".git/config", "docs/.htpasswd", ".well-known/security.txt"):
            self.put(name, b"found")
        dog = self.serve(static_listing="true")
        for path in ("/.env", "/.git/config", "/.git/", "/docs/.htpasswd", "/%2eenv"):
            self.assertEqual(self.get(dog, path).status, 404, path)
        self.assertEqual(self.get(dog, "/.well-known/security.txt").body, b"found")

    def test_links_within_the_folder_work_and_those_that_leave_it_do_not(self):
        self.put("docs/page.html", b"page")
        (self.site / "latest").symlink_to("docs")
        (self.site / "docs" / "up.html").symlink_to("../index.html")
        (self.site / "out.txt").symlink_to(self.outside / "secret.txt")
        (self.site / "out").symlink_to(self.outside)
        (self.site / "relative.txt").symlink_to(f"../{self.outside.name}/secret.txt")
        (self.site / "loop").symlink_to("loop")
        dog = self.serve(static_listing="true")
        self.assertEqual(self.get(dog, "/latest/page.html").body, b"page")
        self.assertEqual(self.get(dog, "/docs/up.html").body, b"top")
        for path in ("/out.txt", "/out/secret.txt", "/out/", "/relative.txt", "/loop"):
            self.assertEqual(self.get(dog, path).status, 404, path)
        dog.wait_log(r"Warning: not served: out\.txt is a symbolic link that leads out of the folder served")
        dog = self.serve(static_listing="true", symlinks="any")
        self.assertEqual(self.get(dog, "/latest/page.html").body, b"page")
        for path in ("/out.txt", "/out/secret.txt", "/relative.txt"):
            self.assertEqual(self.get(dog, path).body, b"secret", path)
        self.assertIn("secret.txt", self.get(dog, "/out/").text)
        for path in ("/loop", "/../etc/passwd", f"/out/../../{self.outside.name}/secret.txt"):
            self.assertEqual(self.get(dog, path).status, 404, path)

    def test_a_folder_that_turns_into_a_link_leads_nowhere(self):
        self.put("docs/secret.txt", b"public")
        self.settle()
        dog = self.serve()
        self.assertEqual(self.get(dog, "/docs/secret.txt").body, b"public")
        shutil.rmtree(self.site / "docs")
        (self.site / "docs").symlink_to(self.outside)
        self.assertEqual(self.get(dog, "/docs/secret.txt").status, 404)

    def test_only_files_are_served(self):
        os.mkfifo(self.site / "fifo")
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(self.site / "socket"))
        made = [path for path in ("fifo", "socket")]
        try:
            os.mknod(self.site / "zero", 0o20666, os.makedev(1, 5))
            made.append("zero")
        except PermissionError:
            pass
        dog = self.serve()
        for name in made:
            self.assertEqual(self.get(dog, f"/{name}").status, 404, name)

    def test_what_may_not_be_read_is_forbidden(self):
        self.put("private.txt").chmod(0)
        (self.site / "closed").mkdir(mode=0)
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        dog = self.start(mode="static", static_path=self.site, wrapper=nobody if os.geteuid() == 0 else (),
                         suppress_lock="true")
        self.assertEqual(self.get(dog, "/private.txt").status, 403)
        self.assertEqual(self.get(dog, "/closed/file").status, 403)
        self.assertEqual(self.get(dog, "/").body, b"top")

    def test_there_are_no_listings(self):
        self.put("docs/page.html")
        dog = self.serve()
        self.assertEqual(self.get(dog, "/docs/").status, 404)

    def test_without_descriptors_it_says_so_and_recovers(self):
        self.put("large.bin", bytes(50 * MEGABYTE))
        dog = self.serve(workers="1")
        self.get(dog, "/index.html")
        time.sleep(0.2)  # until that connection is closed
        # Each download has two, its connection and its file: there is a connection too many.
        numbers = [int(name) for name in os.listdir(f"/proc/{dog.pid}/fd")]
        room = len(numbers) + 11
        while room <= max(numbers):
            room += 2
        resource.prlimit(dog.pid, resource.RLIMIT_NOFILE, (room, room))
        clients, statuses = [], []
        for _ in range(10):
            client = self.client(dog, receive_buffer=4096)
            clients.append(client)
            client.send(head(path="/large.bin"))
            response = client.head()
            statuses.append(response.status)
            if response.status == 503:
                b"".join(client.pieces(response))
                self.assertTrue(client.closed())
        self.assertEqual(sorted(statuses), statuses)
        self.assertEqual(set(statuses), {200, 503})
        dog.wait_log(r"GET /large\.bin - 503 .*out_of_resources.*Too many open files")
        for client in clients:
            client.close()
        until(lambda: self.get(dog, "/index.html").status == 200, 5)


class Pages(StaticCase):
    def test_a_404_page_of_the_site_s_own(self):
        self.put("errors/404.html", b"<h1>Not here</h1>")
        dog = self.serve(static_404="/errors/404.html")
        response = self.get(dog, "/nothing")
        self.assertEqual((response.status, response.body), (404, b"<h1>Not here</h1>"))
        self.assertEqual(response.header("Content-Type"), "text/html; charset=utf-8")
        self.assertIsNone(response.header("ETag"))
        self.assertEqual(self.get(dog, "/nothing", "HEAD").status, 404)
        self.assertEqual(self.get(dog, "/nothing", If_None_Match="*", Range="bytes=0-1").status, 404)
        (self.site / "errors/404.html").unlink()
        self.assertEqual(self.get(dog, "/nothing").body, b"404: Not Found\n")

    def test_a_fallback_answers_for_paths_that_a_page_s_script_knows(self):
        self.put("index.html", b"app")
        self.put("real.txt", b"real")
        dog = self.serve(static_fallback="/index.html")
        for path in ("/users/42", "/", "/deep/down/there", "/a%2fb", "/users/?tab=1"):
            response = self.get(dog, path)
            self.assertEqual((response.status, response.body), (200, b"app"), path)
        self.assertEqual(self.get(dog, "/users/john.doe", Accept="text/html,*/*").body, b"app")
        self.assertEqual(self.get(dog, "/real.txt").body, b"real")
        etag = self.get(dog, "/users/42").header("ETag")
        self.assertEqual(self.get(dog, "/other", If_None_Match=etag).status, 304)

    def test_a_missing_part_of_a_page_is_not_answered_with_the_fallback(self):
        self.put("index.html", b"app")
        self.put("404.html", b"missing")
        dog = self.serve(static_fallback="/index.html", static_404="/404.html")
        for path in ("/assets/gone.js", "/img/x.png"):
            response = self.get(dog, path, Accept="*/*")
            self.assertEqual((response.status, response.body), (404, b"missing"), path)

    def test_a_hidden_path_is_the_application_s_whether_there_is_such_a_file_or_not(self):
        self.put("index.html", b"app")
        self.put(".git/config", b"secret")
        self.put("repo/.github/x", b"secret")
        self.put("404.html", b"missing")
        dog = self.serve(static_fallback="/index.html", static_404="/404.html")
        for path in ("/u/.bob", "/repo/.github/x", "/repo/.github/y", "/.git/config", "/.git/nothing", "/.env", "/a/.b/"):
            for accept in ("text/html", "*/*"):
                response = self.get(dog, path, Accept=accept)
                self.assertEqual((response.status, response.body), (200, b"app"), path)
        # Neither parts of a page nor what climbs.
        for path in ("/.git/app.js", "/.hidden/logo.png", "/./.env", "/.git/../.env", "/../.env"):
            self.assertEqual(self.get(dog, path, Accept="*/*").body, b"missing", path)
        self.assertEqual(self.get(self.serve(), "/u/.bob").status, 404)

    def test_cache_control_goes_by_the_name(self):
        self.put("index.html")
        self.put("assets/app.3f2a9c1b.js")
        dog = self.serve()
        self.assertEqual(self.get(dog, "/").header("Cache-Control"), "no-cache")
        self.assertEqual(self.get(dog, "/assets/app.3f2a9c1b.js").header("Cache-Control"),
                         "public, max-age=31536000, immutable")

    def test_cache_control_can_be_set_for_all(self):
        self.put("app.3f2a9c1b.js")
        dog = self.serve(static_cache_control="public, max-age=60")
        self.assertEqual(self.get(dog, "/app.3f2a9c1b.js").header("Cache-Control"),
                         "public, max-age=60")

    def test_pages_of_other_origins_may_read_it_when_told_so(self):
        self.put("a.json", b"{}")
        dog = self.serve(static_cors="*")
        self.assertEqual(self.get(dog, "/a.json").header("Access-Control-Allow-Origin"), "*")
        self.assertEqual(self.get(dog, "/none").header("Access-Control-Allow-Origin"), "*")
        asked = self.get(dog, "/a.json", "OPTIONS", Origin="https://a.example",
                         Access_Control_Request_Method="GET",
                         Access_Control_Request_Headers="range, x-y")
        self.assertEqual((asked.status, asked.body), (204, b""))
        self.assertEqual(asked.header("Access-Control-Allow-Methods"), "GET, HEAD")
        self.assertEqual(asked.header("Access-Control-Allow-Headers"), "range, x-y")
        self.assertEqual(self.get(dog, "/a.json", "POST").header("Allow"), "GET, HEAD, OPTIONS")

    def test_a_single_origin_varies(self):
        self.put("a.png")
        dog = self.serve(static_cors="https://app.example")
        response = self.get(dog, "/a.png")
        self.assertEqual(response.header("Access-Control-Allow-Origin"), "https://app.example")
        self.assertEqual(response.header("Vary"), "Origin")

    def test_without_static_cors_nobody_else_may_read_it(self):
        self.put("a.json")
        self.assertIsNone(self.get(self.serve(), "/a.json").header("Access-Control-Allow-Origin"))

    def test_a_listing_shows_what_may_be_had(self):
        for name in ("docs/b.txt", "docs/a<b>&.txt", "docs/sub/x", "docs/.hidden", "docs/c d.html"):
            self.put(name)
        dog = self.serve(static_listing="true")
        response = self.get(dog, "/docs/")
        self.assertEqual(response.header("Content-Type"), "text/html; charset=utf-8")
        links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', response.text)
        self.assertEqual(links, [("../", "../"), ("./sub/", "sub/"),
                                 ("./a%3Cb%3E%26.txt", "a&lt;b&gt;&amp;.txt"), ("./b.txt", "b.txt"),
                                 ("./c%20d.html", "c d.html")])
        for link, _ in links[2:]:
            self.assertEqual(self.get(dog, "/docs/" + link[2:]).status, 200)
        self.put("docs/index.html", b"index")
        self.assertEqual(self.get(dog, "/docs/").body, b"index")


class Limits(StaticCase):
    def test_a_folder_that_is_not_there_refuses_the_start(self):
        for path, why in (("/nowhere/at/all", "no such folder"), (__file__, "not a folder")):
            result = run(mode="static", static_path=path)
            self.assertEqual(result.returncode, EXIT_USAGE)
            self.assertRegex(result.stderr, rf"^fwatchdog: static_path={re.escape(path)}: .*{why}.*\n$")
            self.assertEqual(run("--check-config", mode="static", static_path=path).returncode, EXIT_USAGE)

    def test_the_default_folder_is_that_of_of_watchdog(self):
        self.assertRegex(run("--check-config", mode="static").stderr + run("--help").stdout,
                         "/home/app/public")

    def test_memory_stays_flat_while_slow_clients_take_a_large_file(self):
        with open(self.site / "large.bin", "wb") as file:
            file.truncate(1 << 30)
        dog = self.serve(workers="1")
        before = dog.rss_kb()
        clients = [self.client(dog, receive_buffer=65536) for _ in range(64)]
        for client in clients:
            client.send(head(path="/large.bin"))
        for _ in range(30):
            for client in clients:
                client.socket.recv(65536)
        used = dog.rss_kb()
        if not SANITIZER:
            self.assertLess(used, 4096)
        self.assertLess(used - before, 20_000)
        for client in clients:
            client.close()
        dog.wait_log(r"GET /large\.bin - 499")

    def test_the_cache_is_bounded(self):
        for number in range(400):
            self.put(f"{number}.txt", os.urandom(8000))
        self.settle()
        dog = self.serve(workers="1", static_cache="1MiB")
        client = self.client(dog)
        for number in range(400):
            self.assertEqual(client.request(path=f"/{number}.txt").status, 200)
        if not SANITIZER:
            self.assertLess(dog.rss_kb(), 6000)

    def test_a_slow_client_does_not_hold_up_the_others(self):
        self.put("large.bin", bytes(50 * MEGABYTE))
        self.put("a.txt", b"quick")
        dog = self.serve(workers="1")
        slow = self.client(dog, receive_buffer=4096)
        slow.send(head(path="/large.bin"))
        self.assertEqual(slow.head().status, 200)
        watch = Stopwatch()
        self.assertEqual(self.get(dog, "/a.txt").body, b"quick")
        self.assert_within(watch.seconds, 0, 0.5)

    def test_a_client_that_reads_nothing_is_given_up_after_write_timeout(self):
        self.put("large.bin", bytes(50 * MEGABYTE))
        dog = self.serve(write_timeout="500ms")
        client = self.client(dog, receive_buffer=4096)
        client.send(head(path="/large.bin"))
        dog.wait_log(r"GET /large\.bin - 408 .*client_slow: .*write_timeout=", 5)

    def test_a_download_under_way_outlives_sigterm(self):
        content = os.urandom(20 * MEGABYTE)
        self.put("large.bin", content)
        dog = self.serve(healthcheck_interval="100ms")
        client = self.client(dog, receive_buffer=4096)
        client.send(head(path="/large.bin"))
        response = client.head()
        dog.signal(signal.SIGTERM)
        dog.wait_log("no new connections; requests running: 1")
        self.assertEqual(b"".join(client.pieces(response)), content)
        self.assertEqual(dog.wait_exit(), 0)

    def test_ten_thousand_requests_leave_nothing_behind(self):
        self.put("small.html", b"x" * 3000)
        self.put("large.bin", bytes(100_000))
        self.settle()
        dog = self.serve(workers="1")
        requests = b"".join(head(path=path, headers=fields) for path, fields in (
            ("/small.html", {}), ("/small.html", {"Accept-Encoding": "gzip"}), ("/large.bin", {}),
            ("/none", {}), ("/large.bin", {"Range": "bytes=5-9,20-29"})))

        def burst(count):
            client = self.client(dog)
            for _ in range(count):
                client.send(requests)
                for _ in range(5):
                    self.assertIsNotNone(client.response())
            client.close()

        burst(200)
        fds, rss = dog.fds(), dog.rss_kb()
        for _ in range(10):
            burst(200)
        self.assert_no_more_fds(dog, fds)
        if not SANITIZER:
            self.assertLess(dog.rss_kb() - rss, 500)

    def test_a_thousand_downloads_that_are_broken_off_leave_nothing_behind(self):
        self.put("large.bin", bytes(5 * MEGABYTE))
        dog = self.serve()
        raise_descriptor_limit()
        before = dog.fds()
        for number in range(1000):
            client = dog.client(receive_buffer=4096)
            client.send(head(path="/large.bin"))
            if number % 2:
                client.socket.recv(1000)
            client.abort()
        self.assert_no_more_fds(dog, before)
        self.assertEqual(len(self.get(dog, "/large.bin").body), 5 * MEGABYTE)

    def test_several_workers_serve_the_same(self):
        self.put("a.txt", WORDS)
        dog = self.serve(workers="4")

        def ask():
            return {self.get(dog, "/a.txt", Accept_Encoding=coding).header("Content-Encoding")
                    for coding in ("identity", "gzip") * 20}

        for worker in [InBackground(ask) for _ in range(4)]:
            self.assertLessEqual(worker.result(), {None, "gzip"})
