#include "modes/static/served_folder.h"

#include <array>
#include <climits>
#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace watchdog {

namespace {

// Short enough that nobody sees an old file after a deployment, long enough that it costs nothing.
constexpr auto kLookedUpFor = std::chrono::milliseconds(10);

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

std::string real_path(const std::string& path) {
  std::array<char, PATH_MAX> real;
  if (::realpath(path.empty() ? "." : path.c_str(), real.data()) != nullptr) return real.data();
  return path;
}

Result<ServedFolder> ServedFolder::hold(std::string_view option, std::string path, Links links) {
  auto folder = Folder::hold(path, links);
  if (!folder) return Error{folder.error()};
  return ServedFolder(option, std::move(path), std::move(*folder));
}

ServedFolder::ServedFolder(std::string_view option, std::string path, Folder folder)
    : option_(option),
      path_(std::move(path)),
      folder_(std::move(folder)),
      real_path_(watchdog::real_path(path_)) {}

void ServedFolder::look_up(Instant now) {
  if (now - looked_up_ < kLookedUpFor) return;
  looked_up_ = now;
  look_up_now();
}

bool ServedFolder::look_up_now() {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0) {
    if (same_file(status, folder_.status())) {
      gone_ = false;
      return false;
    }
    if (auto folder = Folder::hold(path_, folder_.links())) {
      folder_ = std::move(*folder);
      real_path_ = watchdog::real_path(path_);
      gone_ = false;
      log::event(log::Level::kInfo, "folder_changed",
                 fmt::format("{}={} leads to another folder now: {}", option_, path_, real_path_),
                 {{"option", option_}, {"path", real_path_}});
      return true;
    }
  }
  if (!gone_) {
    log::event(log::Level::kWarning, "folder_gone",
               fmt::format(
                   "{}={} leads to no folder now; what is left of the last one is served meanwhile",
                   option_, path_),
               {{"option", option_}, {"path", path_}});
  }
  gone_ = true;
  return false;
}

}  // namespace watchdog
