#pragma once

#include <string_view>

namespace watchdog {

// Whether a function takes this field for one of ours, X-Auth-Subject or X-Auth-Seconds: case and
// '_' do not matter, as CGI makes one variable of all spellings. Where callers are checked no
// client may set it; in a trailer nobody may.
bool is_auth_field(std::string_view name);

}  // namespace watchdog
