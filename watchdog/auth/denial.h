#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "auth/signature_problem.h"
#include "auth/token_problem.h"

namespace watchdog {

// Why a request may not reach the function.
struct Denial {
  size_t number = 0;             // below kDenials.size(), for metrics
  uint16_t status = 401;         // of the response
  std::string_view word{};       // a metric's label
  std::string_view sentence{};   // for the client and the log; never a piece of what was sent
  std::string_view challenge{};  // WWW-Authenticate, of a 401 (RFC 9110 11.6.1)
};

// Every denial there is: those of tokens, those of signatures, and that we cannot tell yet.
inline constexpr auto kDenials = [] {
  constexpr size_t kTokens = std::size(kTokenProblems);
  std::array<Denial, kTokens + std::size(kSignatureProblems) + 1> denials{};
  size_t number = 0;
  for (const TokenProblemInfo& row : kTokenProblems) {
    denials[number] = {number, row.status, row.word, row.sentence};
    ++number;
  }
  for (const SignatureProblemInfo& row : kSignatureProblems) {
    denials[number] = {number, 401, row.word, row.sentence, "Signature realm=\"webhook\""};
    ++number;
  }
  denials[number] = {number, 503, "no_keys",
                     "the keys that callers are checked with are not there"};
  return denials;
}();

constexpr const Denial& denial(TokenProblem problem) {
  return kDenials[static_cast<size_t>(problem)];
}
constexpr const Denial& denial(SignatureProblem problem) {
  return kDenials[std::size(kTokenProblems) + static_cast<size_t>(problem)];
}
inline constexpr const Denial& kNoKeysYet = kDenials.back();

}  // namespace watchdog
