#include "net/name_lookup.h"

#include <fmt/format.h>
#include <pthread.h>

#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

namespace watchdog {

struct NameLookup::Shared {
  std::string host;
  uint16_t port = 0;
  std::mutex mutex;
  Wakeup* waiting = nullptr;  // null when nobody waits any more
  std::optional<Addresses> found;

  static void* look_up(void* shared);
};

void* NameLookup::Shared::look_up(void* owned) {
  const std::unique_ptr<std::shared_ptr<Shared>> shared(
      static_cast<std::shared_ptr<Shared>*>(owned));
  Addresses addresses = resolve((*shared)->host, (*shared)->port);
  const std::lock_guard lock((*shared)->mutex);
  (*shared)->found.emplace(std::move(addresses));
  if ((*shared)->waiting != nullptr) (*shared)->waiting->wake();
  return nullptr;
}

NameLookup::NameLookup(Loop& loop, std::string host, uint16_t port,
                       std::function<void(Addresses)> on_done)
    : on_done_(std::move(on_done)),
      shared_(std::make_shared<Shared>()),
      found_(loop, [this] { tell(); }) {
  shared_->host = std::move(host);
  shared_->port = port;
  shared_->waiting = &found_;
  if (shared_->host == "localhost" || SocketAddress::numeric(shared_->host, port)) {
    shared_->found.emplace(resolve(shared_->host, port));
    found_.wake();
    return;
  }
  // Signals are for the main loop alone, which has them blocked: a new thread inherits that.
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  auto owned = std::make_unique<std::shared_ptr<Shared>>(shared_);
  pthread_t thread;
  const int error = pthread_create(&thread, &detached, Shared::look_up, owned.get());
  pthread_attr_destroy(&detached);
  if (error == 0) {
    static_cast<void>(owned.release());  // the thread's
    return;
  }
  shared_->found.emplace(Error{fmt::format("cannot look up a host: {}", strerror(error))});
  found_.wake();
}

NameLookup::~NameLookup() {
  const std::lock_guard lock(shared_->mutex);
  shared_->waiting = nullptr;
}

void NameLookup::tell() {
  std::optional<Addresses> found;
  {
    const std::lock_guard lock(shared_->mutex);
    found = std::exchange(shared_->found, std::nullopt);
  }
  if (found) on_done_(std::move(*found));
}

}  // namespace watchdog
