#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace watchdog {

// What stands where a secret has stood.
inline constexpr std::string_view kMask = "***";

// Whether whatever has this name is a secret, as it has "secret", "passw", "token", "key" or the
// like in it, or "pass", "session", "jwt" or the like as a whole word, of any case.
bool names_secret(std::string_view name);

// Returns `text`, a URL, a request's target or a line of a log, without what looks like a secret:
//
//   postgres://user:word@host        what stands before the @ of an authority
//   PASSWORD=word, ?token=word&      the value of a name of a secret, also behind : and =>
//   {"api_key": "word"}              the same in quotes, also in escaped ones
//   --client-secret word             the word after such an option, also in an array of words
//   Authorization: Token word        the rest of the line, also of Cookie
//   Bearer word                      the word after the name of a scheme
//
// A secret that nothing tells from other words stays.
std::string masked(std::string_view text);

// The same for the beginning of a longer text. What may be the user info of a URL up to an @ that
// was cut off is masked too.
std::string masked_beginning(std::string_view text);

// The same for the words of a command. A word that is a secret is masked whole, whatever it has in
// it.
std::vector<std::string> masked_words(const std::vector<std::string>& words);

}  // namespace watchdog
