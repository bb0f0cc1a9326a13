#pragma once

#include <memory>
#include <optional>
#include <string>

#include "auth/key_source.h"
#include "auth/published.h"
#include "auth/token_verifier.h"
#include "auth/watched_file.h"
#include "auth/webhook_signature.h"
#include "net/loop.h"

namespace watchdog {

// What is asked of those who call the function.
struct AccessPolicy {
  // A bearer token of an issuer.
  struct Tokens {
    KeyPlace place;
    std::string audience;                 // empty: the issuer's name, as OpenFaaS has it
    std::optional<std::string> function;  // as TokenPolicy::function
    bool debug = false;                   // log what came of each token
  };
  // A signature over the body.
  struct Webhook {
    WebhookScheme scheme;
    std::string secret_file;
  };
  std::optional<Tokens> tokens;
  std::optional<Webhook> webhook;

  bool open_to_all() const { return !tokens && !webhook; }
};

// The policy in force, with the keys and the secrets that it needs, which are read again when they
// change. Owned by the Watchdog, on its main loop; what is const, and look_again(), is for any
// thread.
class AccessControl {
 public:
  // Begins to read keys and secrets at once.
  AccessControl(Loop& loop, AccessPolicy policy);

  const AccessPolicy& policy() const { return policy_; }
  // Null until they have been read.
  const Published<Issuer>& issuer() const { return issuer_; }
  const Published<WebhookSecrets>& secrets() const { return secrets_; }
  // A token names a key that the issuer does not have.
  void look_again() const;

 private:
  void take_secrets(const Result<std::string>& content);

  const AccessPolicy policy_;
  Published<Issuer> issuer_;
  Published<WebhookSecrets> secrets_;
  std::unique_ptr<KeySource> keys_;
  std::unique_ptr<WatchedFile> secret_file_;
};

}  // namespace watchdog
