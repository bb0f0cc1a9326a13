#include "function/secrets.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

using namespace watchdog;

namespace {

// A folder of secrets, which is removed with it.
struct SecretsTest {
  std::string folder = [] {
    char name[] = "/tmp/fwatchdog-secrets-XXXXXX";
    return std::string(::mkdtemp(name));
  }();
  ~SecretsTest() { std::system(("rm -r " + folder).c_str()); }

  void put(const std::string& name, std::string_view content) const {
    const int file = ::open((folder + "/" + name).c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    REQUIRE(::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    ::close(file);
  }
  Secrets read() const { return read_secrets(folder, "S_"); }
  std::string error() const {
    const Secrets secrets = read();
    return secrets.errors.size() == 1 ? secrets.errors[0] : std::string();
  }
};

}  // namespace

TEST_CASE_FIXTURE(SecretsTest, "each file is a variable, in the order of their names") {
  put("b", "2\n");
  put("a", "1\n\n");
  put(".hidden", "no");
  const Secrets secrets = read();
  REQUIRE(secrets.variables.size() == 2);
  CHECK(secrets.variables[0].name == "S_a");
  CHECK(secrets.variables[0].value == "1\n");
  CHECK(secrets.variables[1].value == "2");
  CHECK(secrets.errors.empty());
}

TEST_CASE_FIXTURE(SecretsTest, "what can be no variable is an error that does not show it") {
  put("api-key", "hidden");
  CHECK(error().find("S_api-key is no name of a variable") != std::string::npos);
  CHECK(error().find("hidden") == std::string::npos);
  ::unlink((folder + "/api-key").c_str());
  put("key", std::string_view("hid\0den", 7));
  CHECK(error().find("NUL") != std::string::npos);
  put("key", std::string(128 * 1024 - 6, 'x'));  // S_key= and a NUL: 7 bytes
  CHECK(error().find("larger") != std::string::npos);
  put("key", std::string(128 * 1024 - 7, 'x') + "\n");
  CHECK(error().empty());
}

TEST_CASE("a folder that is not there is an error") {
  CHECK(read_secrets("/nowhere", "S_").errors.size() == 1);
}

TEST_CASE("what is given to the function replaces what is there") {
  ::setenv("S_given", "old", 1);
  give_to_function({{{"S_given", "new"}}, {}});
  CHECK(std::string(::getenv("S_given")) == "new");
  ::unsetenv("S_given");
}
