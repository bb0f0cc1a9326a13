#pragma once

#include <string>

namespace watchdog {

// The option table in other forms than --help's, for whoever packages the watchdog.

// The table as README shows it, and then, with a heading for each group, as modes/README.md does.
std::string option_table_markdown();
// man(7), of section 1.
std::string manual_page();
// What is linked in, a line each: name, version, license.
std::string linked_libraries();

}  // namespace watchdog
