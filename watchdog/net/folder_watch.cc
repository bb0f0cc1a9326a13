#include "net/folder_watch.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace watchdog {

namespace {

constexpr uint32_t kChanges = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;

}  // namespace

Result<std::unique_ptr<FolderWatch>> FolderWatch::open(Loop& loop, const std::string& folder,
                                                       OnChange on_change) {
  Fd events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!events) return Error{fmt::format("watch={}: {}", folder, strerror(errno))};
  std::unique_ptr<FolderWatch> watch(
      new FolderWatch(loop, std::move(events), folder, std::move(on_change)));
  if (const int error = watch->add(folder)) {
    return Error{
        fmt::format("watch={}: {}; name a folder that can be read", folder, strerror(error))};
  }
  return watch;
}

FolderWatch::FolderWatch(Loop& loop, Fd events, const std::string& folder, OnChange on_change)
    : prefix_(folder.size() + 1),
      on_change_(std::move(on_change)),
      events_(loop, std::move(events), [this] { on_events(); }),
      settled_(loop, [this] { on_change_(changed_); }) {}

bool FolderWatch::ignores(std::string_view name) {
  constexpr std::array<std::string_view, 2> kTools = {"node_modules", "__pycache__"};
  constexpr std::array<std::string_view, 4> kEndings = {"~", ".pyc", ".swp", ".tmp"};
  return name.empty() || name.front() == '.' ||
         std::find(kTools.begin(), kTools.end(), name) != kTools.end() ||
         std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

int FolderWatch::add(const std::string& folder) {
  const int number = ::inotify_add_watch(events_.fd(), folder.c_str(), kChanges | IN_ONLYDIR);
  if (number < 0) return errno;
  folders_[number] = folder;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), &::closedir);
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
    if (entry->d_type != DT_DIR || ignores(entry->d_name)) continue;
    const int error = add(folder + "/" + entry->d_name);
    if (error == ENOSPC) {
      log::event(log::Level::kWarning, "watch_incomplete",
                 fmt::format("not every folder below {} is watched: raise "
                             "fs.inotify.max_user_watches",
                             folder),
                 {{"path", folder}});
      return 0;
    }
  }
  return 0;
}

void FolderWatch::on_events() {
  alignas(inotify_event) std::array<char, 16 * 1024> space;
  for (;;) {
    const ssize_t size = ::read(events_.fd(), space.data(), space.size());
    if (size <= 0) return;
    for (size_t at = 0; at < static_cast<size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, space.data() + at, sizeof event);
      const std::string_view name(event.len > 0 ? space.data() + at + sizeof event : "");
      at += sizeof event + event.len;
      if ((event.mask & IN_IGNORED) != 0) {
        folders_.erase(event.wd);
        continue;
      }
      if (ignores(name)) continue;
      const auto folder = folders_.find(event.wd);
      if (folder == folders_.end()) continue;
      const std::string path = fmt::format("{}/{}", folder->second, name);
      const bool new_folder =
          (event.mask & IN_ISDIR) != 0 && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
      if (new_folder) add(path);
      changed_ = path.substr(prefix_);
      settled_.set_after(kSettling);
    }
  }
}

}  // namespace watchdog
