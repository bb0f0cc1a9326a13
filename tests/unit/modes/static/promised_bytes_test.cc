#include "modes/static/promised_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>

#include "temporary_folder.h"

using namespace watchdog;

namespace {

constexpr uint64_t kSize = 1'000'000;

// A file, open to be sent, that was changed long ago or just now.
struct Sent {
  explicit Sent(bool settled) {
    for (size_t i = 0; i < kSize; ++i) content += static_cast<char>('a' + i * i % 23);
    folder.write("file", content);
    Fd descriptor(::open(folder.path("file").c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    REQUIRE(::fstat(descriptor.get(), &status) == 0);
    // No call sets the time of a file's last change back, so that it is settled.
    status.st_ctim = {settled ? 1'700'000'000 : ::time(nullptr), 0};
    status.st_mtim = {1'700'000'000, 0};
    set_time(1'700'000'000);
    file = std::make_shared<const File>(
        File{.identity = FileIdentity(status), .etag = {}, .descriptor = std::move(descriptor)});
    REQUIRE(file->identity.unchanging() == settled);
  }

  void set_time(time_t seconds) const {
    const timespec times[] = {{seconds, 0}, {seconds, 0}};
    REQUIRE(::utimensat(AT_FDCWD, folder.path("file").c_str(), times, 0) == 0);
  }
  void write_at(uint64_t offset, std::string_view bytes) const {
    const Fd out(::open(folder.path("file").c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(::pwrite(out.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
            static_cast<ssize_t>(bytes.size()));
    set_time(++changed);
  }

  TemporaryFolder folder;
  std::string content;
  FilePointer file;
  mutable time_t changed = ::time(nullptr) - 1000;
};

}  // namespace

TEST_CASE("bytes of a file that is appended to are intact, again and again") {
  for (const bool settled : {true, false}) {
    CAPTURE(settled);
    const Sent sent(settled);
    PromisedBytes promised(sent.file, {0, kSize});
    CHECK(promised.intact());
    promised.before_waiting();
    for (uint64_t i = 0; i < 5; ++i) {
      sent.write_at(kSize + i, "x");
      CHECK(promised.intact());
      promised.before_waiting();
    }
  }
}

TEST_CASE("a file that was appended to may still be overwritten") {
  const Sent sent(false);
  PromisedBytes promised(sent.file, {0, kSize});
  sent.write_at(kSize, "more");
  CHECK(promised.intact());
  sent.write_at(kSize, "less");
  CHECK_FALSE(promised.intact());
}

TEST_CASE("what is overwritten, cut short or both is not intact") {
  struct Row {
    uint64_t offset;
    std::string bytes;
  };
  const Row rows[] = {{0, "other"},
                      {kSize - 5, "other"},
                      {kSize - 5, "other and more"},
                      {kSize / 2, "x"},
                      {0, std::string(kSize + 5, 'x')}};
  for (const bool settled : {true, false}) {
    for (const Row& row : rows) {
      CAPTURE(row.offset);
      const Sent sent(settled);
      PromisedBytes promised(sent.file, {0, kSize});
      CHECK(promised.intact());
      promised.before_waiting();
      sent.write_at(row.offset, row.bytes);
      CHECK_FALSE(promised.intact());
    }
    const Sent sent(settled);
    PromisedBytes promised(sent.file, {0, kSize});
    promised.before_waiting();
    REQUIRE(::truncate(sent.folder.path("file").c_str(), kSize - 1) == 0);
    CHECK_FALSE(promised.intact());
  }
}

TEST_CASE("only the promised bytes are looked at") {
  const Sent sent(true);
  PromisedBytes promised(sent.file, {1000, 2000});
  promised.before_waiting();
  sent.write_at(kSize - 1, "xx");
  CHECK(promised.intact());
  sent.write_at(1000, "x");
  sent.write_at(kSize + 1, "x");
  CHECK_FALSE(promised.intact());
}

TEST_CASE("ranges that are smaller than a sample are sampled too") {
  for (const uint64_t size : {uint64_t{1}, uint64_t{511}, uint64_t{512}, uint64_t{513}}) {
    CAPTURE(size);
    const Sent sent(true);
    PromisedBytes promised(sent.file, {kSize - size, size});
    promised.before_waiting();
    sent.write_at(kSize, "x");
    CHECK(promised.intact());
    sent.write_at(kSize - 1, "#x#");
    CHECK_FALSE(promised.intact());
  }
}
