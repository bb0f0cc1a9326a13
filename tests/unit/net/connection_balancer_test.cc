#include "net/connection_balancer.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace watchdog;

namespace {

// A worker without a thread: poll() is its loop's turn.
struct Worker {
  explicit Worker(ConnectionBalancer& balancer)
      : member(std::make_unique<ConnectionBalancer::Member>(
            balancer, loop,
            [this](Fd socket, const PeerAddress&) { sockets.push_back(std::move(socket)); },
            [this] { ++shed; })) {}
  ~Worker() {
    const Turn turn(loop);
    member.reset();
  }
  void accept() { member->assign(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), PeerAddress()); }

  Loop loop;
  std::vector<Fd> sockets;
  int shed = 0;
  std::unique_ptr<ConnectionBalancer::Member> member;
};

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

TEST_CASE("a worker that is alone keeps every connection, inside the call") {
  ConnectionBalancer balancer;
  Worker only(balancer);
  for (size_t i = 1; i <= 3; ++i) {
    only.accept();
    CHECK(only.sockets.size() == i);
  }
}

TEST_CASE("connections are spread evenly, whoever accepts them") {
  ConnectionBalancer balancer;
  Worker busy(balancer);
  Worker first(balancer);
  Worker second(balancer);
  for (int i = 0; i < 30; ++i) busy.accept();
  CHECK(busy.sockets.size() == 10);
  for (Worker* worker : {&first, &second}) {
    CHECK(worker->sockets.empty());  // they are its own loop's to take
    worker->loop.poll();
    CHECK(worker->sockets.size() == 10);
  }
}

TEST_CASE("a connection that ends makes room for the next one at its worker") {
  ConnectionBalancer balancer;
  Worker accepting(balancer);
  Worker other(balancer);
  for (int i = 0; i < 4; ++i) accepting.accept();
  other.loop.poll();
  REQUIRE(other.sockets.size() == 2);
  other.member->release();
  other.member->release();
  accepting.accept();
  accepting.accept();
  other.loop.poll();
  CHECK(other.sockets.size() == 4);
  CHECK(accepting.sockets.size() == 2);
}

TEST_CASE("with equal numbers a connection stays where it was accepted") {
  ConnectionBalancer balancer;
  Worker first(balancer);
  Worker second(balancer);
  second.accept();
  CHECK(second.sockets.size() == 1);
  first.accept();
  CHECK(first.sockets.size() == 1);
}

TEST_CASE("a member that leaves takes what was on its way to it, and gets no more") {
  ConnectionBalancer balancer;
  Worker staying(balancer);
  Worker leaving(balancer);
  staying.accept();
  staying.accept();
  leaving.member->leave();
  CHECK(leaving.sockets.size() == 1);
  staying.accept();
  leaving.loop.poll();
  CHECK(leaving.sockets.size() == 1);
  CHECK(staying.sockets.size() == 2);
}

TEST_CASE("a member that goes without leaving closes what was on its way to it") {
  ConnectionBalancer balancer;
  Worker staying(balancer);
  const Fd socket(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int on_its_way = -1;
  {
    Worker going(balancer);
    staying.accept();
    Fd copy = socket.duplicate();
    REQUIRE(copy);
    on_its_way = copy.get();
    staying.member->assign(std::move(copy), PeerAddress());
    CHECK(is_open(on_its_way));
  }
  CHECK_FALSE(is_open(on_its_way));
  staying.accept();
  CHECK(staying.sockets.size() == 2);
}

TEST_CASE("the member with the most connections is asked to shed one, on its own loop") {
  ConnectionBalancer balancer;
  Worker few(balancer);
  Worker many(balancer);
  for (int i = 0; i < 4; ++i) few.accept();
  few.member->release();
  few.member->shed_one();
  few.member->shed_one();
  CHECK(many.shed == 0);
  many.loop.poll();
  few.loop.poll();
  CHECK(many.shed == 2);
  CHECK(few.shed == 0);
  many.member->leave();
  few.member->shed_one();
  few.loop.poll();
  CHECK(few.shed == 1);
}

TEST_CASE("connections pass between threads and none is lost") {
  constexpr int kConnections = 500;
  ConnectionBalancer balancer;
  Worker first(balancer);
  Worker second(balancer);
  std::thread accepting([&] {
    for (int i = 0; i < kConnections; ++i) second.accept();
    second.member->leave();
  });
  while (first.sockets.size() < kConnections / 2) first.loop.poll();
  accepting.join();
  CHECK(first.sockets.size() == kConnections / 2);
  CHECK(second.sockets.size() == kConnections / 2);
}
