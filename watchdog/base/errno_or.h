#pragma once

#include <optional>
#include <utility>

namespace watchdog {

// The number of an error, as errno(3) has it; never 0.
struct Errno {
  int number;
};

// A value, or the errno of the system call that should have given it.
template <typename T>
class [[nodiscard]] ErrnoOr {
 public:
  ErrnoOr(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  ErrnoOr(Errno error) : error_number_(error.number) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return value_.has_value(); }
  // Only where there is a value.
  T& operator*() { return *value_; }
  T* operator->() { return &*value_; }
  // 0 where there is a value.
  int error() const { return error_number_; }

 private:
  std::optional<T> value_;
  int error_number_ = 0;
};

}  // namespace watchdog
