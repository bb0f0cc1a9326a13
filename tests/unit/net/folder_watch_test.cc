#include "net/folder_watch.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/fd.h"
#include "fake_clock.h"

using namespace watchdog;

namespace {

struct Fixture {
  std::string folder = "/tmp/folder_watch_test.XXXXXX";
  FakeClock clock;
  Loop loop{clock};
  int changes = 0;
  std::unique_ptr<FolderWatch> watch;

  Fixture() {
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    std::filesystem::create_directory(folder + "/below");
    const Turn turn(loop);
    auto opened = FolderWatch::open(loop, folder, [this] { ++changes; });
    REQUIRE(opened);
    watch = std::move(*opened);
  }
  ~Fixture() {
    {
      const Turn turn(loop);
      watch.reset();
    }
    std::filesystem::remove_all(folder);
  }

  void write(const std::string& name) const {
    const Fd file(::open((folder + "/" + name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(file);
  }
  // Lets the loop see what has happened, and then the time pass.
  void settle(Duration time = FolderWatch::kSettling) {
    for (int i = 0; i < 5; ++i) loop.poll();
    clock.advance(time);
    loop.poll();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a burst of changes is told once, when it is over") {
  write("one.py");
  write("two.py");
  settle(FolderWatch::kSettling / 2);
  CHECK(changes == 0);
  write("three.py");
  settle(FolderWatch::kSettling / 2);
  CHECK(changes == 0);
  settle();
  CHECK(changes == 1);
}

TEST_CASE_FIXTURE(Fixture, "files of the folders below count, also of new ones") {
  write("below/one.py");
  settle();
  CHECK(changes == 1);
  std::filesystem::create_directory(folder + "/new");
  settle();
  CHECK(changes == 2);
  write("new/one.py");
  settle();
  CHECK(changes == 3);
}

TEST_CASE_FIXTURE(Fixture, "hidden files and what tools write for themselves do not count") {
  for (const char* name : {".hidden", "module.pyc", "page.html~", "page.swp", "upload.tmp"}) {
    write(name);
  }
  std::filesystem::create_directory(folder + "/node_modules");
  settle();
  CHECK(changes == 0);
  for (const char* name : {".git", "node_modules", "__pycache__"}) {
    CHECK_MESSAGE(FolderWatch::ignores(name), name);
  }
  CHECK_FALSE(FolderWatch::ignores("index.php"));
}

TEST_CASE("a folder that cannot be watched is named") {
  Loop loop;
  const auto watch = FolderWatch::open(loop, "/nowhere/at/all", [] {});
  REQUIRE_FALSE(watch);
  CHECK(watch.error() ==
        "watch=/nowhere/at/all: No such file or directory; name a folder that can be read");
}
