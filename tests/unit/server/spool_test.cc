#include "server/spool.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>

using namespace watchdog;

namespace {

constexpr CollectionLimits kLimits{.in_memory = 16 * Spool::kMostInMemory,
                                   .in_file = 16 * Spool::kMostInMemory};

// A TMPDIR where nothing can be made, as long as this lives.
class NoTemporaryFolder {
 public:
  NoTemporaryFolder() {
    if (const char* before = ::getenv("TMPDIR")) before_ = before;
    ::setenv("TMPDIR", "/proc/nowhere", 1);
  }
  ~NoTemporaryFolder() {
    if (before_) {
      ::setenv("TMPDIR", before_->c_str(), 1);
    } else {
      ::unsetenv("TMPDIR");
    }
  }

 private:
  std::optional<std::string> before_;
};

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
    Loop loop;
    Spool spool(loop, kLimits);
    std::string body;
    while (body.size() < size) {
      const std::string piece(std::min<size_t>(size - body.size(), 60'000),
                              static_cast<char>('a' + body.size() % 26));
      REQUIRE(spool.append(piece) == 0);
      body += piece;
    }
    CHECK(spool.size() == size);
    CHECK(read_all(spool) == body);

    auto taken = spool.take_file();
    REQUIRE(taken);
    const Fd file = std::move(*taken);
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
  const NoTemporaryFolder none;
  Loop loop;
  Spool spool(loop, kLimits);
  CHECK(spool.append(std::string(2 * Spool::kMostInMemory, 'x')) == 0);
  CHECK(read_all(spool) == std::string(2 * Spool::kMostInMemory, 'x'));
}

TEST_CASE("a body is kept up to the limit for files, and not a byte more") {
  const std::string piece(Spool::kMostInMemory, 'x');
  Loop loop;
  Spool spool(loop, {.in_memory = 0, .in_file = 2 * piece.size()});
  CHECK(spool.append(piece) == 0);
  CHECK(spool.append(piece) == 0);
  CHECK(spool.append("x") == Spool::kBeyondLimit);
  CHECK(spool.size() == 2 * piece.size());
}

TEST_CASE("where no file can be made, the limit is that for memory") {
  const NoTemporaryFolder none;
  const std::string piece(Spool::kMostInMemory, 'x');
  Loop loop;
  Spool spool(loop, {.in_memory = 3 * piece.size(), .in_file = 100 * piece.size()});
  for (int i = 0; i < 3; ++i) CHECK(spool.append(piece) == 0);
  CHECK(spool.append("x") == Spool::kBeyondLimit);
}

TEST_CASE("without a limit nothing is too large to be counted") {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  Loop loop;
  Spool spool(loop, {.in_memory = kMost, .in_file = kMost});
  CHECK(spool.append(std::string(2 * Spool::kMostInMemory, 'x')) == 0);
}
