#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace watchdog {

// A CGI program runs in the folder that holds it (RFC 3875 7.2), so that it finds what lies beside
// it by a relative name.

// Returns the folder that holds the program of `command`, absolute. The program is the first word
// or, where that is a tool from a folder of PATH (an interpreter, git), the first argument that
// names a file. Empty when there is neither: then the program runs in the current folder.
std::string program_folder(const std::vector<std::string>& command);

// Returns `command` in words that mean the same in every folder: a program and arguments that name
// something in the current folder become absolute. A text behind -c or -e is code, and stays.
std::vector<std::string> absolute_command(std::vector<std::string> command);

// Returns "/a/b" for "/a/b/c".
std::string folder_of(std::string_view path);

}  // namespace watchdog
