#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace watchdog {

// How many letters must be inserted, left out, replaced, or swapped with their neighbour to make
// one word the other (the optimal string alignment distance).
size_t edit_distance(std::string_view a, std::string_view b);

// The one of `words` that whoever wrote `word` on a command line is likely to have meant: it
// differs in case and in '_' for '-', by at most two letters (one in a short word), or is the only
// one that begins with it. Empty when none is near.
std::string_view likely_word(std::string_view word, std::span<const std::string> words);

// The option that a variable of the environment is likely to be meant for; empty for the name of an
// option, and where there is none. Applications have variables of their own, so the longer a name
// the further off it may be: under 8 letters (mode, port) only swapped neighbours count (node and
// host are words), from 10 up two letters may be wrong, but not the first. Names with capitals are
// never ours.
std::string_view likely_option(std::string_view variable);

// One line for each variable of an environment ("name=value"; ends with nullptr) that looks like a
// mistyped option.
std::vector<std::string> misspelling_warnings(const char* const* environment);

}  // namespace watchdog
