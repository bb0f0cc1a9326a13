#include "auth/access_control.h"

#include <utility>

#include "base/log.h"

namespace watchdog {

AccessControl::AccessControl(Loop& loop, AccessPolicy policy) : policy_(std::move(policy)) {
  if (policy_.tokens) {
    keys_ = std::make_unique<KeySource>(loop, policy_.tokens->place, issuer_);
  }
  if (policy_.webhook) {
    secret_file_ = std::make_unique<WatchedFile>(
        loop, policy_.webhook->secret_file, kMostSecretBytes,
        [this](const Result<std::string>& content) { take_secrets(content); });
  }
}

void AccessControl::look_again() const {
  keys_->look_again();
}

void AccessControl::take_secrets(const Result<std::string>& content) {
  const Result<WebhookSecrets> secrets =
      content ? parse_webhook_secrets(*content) : Error{content.error()};
  if (!secrets) {
    log::event(log::Level::kWarning, "secrets_failed",
               fmt::format("auth_hmac_secret_file={}: {}; {}", policy_.webhook->secret_file,
                           secrets.error(),
                           secrets_.generation() == 0 ? "requests get 503 until it can be read"
                                                      : "the secrets in use stay in force"),
               {{"path", policy_.webhook->secret_file}, {"cause", secrets.error()}});
    return;
  }
  if (secrets_.generation() != 0) {
    log::event(log::Level::kInfo, "secrets_changed", "auth_hmac_secret_file has changed",
               {{"path", policy_.webhook->secret_file}});
  }
  secrets_.publish(std::make_shared<const WebhookSecrets>(*secrets));
}

}  // namespace watchdog
