#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "modes/gateway/cgi_variables.h"
#include "trace/trace_context.h"

namespace watchdog {

// The environment of a function's process: our own variables, and the request as Http_*, as CGI
// variables or as both. One per mode, on its loop; each build() replaces the one before.
//
// Http_* are the variables of of-watchdog and classic-watchdog:
//
//   Http_User_Agent         per field: its name in canonical case with _ for -, its first value
//   Http_Method             GET
//   Http_Path               /a b, percent-decoded
//   Http_Query              a=1&b=%20, verbatim; unset when empty
//   Http_Host               example.com
//   Http_Content_Length     and Http_ContentLength: bytes; -1 when chunked and not collected; unset
//                           without a body
//   Http_Transfer_Encoding  chunked
//
// Fields whose names have more in them than letters, digits and hyphens have no variable: X_User
// would be taken for X-User.
//
// No header field can set what the request line says (Method, Path, Query), and "Proxy" sets
// nothing: programs take Http_Proxy for the address of their proxy (httpoxy).
//
// TRACEPARENT, TRACESTATE and BAGGAGE say which trace the request is part of, where it is part of
// one, as OpenTelemetry carries that in an environment.
class FunctionEnvironment final : private VariableSink {
 public:
  // Whether the lengths are also set for a request without a body, to 0 (classic-watchdog).
  enum class Lengths { kWithBody, kAlways };
  // `http_variables`: whether Http_* are set.
  FunctionEnvironment(Lengths lengths, bool http_variables)
      : lengths_(lengths), http_variables_(http_variables) {}

  // Returns a NULL-terminated environment that is valid until the next build. `collected` is the
  // length of a body that has been read whole. With `cgi`, which then says that length, the
  // variables of RFC 3875 are set too. Fails on a path that cannot be decoded.
  Result<char* const*> build(const RequestHead& request, std::optional<uint64_t> collected = {},
                             const CgiRequest* cgi = nullptr);

  // What the last build() added to inherited(): "NAME=value\0NAME=value\0", and how many these are.
  std::string_view added() const { return text_; }
  uint32_t added_count() const { return static_cast<uint32_t>(offsets_.size()); }
  // The ids of the request of the last build(); null where it is part of no trace.
  const TraceIds* trace() const { return context_ ? &context_->ids : nullptr; }
  // Our own variables, as far as a function sees them; NULL-terminated.
  std::vector<char*> inherited() const;

 private:
  void add(std::string_view name, std::string_view value) override;
  void add_http_variables(const RequestHead& request, const std::string& path,
                          std::optional<uint64_t> collected, const CgiRequest* cgi);
  void add_trace(const Fields& fields);
  void add_lengths(const RequestHead& request, std::optional<uint64_t> collected);
  bool is_inherited(std::string_view entry, bool with_cgi) const;
  void add_field(const Field& field);

  Lengths lengths_;
  bool http_variables_;
  std::string text_;             // "NAME=value\0NAME=value\0..."
  std::vector<size_t> offsets_;  // into text_
  std::vector<char*> pointers_;
  std::optional<TraceContext> context_;
};

// Returns "User-Agent" for "user-agent": the case in which Go programs see field names.
std::string canonical_field_name(std::string_view name);

}  // namespace watchdog
