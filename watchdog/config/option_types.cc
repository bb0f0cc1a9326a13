#include "config/option_types.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <limits>

#include "auth/webhook_signature.h"
#include "base/command_words.h"
#include "config/upstream_url.h"
#include "http/forwarded.h"
#include "http/http_url.h"

namespace watchdog {

namespace {

constexpr Word<int> kSignals[] = {{"TERM", SIGTERM}, {"INT", SIGINT},   {"QUIT", SIGQUIT},
                                  {"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
                                  {"KILL", SIGKILL}};
constexpr std::string_view kSignalKind = "a signal to end by";

// For a value that is kept as its text: whether it can be parsed is asked when it is set.
template <typename T>
Result<std::string> text_of(const Result<T>& parsed, std::string_view text) {
  if (!parsed) return Error{parsed.error()};
  return std::string(text);
}

bool has_control_characters(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<uint64_t> parse_within(std::string_view text, int64_t least, int64_t most) {
  const auto number = parse_integer(text, least, most);
  if (!number) return Error{number.error()};
  return static_cast<uint64_t>(*number);
}

// A duration that cannot be 0; `consequence` is what would come of it.
Result<Duration> parse_positive(std::string_view text, std::string_view consequence) {
  auto parsed = parse_duration(text);
  if (parsed && *parsed <= Duration::zero()) {
    return Error{fmt::format("{}; it accepts a duration of more than 0, such as 30s", consequence)};
  }
  return parsed;
}

}  // namespace

Error refusal(std::string_view kind, std::string_view accepted) {
  return Error{fmt::format("not {}; it accepts {}", kind, accepted)};
}

std::string one_of(const std::vector<std::string_view>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

Result<std::vector<std::string>> parse_command(std::string_view text) {
  return split_command(text);
}

// Words as fprocess takes them: a JSON array, or quoted as a shell does where JSON, which is UTF-8,
// cannot hold a byte.
std::string print_command(const std::vector<std::string>& words) {
  std::string array = "[";
  std::string quoted;
  for (const std::string& word : words) {
    if (array.size() > 1) array += ", ";
    array += '"';
    if (!quoted.empty()) quoted += ' ';
    quoted += '\'';
    for (const char c : word) {
      if (c == '"' || c == '\\') array += '\\';
      if (static_cast<unsigned char>(c) < 0x20) {
        array += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        array += c;
      }
      quoted += c == '\'' ? R"('"'"')" : std::string(1, c);
    }
    array += '"';
    quoted += '\'';
  }
  array += ']';
  return split_command(array) ? array : quoted;
}

Result<ModeInfo> parse_mode(std::string_view text) {
  if (const ModeInfo* mode = find_mode(text)) return *mode;
  if (text == "afterburn" || text == "inproc") {
    return Error{"there is no such mode here; use mode=http with an HTTP server, or streaming"};
  }
  return refusal("a mode", one_of(mode_words()));
}

std::vector<std::string_view> mode_words() {
  std::vector<std::string_view> words;
  for (const ModeInfo& mode : all_modes()) words.push_back(mode.name);
  return words;
}

std::string print_mode(const ModeInfo& mode) {
  return std::string(mode.name);
}

// Its name is printed on a line of its own in logs and by --check-config.
Result<std::string> parse_folder(std::string_view text) {
  if (has_control_characters(text)) return refusal("a folder", "a path without control characters");
  return std::string(text);
}

Result<std::string> parse_file(std::string_view text) {
  if (has_control_characters(text)) return refusal("a file", "a path without control characters");
  return std::string(text);
}

Result<std::string> parse_keys(std::string_view text) {
  if (text.starts_with('/') && !has_control_characters(text)) return std::string(text);
  if (text.starts_with("http://") || text.starts_with("https://")) return parse_url(text);
  return refusal("a place of keys", "/path/keys.json or http://host:port/path");
}

Result<std::string> parse_url(std::string_view text) {
  return text_of(parse_http_url(text), text);
}

Result<std::string> parse_signature_scheme(std::string_view text) {
  return text_of(WebhookScheme::parse(text), text);
}

std::vector<std::string_view> signature_words() {
  return {"github", "stripe", "slack"};
}

Result<std::string> parse_field_value(std::string_view text) {
  if (has_control_characters(text)) {
    return refusal("a header value", "text without control characters");
  }
  return std::string(text);
}

Result<std::string> parse_variable_prefix(std::string_view text) {
  if (!is_variable_name(text)) {
    return refusal("a prefix of variables", "letters, digits and _, no digit first, as SECRET_");
  }
  return std::string(text);
}

Result<std::string> parse_site_file(std::string_view text) {
  const bool named = text.starts_with('/') && !text.ends_with('/');
  if (!named || has_control_characters(text) || text.find("/../") != std::string_view::npos) {
    return refusal("a file of the site", "a path that starts with /, such as /index.html");
  }
  return std::string(text);
}

Result<std::string> parse_script(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  const bool climbs = text.starts_with("../") || text.find("/../") != std::string_view::npos;
  if (text.empty() || text.ends_with('/') || climbs || has_control_characters(text)) {
    return refusal("a script", "a path below document_root, such as index.php");
  }
  return std::string(text);
}

Result<std::string> parse_script_name_prefix(std::string_view text) {
  if (equals_ignoring_case(text, kPrefixField)) return std::string(kPrefixField);
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '?' && c != '#';
  });
  if (!plain || !text.starts_with('/') || text.starts_with("//")) {
    return refusal("a path", "one such as /function/name, or X-Forwarded-Prefix");
  }
  return std::string(text);
}

Result<std::string> parse_origin(std::string_view text) {
  const size_t scheme = text.find("://");
  const bool is_origin = (text.starts_with("http://") || text.starts_with("https://")) &&
                         text.size() > scheme + 3 &&
                         text.find_first_of("/?#, *", scheme + 3) == std::string_view::npos;
  if (text != "*" && !is_origin) {
    return refusal("an origin", "* or one such as https://example.com");
  }
  return std::string(text);
}

Result<std::string> parse_upstream(std::string_view text) {
  return text_of(parse_upstream_url(with_port(text, 1)), text);
}

Result<std::string> parse_listen_address(std::string_view text) {
  std::string address(text);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  in6_addr bytes{};  // large enough for both
  const bool is_address = (!bracketed && inet_pton(AF_INET, address.c_str(), &bytes) == 1) ||
                          inet_pton(AF_INET6, address.c_str(), &bytes) == 1;
  if (!is_address && text != "localhost") {
    return refusal("an address", "localhost or a numeric address such as 127.0.0.1 or ::1");
  }
  return address;
}

// It is sent as a request's target as it stands.
Result<std::string> parse_ready_path(std::string_view text) {
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!text.starts_with('/')) return Error{"not a path; it must start with /"};
  if (!visible || text.find('#') != std::string_view::npos) {
    return Error{"not a path that can be asked for; write spaces and the like as %20"};
  }
  return std::string(text);
}

