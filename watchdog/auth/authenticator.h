#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "auth/access_control.h"
#include "auth/denial.h"
#include "auth/verified_tokens.h"
#include "auth/webhook_signature.h"
#include "http/message.h"

namespace watchdog {

// Says whether a request may reach the function, by its head. One per worker, on its thread.
class Authenticator {
 public:
  // What is known of the caller of a request that may, if its body fits.
  struct Admitted {
    std::string subject;                        // of its token; empty: none
    std::optional<WebhookSignature> signature;  // that the body must fit
  };
  // In seconds since 1970.
  using WallClock = std::function<int64_t()>;

  // `control` outlives it.
  explicit Authenticator(const AccessControl& control, WallClock clock = system_time);

  std::variant<Admitted, Denial> check(const RequestHead& request);
  // Whether the keys and secrets that it needs have been read.
  bool ready();

  static int64_t system_time();

 private:
  std::variant<VerifiedToken, Denial> check_token(const Fields& fields, int64_t now);
  std::variant<VerifiedToken, TokenProblem> verify(std::string_view token, const Issuer& issuer,
                                                   int64_t now);
  Denial refuse(TokenProblem problem) const;

  const AccessControl& control_;
  const WallClock clock_;
  Subscription<Issuer> issuer_;
  Subscription<WebhookSecrets> secrets_;
  VerifiedTokens verified_;
};

}  // namespace watchdog
