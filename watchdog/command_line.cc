#include "command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string_view>

namespace watchdog {

namespace {

constexpr size_t kNameWidth = 24;
constexpr size_t kLineWidth = 96;

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

)";

constexpr std::string_view kExitCodes = R"(
exit codes: 0 stopped after a drain, or healthy; 1 not healthy; 64 the configuration cannot be
used; 69 the port cannot be used; 70 internal error.
)";

// "  --name   meaning (default)", the meaning wrapped in its column.
void append_option(std::string& text, const Option& option) {
  text += fmt::format("  --{:<{}}", long_option(option.name), kNameWidth);
  std::string meaning(option.meaning);
  if (!option.default_text.empty()) meaning += fmt::format(" ({})", option.default_text);
  std::string_view rest = meaning;
  const size_t width = kLineWidth - kNameWidth - 4;
  while (rest.size() > width) {
    const size_t space = rest.rfind(' ', width);
    text.append(rest.substr(0, space)).append(1, '\n').append(kNameWidth + 4, ' ');
    rest.remove_prefix(space + 1);
  }
  text.append(rest).append(1, '\n');
}

std::string help() {
  std::string text(kIntroduction);
  for (const Option& option : options()) append_option(text, option);
  return text + std::string(kExitCodes);
}

CommandLine refuse(std::string_view reason) {
  CommandLine line;
  line.action = CommandLine::Action::kRefuse;
  line.text = fmt::format("{}; see fwatchdog --help", reason);
  return line;
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
  std::map<std::string_view, std::string> values;
  for (const Option& option : options()) {
    std::string names = "--" + long_option(option.name);
    for (const std::string_view alias : option.aliases) names += ",--" + long_option(alias);
    app.add_option(names, values[option.name]);
  }
  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::ParseError& error) {
    return refuse(error.what());
  }
  for (const Option& option : options()) {
    if (app.count("--" + long_option(option.name)) == 0) continue;
    line.settings.push_back({std::string(option.name), values[option.name]});
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
