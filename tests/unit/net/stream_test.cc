#include "net/stream.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>

#include "fake_clock.h"

using namespace watchdog;

namespace {

// Takes down what a Stream says, and uses as many bytes as it is told to.
struct Recorder : Stream::Handler {
  std::string received;
  size_t appetite = SIZE_MAX;
  int calls = 0;
  int drained = 0;
  int error = 0;
  bool ended = false;

  size_t on_data(std::string_view bytes) override {
    ++calls;
    const size_t used = std::min(appetite, bytes.size());
    received += bytes.substr(0, used);
    return used;
  }
  void on_end() override { ended = true; }
  void on_error(int code) override { error = code; }
  void on_drained() override { ++drained; }
};

struct Pair {
  Loop loop;
  Recorder recorder;
  Fd peer;
  std::unique_ptr<Stream> stream;

  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    peer = Fd(ends[1]);
    const Turn turn(loop);
    stream = std::make_unique<Stream>(loop, recorder, Stream::Kind::kPipe, Fd(ends[0]));
  }
  ~Pair() { stream.reset(); }

  void peer_says(std::string_view text) {
    REQUIRE(::write(peer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string peer_reads() {
    std::string all;
    char buffer[65536];
    for (;;) {
      const ssize_t size = ::read(peer.get(), buffer, sizeof buffer);
      if (size <= 0) return all;
      all.append(buffer, static_cast<size_t>(size));
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(Pair, "bytes reach the handler, and then the end does") {
  stream->resume();
  peer_says("hello");
  CHECK(poll_until(loop, [&] { return recorder.received == "hello"; }));
  peer.close();
  CHECK(poll_until(loop, [&] { return recorder.ended; }));
}

TEST_CASE_FIXTURE(Pair, "nothing is read before resume") {
  peer_says("hello");
  loop.poll();
  CHECK(recorder.calls == 0);
}

TEST_CASE_FIXTURE(Pair, "bytes that were not used come again, first, after resume") {
  recorder.appetite = 2;
  stream->resume();
  peer_says("abcdef");
  CHECK(poll_until(loop, [&] { return recorder.calls == 1; }));
  peer_says("ghi");
  loop.poll();
  CHECK(recorder.calls == 1);
  recorder.appetite = SIZE_MAX;
  {
    const Turn turn(loop);
    stream->resume();
  }
  CHECK(recorder.received == "abcdef");
  CHECK(poll_until(loop, [&] { return recorder.received == "abcdefghi"; }));
}

TEST_CASE_FIXTURE(Pair, "an end that came while bytes were waiting is told after them") {
  recorder.appetite = 0;
  stream->resume();
  peer_says("abc");
  peer.close();
  CHECK(poll_until(loop, [&] { return recorder.calls == 1; }));
  recorder.appetite = SIZE_MAX;
  {
    const Turn turn(loop);
    stream->resume();
  }
  CHECK(poll_until(loop, [&] { return recorder.ended; }));
  CHECK(recorder.received == "abc");
}

TEST_CASE_FIXTURE(Pair, "small writes of one turn leave together before the loop waits") {
  {
    const Turn turn(loop);
    stream->write("one ");
    stream->write({"two ", "three"});
  }
  CHECK(peer_reads().empty());
  loop.poll();
  CHECK(peer_reads() == "one two three");
}

TEST_CASE_FIXTURE(Pair, "a writer is told when it is full, and when all has left, in order") {
  std::string sent;
  {
    const Turn turn(loop);
    while (!stream->full()) {
      const std::string piece(10'000, static_cast<char>('a' + sent.size() / 10'000 % 26));
      stream->write({piece, "."});
      sent += piece + ".";
    }
  }
  CHECK(recorder.drained == 0);
  std::string received;
  CHECK(poll_until(loop, [&] {
    received += peer_reads();
    return recorder.drained == 1;
  }));
  received += peer_reads();
  CHECK(received == sent);
  CHECK(stream->drained());
}

TEST_CASE_FIXTURE(Pair,
                  "writing to a peer that has gone is an error, told once and not inside write") {
  peer.close();
  {
    const Turn turn(loop);
    stream->write(std::string(100'000, 'x'));
    CHECK(recorder.error == 0);
    CHECK(stream->broken());
    stream->write("more");
  }
  CHECK(recorder.error == EPIPE);
}

TEST_CASE_FIXTURE(Pair, "half_close lets the peer see the end after everything that was written") {
  {
    const Turn turn(loop);
    stream->write("bye");
    stream->half_close();
  }
  loop.poll();
  char buffer[8];
  CHECK(::read(peer.get(), buffer, sizeof buffer) == 3);
  CHECK(::read(peer.get(), buffer, sizeof buffer) == 0);
}

TEST_CASE_FIXTURE(Pair, "read_now hands over what is there and stops at the limit") {
  peer_says("0123456789");
  {
    const Turn turn(loop);
    CHECK(stream->readable() == 10);
    stream->read_now(4);
  }
  CHECK(recorder.received == "0123");
  loop.poll();
  CHECK(recorder.received == "0123");
}

TEST_CASE_FIXTURE(Pair, "a destroyed stream calls nobody, even with a write under way") {
  {
    const Turn turn(loop);
    stream->resume();
    stream->write(std::string(10'000'000, 'x'));
    stream.reset();
  }
  loop.poll();
  CHECK(recorder.calls == 0);
  CHECK(recorder.drained == 0);
}

namespace {

// A file of `size` bytes that says at each place where it is.
Fd make_file(size_t size) {
  Fd file(::memfd_create("file", MFD_CLOEXEC));
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + ' ';
  text.resize(size);
  REQUIRE(::pwrite(file.get(), text.data(), size, 0) == static_cast<ssize_t>(size));
  return file;
}

std::string content(const Fd& file, size_t from, size_t size) {
  std::string text(size, '\0');
  REQUIRE(::pread(file.get(), text.data(), size, static_cast<off_t>(from)) ==
          static_cast<ssize_t>(size));
  return text;
}

}  // namespace

TEST_CASE_FIXTURE(Pair, "a file follows what was written before it and precedes what comes after") {
  const Fd file = make_file(1000);
  {
    const Turn turn(loop);
    stream->write("head ");
    CHECK(stream->send_file(file.get(), 100, 50).bytes == 50);
    stream->write(" tail");
  }
  loop.poll();
  CHECK(peer_reads() == "head " + content(file, 100, 50) + " tail");
}

TEST_CASE_FIXTURE(Pair, "a file that the peer takes slowly arrives whole, a part at each drain") {
  const size_t size = 3'000'000;
  const Fd file = make_file(size);
  uint64_t sent = 0;
  int calls = 0;
  std::string received;
  CHECK(poll_until(loop, [&] {
    if (sent < size && recorder.drained == calls) {
      const Turn turn(loop);
      const auto taken = stream->send_file(file.get(), sent, size - sent);
      CHECK(taken.error == 0);
      sent += taken.bytes;
      ++calls;
    }
    received += peer_reads();
    return received.size() == size;
  }));
  CHECK(calls > 2);
  CHECK(received == content(file, 0, size));
}

TEST_CASE_FIXTURE(Pair, "a file that is shorter than it should be says so") {
  const Fd file = make_file(100);
  const Turn turn(loop);
  const auto sent = stream->send_file(file.get(), 40, 61);
  CHECK(sent.bytes == 60);
  CHECK(sent.error == ENODATA);
}

TEST_CASE_FIXTURE(Pair, "a file is not sent to a peer that is gone") {
  const Fd file = make_file(100);
  peer.close();
  {
    const Turn turn(loop);
    stream->send_file(file.get(), 0, 100);
  }
  CHECK(poll_until(loop, [&] { return recorder.error == EPIPE; }));
}
