#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "net/loop.h"

namespace watchdog {

// A whole body that was collected before its request was admitted, on its way to the invocation
// piece by piece, as if it came from the client. Owned by the exchange, on its loop.
class KeptBody {
 public:
  // `pass_on` is called at the end of a turn after schedule().
  KeptBody(Loop& loop, std::string body, std::function<void()> pass_on)
      : body_(std::move(body)), pass_on_(loop, std::move(pass_on)) {}

  void schedule() { pass_on_.schedule(); }
  // The next piece; "" when all of it has been taken. Valid until the body is destroyed.
  std::string_view take() {
    constexpr size_t kPiece = 64 * 1024;
    const std::string_view piece = std::string_view(body_).substr(taken_, kPiece);
    taken_ += piece.size();
    return piece;
  }

 private:
  std::string body_;
  size_t taken_ = 0;
  Deferred pass_on_;
};

}  // namespace watchdog