Result<uint64_t> parse_port(std::string_view text) {
  auto port = parse_within(text, 0, std::numeric_limits<uint16_t>::max());
  if (!port) return refusal("a port", "a number from 0 to 65535");
  return port;
}

Result<uint64_t> parse_count(std::string_view text) {
  return parse_within(text, 0, std::numeric_limits<int64_t>::max());
}

Result<uint64_t> parse_million(std::string_view text) {
  return parse_within(text, 0, 1'000'000);
}

Result<uint64_t> parse_instances(std::string_view text) {
  auto number = parse_within(text, 1, 64);
  if (!number) return refusal("a number of copies", "a whole number from 1 to 64");
  return number;
}

Result<uint64_t> parse_workers(std::string_view text) {
  if (text == "auto") return uint64_t{0};
  auto number = parse_within(text, 1, 256);
  if (!number) return refusal("a number of threads", "auto or a whole number from 1 to 256");
  return number;
}

Result<uint64_t> parse_line_limit(std::string_view text) {
  constexpr uint64_t kMost = 1024 * 1024;
  if (text == "-1") return kMost;
  auto size = parse_size(text);
  if (!size || *size < 256) {
    return refusal("a size for a line", "bytes from 256 up, or -1 for 1MiB");
  }
  return size;
}

Result<Duration> parse_progress_timeout(std::string_view text) {
  return parse_positive(text, "no answer could be sent");
}

Result<Duration> parse_shutdown_timeout(std::string_view text) {
  return parse_positive(text, "nothing under way could be finished");
}

Result<int> parse_signal(std::string_view text) {
  if (text.starts_with("SIG")) text.remove_prefix(3);
  return parse_word<int, kSignals, kSignalKind>(text);
}

std::string print_signal(const int& number) {
  return print_word<int, kSignals>(number);
}

std::vector<std::string_view> signal_words() {
  return words_of<kSignals>();
}

std::string print_bool(const bool& value) {
  return value ? "true" : "false";
}

std::vector<std::string_view> bool_words() {
  return {"true", "false"};
}

std::string print_duration(const Duration& value) {
  return format_duration(value);
}

std::string print_number(const uint64_t& value) {
  return fmt::format("{}", value);
}

std::string print_workers(const uint64_t& value) {
  return value == 0 ? "auto" : print_number(value);
}

std::string print_text(const std::string& value) {
  return value;
}

std::string print_addresses(const AddressSet& addresses) {
  return addresses.text();
}

}  // namespace watchdog
