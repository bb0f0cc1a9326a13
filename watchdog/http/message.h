#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/connection_options.h"

namespace watchdog {

// A header field as received: name in its own case, value without surrounding white space.
struct Field {
  std::string_view name;
  std::string_view value;
};

// A field list in order, duplicates kept.
class Fields {
 public:
  void add(std::string_view name, std::string_view value) { list_.push_back({name, value}); }
  // Replaces the value of the first field of that name (case ignored), or adds the field.
  void set(std::string_view name, std::string_view value);
  template <typename Predicate>
  void remove_if(Predicate predicate) {
    std::erase_if(list_, std::move(predicate));
  }
  void clear() { list_.clear(); }
  void reserve(size_t size) { list_.reserve(size); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  size_t size() const { return list_.size(); }

  // Returns all fields, those of one name (case ignored) side by side and in their order. Valid
  // until the list changes.
  std::vector<const Field*> by_name() const;
  // The first field of that name (case ignored), or nullptr.
  const Field* find(std::string_view name) const;
  // Whether any field of that name has `token` in its comma-separated list, case ignored.
  bool lists(std::string_view name, std::string_view token) const;

 private:
  std::vector<Field> list_;
};

// How a message's body ends (RFC 9112 6.3).
enum class BodyFraming { kNone, kSized, kChunked, kUntilClose };

// The head of a request. All views point into the RequestReader that made it and live until its
// next head.
struct RequestHead {
  std::string_view method;
  std::string_view target;  // verbatim
  int minor_version = 1;    // HTTP/1.x
  Fields fields{};          // Host says what an absolute target says
  ConnectionOptions connection{};
  BodyFraming framing = BodyFraming::kNone;
  uint64_t content_length = 0;    // when kSized
  bool keep_alive = true;         // RFC 9112 9.3
  bool expects_continue = false;  // RFC 9110 10.1.1; never on HTTP/1.0 or without a body

  bool has_body() const { return framing != BodyFraming::kNone; }
  // Whether it asks for a representation and no more.
  bool reads() const { return method == "GET" || method == "HEAD"; }
  // The path and the query of the target, verbatim and without '?'; an absolute-form target (RFC
  // 9112 3.2.2) counts from its path on. "*" is a path, and that of an OPTIONS whose absolute
  // target has none.
  std::string_view path() const;
  std::string_view query() const;
  // Host, or the authority of an absolute-form target, which wins (RFC 9112 3.2.2).
  std::string_view authority() const;

 private:
  std::string_view path_and_query() const;
};

// The head of a response of the function's own server. All views point into the ResponseReader that
// made it and live until its next head.
struct UpstreamResponse {
  int status = 0;
  std::string_view reason{};
  int minor_version = 1;  // HTTP/1.x
  Fields fields{};
  ConnectionOptions connection{};
  BodyFraming framing = BodyFraming::kNone;
  std::optional<uint64_t> content_length{};  // as it says, even where there is no body (HEAD)
  bool keep_alive = true;                    // RFC 9112 9.3
  // What in the head was not quite right and has been mended, in a few constant words for a warning
  // in the log; empty when all was well.
  std::string_view repaired{};
  // The field by which a CGI program names a file for its server to send in place of the body; not
  // one of `fields`. Its value is empty where there is none.
  Field file_field{};

  bool interim() const { return status < 200 && status != 101; }
};

// "OK" for 200; "" for a status that has no registered phrase.
std::string_view reason_phrase(int status);

// Whether a response to `method` with this status may have a body (RFC 9112 6.3).
bool response_has_body(std::string_view method, int status);

// "HTTP/1.1 200 OK\r\n"; the registered phrase stands in for an empty one.
void append_status_line(std::string& out, int status, std::string_view reason = {});
// "name: value\r\n". The caller vouches that neither contains CR, LF or NUL.
void append_field(std::string& out, std::string_view name, std::string_view value);
// "1f4\r\n", the line before `size` bytes of a chunk (RFC 9112 7.1).
void append_chunk_header(std::string& out, uint64_t size);

}  // namespace watchdog
