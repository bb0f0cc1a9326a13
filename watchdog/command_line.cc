#include "command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <string_view>
#include <utility>

namespace watchdog {

namespace {

constexpr size_t kNameWidth = 24;
constexpr size_t kDefaultWidth = 18;
constexpr size_t kLineWidth = 100;

constexpr std::string_view kIntroduction =
    R"(fwatchdog turns a command into an HTTP function, one process a request. It is the entrypoint
of a function container: it answers health checks, keeps the logs, reaps what the function leaves
behind and stops without losing a request.

usage: fwatchdog [options] [-- command [argument...]]

  fprocess="php index.php" fwatchdog          a PHP script on port 8080
  fwatchdog --port 9000 -- python3 fn.py      the command as it stands, no quoting
  mode=classic fprocess=wc fwatchdog          as classic-watchdog would run it

  --help              this text; --help --markdown prints the options as a table
  --version           the version
  --check-config      print the configuration that would be used, or what is wrong with it
  --run-healthcheck   ask the watchdog of this container for its health: exit code 0 or 1

Every option is also an environment variable with underscores: --exec-timeout 5s is
exec_timeout=5s. The command line wins. Durations: 250ms, 30s, 1m30s, a bare number is seconds.

  option                    default           meaning
)";

constexpr std::string_view kExitCodes = R"(
exit codes: 0 stopped after a drain, or healthy; 1 not healthy; 64 the configuration cannot be
used; 69 the port cannot be used; 70 internal error.
)";

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

void append_option(std::string& text, const Option& option) {
  text += fmt::format("  --{:<{}}{:<{}}", long_option(option.name), kNameWidth, option.default_text,
                      kDefaultWidth);
  // A default too long for its column has the line for itself.
  const size_t indent = kNameWidth + kDefaultWidth + 4;
  if (option.default_text.size() >= kDefaultWidth) text.append(1, '\n').append(indent, ' ');
  append_wrapped(text, option.meaning, indent);
}

std::string help() {
  std::string text(kIntroduction);
  std::string_view group;
  for (const Option& option : options()) {
    if (option.group != group) text += fmt::format("\n{}\n", option.group);
    group = option.group;
    append_option(text, option);
  }
  return text + std::string(kExitCodes);
}

CommandLine refuse(std::string_view reason) {
  CommandLine line;
  line.action = CommandLine::Action::kRefuse;
  line.text = fmt::format("{}; see fwatchdog --help", reason);
  std::replace(line.text.begin(), line.text.end(), '\n', ' ');
  return line;
}

// CLI11 would take the word after "--port=" for its value; an empty word of its own says that there
// is none.
std::vector<std::string> separate_empty_values(const char* const* begin, const char* const* end) {
  std::vector<std::string> words;
  for (const char* const* word = begin; word != end; ++word) {
    const std::string_view text(*word);
    const bool empty_value = text.starts_with("--") && text.find('=') == text.size() - 1;
    words.emplace_back(text.substr(0, text.size() - (empty_value ? 1 : 0)));
    if (empty_value) words.emplace_back();
  }
  return words;
}

// What is wrong, in our words; CLI11's for what we cannot tell.
std::string explain(const CLI::ParseError& error, const CLI::App& app) {
  const std::string_view text = error.what();
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (code == CLI::ExitCodes::ArgumentMismatch) {
    return fmt::format("{} needs a value", text.substr(0, text.find(':')));
  }
  if (code != CLI::ExitCodes::ExtrasError) return std::string(text);
  const std::vector<std::string> unknown = app.remaining();
  const auto option = std::find_if(unknown.begin(), unknown.end(),
                                   [](std::string_view word) { return word.starts_with('-'); });
  if (option != unknown.end()) return fmt::format("unknown option {}", *option);
  return fmt::format("stray argument \"{}\": the function's command comes after --",
                     unknown.empty() ? std::string() : unknown.front());
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  if (argc <= 1) return line;

  // The command is its own affair: nothing after "--" is an option of ours.
  const char* const* end = argv + argc;
  const char* const* dashes =
      std::find_if(argv + 1, end, [](std::string_view word) { return word == "--"; });
  if (dashes != end) {
    line.command.assign(dashes + 1, end);
    if (line.command.empty()) return refuse("there is no command after --");
  }

  CLI::App app;
  app.set_help_flag();
  bool help_asked = false;
  bool markdown = false;
  bool version = false;
  bool check = false;
  bool healthcheck = false;
  app.add_flag("-h,--help", help_asked);
  app.add_flag("--markdown", markdown);
  app.add_flag("--version", version);
  app.add_flag("--check-config", check);
  app.add_flag("--run-healthcheck", healthcheck);
  // One a spelling, so that an error can name what the user wrote.
  std::deque<Setting> given;
  for (const Option& option : options()) {
    const auto add = [&](std::string_view name) {
      Setting& setting = given.emplace_back(Setting{std::string(name), {}});
      app.add_option("--" + long_option(name), setting.text)->take_last();
    };
    add(option.name);
    for (const std::string_view alias : option.aliases) add(alias);
  }
  try {
    std::vector<std::string> words = separate_empty_values(argv + 1, dashes);
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return refuse(explain(error, app));
  }
  for (Setting& setting : given) {
    if (!setting.text.empty()) line.settings.push_back(std::move(setting));
  }
  if (help_asked) {
    line.action = CommandLine::Action::kHelp;
    line.text = markdown ? option_table_markdown() : help();
  } else if (version) {
    line.action = CommandLine::Action::kVersion;
  } else if (healthcheck) {
    line.action = CommandLine::Action::kHealthcheck;
  } else if (check) {
    line.action = CommandLine::Action::kCheckConfig;
  }
  return line;
}

}  // namespace watchdog
