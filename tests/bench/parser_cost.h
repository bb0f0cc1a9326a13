#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// What one message costs a parser that sees bytes from outside. Each is given messages of two sizes
// that are as bad as its limits allow: twice the bytes should cost twice the time. A file of cases
// per family of parsers; parser_cost.cc measures and prints them.

namespace bench {

struct Parser {
  std::string_view name;
  std::string_view message;  // what is large in it
  // A message of about so many bytes.
  std::function<std::string(size_t bytes)> make;
  std::function<void(const std::string& message)> parse;
  size_t largest;  // about as many bytes as its limits let through
};

std::vector<Parser> http_parsers();

}  // namespace bench
