#pragma once

#include <string_view>

namespace watchdog {

// Whether a file of this name is part of an application rather than of its pages, and therefore
// never leaves a document_root. The table holds what the usual site files of nginx and Apache
// refuse (Drupal's and H5BP's .htaccess, the recipes for WordPress, Nextcloud and Symfony):
//
//   programs   .php (3 to 8, s, t) .phtml .phar .inc .module .install .engine .profile .theme .twig
//              .tpl .pl .pm .cgi .fcgi .py .pyc .rb .erb .sh, and `extension`, that of the script
//   data       .sql .sqlite .sqlite3 .db .db3 .mdb, and their journals
//   settings   .ini .conf .yml .log, web.config, Dockerfile, Makefile, compose.yaml, composer.json,
//              package.json, Gemfile and the like, with their lock files
//
// An extension counts at the end of the name. Behind it may stand what makes a copy of the file, as
// editors, package managers and people do: "~", .bak, .orig, .old, .swp, .dist, .txt, .gz,
// "_backup", or an ending that no part of a page has. So index.php.bak and dump.sql.gz are never
// sent, while jquery.plugin.js, help.pl.html and de.pharmacy.svg are. Letter case is ignored on
// both sides.
//
// `extension`: with its dot, or empty.
bool is_source_name(std::string_view path, std::string_view extension);

// Whether the name ends as those of parts of pages do: .js, .css, .html, images, fonts, films and
// so on. Such a file is not a program, although in an image that was built on Windows every file
// may be executed.
bool is_page_part(std::string_view path);

}  // namespace watchdog
