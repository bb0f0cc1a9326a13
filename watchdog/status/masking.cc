#include "status/masking.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchdog {

namespace {

// Where a value ends that has no quotes, and that of an option of a command.
constexpr std::string_view kEndsOfValue = " \t\n&,;\"'`(){}[]<>|";
constexpr std::string_view kEndsOfWord = " \t\n\"'`";
// Passwords are not always escaped as they should be, so user info may have all else in it.
constexpr std::string_view kEndsOfUser = " \t\n\"'`<>";
constexpr std::string_view kEndsOfHost = "/?#\\()[]{},;";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name_character(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.' || c == '%';
}

bool is_quote(char c) {
  return c == '"' || c == '\'';
}

// Whether `name` has the word in it; where it is `whole`, with no letter or digit beside it.
bool has_word(std::string_view name, std::string_view word) {
  const bool whole = word.ends_with(' ');
  if (whole) word.remove_suffix(1);
  for (size_t i = 0; i + word.size() <= name.size(); ++i) {
    if (!starts_with_ignoring_case(name.substr(i), word)) continue;
    if (!whole) return true;
    const size_t end = i + word.size();
    const bool begins = i == 0 || !is_letter_or_digit(name[i - 1]);
    if (begins && (end == name.size() || !is_letter_or_digit(name[end]))) return true;
  }
  return false;
}

// Of HTTP authentication; credentials follow it.
bool is_scheme(std::string_view word) {
  return equals_ignoring_case(word, "bearer") || equals_ignoring_case(word, "basic");
}

// '=', ':' and '&' in a URL within a URL.
size_t escaped_separator(std::string_view text) {
  return std::min({text.find("%3"), text.find("%26"), text.size()});
}

class Masker {
 public:
  explicit Masker(std::string_view text, bool goes_on) : rest_(text), goes_on_(goes_on) {}

  std::string run() {
    while (!rest_.empty()) {
      if (rest_.starts_with("://")) {
        mask_user(3);
      } else if (rest_.starts_with(":\\/\\/")) {
        mask_user(5);
      } else if (is_name_character(rest_.front())) {
        take_name();
      } else {
        take(1);
      }
    }
    return std::move(out_);
  }

 private:
  void take(size_t size) {
    out_ += rest_.substr(0, size);
    rest_.remove_prefix(std::min(size, rest_.size()));
  }

  void drop(size_t size) {
    if (size == 0) return;
    out_ += kMask;
    rest_.remove_prefix(std::min(size, rest_.size()));
  }

  void mask_user(size_t slashes) {
    take(slashes);
    std::string_view user = rest_.substr(0, rest_.find_first_of(kEndsOfUser));
    const size_t colon = user.find(':');
    if (goes_on_ && user.size() == rest_.size() && colon != std::string_view::npos) {
      return drop(user.size());
    }
    size_t at = user.rfind('@');
    if (colon > at) at = user.substr(0, user.find_first_of(kEndsOfHost)).rfind('@');
    if (at != std::string_view::npos) drop(at);
  }

  void take_name() {
    const auto* const end = std::ranges::find_if_not(rest_, is_name_character);
    std::string_view name = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
    name = name.substr(0, std::max<size_t>(escaped_separator(name), 1));
    take(name.size());
    if (is_scheme(name)) {
      if (rest_.starts_with(' ')) mask_value(skip(0, " "), kEndsOfValue);
    } else if (equals_ignoring_case(name, "code")) {
      // Of OAuth; with a colon it is mostly that of an error.
      if (rest_.starts_with('=')) mask_value(1, kEndsOfValue);
    } else if (names_secret(name)) {
      const bool header = has_word(name, "authorization") || has_word(name, "cookie ");
      const bool option = name.starts_with('-');
      mask_value(separator(option), header ? "\n" : option ? kEndsOfWord : kEndsOfValue);
    }
  }

  size_t skip(size_t from, std::string_view characters) const {
    return std::min(rest_.find_first_not_of(characters, from), rest_.size());
  }

  // How long that is which leads from a name to its value: 0 where there is none.
  size_t separator(bool option) const {
    const size_t sign = skip(skip(0, "\\\"'"), " ");
    const std::string_view text = rest_.substr(sign);
    if (text.starts_with("::")) return 0;  // of a name of C++ or Rust
    if (text.starts_with('=') || text.starts_with(':')) return skip(skip(sign + 1, ">="), " ");
    if (starts_with_ignoring_case(text, "%3d") || starts_with_ignoring_case(text, "%3a")) {
      return sign + 3;
    }
    if (!option) return 0;
    // The next word, which is in quotes where the words are JSON.
    if (text.starts_with(',')) return skip(sign + 1, " ");
    return sign > 0 && rest_[sign - 1] == ' ' ? sign : 0;
  }

  void mask_value(size_t separator, std::string_view ends) {
    if (separator == 0) return;
    take(separator);
    const size_t slashes = skip(0, "\\");
    if (slashes < rest_.size() && is_quote(rest_[slashes])) return mask_quoted(slashes);
    const size_t size = std::min(rest_.find_first_of(ends), rest_.size());
    // authorization=Bearer word
    if (is_scheme(rest_.substr(0, size)) && rest_.substr(size).starts_with(' ')) return;
    const size_t escaped = rest_.find("%26");
    drop(std::min(size, escaped));
  }

  // In quotes behind which there are as many backslashes as before the first: \"a\\\"b\".
  void mask_quoted(size_t slashes) {
    const char quote = rest_[slashes];
    take(slashes + 1);
    size_t before = 0;
    for (size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == quote && before <= slashes) return drop(i - before);
      before = rest_[i] == '\\' ? before + 1 : 0;
    }
    drop(rest_.size());
  }

  std::string_view rest_;
  const bool goes_on_;
  std::string out_;
};

}  // namespace

bool names_secret(std::string_view name) {
  // Those with a space are whole words.
  constexpr std::array<std::string_view, 14> kWords = {
      "secret",        "passw", "pwd",      "token", "key",  "credential", "signature",
      "authorization", "pass ", "session ", "jwt ",  "sid ", "cookie ",    "sig "};
  // KeyError: 'name'
  constexpr std::string_view kError = "error";
  const size_t rest = name.size() - std::min(name.size(), kError.size());
  if (equals_ignoring_case(name.substr(rest), kError)) return false;
  return std::ranges::any_of(kWords,
                             [name](std::string_view word) { return has_word(name, word); });
}

std::string masked(std::string_view text) {
  return Masker(text, false).run();
}

std::string masked_beginning(std::string_view text) {
  return Masker(text, true).run();
}

std::vector<std::string> masked_words(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  bool follows_option = false;
  for (const std::string& word : words) {
    const size_t equals = std::min(word.find('='), word.size());
    const std::string_view name = std::string_view(word).substr(0, equals);
    const bool secret = std::ranges::all_of(name, is_name_character) && names_secret(name);
    if (follows_option) {
      out.emplace_back(kMask);
    } else if (secret && equals + 1 < word.size()) {
      out.push_back(word.substr(0, equals + 1).append(kMask));
    } else {
      out.push_back(masked(word));
    }
    follows_option = !follows_option && secret && equals == word.size() && word.starts_with('-');
  }
  return out;
}

}  // namespace watchdog
