// What a token costs: RS256 (2048 bits) and ES256 verified, and one that is remembered. Ends with an
// error where one costs more than its bar.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "auth/token_verifier.h"
#include "auth/verified_tokens.h"
#include "clock.h"
#include "tests/unit/auth/test_issuer.h"

namespace bench {

namespace {

using namespace watchdog;

constexpr int64_t kNow = 1'700'000'000;
constexpr int kRounds = 7;
constexpr double kLeastTime = 0.1;  // seconds a measurement
constexpr int kCallsAtOnce = 20;

// Microseconds of CPU of one call, the best of some rounds.
template <typename Call>
double cost(Call call) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    size_t calls = 0;
    const double start = cpu_time();
    double taken = 0;
    do {
      for (int i = 0; i < kCallsAtOnce; ++i) call();
      calls += kCallsAtOnce;
      taken = cpu_time() - start;
    } while (taken < kLeastTime);
    best = std::min(best, taken / static_cast<double>(calls));
  }
  return best * 1e6;
}

// Whether it is below its bar.
bool print_row(const char* name, const std::string& token, double taken, double bar) {
  std::printf("| %s | %zu | %.2f | %.0f |%s\n", name, token.size(), taken, bar,
              taken < bar ? "" : " TOO SLOW");
  return taken < bar;
}

void require(bool holds) {
  if (!holds) std::abort();
}

bool measure() {
  const auto keys = KeySet::parse(
      test_issuer::jwk_set(test_issuer::rsa_jwk("rsa") + "," + test_issuer::ec_jwk("ec")));
  const TokenPolicy policy{"http://issuer.test", "http://issuer.test", "openfaas-fn:env"};
  // Such as OpenFaaS' issuer makes them, filled up to 1 KB.
  const std::string claims =
      R"({"iss":"http://issuer.test","sub":"fed:12","aud":["http://issuer.test"],)"
      R"("exp":1700000060,"nbf":1699999999,"iat":1699999999,"jti":")" +
      std::string(300, 'x') + R"(","function":{"permissions":["dev:*","openfaas-fn:*"]}})";
  const std::string rsa = test_issuer::rs256(R"({"alg":"RS256","typ":"JWT","kid":"rsa"})", claims);
  const std::string ec = test_issuer::es256(R"({"alg":"ES256","typ":"JWT","kid":"ec"})", claims);
  const auto verify = [&](const std::string& token) {
    const auto verified = verify_token(token, *keys, policy, kNow);
    require(std::holds_alternative<VerifiedToken>(verified));
  };
  VerifiedTokens remembered(1'000, 4'000'000, 42);
  // Among others, as in a function that many call.
  for (int i = 0; i < 1'000; ++i) {
    remembered.remember(std::to_string(i) + rsa, {"", 1700000060}, 1);
  }
  remembered.remember(rsa, {"", 1700000060}, 1);
  bool below = print_row("RS256, 2048 bits", rsa, cost([&] { verify(rsa); }), 150);
  below = print_row("ES256", ec, cost([&] { verify(ec); }), 1'000) && below;
  const double found = cost([&] { require(remembered.find(rsa, 1, kNow) != nullptr); });
  return print_row("remembered", rsa, found, 2) && below;
}

}  // namespace

}  // namespace bench

int main() {
  std::puts("What a token costs, in microseconds of CPU:\n");
  std::puts("| token | bytes | us | bar |");
  std::puts("|---|---|---|---|");
  return bench::measure() ? 0 : 1;
}
