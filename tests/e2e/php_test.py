"""PHP applications behind mode=fastcgi and mode=cgi, as php-cgi and php-fpm run them."""

import glob
import hashlib
import os
import shutil
import tempfile
import time

from harness import ROOT, SANITIZER, Case, InBackground, Stopwatch, free_port, head, until

PUBLIC = ROOT / "examples/php-app/public"
WATCHDOG_MOST_KB = 8192


def form(content, name="file", filename="a.bin"):
    """A multipart/form-data body and its type."""
    body = (f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'.encode()
            + content + b"\r\n--b--\r\n")
    return body, {"Content-Type": "multipart/form-data; boundary=b"}


class Php(Case):
    def folder(self, **files):
        folder = tempfile.TemporaryDirectory(prefix="fwatchdog-test-")
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        for name, text in files.items():
            with open(os.path.join(folder.name, name.replace("__", "/").replace("_php", ".php")), "w") as file:
                file.write(text)
        return folder.name

    def script(self, code, **options):
        """An application of one script."""
        return self.serve(document_root=self.folder(index_php="<?php " + code), **options)

    def fpm(self, **options):
        options["document_root"] = str(options["document_root"])
        folder = self.folder()
        os.chmod(folder, 0o777)
        binary = next(iter(sorted(glob.glob("/usr/sbin/php-fpm*"))))
        with open(f"{folder}/fpm.conf", "w") as file:
            file.write(f"[global]\nerror_log = /proc/self/fd/2\n[www]\nlisten = {folder}/php.sock\n"
                       "listen.mode = 0666\nuser = nobody\ngroup = nogroup\npm = static\n"
                       f"pm.max_children = {self.processes}\ncatch_workers_output = yes\n"
                       f"php_admin_value[session.save_path] = {folder}\nphp_admin_flag[log_errors] = on\n")
        return self.ready(self.start(mode="fastcgi", fprocess=f"{binary} -F -y {folder}/fpm.conf",
                                     stop_signal="QUIT", upstream_url=f"unix:{folder}/php.sock", **options))

    def ready(self, dog):
        until(lambda: dog.request(path="/_/health").status == 200, 20, "PHP to be ready")
        return dog


