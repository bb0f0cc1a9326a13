#include "modes/fastcgi/fastcgi_records.h"

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

using Variables = std::vector<std::pair<std::string, std::string>>;

// The variables of a PARAMS stream as PHP reads it: each record by itself, none split over two.
Variables read_params(std::string_view bytes) {
  Variables all;
  for (bool ended = false; !ended;) {
    REQUIRE(bytes.size() >= fastcgi::kHeaderSize);
    const fastcgi::Header header = fastcgi::parse_header(bytes);
    CHECK(header.version == 1);
    CHECK(header.type == 4);
    CHECK(header.request_id == 1);
    CHECK(header.padding_length == 0);
    std::string_view rest = bytes.substr(fastcgi::kHeaderSize, header.content_length);
    while (!rest.empty()) {
      const size_t name = take_length(rest);
      const size_t value = take_length(rest);
      REQUIRE(rest.size() >= name + value);
      all.emplace_back(rest.substr(0, name), rest.substr(name, value));
      rest.remove_prefix(name + value);
    }
    bytes.remove_prefix(fastcgi::kHeaderSize + header.content_length);
    ended = header.content_length == 0;
  }
  CHECK(bytes.empty());
  return all;
}

}  // namespace

TEST_CASE("variables of any length are written as name-value pairs, none split over two records") {
  Variables variables;
  for (const size_t size : {0, 1, 127, 128, 255, 256, 30000, 35000, 40000, 65000, 1}) {
    variables.emplace_back(std::string(size % 300, 'n'), std::string(size, 'v'));
  }
  std::string bytes;
  fastcgi::ParamsWriter writer(bytes, 1);
  for (const auto& [name, value] : variables) writer.add(name, value);
  writer.end();
  CHECK(read_params(bytes) == variables);
  CHECK(writer.too_large().empty());
}

TEST_CASE("a variable may fill a record to the last byte, and not more") {
  for (const size_t before : {0, 10}) {
    for (const size_t excess : {0, 1}) {
      std::string bytes;
      fastcgi::ParamsWriter writer(bytes, 1);
      Variables variables;
      if (before > 0) variables.emplace_back("B", std::string(before, 'b'));
      variables.emplace_back("NAME", std::string(fastcgi::kMostContent - 9 + excess, 'v'));
      variables.emplace_back("A", "after");
      for (const auto& [name, value] : variables) writer.add(name, value);
      writer.end();
      if (excess > 0) std::erase_if(variables, [](const auto& one) { return one.first == "NAME"; });
      CHECK(read_params(bytes) == variables);
      CHECK(writer.too_large() == (excess > 0 ? "NAME" : ""));
    }
  }
}

TEST_CASE("a request begins as a responder's, on a connection that is kept or not") {
  std::string bytes;
  fastcgi::append_begin_request(bytes, 1, fastcgi::AfterRequest::kKeepConnection);
  CHECK(bytes == std::string("\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0", 16));
  bytes.clear();
  fastcgi::append_begin_request(bytes, 1, fastcgi::AfterRequest::kClose);
  CHECK(bytes == std::string("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0", 16));
  CHECK(fastcgi::abort_request(0x203) == std::string("\1\2\2\3\0\0\0\0", 8));
}

TEST_CASE("requests on one connection have different ids, and none has 0") {
  CHECK(fastcgi::request_id(1) == 1);
  CHECK(fastcgi::request_id(2) == 2);
  CHECK(fastcgi::request_id(65535) == 65535);
  CHECK(fastcgi::request_id(65536) == 1);
}
