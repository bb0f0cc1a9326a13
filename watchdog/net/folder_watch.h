#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "net/loop.h"
#include "net/timer.h"
#include "net/watch.h"

namespace watchdog {

// Watches the files of a folder and of those below it (inotify). It leaves out hidden files and
// what tools write for themselves: node_modules, __pycache__, the copies of editors.
class FolderWatch {
 public:
  // A burst of changes is over when no further one comes for this long.
  static constexpr auto kSettling = std::chrono::milliseconds(100);

  // Gets the file that changed last, relative to the folder.
  using OnChange = std::function<void(const std::string& file)>;

  // `on_change` runs once after each burst. Symbolic links to folders are not followed.
  static Result<std::unique_ptr<FolderWatch>> open(Loop& loop, const std::string& folder,
                                                   OnChange on_change);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Whether changes of a file with this name are ignored.
  static bool ignores(std::string_view name);

 private:
  FolderWatch(Loop& loop, Fd events, const std::string& folder, OnChange on_change);

  // Returns an errno, or 0.
  int add(const std::string& folder);
  void on_events();

  const size_t prefix_;                           // the length of the folder's path, slash included
  std::unordered_map<int, std::string> folders_;  // by inotify's number
  std::string changed_;                           // last
  OnChange on_change_;
  Watch events_;
  Timer settled_;
};

}  // namespace watchdog
