#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace watchdog {

// How many bytes decide; more may be given.
inline constexpr size_t kMostSniffed = 512;

// The media type of a body that says none, by its first bytes, as browsers and Go's net/http find it
// (WHATWG MIME Sniffing 7): HTML, XML, PDF, images, audio, video, fonts, archives, text, and
// application/octet-stream for what is none of these. Never empty. Signatures that are words of
// plain text too ("BM", "ID3", "OTTO") count only with the bytes that files have behind them.
std::string_view sniffed_type(std::string_view body);

// The same for a body that is still being printed: nothing while what has come, such as white space
// or "<!doc", may be the beginning of one that has another type. With kMostSniffed bytes it is
// always told.
std::optional<std::string_view> sniffed_type_of_beginning(std::string_view beginning);

}  // namespace watchdog
