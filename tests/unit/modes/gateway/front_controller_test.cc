#include "modes/gateway/front_controller.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "temporary_folder.h"

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
    config.mode = *find_mode("fastcgi");
    config.command = {"php-cgi", "-b", "127.0.0.1:9000"};
    config.document_root = folder.path();
  }

  std::string route(std::string_view target, std::string_view method = "GET") {
    auto front = FrontController::make(config);
    REQUIRE(front);
    front->look_up();
    RequestHead request;
    request.method = method;
    request.target = target;
    const auto route = front->route(request);
    if (route.kind == Kind::kFile) return sent(*front, target) ? "file" : "missing";
    if (route.kind == Kind::kMalformed) return "malformed";
    CHECK(route.script.file == front->document_root() + route.script.name);
    return route.script.name + " + " + route.script.path_info;
  }

  // Whether the file that the path names would be sent, and not taken for missing.
  bool sent(FrontController& front, std::string_view target) const {
    struct stat status {};
    const std::string name(target.substr(1));
    if (front.folder()->folder().look_at(name, status) != 0) return false;
    return !S_ISREG(status.st_mode) || front.may_send(name, status);
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

TEST_CASE("an extension counts at the end of a name, not within it") {
  Application app;
  for (const std::string_view name :
       {"jquery.plugin.js", "app.include.js", "de.pharmacy.svg", "page.php.html", "help.pl.html"}) {
    CAPTURE(name);
    app.folder.write(name, "");
    CHECK(app.route("/" + std::string(name)) == "file");
  }
}

namespace {

// A folder with programs in it that are no PHP.
struct Programs {
  Programs() {
    for (const char* name : {"app.cgi", "app", "other.cgi", "plain", "style.css", "secret.ini"}) {
      app.folder.write(name, "");
    }
    for (const char* name : {"app.cgi", "app", "tool", "style.css"}) {
      app.folder.write(name, "");
      REQUIRE(::chmod(app.folder.path(name).c_str(), 0755) == 0);
    }
    app.folder.link("alias.txt", "app.cgi");
    REQUIRE(::link(app.folder.path("app.cgi").c_str(), app.folder.path("twin.html").c_str()) == 0);
    REQUIRE(::unlink(app.folder.path("index.php").c_str()) == 0);
    app.config.mode = *find_mode("cgi");
    app.config.command = {app.folder.path("app.cgi")};
  }
  Application app;
};

}  // namespace

TEST_CASE_FIXTURE(Programs,
                  "a program below the document root runs by its name, and is never sent") {
  CHECK(app.route("/app.cgi") == "/app.cgi + ");
  CHECK(app.route("/app.cgi/more/path") == "/app.cgi + /more/path");
  CHECK(app.route("/alias.txt") == "missing");
  CHECK(app.route("/twin.html") == "missing");
}

TEST_CASE_FIXTURE(Programs,
                  "a program that is not the script is missing, and the script is found") {
  app.config.script = "other.cgi";
  CHECK(app.route("/app.cgi") == "missing");
  CHECK(app.route("/app.cgi/more") == "missing");
  CHECK(app.route("/other.cgi/more") == "/other.cgi + /more");
  app.config.script = "app";  // a name without a dot
  CHECK(app.route("/app") == "/app + ");
  CHECK(app.route("/app/more") == "/app + /more");
  CHECK(app.route("/other.cgi") == "/app + /other.cgi");
}

TEST_CASE_FIXTURE(Programs, "an interpreter's script runs, and its settings are missing") {
  app.config.command = {"/bin/sh", app.folder.path("plain"),
                        "--config=" + app.folder.path("secret.ini")};
  CHECK(app.route("/plain/a") == "/plain + /a");
  CHECK(app.route("/secret.ini") == "missing");
}

TEST_CASE_FIXTURE(Programs,
                  "in mode=cgi what may be executed is no file, unless it is part of a page") {
  CHECK(app.route("/style.css") == "file");
  app.config.script = "app.cgi";
  CHECK(app.route("/tool") == "/app.cgi + /tool");
  app.config.mode = *find_mode("fastcgi");
  CHECK(app.route("/tool") == "file");
}

TEST_CASE_FIXTURE(Programs, "the extension of the script is compared without its case") {
  app.folder.write("Start.LSP", "");
  app.folder.write("old.lsp", "");
  app.folder.write("older.LSP.bak", "");
  app.config.script = "Start.LSP";
  CHECK(app.route("/old.lsp") == "/Start.LSP + /old.lsp");
  CHECK(app.route("/older.LSP.bak") == "/Start.LSP + /older.LSP.bak");
}

TEST_CASE("links are followed for scripts and files alike, by one rule") {
  Application app;
  app.folder.folder("storage");
  app.folder.write("storage/tool.php", "<?php");
  app.folder.write("storage/photo.jpg", "");
  app.folder.folder("public");
  app.folder.write("public/index.php", "<?php");
  app.folder.link("public/storage", "../storage");
  app.config.document_root = app.folder.path("public");
  CHECK(app.route("/storage/tool.php") == "/storage/tool.php + ");
  CHECK(app.route("/storage/photo.jpg") == "file");
  app.config.symlinks = Symlinks::kInside;
  CHECK(app.route("/storage/tool.php") == "/index.php + /storage/tool.php");
  CHECK(app.route("/storage/") == "/index.php + /storage/");
}

TEST_CASE("the document root is what its path leads to now") {
  Application app;
  app.folder.folder("two");
  app.folder.write("two/index.php", "<?php");
  app.folder.write("two/new.php", "<?php");
  app.folder.link("current", ".");
  app.config.document_root = app.folder.path("current");
  auto front = FrontController::make(app.config);
  REQUIRE(front);
  RequestHead request;
  request.method = "GET";
  request.target = "/new.php";
  front->look_up();
  CHECK(front->route(request).script.name == "/index.php");
  app.folder.link("next", "two");
  REQUIRE(::rename(app.folder.path("next").c_str(), app.folder.path("current").c_str()) == 0);
  front->look_up();
  CHECK(front->route(request).script.file == app.folder.path("two/new.php"));
  CHECK(front->document_root() == app.folder.path("two"));
}

TEST_CASE("a path costs no more than its length") {
  const auto cost = [](std::string_view segment, size_t size) {
    Application app;
    auto front = FrontController::make(app.config);
    REQUIRE(front);
    std::string target;
    while (target.size() < size) target += segment;
    RequestHead request;
    request.method = "GET";
    request.target = target;
    Duration best = std::chrono::hours(1);
    for (int i = 0; i < 5; ++i) {
      const auto start = std::chrono::steady_clock::now();
      CHECK(front->route(request).kind == Kind::kScript);
      best = std::min<Duration>(best, std::chrono::steady_clock::now() - start);
    }
    return best;
  };
  for (const std::string_view segment : {"/a", "/", "/a.php", "/index.php", "/%61"}) {
    CAPTURE(segment);
    // Sixteen times as long: quadratic would be 256 times as much.
    const Duration slack = std::chrono::milliseconds(1);
    CHECK(cost(segment, 64 * 1024) < 64 * cost(segment, 4 * 1024) + slack);
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
  config.mode = *find_mode("cgi");
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

TEST_CASE("accel_root is closed to clients where it lies below document_root") {
  Application app;
  app.folder.folder("private");
  app.folder.write("private/a.txt", "");
  app.folder.write("private/run.php", "<?php");
  app.folder.write("private.txt", "");
  app.config.accel_root = app.folder.path("private");
  CHECK(app.route("/private/a.txt") == "/index.php + /private/a.txt");
  CHECK(app.route("/private/run.php") == "/index.php + /private/run.php");
  CHECK(app.route("/private/") == "/index.php + /private/");
  CHECK(app.route("/private") == "/index.php + /private");
  CHECK(app.route("//private/a.txt") == "/index.php + //private/a.txt");
  CHECK(app.route("/private.txt") == "file");
  CHECK(app.route("/style.css") == "file");
  for (const std::string& open : {app.folder.path(), std::string("/")}) {
    app.config.accel_root = open;
    CHECK(app.route("/private/a.txt") == "file");
  }
}
