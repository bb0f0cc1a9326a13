#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "server/exchange.h"
#include "server/service.h"

namespace watchdog {

// A connection without a socket: it keeps what its exchange sends and does.
class FakeConnection final : public Exchange::Client {
 public:
  explicit FakeConnection(const ServerContext& context) : exchange(context, *this) {}

  void send(std::initializer_list<std::string_view> pieces) override {
    for (const std::string_view piece : pieces) received += piece;
  }
  FileSent send_file(int, uint64_t, uint64_t size) override { return {.bytes = size}; }
  size_t unsent() const override { return unsent_bytes; }
  void notify_when_sent() override { sent_awaited = true; }
  void pause_upload() override { upload_paused = true; }
  void resume_upload() override { upload_paused = false; }
  bool request_complete() const override { return complete; }
  bool may_stay_open() const override { return true; }
  const PeerAddress& peer() const override { return address; }
  PeerAddress local() const override { return {}; }
  void become_tunnel() override { tunnel = true; }
  void on_exchange_ended(Exchange::Ending ending) override { endings.push_back(ending); }

  bool got(std::string_view text) const { return received.find(text) != std::string::npos; }
  // "200", or "" where no head has come.
  std::string status() const { return received.substr(std::min<size_t>(9, received.size()), 3); }

  std::string received;
  std::vector<Exchange::Ending> endings;
  PeerAddress address;
  size_t unsent_bytes = 0;
  bool complete = true;  // the request has been read to its end
  bool upload_paused = false;
  bool sent_awaited = false;
  bool tunnel = false;
  Exchange exchange;
};

}  // namespace watchdog
