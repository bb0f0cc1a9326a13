#pragma once

#include <string>
#include <string_view>

namespace watchdog {

// The name below the folder served for which the path of a request stands.
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
  // It is hidden for a "." or "..", which clients resolve themselves, not for a name with a dot.
  bool climbs = false;
};

// Decodes a path. Segments that begin with a dot are hidden, "." and ".." among them, except
// /.well-known at the front (RFC 8615). An escaped '/' is part of a name (RFC 3986 2.2), and no
// file has such a name.
SitePath parse_site_path(std::string_view path);

// The Location of a folder whose '/' is missing. It is relative, so that it holds behind any prefix
// that a gateway has removed. `path` and `query` are the request's, verbatim.
std::string folder_location(std::string_view path, std::string_view query);

}  // namespace watchdog
