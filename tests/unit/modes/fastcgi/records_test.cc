#include "modes/fastcgi/records.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace watchdog;

namespace {

size_t take_length(std::string_view& bytes) {
  const auto at = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(bytes[i]));
  };
  size_t length = at(0);
  if (length < 128) {
    bytes.remove_prefix(1);
    return length;
  }
  length = (length & 0x7f) << 24 | at(1) << 16 | at(2) << 8 | at(3);
  bytes.remove_prefix(4);
  return length;
}

// The variables of a PARAMS stream, which must be whole.
std::vector<std::pair<std::string, std::string>> read_params(std::string_view bytes) {
  std::string stream;
  for (bool ended = false; !ended;) {
    REQUIRE(bytes.size() >= fastcgi::kHeaderSize);
    const fastcgi::Header header = fastcgi::parse_header(bytes);
    CHECK(header.version == 1);
    CHECK(header.type == 4);
    CHECK(header.request_id == 1);
    CHECK(header.padding_length == 0);
    stream += bytes.substr(fastcgi::kHeaderSize, header.content_length);
    bytes.remove_prefix(fastcgi::kHeaderSize + header.content_length);
    ended = header.content_length == 0;
  }
  CHECK(bytes.empty());
  std::vector<std::pair<std::string, std::string>> all;
  std::string_view rest = stream;
  while (!rest.empty()) {
    const size_t name = take_length(rest);
    const size_t value = take_length(rest);
    all.emplace_back(rest.substr(0, name), rest.substr(name, value));
    rest.remove_prefix(name + value);
  }
  return all;
}

}  // namespace

TEST_CASE("variables are written as name-value pairs of any length") {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const size_t size : {0, 1, 127, 128, 255, 256, 65535, 70000, 200000}) {
    variables.emplace_back(std::string(size % 300, 'n'), std::string(size, 'v'));
  }
  std::string bytes;
  fastcgi::ParamsWriter writer(bytes);
  for (const auto& [name, value] : variables) writer.add(name, value);
  writer.end();
  CHECK(read_params(bytes) == variables);
}

TEST_CASE("a stream of variables may fill its records to the last byte") {
  std::string bytes;
  fastcgi::ParamsWriter writer(bytes);
  const std::string value(fastcgi::kMostContent - 6, 'v');
  writer.add("N", value);
  writer.end();
  CHECK(read_params(bytes) == std::vector<std::pair<std::string, std::string>>{{"N", value}});
}

TEST_CASE("a request begins as a responder's, on a connection that is kept or not") {
  std::string bytes;
  fastcgi::append_begin_request(bytes, fastcgi::AfterRequest::kKeepConnection);
  CHECK(bytes == std::string("\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0", 16));
  bytes.clear();
  fastcgi::append_begin_request(bytes, fastcgi::AfterRequest::kClose);
  CHECK(bytes == std::string("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0", 16));
  CHECK(fastcgi::abort_request() == std::string_view("\1\2\0\1\0\0\0\0", 8));
}
