#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace watchdog {

// The number of bytes that decide the type; more may be given.
inline constexpr size_t kMostSniffed = 512;

// Returns the media type of a body that names none, by its first bytes, as browsers and Go's
// net/http find it (WHATWG MIME Sniffing 7): HTML, XML, PDF, images, audio, video, fonts, archives,
// text, and application/octet-stream for all else. Never empty. Signatures that are also words of
// plain text ("BM", "ID3", "OTTO") count only with the bytes that follow them in such files.
std::string_view sniffed_type(std::string_view body);

// The same for a body that is still being printed: nothing while what has come, such as white space
// or "<!doc", may be the beginning of several types. With kMostSniffed bytes there is always a
// type.
std::optional<std::string_view> sniffed_type_of_beginning(std::string_view beginning);

}  // namespace watchdog
