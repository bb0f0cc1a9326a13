#include "modes/static/file_cache.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>

using namespace watchdog;

namespace {

FileIdentity identity(ino_t inode, time_t modified = 1'700'000'000) {
  struct stat status {};
  status.st_ino = inode;
  status.st_mtim.tv_sec = modified;
  status.st_ctim.tv_sec = modified;
  return FileIdentity(status);
}

FilePointer file(const FileIdentity& of, std::string content) {
  return std::make_shared<const File>(
      File{.identity = of, .etag = "\"e\"", .content = std::move(content)});
}

constexpr uint64_t kRoom = 100'000;

}  // namespace

TEST_CASE("a file is found as long as it has not changed") {
  FileCache cache(kRoom);
  cache.store("a", file(identity(1), "text"));
  const FilePointer found = cache.find("a", identity(1));
  REQUIRE(found);
  CHECK(found->content == "text");
  CHECK_FALSE(cache.find("b", identity(1)));
}

TEST_CASE("a file that has changed is dropped") {
  FileCache cache(kRoom);
  cache.store("a", file(identity(1), "text"));
  CHECK_FALSE(cache.find("a", identity(2)));
  CHECK(cache.bytes() == 0);
  CHECK_FALSE(cache.find("a", identity(1)));
}

TEST_CASE("a file that was changed just now is not kept: another change might not show") {
  FileCache cache(kRoom);
  const FileIdentity now = identity(1, ::time(nullptr));
  cache.store("a", file(now, "text"));
  CHECK_FALSE(cache.find("a", now));
}

TEST_CASE("the least recently used file makes room") {
  FileCache cache(kRoom);
  for (ino_t i = 0; i < 5; ++i) {
    cache.store(std::to_string(i), file(identity(i), std::string(18'000, 'x')));
  }
  REQUIRE(cache.find("0", identity(0)));  // used again
  cache.store("5", file(identity(5), std::string(18'000, 'x')));
  CHECK(cache.find("0", identity(0)));
  CHECK_FALSE(cache.find("1", identity(1)));
  CHECK(cache.find("5", identity(5)));
  CHECK(cache.bytes() <= kRoom);
}

TEST_CASE("a file that is stored again takes the place of the old one") {
  FileCache cache(kRoom);
  for (int i = 0; i < 100; ++i) cache.store("a", file(identity(1), std::string(1000, 'x')));
  CHECK(cache.bytes() < 2000);
}

TEST_CASE("one that would crowd out the others is not kept") {
  FileCache cache(kRoom);
  cache.store("a", file(identity(1), std::string(kRoom / 4, 'x')));
  CHECK(cache.bytes() == 0);
  CHECK_FALSE(cache.takes(kRoom / 4 + 1));
}

TEST_CASE("a cache without room keeps nothing") {
  FileCache cache(0);
  cache.store("a", file(identity(1), ""));
  CHECK_FALSE(cache.find("a", identity(1)));
}

TEST_CASE("what was dropped lives on with those who still send it") {
  FileCache cache(kRoom);
  cache.store("a", file(identity(1), "text"));
  const FilePointer held = cache.find("a", identity(1));
  CHECK_FALSE(cache.find("a", identity(2)));
  CHECK(held->content == "text");
}
