#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace watchdog {

class Fields;

// The options in the Connection fields of a message (RFC 9110 7.6.1), read once. The views live as
// long as the fields.
class ConnectionOptions {
 public:
  // The most options that a message may have. Each is looked for among all fields that are passed
  // on, so that more would cost much and serve nobody.
  static constexpr size_t kMost = 32;

  // Returns false when there are more than kMost.
  bool read(const Fields& fields);

  bool close() const { return close_; }
  bool keep_alive() const { return keep_alive_; }
  bool upgrade() const { return upgrade_; }
  // Whether the options make the field of this name one of the connection, which is not passed on.
  // Never true of a field that is_end_to_end(): otherwise a client could take away what a proxy in
  // front of us has added (CVE-2022-31813), or what frames, routes and authorizes the message.
  bool name(std::string_view field) const;

 private:
  bool close_ = false;
  bool keep_alive_ = false;
  bool upgrade_ = false;
  std::vector<std::string_view> others_;
};

// Whether the field of this name is for the recipient at the far end, so that Connection must not
// name it (RFC 9110 7.6.1).
bool is_end_to_end(std::string_view field);

}  // namespace watchdog
