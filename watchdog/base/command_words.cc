#include "base/command_words.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace watchdog {

namespace {

Result<std::vector<std::string>> split_json(std::string_view text) {
  const Error refused{"it starts with [ but is not a JSON array of strings"};
  const auto parsed = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!parsed.is_array() || parsed.empty()) return refused;
  std::vector<std::string> words;
  for (const auto& word : parsed) {
    const auto* string = word.get_ptr<const nlohmann::ordered_json::string_t*>();
    if (string == nullptr || string->find('\0') != std::string::npos) return refused;
    words.push_back(*string);
  }
  if (words.front().empty()) return Error{"its first word is empty"};
  return words;
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view text) {
  text = trim(text);
  if (text.starts_with('[')) return split_json(text);
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0' && c == quote) {
      quote = '\0';
      continue;
    }
    if (quote == '\'') {
      word += c;
      continue;
    }
    if (c == '\\') {
      if (++i == text.size()) return Error{"it ends with a lone backslash"};
      // Within double quotes a backslash is itself, but before these (POSIX shell, 2.2.3).
      const bool literal =
          quote == '"' && std::string_view("\\\"$`\n").find(text[i]) == std::string_view::npos;
      if (literal) word += '\\';
      if (text[i] == '\n') continue;  // the line goes on
      word += text[i];
      in_word = true;
      continue;
    }
    if (quote == '"') {
      word += c;
      continue;
    }
    if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
      continue;
    }
    word += c;
    in_word = true;
  }
  if (quote != '\0') return Error{fmt::format("it has a {} without its end", quote)};
  if (in_word) words.push_back(word);
  if (words.empty() || words.front().empty()) return Error{"it names no command"};
  return words;
}

}  // namespace watchdog
