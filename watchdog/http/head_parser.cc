#include "http/head_parser.h"

#include <utility>

#include "base/text.h"

namespace watchdog {

namespace {

struct Parsing {
  HeadParts& parts;
  Fields& fields;
  std::string_view name{};
  std::string_view value{};
};

Parsing& parsing(llhttp_t* parser) {
  return *static_cast<Parsing*>(parser->data);
}

constexpr llhttp_settings_t kCallbacks = [] {
  llhttp_settings_t callbacks{};
  callbacks.on_url = [](llhttp_t* parser, const char* at, size_t size) {
    parsing(parser).parts.target = {at, size};
    return 0;
  };
  callbacks.on_status = [](llhttp_t* parser, const char* at, size_t size) {
    parsing(parser).parts.reason = {at, size};
    return 0;
  };
  callbacks.on_header_field = [](llhttp_t* parser, const char* at, size_t size) {
    parsing(parser).name = {at, size};
    return 0;
  };
  callbacks.on_header_value = [](llhttp_t* parser, const char* at, size_t size) {
    parsing(parser).value = {at, size};
    return 0;
  };
  callbacks.on_header_value_complete = [](llhttp_t* parser) {
    Parsing& here = parsing(parser);
    here.fields.add(here.name, trim(std::exchange(here.value, {})));
    return 0;
  };
  // The head is all that llhttp gets: it must neither frame a body nor switch protocols.
  callbacks.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
  return callbacks;
}();

}  // namespace

bool parse_head(llhttp_type_t type, std::string_view text, HeadParts& parts, Fields& fields) {
  Parsing here{parts, fields};
  llhttp_t parser;
  llhttp_init(&parser, type, &kCallbacks);
  parser.data = &here;
  if (llhttp_execute(&parser, text.data(), text.size()) != HPE_PAUSED) return false;
  parts.minor_version = parser.http_minor;
  parts.status = parser.status_code;
  return true;
}

}  // namespace watchdog
