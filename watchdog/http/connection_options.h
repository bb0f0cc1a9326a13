#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace watchdog {

class Fields;

// What the Connection fields of a message say (RFC 9110 7.6.1), read once. The views live as long
// as the fields.
class ConnectionOptions {
 public:
  // Nobody needs more; each of them is looked for in each field that is passed on.
  static constexpr size_t kMost = 32;

  // False when there are more than kMost.
  bool read(const Fields& fields);

  bool close() const { return close_; }
  bool keep_alive() const { return keep_alive_; }
  bool upgrade() const { return upgrade_; }
  // Whether they make a field of that name one about the connection, which is not passed on. Never
  // one that is meant for whoever answers: a client could take away what a proxy in front of us has
  // put in (CVE-2022-31813), or what frames, routes and authorizes the message.
  bool name(std::string_view field) const;

 private:
  bool close_ = false;
  bool keep_alive_ = false;
  bool upgrade_ = false;
  std::vector<std::string_view> others_;
};

// Whether a field of that name is for the far end, whatever Connection says: RFC 9110 7.6.1 has it
// that such a field is no option of a connection.
bool is_end_to_end(std::string_view field);

}  // namespace watchdog
