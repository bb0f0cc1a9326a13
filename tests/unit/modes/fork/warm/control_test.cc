#include "modes/fork/preload/control.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

using namespace std::string_literals;

namespace {

std::string message(const std::string& variables, uint32_t count) {
  warm_header header{};
  header.magic = WARM_MAGIC;
  header.kind = WARM_REQUEST;
  header.id = 7;
  header.bytes = static_cast<uint32_t>(variables.size());
  header.count = count;
  std::string text(sizeof header, '\0');
  std::memcpy(text.data(), &header, sizeof header);
  return text + variables;
}

int parse(const std::string& text, int descriptors = 3) {
  warm_request request{};
  return warm_parse_request(text.data(), text.size(), descriptors, &request);
}

}  // namespace

TEST_CASE("a request is taken with as many variables as it says") {
  CHECK(parse(message(""s, 0)) == 0);
  CHECK(parse(message("A=1\0B=\0"s, 2)) == 0);
  CHECK(parse(message("A=1\0B=\0"s, 1)) == EBADMSG);
  CHECK(parse(message("A=1\0B=\0"s, 3)) == EBADMSG);
}

TEST_CASE("a variable without a name, an equals sign or an end is refused") {
  CHECK(parse(message("=1\0"s, 1)) == EBADMSG);
  CHECK(parse(message("A\0"s, 1)) == EBADMSG);
  CHECK(parse(message("A=1"s, 1)) == EBADMSG);
}

TEST_CASE("a message that is cut, or of another kind, is refused") {
  const std::string good = message("A=1\0"s, 1);
  for (size_t size = 0; size < good.size(); ++size) CHECK(parse(good.substr(0, size)) == EBADMSG);
  std::string other = good;
  other[0] ^= 1;
  CHECK(parse(other) == EBADMSG);
  CHECK(parse(good + "x") == EBADMSG);
}

TEST_CASE("the number of descriptors has to be that of the message") {
  const std::string good = message("A=1\0"s, 1);
  for (const int count : {0, 1, 2, 4}) CHECK(parse(good, count) == EBADMSG);
}

TEST_CASE("variables in a block come with a fourth descriptor and nothing behind the header") {
  std::string text = message(""s, 1);
  warm_header header{};
  std::memcpy(&header, text.data(), sizeof header);
  header.flags = WARM_IN_BLOCK;
  header.bytes = 100'000;
  std::memcpy(text.data(), &header, sizeof header);
  CHECK(parse(text, 4) == 0);
  CHECK(parse(text, 3) == EBADMSG);
  CHECK(parse(text + "A=1\0"s, 4) == EBADMSG);
  header.bytes = WARM_MOST_VARIABLES + 1;
  std::memcpy(text.data(), &header, sizeof header);
  CHECK(parse(text, 4) == EBADMSG);
}
