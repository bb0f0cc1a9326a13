#include "modes/static/folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string>

#include "temporary_folder.h"

using namespace watchdog;

namespace {

// A site with links of every kind, and something beside it that is not to be had.
struct Site {
  TemporaryFolder around;

  Site() {
    around.write("secret", "secret");
    around.folder("elsewhere");
    around.write("elsewhere/file", "secret");
    around.folder("site");
    around.folder("site/sub");
    around.folder("site/sub/deep");
    around.write("site/file", "file");
    around.write("site/sub/file", "sub file");
    around.link("site/to-file", "sub/file");
    around.link("site/to-folder", "sub");
    around.link("site/sub/deep/up", "../../file");
    around.link("site/sub/deep/around", "../../sub/../file");
    around.link("site/chain", "to-folder/deep/up");
    around.link("site/dot", ".");
    around.link("site/absolute", around.path("site/file"));
    around.link("site/out", "../secret");
    around.link("site/out-folder", "../elsewhere");
    around.link("site/sub/out-and-in", "../../site/file");
    around.link("site/loop", "loop");
    around.link("site/dangling", "nothing");
    REQUIRE(::mkfifo(around.path("site/fifo").c_str(), 0644) == 0);
  }
};

struct Opened {
  const char* name;
  int error;            // 0: it opens
  const char* content;  // of a file
};
constexpr std::array<Opened, 22> kOpened = {{
    {"file", 0, "file"},
    {"sub/file", 0, "sub file"},
    {"sub//file", 0, "sub file"},
    {"to-file", 0, "sub file"},
    {"to-folder/file", 0, "sub file"},
    {"sub/deep/up", 0, "file"},
    {"sub/deep/around", 0, "file"},
    {"chain", 0, "file"},
    {"dot/dot/file", 0, "file"},
    {"sub", 0, nullptr},
    {"to-folder", 0, nullptr},
    {".", 0, nullptr},
    {"fifo", 0, nullptr},
    {"absolute", EXDEV, nullptr},
    {"out", EXDEV, nullptr},
    {"out-folder/file", EXDEV, nullptr},
    {"sub/out-and-in", EXDEV, nullptr},
    {"loop", ELOOP, nullptr},
    {"dangling", ENOENT, nullptr},
    {"nothing", ENOENT, nullptr},
    {"file/below", ENOTDIR, nullptr},
    {"nothing/below", ENOENT, nullptr},
}};

void check(const Opened& row, ErrnoOr<Fd> opened) {
  CAPTURE(row.name);
  CHECK(opened.error() == row.error);
  CHECK(static_cast<bool>(opened) == (row.error == 0));
  if (row.content == nullptr || !opened) return;
  std::array<char, 100> text;
  const ssize_t size = ::read(opened->get(), text.data(), text.size());
  REQUIRE(size >= 0);
  CHECK(std::string(text.data(), static_cast<size_t>(size)) == row.content);
}

}  // namespace

TEST_CASE("only what lies below a folder can be opened through it") {
  const Site site;
  const auto folder = Folder::hold(site.around.path("site"));
  REQUIRE(folder.ok());
  for (const Opened& row : kOpened) check(row, folder->open(row.name));
}

TEST_CASE("opening by steps comes to the same") {
  const Site site;
  const Fd folder(::open(site.around.path("site").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const Opened& row : kOpened) check(row, open_by_steps(folder.get(), row.name));
}

TEST_CASE("a look below a folder goes where opening goes") {
  const Site site;
  const auto folder = Folder::hold(site.around.path("site"));
  REQUIRE(folder.ok());
  const Fd by_steps(::open(site.around.path("site").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const Opened& row : kOpened) {
    CAPTURE(row.name);
    struct stat status {};
    CHECK(folder->look_below(row.name, status) == row.error);
    ErrnoOr<Fd> opened = open_by_steps(by_steps.get(), row.name, O_PATH | O_CLOEXEC);
    CHECK(opened.error() == row.error);
    if (row.content == nullptr || !opened) continue;
    CHECK(S_ISREG(status.st_mode));
    struct stat expected {};
    REQUIRE(::fstat(opened->get(), &expected) == 0);
    CHECK(expected.st_ino == status.st_ino);
  }
}

TEST_CASE("all links are followed where they may lead anywhere") {
  const Site site;
  const auto folder = Folder::hold(site.around.path("site"), Links::kAnywhere);
  REQUIRE(folder.ok());
  for (const Opened& row : kOpened) {
    CAPTURE(row.name);
    const int error = row.error == EXDEV ? 0 : row.error;
    struct stat status {};
    CHECK(folder->open(row.name).error() == error);
    CHECK(folder->look_below(row.name, status) == error);
  }
}

TEST_CASE("names that are too long are told apart from those that are not there") {
  const Site site;
  const auto folder = Folder::hold(site.around.path("site"));
  REQUIRE(folder.ok());
  CHECK(folder->open(std::string(300, 'a')).error() == ENAMETOOLONG);
  CHECK(folder->open(std::string(8192, 'a')).error() == ENAMETOOLONG);
}

TEST_CASE("a folder is held though it is renamed") {
  const Site site;
  const auto folder = Folder::hold(site.around.path("site"));
  REQUIRE(folder.ok());
  REQUIRE(::rename(site.around.path("site").c_str(), site.around.path("moved").c_str()) == 0);
  CHECK(folder->open("file").error() == 0);
}

TEST_CASE("what is no folder cannot be held, and the error says what to do") {
  const TemporaryFolder around;
  around.write("file", "");
  CHECK(Folder::hold(around.path("none")).error() ==
        around.path("none") + ": there is no such folder; name the folder to serve");
  CHECK(Folder::hold(around.path("file")).error() ==
        around.path("file") + ": it is not a folder; name the folder to serve");
}
