#include "modes/static/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <string>
#include <thread>

#include "temporary_folder.h"

using namespace watchdog;

namespace {

struct OneFile {
  TemporaryFolder folder;

  void set_time(time_t seconds) const {
    const timespec times[] = {{seconds, 0}, {seconds, 0}};
    REQUIRE(::utimensat(AT_FDCWD, folder.path("file").c_str(), times, 0) == 0);
  }

  FilePointer read() const {
    Fd descriptor(::open(folder.path("file").c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    REQUIRE(::fstat(descriptor.get(), &status) == 0);
    auto file = read_file(std::move(descriptor), status);
    REQUIRE(file);
    return std::move(*file);
  }
};

}  // namespace

TEST_CASE_FIXTURE(OneFile, "a small file is read, its tag says what it holds and not when") {
  folder.write("file", "hello");
  set_time(1'700'000'000);
  const FilePointer first = read();
  CHECK(first->content == "hello");
  CHECK_FALSE(first->descriptor);
  CHECK(first->etag.starts_with('"'));
  CHECK(first->last_modified == "Tue, 14 Nov 2023 22:13:20 GMT");
  set_time(1'700'000'001);
  CHECK(read()->etag == first->etag);
  folder.write("file", "hallo");
  CHECK(read()->etag != first->etag);
}

TEST_CASE_FIXTURE(OneFile, "a large file stays open, its tag says when it was changed") {
  folder.write("file", std::string(100'000, 'x'));
  set_time(1'700'000'000);
  const FilePointer first = read();
  CHECK(first->content.empty());
  CHECK(first->descriptor);
  CHECK(first->size() == 100'000);
  set_time(1'700'000'001);
  CHECK(read()->etag != first->etag);
}

TEST_CASE_FIXTURE(OneFile, "a large file that was changed just now has a weak tag") {
  folder.write("file", std::string(100'000, 'x'));
  CHECK(read()->etag.starts_with("W/\""));
}

TEST_CASE_FIXTURE(OneFile, "a date that an image builder has wiped out says nothing") {
  for (const time_t wiped : {0, 1, 315532800, 315532801}) {
    folder.write("file", std::string(100'000, 'x'));
    set_time(wiped);
    const FilePointer file = read();
    CHECK(file->last_modified.empty());
    CHECK_FALSE(file->modified);
    folder.write("file", std::string(100'000, 'y'));
    set_time(wiped);
    CHECK(read()->etag != file->etag);
  }
}

TEST_CASE_FIXTURE(OneFile, "a date in the future is not passed on") {
  folder.write("file", "hello");
  set_time(::time(nullptr) + 100'000);
  CHECK(*read()->modified <= ::time(nullptr));
}

TEST_CASE_FIXTURE(OneFile, "an open file that changes is noticed") {
  folder.write("file", std::string(100'000, 'x'));
  set_time(1'700'000'000);
  const FilePointer file = read();
  CHECK(is_unchanged(*file));
  folder.write("file", std::string(100'000, 'y'));
  CHECK_FALSE(is_unchanged(*file));
}

TEST_CASE_FIXTURE(OneFile,
                  "a small file that grows all the time, until it is a large one, can be read") {
  // Eight bytes a line: one that crosses a page would be written in two steps.
  folder.write("file", "a line.\n");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    const Fd file(::open(folder.path("file").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    for (int i = 0; i < 3000 && !stop; ++i) {
      static_cast<void>(::write(file.get(), "a line.\n", 8));
    }
  });
  for (int i = 0; i < 200; ++i) {
    const FilePointer file = read();
    CHECK(file->size() % 8 == 0);
  }
  stop = true;
  writer.join();
}

TEST_CASE_FIXTURE(OneFile, "a compressed file has a weak tag of its own") {
  folder.write("file", "hello");
  const FilePointer file = read();
  const FilePointer compressed = make_compressed(*file, "xyz");
  CHECK(compressed->content == "xyz");
  CHECK(compressed->etag == "W/" + file->etag.substr(0, file->etag.size() - 1) + "-gzip\"");
  CHECK(make_incompressible(*file)->incompressible);
}
