#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "http/message.h"
#include "modes/gateway/cgi_variables.h"
#include "modes/static/send_policy.h"
#include "modes/static/served_folder.h"

namespace watchdog {

// Decides what responds to a path, as people who run PHP applications know it. The first row that
// fits counts:
//
//   the path                                                is responded to by
//   ------------------------------------------------------  --------------------------------------
//   cannot be decoded                                       400
//   has a segment with a dot in front (not /.well-known),   `script`, whether there is such a file
//     or is that of accel_root, or of anything in it
//   names `script`, or begins with its name                 it; the rest is its PATH_INFO
//   names what fprocess runs, where no script is set        it; the rest is its PATH_INFO
//   names what fprocess runs, or another file of its words  404
//   names a script (by the extension of `script`), or       it; the rest is its PATH_INFO
//     begins with one: /wp-login.php/a
//   names a folder that has one called as `script`          that: /wp-admin/ is /wp-admin/index.php
//   names a folder that has an index.html                   the page
//   names a source (source_files.h); in mode=cgi also a     `script`, as for a file that is missing
//     file that may be executed and is no part of a page
//   names any other file                                    the file, as in mode=static
//   anything else                                           `script`, with all of it as PATH_INFO
//
// may_send() decides which files are sent. It is asked again with the file that was opened, as that
// may have been reached by another name or a link. Symbolic links are followed for scripts and
// files alike, by the option `symlinks`. Without a document_root there are no files: everything
// goes to `script`, which is index.php for PHP's programs; for others there may be none, and the
// program itself is the script. The cost is linear in the length of a path. One per mode, used on
// its loop.
class FrontController final : public SendPolicy {
 public:
  // Fails, in one line, on a folder or a script that is missing.
  static Result<FrontController> make(const Config& config);

  struct Route {
    enum class Kind {
      kScript,
      kFile,       // for Site::serve(), which is a 404 where it may not be sent
      kMalformed,  // 400: a path that cannot be decoded
    };
    Kind kind = Kind::kScript;
    Script script{};
  };
  // Follows the path of document_root to where it leads now; to be called before each request.
  void look_up();
  Route route(const RequestHead& request) const;
  bool may_send(std::string_view name, const struct stat& status) const override;

  // The folder whose files are served; null where there is none.
  ServedFolder* folder() { return folder_ ? &*folder_ : nullptr; }
  // Absolute; empty when there is none.
  const std::string& document_root() const { return folder_ ? folder_->real_path() : root_; }

 private:
  FrontController() = default;

  Route route_file(const RequestHead& request, const std::string& name, bool is_folder,
                   std::string decoded) const;
  std::optional<Route> find_script(const std::string& name) const;
  bool is_file(const std::string& name) const;
  bool is_in_accel_root(std::string_view name) const;
  void name_own_files();
  bool is_own_file(const struct stat& status) const;
  Script front(std::string path_info) const;
  Script script_below(std::string_view name, std::string_view path_info) const;

  std::optional<ServedFolder> folder_;
  std::string root_;       // where there is no folder_
  std::string script_;     // relative to the root; empty: the program is the script
  std::string program_;    // SCRIPT_FILENAME, when it is
  std::string extension_;  // of scripts: ".php"
  bool executes_ = false;  // mode=cgi: what may be executed may well be a program
  // The files that words of fprocess name, as absolute paths, that of the program first; and the
  // names of those that lie below document_root.
  std::vector<std::string> own_files_;
  std::vector<std::string> own_names_;
  // accel_root, and its name where it lies below document_root. Its files are sent when the
  // application says so (AccelRoot); clients have to ask the application.
  std::string accel_root_;
  std::string accel_name_;
  std::string program_name_;  // of these, that of the program, or of the script for an interpreter
};

}  // namespace watchdog
