"""examples/static-site in a real browser."""

from browser import PATIENCE, Browser
from harness import ROOT, Case, until


class StaticSite(Case):
    def setUp(self):
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        site = ROOT / "examples" / "static-site" / "public"
        self.dog = self.start(mode="static", static_path=site, static_404="/404.html")
        self.url = f"http://127.0.0.1:{self.dog.port}"

    def open_front_page(self):
        self.browser.open(f"{self.url}/")
        until(lambda: self.browser.evaluate("document.documentElement.dataset.ready") == "yes",
              PATIENCE, "the film to be wound on")

    def test_the_page_and_all_its_parts_load_without_a_complaint(self):
        self.open_front_page()
        statuses = {response["url"].rsplit("/", 1)[1]: response["status"] for response in
                    (params["response"] for params in
                     self.browser.reported("Network.responseReceived"))}
        for name in ("", "style.css", "site.js", "logo.svg", "site.woff2", "clock.webm"):
            self.assertIn(statuses[name], (200, 206), name)
        self.assertEqual([status for status in statuses.values() if status >= 400], [])
        self.assertEqual(self.browser.complaints(), [])

    def test_the_font_is_taken(self):
        self.open_front_page()
        self.assertEqual(self.browser.evaluate(
            "[...document.fonts].filter(font => font.family == 'Site').map(font => font.status)"),
            ["loaded"])

    def test_the_film_is_wound_on_by_a_range(self):
        # So slow that waiting for the rest of it would take longer.
        self.browser.call("Network.emulateNetworkConditions", offline=False, latency=5,
                          downloadThroughput=60_000, uploadThroughput=60_000)
        self.open_front_page()
        self.assertEqual(self.browser.evaluate("document.querySelector('video').currentTime"), 30)

        def starts():
            return [int(response["headers"]["Content-Range"].removeprefix("bytes ").split("-")[0])
                    for response in self.browser.answers_to("/clock.webm")
                    if response["status"] == 206]

        until(lambda: any(start > 0 for start in starts()), PATIENCE, "a part from further on")
        self.assertEqual(starts()[0], 0)

    def test_a_link_without_its_slash_leads_to_the_folder(self):
        self.open_front_page()
        self.browser.events.clear()
        self.browser.evaluate("document.querySelector('a').click()")
        self.browser.wait_for("Page.loadEventFired")
        self.assertEqual(self.browser.evaluate("location.pathname"), "/about/")
        self.assertEqual(self.browser.evaluate("getComputedStyle(document.body).maxWidth"), "640px")
        self.assertEqual(self.browser.complaints(), [])

    def test_what_has_not_changed_is_not_loaded_again(self):
        self.open_front_page()
        self.browser.reload()
        until(lambda: "GET /style.css - 304" in self.dog.log(), PATIENCE, "a 304")
        self.assertEqual(self.browser.evaluate("getComputedStyle(document.body).maxWidth"), "640px")

    def test_it_looks_like_something(self):
        self.open_front_page()
        path = ROOT / "build" / "static-site.png"
        self.browser.screenshot(path)
        self.assertGreater(path.stat().st_size, 5000)
        self.assertTrue(path.read_bytes().startswith(b"\x89PNG"))
