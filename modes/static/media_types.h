#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace watchdog {

// A media type, as the value of a Content-Type field.
struct MediaType {
  std::string text;  // with its charset
  bool compressible = false;
};

// Maps the extension of a file's name to its media type.
class MediaTypes {
 public:
  // `mime_types` has lines as in /etc/mime.types. They override the built-in table, except for the
  // types on which browsers depend.
  explicit MediaTypes(std::string_view mime_types);

  // The table of this process, made once with /etc/mime.types where there is one.
  static const MediaTypes& of_this_system();

  // The type of the last extension, case ignored; application/octet-stream when it is not known.
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
