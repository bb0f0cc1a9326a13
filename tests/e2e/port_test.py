"""Which port is whose: PORT as platforms set it, `port`, and the port of upstream_url."""

from harness import Case, free_port, run, until

# Listens on PORT, as Express and gunicorn do, and answers with what its environment says.
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["PORT"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Port(Case):
    def serve(self, upstream_port, *command, **options):
        dog = self.start("--", *command, "python3", "-c", SERVER, mode="http",
                         upstream_url=f"http://127.0.0.1:{upstream_port}", **options)
        until(lambda: dog.request(path="/_/health").status == 200, 20, "the server to listen")
        return dog

    def test_knative_s_port_is_ours_and_the_server_has_its_own(self):
        ours, its = free_port(), free_port()
        dog = self.serve(its, port=None, PORT=ours, K_SERVICE="greet")
        self.assertEqual(dog.port, ours)
        self.assertEqual(dog.request().text, str(its))

    def test_elsewhere_port_is_the_server_s_affair(self):
        its = free_port()
        self.assertEqual(self.serve(its, PORT=its).request().text, str(its))
        self.assertEqual(self.serve(its := free_port(), PORT="1").request().text, str(its))
        self.assertEqual(self.serve(its := free_port()).request().text, str(its))

    def test_a_port_in_the_command_wins(self):
        its = free_port()
        self.assertEqual(self.serve(its, "env", f"PORT={its}", PORT="1").request().text, str(its))

    def test_a_function_that_is_forked_keeps_the_container_s(self):
        dog = self.start(fprocess="sh -c 'echo $PORT'", PORT="1234")
        self.assertEqual(dog.request().text, "1234\n")

    def test_port_wins_over_the_platform_s_and_the_log_says_that_they_differ(self):
        ours, its = free_port(), free_port()
        dog = self.serve(its, port=ours, PORT="1234", K_SERVICE="greet")
        self.assertEqual(dog.port, ours)
        self.assertEqual(dog.request().text, str(its))
        dog.wait_log(f"port is {ours}, and the platform sends requests to PORT=1234; unset port")

    def test_a_platform_without_port_leaves_the_usual_one(self):
        result = run("--check-config", fprocess="true", port=None, K_SERVICE="greet")
        self.assertIn("port=8080\n", result.stdout)

    def test_a_port_that_nothing_can_be_sent_to_is_refused_from_the_platform_alone(self):
        for port, said in (("0", "PORT=0: it has to name the port"), ("abc", "PORT=abc: not a port"),
                           ("65536", "PORT=65536: not a port"), ("-1", "PORT=-1: not a port")):
            with self.subTest(port=port):
                result = run(fprocess="true", port=None, PORT=port, K_SERVICE="greet")
                self.assertEqual(result.returncode, 64)
                self.assertIn(said, result.stderr)
                self.assertEqual(0, run("--check-config", fprocess="true", PORT=port).returncode)

    def test_a_platform_s_port_that_is_the_function_s_is_refused(self):
        port = free_port()
        result = run(fprocess="true", mode="http", port=None, PORT=port, K_SERVICE="greet",
                     upstream_url=f"http://127.0.0.1:{port}")
        self.assertEqual(result.returncode, 64)
        self.assertIn("the watchdog's own (the platform's PORT says so)", result.stderr)

    def test_an_upstream_url_that_leads_back_is_refused(self):
        port = free_port()
        result = run(fprocess="true", mode="http", port=port, upstream_url=f"http://localhost:{port}")
        self.assertEqual(result.returncode, 64)
        self.assertIn("the watchdog's own", result.stderr)
