#pragma once

#include <string_view>

#include "config/config.h"
#include "http/message.h"
#include "modes/static/file.h"
#include "modes/static/lookup.h"
#include "modes/static/media_types.h"

namespace watchdog {

// The form of a file that is sent: the file itself, or one that stands for it in another coding.
struct Representation {
  FilePointer file;
  const MediaType* type = nullptr;
  std::string_view coding{};  // as Content-Encoding names it; empty: as it is
  bool made_here = false;     // compressed by us: its bytes are not for ranges
  bool fingerprinted = false;
  // The fields that an application has given with a file that it leaves to us to send; they stand
  // in for those of the site. Null: the file is the site's own.
  const Fields* said = nullptr;
  // The client would rather have the file compressed with gzip, if it can be.
  bool gzip_wanted = false;
};

// The file as it is.
Representation as_it_is(const std::string& name, FilePointer file, const Config& config);

// Chooses by Accept-Encoding (RFC 9110 12.5.3): a sibling such as "name.br" that the client likes
// better, or the file itself.
Representation negotiate(const RequestHead& request, const Lookup& lookup, SiteFiles& files,
                         const Config& config);

// The value of the only Range field of a GET; empty when there is none that counts.
std::string_view wanted_range(const RequestHead& request);

}  // namespace watchdog
