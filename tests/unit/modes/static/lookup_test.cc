#include "modes/static/lookup.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "modes/static/representation.h"
#include "temporary_folder.h"

using namespace watchdog;

namespace {

struct LookupTest {
  TemporaryFolder around;
  Config config;
  Loop loop;
  std::optional<ServedFolder> folder;
  std::optional<SiteFiles> files;

  LookupTest() {
    around.write("secret", "no");
    around.folder("site");
    around.write("site/index.html", "start");
    around.write("site/404.html", "sorry");
    around.write("site/style.css", "plain");
    around.write("site/style.css.br", "br");
    around.write("site/style.css.gz", "gz");
    around.write("site/.env", "no");
    around.folder("site/empty");
    around.link("site/out", "../secret");
    folder.emplace(
        std::move(*ServedFolder::hold("static_path", around.path("site"), Links::kInside)));
    files.emplace(loop, config, *folder, nullptr, 1'000'000);
  }

  Lookup resolve(std::string_view target, std::string_view accept = "*/*") {
    RequestHead request{.method = "GET", .target = target};
    request.fields.add("Accept", accept);
    return files->resolve(request);
  }
};

struct LookedUp {
  std::string_view target;
  Lookup::Kind kind;
  int status;  // where the kind has one
  std::string_view name;
};

constexpr LookedUp kLookedUp[] = {
    {"/", Lookup::Kind::kFile, 200, "index.html"},
    {"/style.css?x", Lookup::Kind::kFile, 200, "style.css"},
    {"/st%79le.css", Lookup::Kind::kFile, 200, "style.css"},
    {"/empty", Lookup::Kind::kRedirect, 200, ""},
    {"/empty/", Lookup::Kind::kRefused, 404, ""},
    {"/style.css/", Lookup::Kind::kRefused, 404, ""},
    {"/nothing", Lookup::Kind::kRefused, 404, ""},
    {"/.env", Lookup::Kind::kRefused, 404, ""},
    {"/../secret", Lookup::Kind::kRefused, 404, ""},
    {"/out", Lookup::Kind::kRefused, 404, ""},
    {"/%zz", Lookup::Kind::kRefused, 400, ""},
};

}  // namespace

TEST_CASE_FIXTURE(LookupTest, "a path names a file, a folder without its slash, or nothing") {
  for (const LookedUp& row : kLookedUp) {
    CAPTURE(row.target);
    const Lookup found = resolve(row.target);
    CHECK(found.kind == row.kind);
    CHECK(found.status == row.status);
    CHECK(found.name == row.name);
    CHECK(static_cast<bool>(found.file) == (row.kind == Lookup::Kind::kFile));
  }
}

TEST_CASE_FIXTURE(LookupTest, "a folder without an index is listed where that was asked for") {
  config.static_listing = true;
  CHECK(resolve("/empty/").kind == Lookup::Kind::kListing);
  CHECK(resolve("/nothing/").kind == Lookup::Kind::kRefused);
}

TEST_CASE_FIXTURE(LookupTest,
                  "the fallback stands for pages that are missing, not for their parts") {
  config.static_fallback = "/index.html";
  config.static_404 = "/404.html";
  CHECK(resolve("/some/page").name == "index.html");
  CHECK(resolve("/some/page").kind == Lookup::Kind::kFile);
  CHECK(resolve("/photo.png", "text/html").name == "index.html");
  CHECK(resolve("/photo.png").name == "404.html");
  CHECK(resolve("/../secret", "text/html").name == "404.html");
}

TEST_CASE_FIXTURE(LookupTest, "the page for what is missing has its status") {
  config.static_404 = "/404.html";
  const Lookup found = resolve("/photo.png");
  CHECK(found.kind == Lookup::Kind::kErrorPage);
  CHECK(found.status == 404);
  REQUIRE(found.file);
  CHECK(found.file->content == "sorry");
}

TEST_CASE_FIXTURE(LookupTest, "the sibling is sent that the client likes best") {
  struct {
    std::string_view accepts;
    std::string_view coding;
    std::string_view content;
  } const rows[] = {
      {"", "", "plain"},
      {"br, gzip", "br", "br"},
      {"br;q=0.5, gzip", "gzip", "gz"},
      {"gzip;q=0.5, identity", "", "plain"},
      {"zstd", "", "plain"},
  };
  const Lookup found = resolve("/style.css");
  for (const auto& row : rows) {
    CAPTURE(row.accepts);
    RequestHead request{.method = "GET", .target = "/style.css"};
    if (!row.accepts.empty()) request.fields.add("Accept-Encoding", row.accepts);
    const Representation chosen = negotiate(request, found, *files, config);
    CHECK(chosen.coding == row.coding);
    CHECK(chosen.file->content == row.content);
    CHECK_FALSE(chosen.gzip_wanted);
  }
}

TEST_CASE_FIXTURE(LookupTest, "gzip is wanted for a whole file whose client likes it") {
  config.static_gzip = true;
  const Lookup found = resolve("/index.html");
  RequestHead request{.method = "GET", .target = "/index.html"};
  request.fields.add("Accept-Encoding", "gzip");
  CHECK(negotiate(request, found, *files, config).gzip_wanted);
  request.fields.add("Range", "bytes=0-1");
  CHECK_FALSE(negotiate(request, found, *files, config).gzip_wanted);
}
