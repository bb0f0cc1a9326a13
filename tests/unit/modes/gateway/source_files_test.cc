#include "modes/gateway/source_files.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace watchdog;

TEST_CASE("programs, data and settings never leave a document root, nor do copies of them") {
  for (const std::string_view name : {"index.php",
                                      "a/b/index.php",
                                      "old.PHP",
                                      "index.php5",
                                      "index.php.bak",
                                      "index.php~",
                                      "index.php_old",
                                      "index.php-2024",
                                      "index.php (copy)",
                                      "index.php.swp",
                                      "index.php.orig",
                                      "#index.php#",
                                      "index.php.",
                                      "index.php.txt",
                                      "index.php.gz",
                                      "index.php.1",
                                      "index.php.save.2",
                                      "index.php.bak.zip",
                                      "index.php.unknown",
                                      "page.phtml",
                                      "page.pht",
                                      "tool.phar",
                                      "config.inc",
                                      "config.INC",
                                      "config.inc.php",
                                      "config.php.inc",
                                      "node.module",
                                      "my.install",
                                      "zen.theme",
                                      "page.html.twig",
                                      "page.tpl",
                                      "lib.pm",
                                      "lib.pl",
                                      "run.cgi",
                                      "run.fcgi",
                                      "helper.py",
                                      "helper.pyc",
                                      "app.rb",
                                      "page.erb",
                                      "deploy.sh",
                                      "dump.sql",
                                      "dump.sql.gz",
                                      "dump.sql.tar.bz2",
                                      "data.sqlite",
                                      "data.sqlite3",
                                      "data.sqlite-wal",
                                      "data.db",
                                      "data.db-journal",
                                      "php.ini",
                                      "httpd.conf",
                                      "services.yml",
                                      "debug.log",
                                      "debug.log.1",
                                      "composer.json",
                                      "Composer.JSON",
                                      "composer.lock",
                                      "composer.json.bak",
                                      "a/composer.json~",
                                      "package.json",
                                      "package-lock.json",
                                      "yarn.lock",
                                      "Dockerfile",
                                      "Dockerfile.prod",
                                      "dockerfile-test",
                                      "docker-compose.yml",
                                      "docker-compose.yaml",
                                      "Makefile",
                                      "Gemfile.lock",
                                      "web.config",
                                      "web.config.old",
                                      "phpunit.xml.dist",
                                      "requirements.txt"}) {
    CAPTURE(name);
    CHECK(is_source_name(name, ".php"));
  }
}

TEST_CASE("what pages are made of is sent, whatever is in the middle of its name") {
  for (const std::string_view name : {"style.css",
                                      "jquery.plugin.js",
                                      "app.include.js",
                                      "de.pharmacy.svg",
                                      "help.pl.html",
                                      "messages.pl.json",
                                      "jquery.php.js",
                                      "data.db.json",
                                      "nginx.conf.html",
                                      "photo.inc.jpg",
                                      "phpinfo.png",
                                      "php/logo.gif",
                                      "index.php/logo.gif",
                                      "readme.txt",
                                      "license",
                                      "archive.tar.gz",
                                      "style.css.gz",
                                      "app.js.br",
                                      "manual.pdf",
                                      "film.mp4",
                                      "catalog.json",
                                      "openapi.yaml",
                                      "sitemap.xml",
                                      "robots.txt",
                                      "site.webmanifest",
                                      "dockerfiles.html",
                                      "makefiles",
                                      "profiles.html",
                                      "ads.txt",
                                      "font.woff2",
                                      "",
                                      "sql"}) {
    CAPTURE(name);
    CHECK_FALSE(is_source_name(name, ".php"));
  }
}

TEST_CASE("the script's own extension counts as well, on whichever side its letters are large") {
  CHECK(is_source_name("old.lsp", ".LSP"));
  CHECK(is_source_name("old.LSP.bak", ".lsp"));
  CHECK(is_source_name("old.js", ".js"));
  CHECK_FALSE(is_source_name("old.lsp", ""));
  CHECK_FALSE(is_source_name("", ""));
  CHECK_FALSE(is_source_name(".", "."));
}

TEST_CASE("parts of a page are told by their ending") {
  CHECK(is_page_part("a/style.CSS"));
  CHECK(is_page_part("photo.jpeg"));
  for (const std::string_view name : {"tool", "tool.bin", "css", "style.css/tool", "tool.py"}) {
    CAPTURE(name);
    CHECK_FALSE(is_page_part(name));
  }
}
