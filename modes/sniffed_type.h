#pragma once

#include <cstddef>
#include <string_view>

namespace watchdog {

// How many bytes decide; more may be given.
inline constexpr size_t kMostSniffed = 512;

// The media type of a body that says none, by its first bytes, as browsers and Go's net/http find it
// (WHATWG MIME Sniffing 7): HTML, XML, PDF, images, audio, video, fonts, archives, text, and
// application/octet-stream for what is none of these. Never empty.
std::string_view sniffed_type(std::string_view body);

}  // namespace watchdog
