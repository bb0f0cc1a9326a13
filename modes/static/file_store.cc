#include "modes/static/file_store.h"

#include <cerrno>

#include "base/log.h"

namespace watchdog {

namespace {

using Kind = Finding::Kind;

Finding not_found(int error, const std::string& name) {
  switch (error) {
    case EXDEV:
      log::warn("not served: {} is a symbolic link that leads out of the folder served", name);
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

}  // namespace

Finding FileStore::find(const std::string& name) {
  struct stat status {};
  // Equal states are equal bytes, wherever a link may lead by now: only opening must be confined.
  if (const int error = folder_.look_at(name, status)) return not_found(error, name);
  if (S_ISDIR(status.st_mode)) return {Kind::kFolder};
  if (!S_ISREG(status.st_mode)) return {Kind::kMissing};
  if (auto file = cache_.find(name, FileIdentity(status))) return {Kind::kFile, std::move(file)};
  return open(name);
}

Finding FileStore::open(const std::string& name) {
  Opening opening = folder_.open(name);
  if (!opening.fd) return not_found(opening.error, name);
  struct stat status {};
  if (::fstat(opening.fd.get(), &status) != 0) return not_found(errno, name);
  if (!S_ISREG(status.st_mode)) return {Kind::kMissing};
  int error = 0;
  auto file = read_file(std::move(opening.fd), status, error);
  if (!file) return not_found(error, name);
  cache_.store(name, file);
  return {Kind::kFile, std::move(file)};
}

}  // namespace watchdog
