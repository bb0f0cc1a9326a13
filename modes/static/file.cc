#include "modes/static/file.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>

#include "http/date.h"

namespace watchdog {

namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;
constexpr int64_t kUnchangingAfter = 3 * kNanoseconds;
constexpr int kMostReads = 3;

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * kNanoseconds + time.tv_nsec;
}

int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return nanoseconds(time);
}

// Never later than the answer's Date (RFC 9110 8.8.2.1).
std::optional<std::time_t> last_modified(const FileIdentity& identity) {
  if (!identity.dated()) return std::nullopt;
  return std::min(identity.modified, now()) / kNanoseconds;
}

std::string content_etag(const std::string& content) {
  return fmt::format("\"{:016x}\"", XXH3_64bits(content.data(), content.size()));
}

// Weak while a change could go unseen (RFC 9110 8.8.1).
std::string state_etag(const FileIdentity& identity) {
  return fmt::format("{}\"{:x}-{:x}\"", identity.unchanging() ? "" : "W/", identity.size,
                     identity.dated() ? identity.modified : identity.changed);
}

FilePointer make_file(const FileIdentity& identity, std::string etag, std::string content,
                      Fd descriptor) {
  const auto modified = last_modified(identity);
  return std::make_shared<const File>(
      File{.identity = identity,
           .etag = std::move(etag),
           .last_modified = modified ? format_http_date(*modified) : "",
           .modified = modified,
           .content = std::move(content),
           .descriptor = std::move(descriptor)});
}

// Reads `size` bytes; fewer when there are fewer.
ErrnoOr<std::string> read_content(int descriptor, uint64_t size) {
  std::string content(size, '\0');
  size_t have = 0;
  while (have < size) {
    const ssize_t more =
        ::pread(descriptor, content.data() + have, size - have, static_cast<off_t>(have));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return Errno{errno};
    if (more == 0) break;
    have += static_cast<size_t>(more);
  }
  content.resize(have);
  return content;
}

}  // namespace

FileIdentity::FileIdentity(const struct stat& from)
    : device(from.st_dev),
      inode(from.st_ino),
      size(static_cast<uint64_t>(from.st_size)),
      modified(nanoseconds(from.st_mtim)),
      changed(nanoseconds(from.st_ctim)) {}

bool FileIdentity::dated() const {
  constexpr int64_t kYear = int64_t{365} * 24 * 3600;
  return modified > 11 * kYear * kNanoseconds;  // about 1981
}

bool FileIdentity::unchanging() const {
  return now() - std::max(modified, changed) > kUnchangingAfter;
}

ErrnoOr<FilePointer> read_file(Fd descriptor, const struct stat& status) {
  FileIdentity identity(status);
  std::string before;
  for (int tries = 0; tries < kMostReads; ++tries) {
    if (identity.size > File::kMostInMemory) {  // perhaps only by now
      return make_file(identity, state_etag(identity), {}, std::move(descriptor));
    }
    auto read = read_content(descriptor.get(), identity.size);
    if (!read) return Errno{read.error()};
    std::string& content = *read;
    struct stat after {};
    ::fstat(descriptor.get(), &after);
    const FileIdentity then(after);
    // Where all that was read before is still there, it is only appended to.
    const bool grows = then.size > identity.size && !before.empty() && content.starts_with(before);
    if ((then == identity || grows) && content.size() == identity.size) {
      std::string etag = content_etag(content);
      return make_file(identity, std::move(etag), std::move(content), {});
    }
    identity = then;
    before = std::move(content);
  }
  return Errno{EBUSY};
}

FilePointer make_compressed(const File& source, std::string content) {
  // Weak: another version of the library may say the same in other bytes.
  std::string etag = source.etag.starts_with("W/") ? source.etag : "W/" + source.etag;
  etag.insert(etag.size() - 1, "-gzip");
  return make_file(source.identity, std::move(etag), std::move(content), {});
}

FilePointer make_incompressible(const File& source) {
  return std::make_shared<const File>(
      File{.identity = source.identity, .etag = {}, .incompressible = true});
}

bool is_unchanged(const File& file) {
  struct stat status {};
  if (::fstat(file.descriptor.get(), &status) != 0) return false;
  const FileIdentity now(status);
  return now.size == file.identity.size && now.modified == file.identity.modified;
}

}  // namespace watchdog
