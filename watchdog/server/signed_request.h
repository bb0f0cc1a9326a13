#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "auth/webhook_signature.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// A request whose body must fit its signature, while the body comes: it stands in the invocation's
// place, collects the body in memory, and lets the request go on only when the whole fits. So
// nobody who cannot sign takes a slot, starts a process, opens a tunnel or is sent a byte of a
// response, whatever the function does before it has read its input. Owned by the exchange.
class SignedRequest final : public Invocation {
 public:
  // `admit` is called when the body fits, and lets the request go on.
  SignedRequest(Exchange& exchange, WebhookSignature signature, uint64_t most_bytes,
                std::function<void()> admit);

  void on_body(std::string_view bytes) override;
  void on_body_end() override;
  void on_stopping() override;

 private:
  Exchange& exchange_;
  WebhookSignature signature_;
  const uint64_t most_bytes_;
  const std::function<void()> admit_;
  std::string body_;
};

}  // namespace watchdog
