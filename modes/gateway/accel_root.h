#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "modes/static/site.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

class AccelRoot;

// A response whose body is a file below accel_root. The body of the application is discarded, so
// that its response ends in good order; then the file is sent. Owned by the invocation.
class AccelResponse {
 public:
  AccelResponse(AccelRoot& root, const UpstreamResponse& head);

  // Takes a piece of the application's own body. Returns false when there is so much of it that its
  // end is not waited for.
  bool discard(std::string_view bytes);
  // Responds with the file. The current invocation is retired.
  void send(Exchange& exchange) const;

 private:
  AccelRoot& root_;
  std::string field_;  // that names the file
  std::string value_;
  std::vector<std::pair<std::string, std::string>> said_;  // fields that are passed on
  uint64_t discarded_ = 0;
};

// The folder accel_root. An application that has decided who may have a file leaves it to us to
// send the file: its response names it in a field (CgiResponseReader) in place of a body.
//
//   X-Accel-Redirect       nginx: a path below accel_root, percent-encoded; a query is cut off, and
//                          ".." is not resolved but refused
//   X-Sendfile,            Apache's mod_xsendfile, lighttpd: an absolute path that leads below
//   X-LIGHTTPD-send-file   accel_root, percent-encoded or not
//
// The file decides the status (200, 206, 304, 404, 416) and Content-Length, ETag, Last-Modified and
// Accept-Ranges. Every other field of the application is kept, where nginx keeps only Content-Type,
// Content-Disposition, Set-Cookie, Cache-Control and Expires, and Apache keeps all. A method other
// than GET and HEAD gets the whole file.
//
// Any file below the folder is sent, also a dot file or a source: the application has asked for
// just that one. No link leads out of it (Folder), unless symlinks=any says so. Clients cannot
// reach the folder: where it lies below document_root, FrontController gives its paths to the
// script.
//
// One per worker, used on its loop.
class AccelRoot {
 public:
  // The folder; nothing where accel_root is not set. An error names the option.
  static Result<std::optional<ServedFolder>> hold(const Config& config);
  AccelRoot(const ModeContext& context, std::optional<ServedFolder> folder);

  // Returns the response in place of the one that `head` begins, where it names a file. Null where
  // it names none, or one that cannot be sent, which is logged once; then the response is sent as
  // it is.
  std::unique_ptr<AccelResponse> response(const UpstreamResponse& head);
  // Responds to `exchange` with the file that the field names. Returns null when that is already
  // done.
  std::unique_ptr<Invocation> serve(Exchange& exchange, const Field& field, const Fields& said);

 private:
  std::optional<ServedFolder> folder_;  // none where accel_root is not set
  std::string path_;                    // as accel_root spells it, absolute
  std::optional<Site> site_;
};

// Returns the name, relative to accel_root, of the file that a field names; nothing where that lies
// outside. `roots` are the absolute paths by which accel_root is known.
std::optional<std::string> name_below_accel_root(const Field& field,
                                                 const std::vector<std::string>& roots);

}  // namespace watchdog
