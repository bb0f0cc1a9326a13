#include "modes/spool.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <string>

using namespace watchdog;

namespace {

std::string read_all(const Spool& spool) {
  std::string all;
  while (all.size() < spool.size()) {
    std::string piece;
    REQUIRE(spool.read(all.size(), 1000, piece) == 0);
    REQUIRE_FALSE(piece.empty());
    all += piece;
  }
  return all;
}

}  // namespace

TEST_CASE("a body is kept as it came, short or long") {
  for (const size_t size : {size_t{0}, size_t{1}, Spool::kMostInMemory, Spool::kMostInMemory + 1,
                            4 * Spool::kMostInMemory}) {
    CAPTURE(size);
    Spool spool;
    std::string body;
    while (body.size() < size) {
      const std::string piece(std::min<size_t>(size - body.size(), 60'000),
                              static_cast<char>('a' + body.size() % 26));
      REQUIRE(spool.append(piece) == 0);
      body += piece;
    }
    CHECK(spool.size() == size);
    CHECK(read_all(spool) == body);

    int error = 0;
    const Fd file = spool.take_file(error);
    REQUIRE(file);
    std::string from_file(size + 1, '\0');
    size_t got = 0;
    ssize_t more = 0;
    while ((more = ::read(file.get(), from_file.data() + got, from_file.size() - got)) > 0) {
      got += static_cast<size_t>(more);
    }
    from_file.resize(got);
    CHECK(from_file == body);
  }
}

TEST_CASE("where no file can be made, a body is kept all the same") {
  const char* before = ::getenv("TMPDIR");
  const std::string saved = before != nullptr ? before : "";
  ::setenv("TMPDIR", "/proc/nowhere", 1);
  Spool spool;
  CHECK(spool.append(std::string(2 * Spool::kMostInMemory, 'x')) == 0);
  CHECK(read_all(spool) == std::string(2 * Spool::kMostInMemory, 'x'));
  if (before != nullptr) {
    ::setenv("TMPDIR", saved.c_str(), 1);
  } else {
    ::unsetenv("TMPDIR");
  }
}
