#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace watchdog {

// A media type as a Content-Type field says it.
struct MediaType {
  std::string text;  // with its charset
  bool compressible = false;
};

// Which media type a file's name stands for.
class MediaTypes {
 public:
  // `mime_types`: lines as in /etc/mime.types, which win over the table that is built in, but for
  // the types that browsers depend on.
  explicit MediaTypes(std::string_view mime_types);

  // The one table of this process, from /etc/mime.types where there is one.
  static const MediaTypes& of_this_system();

  // By the last extension, case ignored; application/octet-stream when it is not known.
  const MediaType& find(std::string_view name) const;

 private:
  struct Extension {
    std::string text;
    uint16_t type;  // in types_
  };

  void add_lines(std::string_view lines);
  uint16_t type_index(std::string_view type);

  std::vector<MediaType> types_;
  std::vector<Extension> extensions_;  // sorted
};

}  // namespace watchdog
