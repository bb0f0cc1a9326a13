#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "modes/static/file.h"
#include "modes/static/file_response.h"
#include "modes/static/media_types.h"

namespace watchdog {

// What is sent for a name: a file, or one that stands for it in another coding.
struct Representation {
  FilePointer file;
  const MediaType* type = nullptr;
  std::string_view coding{};  // as Content-Encoding names it; empty: as it is
  bool made_here = false;     // compressed by us: its bytes are not for ranges
  bool fingerprinted = false;
  // What an application says of the file that it leaves to us to send, in place of what the site
  // would say; null: the file is the site's own.
  const Fields* said = nullptr;
};

// The value of the only Range field; empty when there is none that counts.
std::string_view wanted_range(const RequestHead& request);

// What of a representation is sent, and as what.
struct Selection {
  int status = 200;
  std::string type{};
  std::string range{};  // Content-Range; empty: none
  std::vector<Part> parts{};
};

// What Range asks for, where it counts (RFC 9110 14.2): 200, 206, or 416 without parts.
Selection select_parts(const RequestHead& request, const Representation& representation);

uint64_t length_of(const std::vector<Part>& parts);

}  // namespace watchdog
