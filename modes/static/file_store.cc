#include "modes/static/file_store.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string>

#include "base/log.h"

namespace watchdog {

namespace {

using Kind = FileLookup::Kind;

FileLookup not_found(int error, const std::string& name) {
  switch (error) {
    case EXDEV:
      log::event(log::Level::kWarning, "link_refused",
                 fmt::format("not served: {} is a symbolic link that leads out of the folder "
                             "served; symlinks=any follows it",
                             name),
                 {{"path", name}});
      return {Kind::kMissing};
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
    case EILSEQ:
    case ENXIO:
    case ENODEV:
      return {Kind::kMissing};
    case EACCES:
    case EPERM:
      return {Kind::kForbidden};
    default:
      return {Kind::kFailed, nullptr, error};
  }
}

bool is_link(const Folder& folder, const std::string& name) {
  struct stat status {};
  return folder.look_at_link(name, status) == 0 && S_ISLNK(status.st_mode);
}

// The last name of an open file, without links; empty when /proc does not tell.
std::string last_name(int file) {
  std::array<char, PATH_MAX> space;
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t size = ::readlink(link.c_str(), space.data(), space.size());
  if (size <= 0) return {};
  const std::string_view path(space.data(), static_cast<size_t>(size));
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace

FileLookup FileStore::find(const std::string& name) {
  struct stat status {};
  // Equal states are equal bytes, wherever a link may lead by now: only opening must be confined.
  if (const int error = folder().look_at(name, status)) return not_found(error, name);
  if (S_ISDIR(status.st_mode)) return {Kind::kFolder};
  if (!S_ISREG(status.st_mode) || !may_send(name, status)) return {Kind::kMissing};
  if (auto file = cache_.find(name, FileIdentity(status))) return {Kind::kFile, std::move(file)};
  return open(name);
}

FileLookup FileStore::open(const std::string& name) {
  ErrnoOr<Fd> opened = folder().open(name);
  if (!opened) return not_found(opened.error(), name);
  struct stat status {};
  if (::fstat(opened->get(), &status) != 0) return not_found(errno, name);
  if (!S_ISREG(status.st_mode)) return {Kind::kMissing};
  if (!may_send_opened(name, opened->get(), status)) return {Kind::kMissing};
  auto file = read_file(std::move(*opened), status);
  if (!file) return not_found(file.error(), name);
  cache_.store(name, *file);
  return {Kind::kFile, std::move(*file)};
}

bool FileStore::may_send_opened(const std::string& name, int file,
                                const struct stat& status) const {
  if (policy_ == nullptr) return true;
  if (!policy_->may_send(name, status)) return false;
  if (!is_link(folder(), name)) return true;
  const std::string real = last_name(file);
  return !real.empty() && !real.starts_with('.') && policy_->may_send(real, status);
}

}  // namespace watchdog
