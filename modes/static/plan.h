#pragma once

#include <cstdint>
#include <ctime>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "http/message.h"
#include "http/range.h"
#include "modes/static/lookup.h"
#include "modes/static/representation.h"
#include "server/response_writer.h"

namespace watchdog {

// A stretch of a file, and the text that is sent before it.
struct Part {
  std::string preamble{};
  ByteRange range{};
};

// A whole response, decided before any of it is sent. The views in `head` point into the request,
// the representation, the configuration and `kept`: send the plan while these live. May be moved.
struct Plan {
  ResponseHead head{};
  std::string text{};         // the body; "" where `file` has it, or where there is none
  FilePointer file{};         // null: no part of a file is sent, as to HEAD
  std::vector<Part> parts{};  // of `file`
  std::forward_list<std::string> kept{};

  // Adds a field whose value was made for this response.
  void add_kept(std::string_view name, std::string value);
};

// The response to GET or HEAD of a representation, and to any method when an application named the
// file: preconditions (RFC 9110 13; only for GET and HEAD), ranges (14; only for GET), cache policy
// and cross-origin fields.
Plan evaluate(const RequestHead& request, const Representation& representation,
              const Config& config, std::time_t now);
// The response to GET or HEAD of a path that is none of a file's: a redirect, a listing, an error.
Plan plan_without_file(const RequestHead& request, const Lookup& lookup, const Config& config);
// The representation as the page of an error. Neither preconditions nor ranges apply to a page that
// stands for another one.
Plan plan_error_page(const RequestHead& request, int status, const Representation& representation,
                     const Config& config);
// A line of text that names the error. `said`: as Representation has it.
Plan plan_error(int status, const Fields* said, const Config& config);
// The response to a method that is neither GET nor HEAD: 405, or the preflight's 204 (Fetch 3.3).
Plan plan_other_method(const RequestHead& request, const Config& config);

}  // namespace watchdog
