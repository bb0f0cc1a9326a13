#include "modes/cgi/working_folder.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string>
#include <vector>

#include "temporary_folder.h"

using namespace watchdog;

namespace {

// A folder of programs, which is the current one as long as this lives.
struct Here {
  Here() {
    REQUIRE(::getcwd(before.data(), before.size()) != nullptr);
    folder.folder("cgi");
    folder.write("cgi/app.pl", "");
    folder.write("links.sh", "");
    folder.write("ls", "");
    REQUIRE(::chdir(folder.path().c_str()) == 0);
    std::array<char, PATH_MAX> real;
    path = ::getcwd(real.data(), real.size());
  }
  ~Here() { CHECK(::chdir(before.data()) == 0); }

  TemporaryFolder folder;
  std::string path;
  std::array<char, PATH_MAX> before;
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a CGI program's folder is the one that holds the program, or the script of a tool") {
  const Here here;
  const std::string cgi = here.path + "/cgi";
  CHECK(program_folder({"./links.sh"}) == here.path);
  CHECK(program_folder({"cgi/app.pl", "links.sh"}) == cgi);
  CHECK(program_folder({cgi + "/app.pl"}) == cgi);
  CHECK(program_folder({"perl", "-T", "cgi/app.pl"}) == cgi);
  CHECK(program_folder({"/usr/bin/env", "perl", "cgi/app.pl"}) == cgi);
  CHECK(program_folder({"git", "http-backend"}).empty());
  CHECK(program_folder({"/bin/sh", "-c", "exit 0"}).empty());
  CHECK(program_folder({"no/such/program"}).empty());
  CHECK(program_folder({}).empty());
}

TEST_CASE("a command means the same in every folder once its paths are absolute") {
  const Here here;
  CHECK(absolute_command({"./links.sh", "-v"}) == Words{here.path + "/links.sh", "-v"});
  CHECK(absolute_command({"perl", "cgi/app.pl", "cgi", "none"}) ==
        Words{"perl", here.path + "/cgi/app.pl", here.path + "/cgi", "none"});
  CHECK(absolute_command({"sh", "-c", "ls"}) == Words{"sh", "-c", "ls"});
  CHECK(absolute_command({"ls", "/tmp"}) == Words{"ls", "/tmp"});
  CHECK(absolute_command({"no/such"}) == Words{"no/such"});
}
