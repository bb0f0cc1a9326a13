#include "auth/webhook_signature.h"

#include <bearssl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "auth/base64url.h"
#include "base/text.h"
#include "http/strict.h"

namespace watchdog {

namespace {

using Form = WebhookScheme::Form;
using Algorithm = WebhookScheme::Algorithm;
using Encoding = WebhookScheme::Encoding;

constexpr std::string_view kStripeHeader = "Stripe-Signature";
constexpr std::string_view kSlackHeader = "X-Slack-Signature";
constexpr std::string_view kSlackTime = "X-Slack-Request-Timestamp";

const br_hash_class* hash_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kSha1:
      return &br_sha1_vtable;
    case Algorithm::kSha256:
      return &br_sha256_vtable;
    case Algorithm::kSha384:
      return &br_sha384_vtable;
    case Algorithm::kSha512:
      return &br_sha512_vtable;
  }
  return nullptr;
}

size_t size_of(Algorithm algorithm) {
  return hash_of(algorithm)->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// Nothing where it is not just that.
std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes += static_cast<char>(*high << 4U | *low);
  }
  return bytes;
}

// RFC 4648 4 or 5, with padding or without.
std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string url(text);
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return decode_base64url(url);
}

// A digest as the scheme writes it.
std::optional<std::string> decode(const WebhookScheme& scheme, std::string_view text) {
  auto bytes = scheme.encoding == Encoding::kHex ? from_hex(text) : from_base64(text);
  if (!bytes || bytes->size() != size_of(scheme.algorithm)) return std::nullopt;
  return bytes;
}

// The only field of that name; nothing where there is none. Of two, `malformed` is set.
std::optional<std::string_view> only(const Fields& fields, std::string_view name, bool& malformed) {
  std::optional<std::string_view> value;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (value) malformed = true;
    value = field.value;
  }
  return value;
}

// What the fields say.
struct Claim {
  std::vector<std::string> signatures;  // as bytes
  std::string before;                   // is signed before the body
  std::optional<int64_t> time;          // in seconds since 1970
};

using ClaimOr = std::variant<Claim, SignatureProblem>;

