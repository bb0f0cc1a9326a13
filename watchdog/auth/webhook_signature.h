#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/signature_problem.h"
#include "base/result.h"
#include "http/message.h"

// Whether a request was signed with a secret that its sender shares with us (HMAC, RFC 2104), as
// webhooks are. What is done about each threat:
//
//   a changed body               the HMAC covers every byte of it, as it came, before any coding is
//                                undone but that of chunks; nothing is admitted, started or sent
//                                before the whole fits (server/signed_request.h).
//   a request sent again         Stripe and Slack sign a time, which may be kMostAge away, either
//                                way: until then a copy passes. GitHub and plain HMAC sign none: a
//                                function that must not run twice for one delivery has to know its
//                                number (X-GitHub-Delivery).
//   guessing byte by byte        the comparison takes the same time wherever a difference is.
//   a digest cut short           only whole digests are compared.
//   two signature fields         refused as malformed, as another reader may take the other one.
//   many signatures in a field   Stripe sends one per secret while one is replaced; at most
//                                kMostSignatures are looked at.
//   a weak or empty secret       an empty line is no secret; how good one is cannot be seen.
//   a secret in the environment  there is no such option: what a process tree can read, logs and
//                                crash reports carry away.

namespace watchdog {

// How a sender signs.
struct WebhookScheme {
  enum class Form : uint8_t { kPlain, kStripe, kSlack };
  enum class Algorithm : uint8_t { kSha1, kSha256, kSha384, kSha512 };
  enum class Encoding : uint8_t { kHex, kBase64 };

  Form form = Form::kPlain;
  std::string header{};  // that has the signature
  Algorithm algorithm = Algorithm::kSha256;
  Encoding encoding = Encoding::kHex;
  std::string prefix{};  // before the signature in its field

  // Takes github, stripe, slack, or HEADER:ALGORITHM:ENCODING:PREFIX. The error says in a few words
  // what is wrong, and what is accepted.
  static Result<WebhookScheme> parse(std::string_view text);
};

// The secrets in force, of which one must fit: one a line, so that one can be replaced while
// senders still use the other.
using WebhookSecrets = std::vector<std::string>;

inline constexpr size_t kMostSecrets = 8;
inline constexpr size_t kMostSecretBytes = 64 * 1024;  // of the file
// Takes the lines of the file that has them; empty lines, and white space around a line, do not
// count. The error says what is wrong with the file.
Result<WebhookSecrets> parse_webhook_secrets(std::string_view text);

// The signature of one request, checked while its body comes. Owned by the request's Exchange.
class WebhookSignature {
 public:
  static constexpr int64_t kMostAge = 5 * 60;  // in seconds
  static constexpr size_t kMostSignatures = 16;

  // Reads what the head says. `now` is in seconds since 1970.
  static std::variant<WebhookSignature, SignatureProblem> begin(const WebhookScheme& scheme,
                                                                const WebhookSecrets& secrets,
                                                                const Fields& fields, int64_t now);
  ~WebhookSignature();
  WebhookSignature(WebhookSignature&&) noexcept;
  WebhookSignature& operator=(WebhookSignature&&) noexcept;

  // The next bytes of the body.
  void update(std::string_view bytes);
  // The body is complete: whether a signature fits. Once.
  bool fits() const;

 private:
  struct Macs;  // an HMAC for each secret

  WebhookSignature(const WebhookScheme& scheme, const WebhookSecrets& secrets);

  std::unique_ptr<Macs> macs_;
  std::vector<std::string> signatures_;  // as bytes
};

}  // namespace watchdog
