#pragma once

#include <llhttp.h>

#include <string_view>

#include "http/message.h"

namespace watchdog {

// Splits the head of one message, whose lines have passed our own checks, into its parts, which are
// views into it. Used by the readers only.
struct HeadParts {
  std::string_view target{};  // of a request
  std::string_view reason{};  // of a response
  int status = 0;
  int minor_version = 1;
};
// Returns false when llhttp finds an error in it after all.
bool parse_head(llhttp_type_t type, std::string_view text, HeadParts& parts, Fields& fields);

}  // namespace watchdog
