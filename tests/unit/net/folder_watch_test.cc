#include "net/folder_watch.h"

#include <doctest/doctest.h>

#include <memory>
#include <string_view>

#include "fake_clock.h"
#include "temporary_folder.h"

using namespace watchdog;

namespace {

struct FolderWatchTest {
  TemporaryFolder folder;
  FakeClock clock;
  Loop loop{clock};
  int changes = 0;
  std::string last;  // file that changed
  std::unique_ptr<FolderWatch> watch;

  FolderWatchTest() {
    folder.folder("below");
    const Turn turn(loop);
    auto opened = FolderWatch::open(loop, folder.path(), [this](const std::string& file) {
      ++changes;
      last = file;
    });
    REQUIRE(opened);
    watch = std::move(*opened);
  }
  ~FolderWatchTest() {
    const Turn turn(loop);
    watch.reset();
  }

  void write(std::string_view name) const { folder.write(name, "x"); }
  // Lets the loop see what has happened, and then the time pass.
  void settle(Duration time = FolderWatch::kSettling) {
    for (int i = 0; i < 5; ++i) loop.poll();
    clock.advance(time);
    loop.poll();
  }
};

}  // namespace

TEST_CASE_FIXTURE(FolderWatchTest, "a burst of changes is told once, when it is over") {
  write("one.py");
  write("two.py");
  settle(FolderWatch::kSettling / 2);
  CHECK(changes == 0);
  write("three.py");
  settle(FolderWatch::kSettling / 2);
  CHECK(changes == 0);
  settle();
  CHECK(changes == 1);
  CHECK(last == "three.py");
}

TEST_CASE_FIXTURE(FolderWatchTest, "files of the folders below count, also of new ones") {
  write("below/one.py");
  settle();
  CHECK(changes == 1);
  folder.folder("new");
  settle();
  CHECK(changes == 2);
  CHECK(last == "new");
  write("new/one.py");
  settle();
  CHECK(changes == 3);
  CHECK(last == "new/one.py");
}

TEST_CASE_FIXTURE(FolderWatchTest,
                  "hidden files and what tools write for themselves do not count") {
  for (const char* name : {".hidden", "module.pyc", "page.html~", "page.swp", "upload.tmp"}) {
    write(name);
  }
  folder.folder("node_modules");
  settle();
  CHECK(changes == 0);
  for (const char* name : {".git", "node_modules", "__pycache__"}) {
    CHECK_MESSAGE(FolderWatch::ignores(name), name);
  }
  CHECK_FALSE(FolderWatch::ignores("index.php"));
}

TEST_CASE("a folder that cannot be watched is named") {
  Loop loop;
  const auto watch = FolderWatch::open(loop, "/nowhere/at/all", [](const std::string&) {});
  REQUIRE_FALSE(watch);
  CHECK(watch.error() ==
        "watch=/nowhere/at/all: No such file or directory; name a folder that can be read");
}
