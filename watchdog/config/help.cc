#include "config/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace watchdog {

namespace {

constexpr size_t kNameWidth = 24;
constexpr size_t kDefaultWidth = 18;
constexpr size_t kLineWidth = 100;

constexpr std::string_view kIntroduction =
    R"(fwatchdog turns a command, a server, scripts or a folder into an HTTP function. It is the
entrypoint of a function container: it answers health checks, keeps the logs, reaps what the
function leaves behind and stops without losing a request.

usage: fwatchdog [options] [-- command [argument...]]

  fprocess="php index.php" fwatchdog          a PHP script on port 8080
  fwatchdog --port 9000 -- python3 fn.py      the command as it stands, no quoting
  mode=classic fprocess=wc fwatchdog          as classic-watchdog would run it

Every option is also an environment variable with underscores: --exec-timeout 5s is
exec_timeout=5s. The command line wins. Durations: 250ms, 30s, 1m30s, a bare number is seconds.

Modes
)";

constexpr std::string_view kConclusion =
    R"(exit codes: 0 stopped after a drain, or healthy; 1 not healthy; 64 the configuration cannot
be used; 69 the port cannot be used, or the function's server never became ready; 70 internal error;
126 the function's server cannot be started; 127 there is no such command. With mode=http and
mode=fastcgi otherwise that of the function, when it ended by itself; 128 and the number of the
signal that killed it.)";

// Appends `words`, wrapped, in a column that starts at `indent`.
void append_wrapped(std::string& text, std::string_view words, size_t indent) {
  const size_t width = kLineWidth - indent;
  while (words.size() > width) {
    const size_t space = words.rfind(' ', width);
    text.append(words.substr(0, space)).append(1, '\n').append(indent, ' ');
    words.remove_prefix(space + 1);
  }
  text.append(words).append(1, '\n');
}

}  // namespace

std::string help_introduction(const ModeInfo* mode) {
  if (mode != nullptr) return fmt::format("mode={}: {}\n", mode->name, mode->meaning);
  std::string text(kIntroduction);
  for (const ModeInfo& each : all_modes()) {
    text += fmt::format("  {:<14}{}\n", each.name, each.meaning);
  }
  return text;
}

std::string help_conclusion() {
  return std::string(kConclusion);
}

std::string HelpFormatter::make_usage(const CLI::App* /*app*/, std::string /*name*/) const {
  return {};
}

std::string HelpFormatter::make_group(std::string group, bool is_positional,
                                      std::vector<const CLI::Option*> options) const {
  std::string text = group + "\n";
  for (const CLI::Option* option : options) text += make_option(option, is_positional);
  return text;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool /*is_positional*/) const {
  const std::string name =
      fmt::format("--{}{}", option->get_lnames().front(), option->get_option_text());
  const bool takes_value = option->get_items_expected_min() > 0;
  std::string text = "  " + name;
  if (takes_value && name.size() > kNameWidth) {  // too long for its column
    text.append(1, '\n').append(kNameWidth + 4, ' ');
  } else {
    text.resize(std::max(text.size(), kNameWidth + 4), ' ');
  }
  size_t indent = kNameWidth + 4;
  if (takes_value) {
    const std::string usual = option->get_default_str().empty() ? "-" : option->get_default_str();
    indent += kDefaultWidth;
    text += fmt::format("{:<{}}", usual, kDefaultWidth);
    // A default too long for its column has the line for itself.
    if (usual.size() >= kDefaultWidth) text.append(1, '\n').append(indent, ' ');
  }
  append_wrapped(text, option->get_description(), indent);
  return text;
}

}  // namespace watchdog
