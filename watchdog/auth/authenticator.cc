#include "auth/authenticator.h"

#include <sys/random.h>

#include <ctime>
#include <utility>
#include <vector>

#include "auth/bearer.h"
#include "base/log.h"
#include "base/text.h"

namespace watchdog {

namespace {

// Of each worker.
constexpr size_t kMostRemembered = 10'000;
constexpr size_t kMostRememberedBytes = 4 * 1024 * 1024;

// OpenFaaS' has no quotes, and faas-cli compares the text.
constexpr std::string_view kOpenFaasChallenge = "Bearer realm=IAM function invoke";
constexpr std::string_view kChallenge = "Bearer realm=\"function\"";
constexpr std::string_view kInvalidToken =
    "Bearer realm=\"function\", error=\"invalid_token\"";  // RFC 6750 3.1

uint64_t random_seed() {
  uint64_t seed = 0;
  static_cast<void>(::getrandom(&seed, sizeof seed, 0));
  return seed;
}

}  // namespace

Authenticator::Authenticator(const AccessControl& control, WallClock clock)
    : control_(control),
      clock_(std::move(clock)),
      issuer_(control.issuer()),
      secrets_(control.secrets()),
      verified_(kMostRemembered, kMostRememberedBytes, random_seed()) {}

int64_t Authenticator::system_time() {
  return std::time(nullptr);
}

bool Authenticator::ready() {
  const AccessPolicy& policy = control_.policy();
  return (!policy.tokens || issuer_.current() != nullptr) &&
         (!policy.webhook || secrets_.current() != nullptr);
}

std::variant<Authenticator::Admitted, Denial> Authenticator::check(const RequestHead& request) {
  const int64_t now = clock_();
  Admitted admitted;
  if (control_.policy().tokens) {
    auto checked = check_token(request.fields, now);
    if (auto* const denied = std::get_if<Denial>(&checked)) return *denied;
    admitted.subject = std::move(std::get<VerifiedToken>(checked).subject);
  }
  if (control_.policy().webhook) {
    const WebhookSecrets* const secrets = secrets_.current();
    if (secrets == nullptr) return kNoKeysYet;
    auto begun =
        WebhookSignature::begin(control_.policy().webhook->scheme, *secrets, request.fields, now);
    if (auto* const problem = std::get_if<SignatureProblem>(&begun)) return denial(*problem);
    admitted.signature.emplace(std::move(std::get<WebhookSignature>(begun)));
  }
  return admitted;
}

std::variant<VerifiedToken, Denial> Authenticator::check_token(const Fields& fields, int64_t now) {
  const Issuer* const issuer = issuer_.current();
  if (issuer == nullptr) return kNoKeysYet;
  std::vector<std::string_view> values;
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, "authorization")) values.push_back(field.value);
  }
  const auto token = bearer_token(values);
  if (const auto* problem = std::get_if<TokenProblem>(&token)) return refuse(*problem);
  auto verified = verify(std::get<std::string_view>(token), *issuer, now);
  if (const auto* problem = std::get_if<TokenProblem>(&verified)) return refuse(*problem);
  return std::move(std::get<VerifiedToken>(verified));
}

std::variant<VerifiedToken, TokenProblem> Authenticator::verify(std::string_view token,
                                                                const Issuer& issuer, int64_t now) {
  const uint64_t generation = issuer_.generation();
  if (const auto* known = verified_.find(token, generation, now)) return *known;
  const AccessPolicy::Tokens& tokens = *control_.policy().tokens;
  const TokenPolicy policy{issuer.name, tokens.audience.empty() ? issuer.name : tokens.audience,
                           tokens.function};
  auto verified = verify_token(token, issuer.keys, policy, now);
  if (const auto* problem = std::get_if<TokenProblem>(&verified)) {
    if (*problem == TokenProblem::kUnknownKey) control_.look_again();
    return verified;
  }
  verified_.remember(token, std::get<VerifiedToken>(verified), generation);
  if (tokens.debug) {
    const VerifiedToken& token_is = std::get<VerifiedToken>(verified);
    log::event(log::Level::kInfo, "token_accepted",
               fmt::format("A token of {} for subject \"{}\" is good until {} (seconds since 1970)",
                           issuer.name, token_is.subject, token_is.expires),
               {{"issuer", issuer.name}, {"subject", token_is.subject}});
  }
  return verified;
}

Denial Authenticator::refuse(TokenProblem problem) const {
  const AccessPolicy::Tokens& tokens = *control_.policy().tokens;
  Denial denied = denial(problem);
  if (tokens.debug) {
    log::event(log::Level::kInfo, "token_refused",
               fmt::format("A token was refused: {}", denied.sentence),
               {{"cause", denied.sentence}});
  }
  const bool openfaas = tokens.function.has_value();
  const bool missing = problem == TokenProblem::kMissing;
  if (denied.status == 401) {
    denied.challenge = openfaas ? kOpenFaasChallenge : missing ? kChallenge : kInvalidToken;
  }
  return denied;
}

}  // namespace watchdog
