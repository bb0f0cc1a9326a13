#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/enum_table.h"

namespace watchdog {

// Every reason for which a signed request is refused.
enum class SignatureProblem : uint8_t { kMissing, kMalformed, kTime, kWrong };

struct SignatureProblemInfo {
  SignatureProblem problem;
  std::string_view word;      // a metric's label
  std::string_view sentence;  // for the client and the log; never a piece of the signature
};

// One row per SignatureProblem, in the order of the enum.
inline constexpr SignatureProblemInfo kSignatureProblems[] = {
    {SignatureProblem::kMissing, "no_signature", "the request is not signed"},
    {SignatureProblem::kMalformed, "malformed_signature", "the signature is malformed"},
    {SignatureProblem::kTime, "signature_time",
     "the signature's time is more than 5 minutes away from ours"},
    {SignatureProblem::kWrong, "wrong_signature", "the signature does not fit the body"},
};
static_assert(has_row_per_enumerator(kSignatureProblems, &SignatureProblemInfo::problem,
                                     SignatureProblem::kWrong));

constexpr const SignatureProblemInfo& info(SignatureProblem problem) {
  return kSignatureProblems[static_cast<size_t>(problem)];
}

}  // namespace watchdog
