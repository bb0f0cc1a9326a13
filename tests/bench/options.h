#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// The command line as "--name value" pairs, then, after "--", the rest as it stands. Names must be
// among those that `usage` mentions; anything else prints it and ends the program.
class Options {
 public:
  Options(int count, char** arguments, const char* usage) : usage_(usage) {
    int i = 1;
    for (; i < count && strcmp(arguments[i], "--") != 0; i += 2) {
      const char* const name = arguments[i];
      if (strncmp(name, "--", 2) != 0 || strstr(usage, name) == nullptr || i + 1 == count) refuse();
      pairs_.emplace_back(name + 2, arguments[i + 1]);
    }
    for (++i; i < count; ++i) rest_.push_back(arguments[i]);
  }

  std::string text(const char* name, const char* otherwise) const {
    for (const auto& [key, value] : pairs_) {
      if (key == name) return value;
    }
    return otherwise;
  }

  double real(const char* name, double otherwise) const {
    const std::string value = text(name, "");
    if (value.empty()) return otherwise;
    char* end = nullptr;
    const double number = strtod(value.c_str(), &end);
    if (*end != '\0' || number < 0) refuse();
    return number;
  }

  uint64_t number(const char* name, uint64_t otherwise) const {
    return static_cast<uint64_t>(real(name, static_cast<double>(otherwise)));
  }

  const std::vector<char*>& rest() const { return rest_; }

  [[noreturn]] void refuse() const {
    fprintf(stderr, "usage: %s\n", usage_);
    exit(64);
  }

 private:
  const char* usage_;
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::vector<char*> rest_;
};

}  // namespace bench
