#include "config/command_line.h"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "config/manual.h"
#include "config/misspelling.h"
#include "config/options.h"

namespace watchdog {

namespace {

constexpr size_t kNameWidth = 24;
constexpr size_t kDefaultWidth = 18;
constexpr size_t kLineWidth = 100;

constexpr std::string_view kIntroduction =
    R"(fwatchdog turns a command, a server, scripts or a folder into an HTTP function. It is the entrypoint
of a function container: it answers health checks, keeps the logs, reaps what the function leaves
behind and stops without losing a request.

usage: fwatchdog [options] [-- command [argument...]]

  fprocess="php index.php" fwatchdog          a PHP script on port 8080
  fwatchdog --port 9000 -- python3 fn.py      the command as it stands, no quoting
  mode=classic fprocess=wc fwatchdog          as classic-watchdog would run it

  --help              this text; --help --markdown prints the options as a table, --help --man as
                      a manual page, --help --bash-completion for bash to complete
  --version           the version
  --licenses          what is linked in, with versions and licenses
  --check-config      print the configuration that would be used, or what is wrong with it
  --run-healthcheck   ask the watchdog of this container for its health: exit code 0 or 1

Every option is also an environment variable with underscores: --exec-timeout 5s is
exec_timeout=5s. The command line wins. Durations: 250ms, 30s, 1m30s, a bare number is seconds.

  option                    default           meaning
)";

constexpr std::string_view kExitCodes = R"(
exit codes: 0 stopped after a drain, or healthy; 1 not healthy; 64 the configuration cannot be
used; 69 the port cannot be used, or the function's server never became ready; 70 internal error;
126 the function's server cannot be started; 127 there is no such command. With mode=http and
mode=fastcgi otherwise that of the function, when it ended by itself; 128 and the number of the
signal that killed it.
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
  text += fmt::format("  --{:<{}}{:<{}}", long_option(option.name), kNameWidth, option.usual.text,
                      kDefaultWidth);
  // A default too long for its column has the line for itself.
  const size_t indent = kNameWidth + kDefaultWidth + 4;
  if (option.usual.text.size() >= kDefaultWidth) text.append(1, '\n').append(indent, ' ');
  append_wrapped(text, option.full_meaning(), indent);
}

std::string help() {
  std::string text(kIntroduction);
  const OptionGroup* group = nullptr;
  for (const Option& option : options()) {
    if (option.group != group) text += fmt::format("\n{}\n", heading(*option.group));
    group = option.group;
    append_option(text, option);
  }
  return text + std::string(kExitCodes);
}

CommandLine refuse(std::string_view reason) {
  CommandLine line;
  line.action = CommandLine::Action::kRefuse;
  line.text = fmt::format("{}{} see fwatchdog --help", reason, reason.ends_with('?') ? "" : ";");
  std::replace(line.text.begin(), line.text.end(), '\n', ' ');
  return line;
}

// One spelling of an option, or an action.
struct Spelling {
  std::string word;     // without the dashes
  std::string setting;  // of an option, the name that its value is kept under
  CommandLine::Action action = CommandLine::Action::kServe;
};

std::vector<Spelling> spellings() {
  using Action = CommandLine::Action;
  std::vector<Spelling> all = {{"help", {}, Action::kHelp},
                               {"h", {}, Action::kHelp},
                               {"markdown", {}, Action::kHelp},
                               {"man", {}, Action::kHelp},
                               {"bash-completion", {}, Action::kHelp},
                               {"licenses", {}, Action::kHelp},
                               {"version", {}, Action::kShowVersion},
                               {"run-healthcheck", {}, Action::kHealthcheck},
                               {"check-config", {}, Action::kCheckConfig}};
  for (const Option& option : options()) {
    all.push_back({long_option(option.name), std::string(option.name)});
    if (!option.alias.empty()) {
      all.push_back({long_option(option.alias), std::string(option.alias)});
    }
  }
  return all;
}

// "--port=80" is about "port".
std::string_view bare_name(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  return word.substr(0, word.find('='));
}

std::string unknown_option(std::string_view word, const std::vector<Spelling>& known) {
  std::string text = fmt::format("unknown option {}", word.substr(0, word.find('=')));
  std::vector<std::string> words;
  words.reserve(known.size());
  for (const Spelling& spelling : known) words.push_back(spelling.word);
  const std::string_view meant = likely_word(bare_name(word), words);
  if (!meant.empty()) text += fmt::format("; did you mean --{}?", meant);
  return text;
}

// What getopt_long_only() returns, beside its own ':' and '?'.
constexpr int kStray = 1;
constexpr int kKnown = 256;

// Fills `line` from the words before "--", the first of which is the program; returns what is wrong
// with them, or nothing.
std::string read_words(std::vector<char*> words, CommandLine& line) {
  const std::vector<Spelling> known = spellings();
  std::vector<option> table;
  for (const Spelling& spelling : known) {
    const int argument = spelling.setting.empty() ? no_argument : required_argument;
    table.push_back({spelling.word.c_str(), argument, nullptr, kKnown});
  }
  table.push_back({});
  const int count = static_cast<int>(words.size());
  words.push_back(nullptr);

  std::vector<std::string> values(known.size());  // the last that was given of each
  ::opterr = 0;
  ::optind = 0;  // start anew
  for (int at = 1; at < count; at = ::optind) {
    const std::string_view word = words[static_cast<size_t>(at)];
    int index = 0;
    const int found = ::getopt_long_only(count, words.data(), "-:", table.data(), &index);
    if (found == kStray) {
      return fmt::format("stray argument \"{}\": the function's command comes after --", word);
    }
    // getopt takes abbreviations too; what they mean would change with our next option.
    const bool is_whole = std::any_of(known.begin(), known.end(), [&](const Spelling& spelling) {
      return spelling.word == bare_name(word);
    });
    if (!is_whole) return unknown_option(word, known);
    if (found == ':') return fmt::format("{} needs a value", word);
    if (found == '?' && ::optopt == kKnown) return fmt::format("{}: it takes no value", word);
    if (found != kKnown) return unknown_option(word, known);
    const Spelling& spelling = known[static_cast<size_t>(index)];
    if (!spelling.setting.empty()) values[static_cast<size_t>(index)] = ::optarg;
    if (spelling.word == "markdown") line.text = option_table_markdown();
    if (spelling.word == "man") line.text = manual_page();
    if (spelling.word == "bash-completion") line.text = bash_completion();
    if (spelling.word == "licenses") line.text = linked_libraries();
    line.action = std::max(line.action, spelling.action);
  }
  for (size_t i = 0; i < known.size(); ++i) {
    if (!values[i].empty()) line.settings.push_back({known[i].setting, std::move(values[i])});
  }
  return {};
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
    if (line.command.empty() || line.command.front().empty()) {
      return refuse("there is no command after --");
    }
  }
  std::vector<char*> words;
  for (const char* const* word = argv; word != dashes; ++word) {
    words.push_back(const_cast<char*>(*word));  // getopt does not change them
  }
  const std::string wrong = read_words(std::move(words), line);
  if (!wrong.empty()) return refuse(wrong);
  if (line.action == CommandLine::Action::kHelp && line.text.empty()) line.text = help();
  return line;
}

}  // namespace watchdog
