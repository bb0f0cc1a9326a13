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

// An answer whose body is a file below accel_root. What the application sends as a body is thrown
// away, so that its answer ends in good order; then the file is sent. Owned by the invocation.
class AccelResponse {
 public:
  AccelResponse(AccelRoot& root, const UpstreamResponse& head);

  // Takes a piece of the application's own body. False: there is so much of it that its end is not
  // waited for.
  bool discard(std::string_view bytes);
  // Answers with the file; the invocation is retired.
  void send(Exchange& exchange) const;

 private:
  AccelRoot& root_;
  std::string field_;  // that names the file
  std::string value_;
  std::vector<std::pair<std::string, std::string>> said_;  // fields that are passed on
  uint64_t discarded_ = 0;
};

// The folder accel_root. An application that has decided who may have a file leaves it to us to
// send: its answer names the file in a field (CgiResponseReader) in place of a body.
//
//   X-Accel-Redirect       nginx: a path below accel_root, percent-encoded; a query is cut off, and
//                          ".." is not resolved but refused
//   X-Sendfile,            Apache's mod_xsendfile, lighttpd: an absolute path that leads below
//   X-LIGHTTPD-send-file   accel_root, percent-encoded or not
//
// What the file is decides the status (200, 206, 304, 404, 416) and Content-Length, ETag,
// Last-Modified and Accept-Ranges. Every other field of the application's is kept, where nginx keeps
// Content-Type, Content-Disposition, Set-Cookie, Cache-Control and Expires alone, and Apache all. A
// method other than GET and HEAD gets the whole file.
//
// Any file below the folder is sent, a dot file or a source too: the application has asked for just
// that one. No link leads out of it (Folder), unless symlinks=any says so. To clients the folder is
// closed: where it lies below document_root FrontController gives its paths to the script.
//
// One per Worker, used on its loop.
class AccelRoot {
 public:
  // Aborts where problem() has something to say.
  explicit AccelRoot(const ModeContext& context);
  // What is wrong with the configuration, in one line.
  static std::optional<std::string> problem(const Config& config);

  // The answer in place of the one that `head` begins, where it names a file. Null: it names none,
  // or nothing can be made of it, which is logged once; then it is sent as it is.
  std::unique_ptr<AccelResponse> response(const UpstreamResponse& head);
  // Answers `exchange` with the file that the field names. Returns null when that is already done.
  std::unique_ptr<Invocation> serve(Exchange& exchange, const Field& field, const Fields& said);

 private:
  std::optional<ServedFolder> folder_;  // none where accel_root is not set
  std::string path_;                    // as accel_root spells it, absolute
  std::optional<Site> site_;
};

// The name, relative to accel_root, of the file that a field names; nothing where that lies outside.
// `roots`: the absolute paths by which accel_root is known.
std::optional<std::string> name_below_accel_root(const Field& field,
                                                 const std::vector<std::string>& roots);

}  // namespace watchdog
