#pragma once

#include <concepts>
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
  // NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : value_(std::move(value)) {}
  // Of what T can be made from, such as a pointer to a class that derives from T's.
  template <std::convertible_to<T> Other>
  Result(Other value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error.message)) {}
  // NOLINTEND(google-explicit-constructor)

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
