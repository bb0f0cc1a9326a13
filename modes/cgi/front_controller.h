#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "modes/cgi/variables.h"
#include "modes/static/folder.h"
#include "server/config.h"

namespace watchdog {

// Decides what answers a path, as people who run PHP applications know it:
//
//   /wp-login.php/a    a script below document_root, the rest is its PATH_INFO
//   /wp-admin/         the index.php (or the file that `script` is called) of that folder
//   /css/site.css      a file below document_root, sent as mode=static would; never a script's text
//   anything else      `script`, with all of the path as PATH_INFO
//
// Without a document_root there are no files: everything goes to `script`, which is index.php for
// PHP's programs; for others there may be none, and the program itself is the script. One a mode.
class FrontController {
 public:
  // Fails on a folder or a script that is not there, in one line.
  static Result<FrontController> make(const Config& config);

  struct Route {
    enum class Kind {
      kScript,
      kFile,       // for Site::serve()
      kMalformed,  // 400: a path that cannot be decoded
    };
    Kind kind = Kind::kScript;
    Script script{};
  };
  Route route(const RequestHead& request) const;

  // The folder whose files are served; null when none is.
  const Folder* folder() const { return folder_ ? &*folder_ : nullptr; }
  // Absolute; empty when there is none.
  const std::string& document_root() const { return root_; }

 private:
  FrontController() = default;

  std::optional<Script> find_script(const std::string& name) const;
  bool is_file(const std::string& name) const;
  // Whether `name` may be the text of a program.
  bool looks_like_source(std::string_view name) const;
  Script front(std::string path_info) const;

  std::optional<Folder> folder_;
  std::string root_;
  std::string script_;     // relative to root_; empty: the program is the script
  std::string program_;    // SCRIPT_FILENAME, when it is
  std::string extension_;  // of scripts: ".php"
};

}  // namespace watchdog
