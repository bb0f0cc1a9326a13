#pragma once

#include <string>
#include <string_view>

namespace watchdog {

// What the path of a request names below the folder served.
struct SitePath {
  enum class Kind {
    kFile,       // or a folder whose '/' is missing
    kFolder,     // it ended with '/'
    kMalformed,  // 400: a broken percent-escape, or NUL
    kHidden,     // never served
    kNowhere,    // no file can have such a name
  };
  Kind kind = Kind::kNowhere;
  // Percent-decoded and relative, without empty segments or a '/' at the end; "" is the folder
  // served itself. Names a file only where `kind` says so.
  std::string name{};
  // Hidden for "." or "..", which clients resolve themselves, rather than for a name with a dot.
  bool climbs = false;
};

// Segments that begin with a dot are hidden, "." and ".." among them, but for /.well-known at the
// front (RFC 8615). An escaped '/' is part of a name (RFC 3986 2.2), and no name has one.
SitePath parse_site_path(std::string_view path);

// Where a folder is found whose '/' is missing: relative, so that it holds behind any prefix a
// gateway has taken off. `path` and `query` are the request's, verbatim.
std::string folder_location(std::string_view path, std::string_view query);

}  // namespace watchdog
