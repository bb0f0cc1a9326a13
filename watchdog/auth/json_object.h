#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchdog {

// Bounds of what parse_json_object() takes. They keep its time linear in the size of the text, for
// whatever text: the caller bounds the size.
inline constexpr size_t kMostJsonDepth = 16;
inline constexpr size_t kMostJsonMembers = 256;  // of one object
inline constexpr size_t kMostJsonValues = 10'000;

// Parses a JSON object (RFC 8259) that can be understood in one way only. A name that stands twice
// in an object, at any depth and however it is escaped, is refused: RFC 7515 4 and RFC 7519 4 allow
// that, and which of the two a reader takes is otherwise left to chance. Refused are also text that
// is not UTF-8, a byte order mark, a NUL byte, anything behind the object, and what exceeds the
// bounds. The error ends a sentence that begins with what was parsed: "is not JSON". It has no
// piece of the text.
Result<nlohmann::ordered_json> parse_json_object(std::string_view text);

// The member of this name; null where there is none, or `object` is no object.
const nlohmann::ordered_json* member(const nlohmann::ordered_json& object, const char* name);
// The same where it is a string; null where it is anything else.
const std::string* string_member(const nlohmann::ordered_json& object, const char* name);

}  // namespace watchdog