class Contract:
    """What an application finds, however PHP is run."""

    def app(self, **options):
        # A copy: PHP-FPM's workers are nobody, who may not look into the folder that holds ours.
        folder = self.folder()
        shutil.copytree(PUBLIC, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
        os.chmod(folder, 0o755)
        return self.serve(document_root=folder, **options)

    def test_paths_that_name_no_file_are_the_front_script_s(self):
        dog = self.app()
        self.assertIn("Hello from PHP", dog.request().text)
        self.assertIn("The redirect led here", dog.request(path="/new").text)
        response = dog.request(path="/no/such/page?a=b")
        self.assertEqual(response.status, 404)
        self.assertIn("/no/such/page", response.text)

    def test_a_redirect_is_one(self):
        response = self.app().request(path="/old")
        self.assertEqual((response.status, response.header("Location")), (301, "/new"))

    def test_links_hold_behind_a_gateway_s_prefix(self):
        dog = self.app(script_name_prefix="X-Forwarded-Prefix")
        response = dog.request(path="/old", headers={"X-Forwarded-Prefix": "/function/shop"})
        self.assertEqual(response.header("Location"), "/function/shop/new")
        page = dog.request(headers={"X-Forwarded-Prefix": "/function/shop"}).text
        self.assertIn("/function/shop/css/site.css", page)
        self.assertIn("at <code>/function/shop/</code>", page)

    def test_sessions_last(self):
        dog = self.app()
        first = dog.request(path="/visits")
        self.assertIn("This is visit 1.", first.text)
        cookie = first.header("Set-Cookie").partition(";")[0]
        for visit in (2, 3):
            self.assertIn(f"This is visit {visit}.", dog.request(path="/visits", headers={"Cookie": cookie}).text)

    def test_files_are_uploaded(self):
        dog = self.app()
        for size, chunked in ((10, False), (1_000_000, False), (1_000_000, True)):
            content = os.urandom(size)
            body, fields = form(content)
            response = dog.request("POST", "/upload", headers=fields, body=body, chunked=chunked)
            self.assertIn(hashlib.sha1(content).hexdigest(), response.text)

    def test_downloads_have_a_name_and_ranges(self):
        dog = self.app()
        whole = dog.request(path="/report.csv")
        self.assertEqual(whole.header("Content-Disposition"), 'attachment; filename="report.csv"')
        self.assertEqual(int(whole.header("Content-Length")), len(whole.body))
        part = dog.request(path="/report.csv", headers={"Range": "bytes=100-199"})
        self.assertEqual((part.status, part.body), (206, whole.body[100:200]))
        self.assertEqual(dog.request(path="/report.csv", headers={"Range": "bytes=99999-"}).status, 416)

    def test_a_file_is_left_to_the_server_as_symfony_does(self):
        storage = self.folder(report="words of a report")
        dog = self.script(f"$file = realpath('{storage}/report'); header('Content-Type: a/b'); session_start();"
                          "if (isset($_SERVER['HTTP_X_SENDFILE_TYPE'])) header($_SERVER['HTTP_X_SENDFILE_TYPE'] . ': ' . $file);"
                          "else readfile($file);", accel_root=storage)
        response = dog.request(headers={"Range": "bytes=9-"})
        self.assertEqual((response.status, response.text, response.header("Content-Type")), (206, "a report", "a/b"))
        self.assertIn("PHPSESSID", response.header("Set-Cookie"))
        self.assertIsNone(response.header("X-Sendfile"))

    def test_files_beside_it_are_served_and_its_source_is_not(self):
        dog = self.app()
        response = dog.request(path="/css/site.css")
        self.assertEqual(response.header("Content-Type"), "text/css; charset=utf-8")
        self.assertEqual(response.body, (PUBLIC / "css/site.css").read_bytes())
        for path in ("/index.php", "/index.php/", "/./index.php", "//index.php", "/index%2ephp", "/index.php/a.css"):
            self.assertNotIn("<?php", dog.request(path=path).text, path)

    def test_the_server_variables_are_those_that_frameworks_build_on(self):
        dog = self.script("header('Content-Type: application/json'); echo json_encode($_SERVER);")
        import json
        told = json.loads(dog.request(path="/a/b%20c?x=1", headers={"Host": "shop.example", "X-Forwarded-Proto": "https"}).text)
        for name, value in {"SCRIPT_NAME": "/index.php", "PATH_INFO": "/a/b c", "PHP_SELF": "/index.php/a/b c",
                            "REQUEST_URI": "/a/b%20c?x=1", "QUERY_STRING": "x=1", "HTTPS": "on",
                            "HTTP_HOST": "shop.example", "SERVER_NAME": "shop.example", "SERVER_PORT": "443",
                            "REQUEST_SCHEME": "https", "REMOTE_ADDR": "127.0.0.1"}.items():
            self.assertEqual(told.get(name), value, name)
        self.assertTrue(told["SCRIPT_FILENAME"].endswith("/index.php"))
        self.assertEqual(told["DOCUMENT_ROOT"], os.path.dirname(told["SCRIPT_FILENAME"]))

    def test_body_method_and_credentials_reach_the_script(self):
        dog = self.script("echo $_SERVER['REQUEST_METHOD'], ' ', file_get_contents('php://input'), ' ',"
                          "$_SERVER['PHP_AUTH_USER'] ?? '-', ' ', $_POST['a'] ?? '-';")
        for method in ("PUT", "PATCH", "DELETE"):
            self.assertEqual(dog.request(method, body=b"body").text, f"{method} body - -")
        response = dog.request("POST", body=b"a=1", chunked=True, headers={
            "Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic YWxpY2U6c2VjcmV0"})
        self.assertEqual(response.text, "POST a=1 alice 1")

    def test_more_than_64_kb_of_fields_reach_the_script(self):
        dog = self.script("foreach ($_SERVER as $k => $v) if (strpos($k, 'HTTP_X_L') === 0) echo $k, strlen($v), ' ';")
        text = dog.request(headers={f"X-L{i}": "v" * 20_000 for i in range(5)}).text
        self.assertEqual(sorted(text.split()), [f"HTTP_X_L{i}20000" for i in range(5)])

    def test_an_error_in_the_script_is_500_and_in_the_log(self):
        dog = self.script("throw new Exception('no connection to the database');")
        self.assertEqual(dog.request().status, 500)
        dog.wait_log(r"stderr: .*Uncaught Exception: no connection to the database")

    def test_head_has_no_body(self):
        dog = self.app()
        with dog.client() as client:
            for _ in range(3):
                response = client.request("HEAD", "/report.csv")
                self.assertEqual((response.status, response.header("Content-Length")), (200, "10450"))

    def test_output_that_is_flushed_leaves_at_once(self):
        dog = self.script("ob_end_flush(); echo 'one'; flush(); sleep(1); echo 'two';")
        client = self.client(dog)
        watch = Stopwatch()
        client.send(head())
        pieces = client.pieces(client.head())
        self.assertEqual(next(pieces), b"one")
        self.assert_within(watch.seconds, 0, 0.8)
        self.assertEqual(b"".join(pieces), b"two")

    def test_a_large_download_costs_no_memory(self):
        dog = self.script("$block = str_repeat('x', 1 << 20); for ($i = 0; $i < 200; $i++) echo $block;")
        client = self.client(dog)
        client.send(head())
        size, most = 0, 0
        for piece in client.pieces(client.head()):
            size += len(piece)
            most = max(most, dog.rss_kb()) if size % 64 == 0 else most
        self.assertEqual(size, 200 << 20)
        if not SANITIZER:
            self.assertLess(max(most, dog.rss_kb()), WATCHDOG_MOST_KB)


class CgiBinary(Contract, Php):
    """mode=cgi: php-cgi, forked for each request."""

    def serve(self, **options):
        options["document_root"] = str(options["document_root"])
        return self.start(mode="cgi", fprocess="php-cgi", **options)


class Warm(Contract):
    def test_it_stays_warm(self):
        dog = self.script("echo getmypid();")
        with dog.client() as client:
            pids = {client.request().text for _ in range(50)}
        self.assertLessEqual(len(pids), self.processes)

    def test_clients_at_once_share_the_processes(self):
        dog = self.script("usleep(20000); echo 'ok';")
        watch = Stopwatch()
        answers = [InBackground(dog.request) for _ in range(24)]
        self.assertEqual([answer.result().text for answer in answers], ["ok"] * 24)
        self.assert_within(watch.seconds, 0, 24 * 0.02 / self.processes + 1)

    def test_a_drain_loses_nothing(self):
        dog = self.script("usleep(300000); echo 'whole';", healthcheck_interval="100ms", shutdown_timeout="10s")
        answers = [InBackground(dog.request) for _ in range(self.processes)]
        until(lambda: dog.log().count("is ready"), 5, "it to be ready")
        time.sleep(0.1)
        dog.signal(15)
        self.assertEqual([answer.result().text for answer in answers], ["whole"] * self.processes)
        self.assertEqual(dog.wait_exit(), 0)


class CgiServer(Warm, Php):
    """php-cgi -b, with children that share its port."""

    processes = 2

    def serve(self, **options):
        options["document_root"] = str(options["document_root"])
        port = free_port()
        return self.ready(self.start(mode="fastcgi", fprocess=f"php-cgi -b 127.0.0.1:{port}", PHP_FCGI_CHILDREN="2",
                                     upstream_url=f"fastcgi://127.0.0.1:{port}", **options))


class SingleCgiServer(Warm, Php):
    """php-cgi -b without children: one connection at a time."""

    processes = 1

    def serve(self, **options):
        options["document_root"] = str(options["document_root"])
        port = free_port()
        return self.ready(self.start(mode="fastcgi", fprocess=f"php-cgi -b 127.0.0.1:{port}",
                                     upstream_url=f"fastcgi://127.0.0.1:{port}", **options))

    def test_it_serves_more_than_500_requests(self):
        dog = self.script("echo 'ok';")
        with dog.client() as client:
            for _ in range(1100):
                self.assertEqual(client.request().text, "ok")


class InstancesOfCgiServer(Php):
    def test_two_instances_have_a_port_each(self):
        folder = self.folder(index_php="<?php usleep(50000); echo getmypid();")
        dog = self.ready(self.start(mode="fastcgi", fprocess="php-cgi -b 127.0.0.1:{port}", instances="2",
                                    upstream_url="fastcgi://127.0.0.1:{port}", document_root=folder))
        until(lambda: dog.log().count("is ready after") == 2, 10, "both to be ready")
        answers = [InBackground(dog.request) for _ in range(8)]
        self.assertEqual(len({answer.result().text for answer in answers}), 2)


class Fpm(Warm, Php):
    """php-fpm -F behind a unix socket."""

    processes = 3

    def serve(self, **options):
        return self.fpm(**options)


class GoesOn(Php):
    """Scripts that work on behind their answer."""

    processes = 2

    def serve(self, **options):
        return self.fpm(**options)

    def test_a_script_that_goes_on_after_its_answer_keeps_nobody_waiting(self):
        dog = self.script("echo 'ok'; if (($_SERVER['PATH_INFO'] ?? '') === '/slow') { fastcgi_finish_request(); sleep(3); }")
        with dog.client() as client:
            watch = Stopwatch()
            self.assertEqual(client.request(path="/slow").text, "ok")
            for _ in range(5):
                self.assertEqual(client.request().text, "ok")
            self.assert_within(watch.seconds, 0, 2)


class Fork(Php):
    def test_what_fastcgi_saves_is_the_interpreter_s_start(self):
        """Not a measurement: the same answer comes from a process that was there before."""
        forked = self.script("echo getmypid();", **{})
        pids = {forked.request().text for _ in range(5)}
        self.assertEqual(len(pids), 5)

    def serve(self, **options):
        return self.start(mode="cgi", fprocess="php-cgi", document_root=str(options["document_root"]))
