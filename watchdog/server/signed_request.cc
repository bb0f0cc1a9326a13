#include "server/signed_request.h"

#include <fmt/format.h>

#include <utility>

namespace watchdog {

SignedRequest::SignedRequest(Exchange& exchange, WebhookSignature signature, uint64_t most_bytes,
                             std::function<void()> admit)
    : exchange_(exchange),
      signature_(std::move(signature)),
      most_bytes_(most_bytes),
      admit_(std::move(admit)) {}

void SignedRequest::on_body(std::string_view bytes) {
  if (most_bytes_ != 0 && body_.size() + bytes.size() > most_bytes_) {
    return exchange_.fail(
        Failure::kBodyTooLarge,
        fmt::format("a signed body is collected, and this one is larger than {} bytes; "
                    "max_body_size sets that",
                    most_bytes_));
  }
  signature_.update(bytes);
  body_ += bytes;
}

void SignedRequest::on_body_end() {
  if (!signature_.fits()) return exchange_.deny(denial(SignatureProblem::kWrong));
  exchange_.keep_body(std::move(body_));
  admit_();
}

void SignedRequest::on_stopping() {
  exchange_.fail(Failure::kDraining, "its body was not complete before the end");
}

}  // namespace watchdog
