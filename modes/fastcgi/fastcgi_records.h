#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "modes/gateway/cgi_variables.h"

namespace watchdog::fastcgi {

// The records of FastCGI 1.0, section 3.3 and 8: a header of eight bytes, content, padding.

inline constexpr size_t kHeaderSize = 8;
inline constexpr size_t kMostContent = 65535;
enum class Type : uint8_t {
  kBeginRequest = 1,
  kAbortRequest = 2,
  kEndRequest = 3,
  kParams = 4,
  kStdin = 5,
  kStdout = 6,
  kStderr = 7,
};

enum class ProtocolStatus : uint8_t {
  kComplete = 0,
  kCannotMultiplex = 1,
  kOverloaded = 2,
  kUnknownRole = 3,
};

struct Header {
  uint8_t version = 0;
  uint8_t type = 0;
  uint16_t request_id = 0;
  uint16_t content_length = 0;
  uint8_t padding_length = 0;
};
// `bytes`: kHeaderSize of them.
Header parse_header(std::string_view bytes);

// The id of a connection's `number`th request, counted from 1. A connection has one request at a
// time, but each has an id of its own, so that a record that comes late is not taken for the answer
// to the next request.
constexpr uint16_t request_id(uint64_t number) {
  return static_cast<uint16_t>((number - 1) % UINT16_MAX + 1);
}

// The header of a record without padding, with so much content.
void append_header(std::string& out, Type type, uint16_t request_id, size_t content_length);

enum class AfterRequest : uint8_t { kClose = 0, kKeepConnection = 1 };

// BEGIN_REQUEST of a responder.
void append_begin_request(std::string& out, uint16_t request_id, AfterRequest after);

// ABORT_REQUEST, whole.
std::string abort_request(uint16_t request_id);

// Writes variables as the PARAMS stream of a request (3.4, 5.2), as many records as it takes. A
// variable is never split over two records: the specification would allow it, but PHP reads each
// record by itself. One that is too large for a record of its own is left out, and too_large()
// names it.
class ParamsWriter final : public VariableSink {
 public:
  ParamsWriter(std::string& out, uint16_t request_id);
  void add(std::string_view name, std::string_view value) override;
  // Once, after the last variable.
  void end();
  // The first variable that fits in no record; empty when all did.
  const std::string& too_large() const { return too_large_; }

 private:
  void start_record();
  void finish_record();

  std::string& out_;
  const uint16_t request_id_;
  size_t record_start_ = 0;
  std::string too_large_;
};

}  // namespace watchdog::fastcgi
