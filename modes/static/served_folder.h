#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "modes/static/folder.h"

namespace watchdog {

// The folder that a path leads to now. Sites are deployed by swapping a symbolic link or by
// renaming a new folder into place, so the path is looked up again while requests come, and the
// folder held is replaced when the path leads to another one. Between two lookups everything comes
// from one folder: look up before a request is handled, not within it. One per Worker, used on its
// loop only.
//
// While the path leads nowhere, the folder held last is kept and the files left in it are served.
class ServedFolder {
 public:
  // `option` names the path in the log: "static_path". The error begins with the path.
  static Result<ServedFolder> hold(std::string_view option, std::string path, Links links);

  // Looks the path up again, unless that was done within the last 10 ms.
  void look_up(Instant now);
  // Looks the path up again at once. Returns whether it leads to another folder now.
  bool look_up_now();

  const Folder& folder() const { return folder_; }
  // The folder's own path, absolute and without links: that of the release, not of the link.
  const std::string& real_path() const { return real_path_; }

 private:
  ServedFolder(std::string_view option, std::string path, Folder folder);

  std::string_view option_;
  std::string path_;
  Folder folder_;
  std::string real_path_;
  Instant looked_up_{};
  bool gone_ = false;
};

// `path`, absolute and without links; as it is where it leads nowhere. The empty path is the
// current folder.
std::string real_path(const std::string& path);

}  // namespace watchdog
