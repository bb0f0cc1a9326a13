#pragma once

#include <optional>
#include <string>
#include <utility>

namespace watchdog {

// Why something could not be done: one line, for a person, that says what to do about it.
struct Error {
  std::string message;
};

// A value, or the Error that stands in its place. It is for the start and for system calls;
// requests end with a Failure (server/failure.h).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}              // NOLINT(google-explicit-constructor)
  Result(Error error) : error_(std::move(error.message)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }

  // Only when ok().
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

  // Only when not ok().
  const std::string& error() const { return error_; }

 private:
  std::optional<T> value_;
  std::string error_;
};

}  // namespace watchdog