std::optional<int64_t> parse_time(std::string_view text) {
  const auto time = parse_integer(text, 0, 253'402'300'799);  // the end of the year 9999
  return time ? std::optional(*time) : std::nullopt;
}

ClaimOr plain_claim(const WebhookScheme& scheme, std::string_view field) {
  if (!field.starts_with(scheme.prefix)) return SignatureProblem::kMalformed;
  auto signature = decode(scheme, field.substr(scheme.prefix.size()));
  if (!signature) return SignatureProblem::kMalformed;
  return Claim{{std::move(*signature)}, {}, {}};
}

// "t=1492774577,v1=5257a8...,v1=6ffbb5...,v0=...": all of v1 may fit.
ClaimOr stripe_claim(const WebhookScheme& scheme, std::string_view field) {
  Claim claim;
  while (!field.empty()) {
    const size_t comma = std::min(field.find(','), field.size());
    const std::string_view part = trim(field.substr(0, comma));
    field.remove_prefix(std::min(comma + 1, field.size()));
    if (part.starts_with("t=")) {
      if (claim.time) return SignatureProblem::kMalformed;
      claim.time = parse_time(part.substr(2));
      if (!claim.time) return SignatureProblem::kMalformed;
      claim.before = std::string(part.substr(2)) + ".";
    } else if (part.starts_with("v1=")) {
      auto signature = decode(scheme, part.substr(3));
      if (!signature || claim.signatures.size() == WebhookSignature::kMostSignatures) {
        return SignatureProblem::kMalformed;
      }
      claim.signatures.push_back(std::move(*signature));
    }
  }
  if (!claim.time || claim.signatures.empty()) return SignatureProblem::kMalformed;
  return claim;
}

// "v0=a2114d..." and the time in a field of its own.
ClaimOr slack_claim(const WebhookScheme& scheme, std::string_view field, const Fields& fields) {
  bool malformed = false;
  const auto text = only(fields, kSlackTime, malformed);
  const auto time = text ? parse_time(*text) : std::nullopt;
  if (malformed || !time) return SignatureProblem::kMalformed;
  auto claim = plain_claim(scheme, field);
  if (auto* const said = std::get_if<Claim>(&claim)) {
    said->time = time;
    said->before = fmt::format("v0:{}:", *text);
  }
  return claim;
}

ClaimOr claim_of(const WebhookScheme& scheme, const Fields& fields) {
  bool malformed = false;
  const auto field = only(fields, scheme.header, malformed);
  if (!field) return SignatureProblem::kMissing;
  if (malformed) return SignatureProblem::kMalformed;
  switch (scheme.form) {
    case Form::kPlain:
      return plain_claim(scheme, *field);
    case Form::kStripe:
      return stripe_claim(scheme, *field);
    case Form::kSlack:
      return slack_claim(scheme, *field, fields);
  }
  return SignatureProblem::kMalformed;
}

// In a time that depends on the size alone.
bool same_bytes(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

template <typename T, size_t kSize>
const T* named(const std::pair<std::string_view, T> (&words)[kSize], std::string_view text) {
  for (const auto& [word, value] : words) {
    if (equals_ignoring_case(word, text)) return &value;
  }
  return nullptr;
}

constexpr std::pair<std::string_view, Algorithm> kAlgorithms[] = {{"sha256", Algorithm::kSha256},
                                                                  {"sha1", Algorithm::kSha1},
                                                                  {"sha384", Algorithm::kSha384},
                                                                  {"sha512", Algorithm::kSha512}};
constexpr std::pair<std::string_view, Encoding> kEncodings[] = {{"hex", Encoding::kHex},
                                                                {"base64", Encoding::kBase64}};

}  // namespace

Result<WebhookScheme> WebhookScheme::parse(std::string_view text) {
  if (text == "github") return WebhookScheme{.header = "X-Hub-Signature-256", .prefix = "sha256="};
  if (text == "stripe") {
    return WebhookScheme{.form = Form::kStripe, .header = std::string(kStripeHeader)};
  }
  if (text == "slack") {
    return WebhookScheme{
        .form = Form::kSlack, .header = std::string(kSlackHeader), .prefix = "v0="};
  }
  std::array<std::string_view, 4> parts;
  std::string_view rest = text;
  for (size_t i = 0; i < 3; ++i) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    parts[i] = rest.substr(0, colon);
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  parts[3] = rest;
  const Algorithm* const algorithm = named(kAlgorithms, parts[1]);
  const Encoding* const encoding = named(kEncodings, parts[2]);
  if (!is_token(parts[0]) || algorithm == nullptr || encoding == nullptr) {
    return Error{
        "not a way to sign; it accepts github, stripe, slack or HEADER:ALGORITHM:ENCODING:PREFIX, "
        "such as X-Signature:sha256:hex:sha256= (sha1, sha256, sha384, sha512; hex, base64)"};
  }
  return WebhookScheme{Form::kPlain, std::string(parts[0]), *algorithm, *encoding,
                       std::string(parts[3])};
}

Result<WebhookSecrets> parse_webhook_secrets(std::string_view text) {
  WebhookSecrets secrets;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim(line);
    if (line.empty()) continue;
    secrets.emplace_back(line);
  }
  if (secrets.empty()) return Error{"it has no secret; put one on a line"};
  if (secrets.size() > kMostSecrets) {
    return Error{fmt::format("it has more than {} secrets", kMostSecrets)};
  }
  return secrets;
}

struct WebhookSignature::Macs {
  std::vector<br_hmac_context> contexts;
};

WebhookSignature::WebhookSignature(const WebhookScheme& scheme, const WebhookSecrets& secrets)
    : macs_(std::make_unique<Macs>()) {
  for (const std::string& secret : secrets) {
    br_hmac_key_context key;
    br_hmac_key_init(&key, hash_of(scheme.algorithm), secret.data(), secret.size());
    br_hmac_init(&macs_->contexts.emplace_back(), &key, 0);
  }
}

WebhookSignature::~WebhookSignature() = default;
WebhookSignature::WebhookSignature(WebhookSignature&&) noexcept = default;
WebhookSignature& WebhookSignature::operator=(WebhookSignature&&) noexcept = default;

std::variant<WebhookSignature, SignatureProblem> WebhookSignature::begin(
    const WebhookScheme& scheme, const WebhookSecrets& secrets, const Fields& fields, int64_t now) {
  auto claimed = claim_of(scheme, fields);
  auto* const claim = std::get_if<Claim>(&claimed);
  if (claim == nullptr) return std::get<SignatureProblem>(claimed);
  if (claim->time && std::abs(now - *claim->time) > kMostAge) return SignatureProblem::kTime;
  WebhookSignature signature(scheme, secrets);
  signature.signatures_ = std::move(claim->signatures);
  signature.update(claim->before);
  return signature;
}

void WebhookSignature::update(std::string_view bytes) {
  for (br_hmac_context& context : macs_->contexts) {
    br_hmac_update(&context, bytes.data(), bytes.size());
  }
}

bool WebhookSignature::fits() const {
  bool any = false;
  for (const br_hmac_context& context : macs_->contexts) {
    std::array<char, 64> digest;
    const size_t size = br_hmac_out(&context, digest.data());
    for (const std::string& signature : signatures_) {
      any |= same_bytes({digest.data(), size}, signature);
    }
  }
  return any;
}

}  // namespace watchdog
