#pragma once

#include <string>

namespace watchdog {

// What a shell needs to complete the command line: each action and option, with the words, folders,
// files or commands that it takes, and the function's command after "--".

// What bash sources.
std::string bash_completion();
// The file _fwatchdog in a folder of zsh's $fpath.
std::string zsh_completion();
// The file fwatchdog.fish in a folder of fish's $fish_complete_path.
std::string fish_completion();

}  // namespace watchdog
