#include "modes/cgi/front_controller.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/modes/static/temporary_folder.h"

using namespace watchdog;

namespace {

using Kind = FrontController::Route::Kind;

// A WordPress in outline.
struct Application {
  Application() {
    folder.write("index.php", "<?php");
    folder.write("wp-login.php", "<?php");
    folder.write("style.css", "");
    folder.write("index.php.bak", "<?php");
    folder.write("Old.PHP", "<?php");
    folder.write(".env", "secret");
    folder.folder("wp-admin");
    folder.write("wp-admin/index.php", "<?php");
    folder.folder("docs");
    folder.write("docs/index.html", "");
    folder.folder("uploads");
    config.mode = ModeName::kFastcgi;
    config.command = {"php-cgi", "-b", "127.0.0.1:9000"};
    config.document_root = folder.path();
  }

  std::string route(std::string_view target, std::string_view method = "GET") {
    const auto front = FrontController::make(config);
    REQUIRE(front);
    RequestHead request;
    request.method = method;
    request.target = target;
    const auto route = front->route(request);
    if (route.kind == Kind::kFile) return "file";
    if (route.kind == Kind::kMalformed) return "malformed";
    CHECK(route.script.file == front->document_root() + route.script.name);
    return route.script.name + " + " + route.script.path_info;
  }

  TemporaryFolder folder;
  Config config;
};

}  // namespace

TEST_CASE("scripts run, files are sent, and all else goes to the front script") {
  Application app;
  CHECK(app.route("/") == "/index.php + ");
  CHECK(app.route("/2026/hello-world/") == "/index.php + /2026/hello-world/");
  CHECK(app.route("/wp-login.php?a=b") == "/wp-login.php + ");
  CHECK(app.route("/wp-login.php/more/path/") == "/wp-login.php + /more/path/");
  CHECK(app.route("/index.php/a%20b") == "/index.php + /a b");
  CHECK(app.route("/wp-login.php/") == "/wp-login.php + /");
  CHECK(app.route("/missing.php") == "/index.php + /missing.php");
  CHECK(app.route("/style.css") == "file");
  CHECK(app.route("/style.css/more") == "/index.php + /style.css/more");
  CHECK(app.route("/wp-admin/") == "/wp-admin/index.php + ");
  CHECK(app.route("/docs/") == "file");
  CHECK(app.route("/uploads/") == "/index.php + /uploads/");
}

TEST_CASE("a folder without its slash is redirected where something answers it") {
  Application app;
  CHECK(app.route("/wp-admin") == "file");
  CHECK(app.route("/docs") == "file");
  CHECK(app.route("/uploads") == "/index.php + /uploads");
  CHECK(app.route("/wp-admin", "POST") == "/index.php + /wp-admin");
}

TEST_CASE("the text of scripts and hidden files is never sent") {
  Application app;
  for (const std::string_view path : {"/index.php.bak", "/Old.PHP", "/.env", "/%2eenv", "/./.env",
                                      "/docs/../.env", "/index.php%2f.bak"}) {
    CAPTURE(path);
    CHECK(app.route(path).starts_with("/index.php + "));
  }
}

TEST_CASE("a path that cannot be decoded is malformed") {
  Application app;
  CHECK(app.route("/%zz") == "malformed");
  CHECK(app.route("/%00") == "malformed");
}

TEST_CASE("without a document root no file is sent and no other script runs") {
  Application app;
  app.config.document_root.clear();
  app.config.command.clear();  // somebody else's server: nobody looks for the script here
  CHECK(app.route("/style.css") == "/index.php + /style.css");
  CHECK(app.route("/wp-login.php") == "/index.php + /wp-login.php");
}

TEST_CASE("a program that is not PHP's is its own script") {
  Config config;
  config.mode = ModeName::kCgi;
  config.command = {"/bin/sh", "-c", "true"};
  const auto front = FrontController::make(config);
  REQUIRE(front);
  RequestHead request;
  request.method = "GET";
  request.target = "/a/b";
  const auto route = front->route(request);
  CHECK(route.script.name.empty());
  CHECK(route.script.path_info == "/a/b");
  CHECK(route.script.file.ends_with("sh"));
}

TEST_CASE("a folder or a script that is not there is refused") {
  Application app;
  app.config.script = "front.php";
  CHECK(
      FrontController::make(app.config).error().starts_with("script=front.php: there is no such"));
  app.config.document_root = app.folder.path("none");
  CHECK(FrontController::make(app.config).error().starts_with("document_root="));
}
