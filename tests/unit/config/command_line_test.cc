#include "config/command_line.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/manual.h"
#include "config/options.h"
#include "contains.h"

namespace watchdog {

namespace {

using Action = CommandLine::Action;
using Words = std::vector<std::string>;

CommandLine parse(std::vector<const char*> words) {
  words.insert(words.begin(), "fwatchdog");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

// "name=text" of every setting on the command line.
Words settings(const CommandLine& line, Setting::From from = Setting::From::kCommandLine) {
  Words words;
  for (const Setting& setting : line.settings) {
    if (setting.from == from) words.push_back(setting.name + "=" + setting.text);
  }
  return words;
}

// The only error, or "".
std::string error_of(const CommandLine& line) {
  CHECK(line.errors.size() == 1);
  return line.errors.empty() ? "" : line.errors.front();
}

// Has variables in the environment as long as it is there.
class ScopedEnvironment {
 public:
  explicit ScopedEnvironment(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~ScopedEnvironment() {
    for (const auto& [name, value] : variables_) ::unsetenv(name.c_str());
  }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  std::map<std::string, std::string> variables_;
};

ConfigOutcome read_words(std::vector<const char*> words) {
  const CommandLine line = parse(std::move(words));
  CHECK(line.errors.empty());
  return read_config(line.settings, line.command);
}

}  // namespace

TEST_CASE("without arguments it serves what the environment says") {
  const CommandLine line = parse({});
  CHECK(line.action == Action::kServe);
  CHECK(line.settings.empty());
  CHECK(line.command.empty());
}

TEST_CASE("an option takes its value as the next word or after an equals sign") {
  CHECK(settings(parse({"--exec-timeout", "5s"})) == Words{"exec_timeout=5s"});
  CHECK(settings(parse({"--exec-timeout=5s"})) == Words{"exec_timeout=5s"});
  CHECK(parse({"--exec-timeout=5s"}).action == Action::kServe);
}

TEST_CASE("every option and alias is a long option") {
  for (const Option& option : options()) {
    for (const std::string_view name : option.names()) {
      const std::string word = "--" + long_option(name);
      CAPTURE(word);
      CHECK(settings(parse({word.c_str(), "v"})) == Words{std::string(name) + "=v"});
    }
  }
}

TEST_CASE("a value is taken as it stands, whatever it looks like") {
  for (const char* value : {"-1", "[\"cat\",\"-\"]", "a b", "a=b", "'q'", "\"q\"", "a,b", "", "%%",
                            "{\"a\":1}", "\\n", "\xff", "[1,2]"}) {
    CAPTURE(value);
    const Words expected = *value == '\0' ? Words{} : Words{std::string("content_type=") + value};
    CHECK(settings(parse({"--content-type", value})) == expected);
    CHECK(settings(parse({(std::string("--content-type=") + value).c_str()})) == expected);
  }
}

TEST_CASE("an empty value counts as unset and takes no other word") {
  const CommandLine line = parse({"--port=", "--mode", "classic"});
  CHECK(line.action == Action::kServe);
  CHECK(settings(line) == Words{"mode=classic"});
}

TEST_CASE("an option given twice counts the last time") {
  CHECK(settings(parse({"--port", "1", "--port", "2"})) == Words{"port=2"});
}

TEST_CASE("everything after -- is the command, verbatim") {
  const CommandLine line =
      parse({"--port", "0", "--", "sh", "-c", "a  b", "--help", "--", "--port"});
  CHECK(line.action == Action::kServe);
  CHECK(settings(line) == Words{"port=0"});
  CHECK(line.command == Words{"sh", "-c", "a  b", "--help", "--", "--port"});
}

TEST_CASE("the actions") {
  CHECK(parse({"--help"}).action == Action::kHelp);
  CHECK(parse({"-h"}).action == Action::kHelp);
  CHECK(parse({"--version"}).action == Action::kShowVersion);
  CHECK(parse({"--check-config"}).action == Action::kCheckConfig);
  CHECK(parse({"--run-healthcheck"}).action == Action::kHealthcheck);
}

TEST_CASE("one dash will do, as with Go's flags") {
  CHECK(parse({"-run-healthcheck"}).action == Action::kHealthcheck);
  CHECK(parse({"-version"}).action == Action::kShowVersion);
  CHECK(settings(parse({"-port", "1", "-mode=classic"})) == Words{"mode=classic", "port=1"});
}

TEST_CASE("an abbreviation is not an option") {
  for (const char* word : {"--por=1", "--vers", "-p", "--runhealthcheck", "--help-", "--", "-"}) {
    CAPTURE(word);
    CHECK(parse({word}).action == Action::kRefuse);
  }
}

TEST_CASE("an action keeps the settings and the command") {
  const CommandLine line = parse({"--check-config", "--port", "0", "--", "cat"});
  CHECK(line.action == Action::kCheckConfig);
  CHECK(settings(line) == Words{"port=0"});
  CHECK(line.command == Words{"cat"});
}

TEST_CASE("help wins over every other action") {
  CHECK(parse({"--version", "--check-config", "--help"}).action == Action::kHelp);
}

TEST_CASE("where nothing is near, nothing is suggested") {
  for (const char* word : {"--nonsense", "--static", "--x", "-9", "--verbose", "--daemon"}) {
    CAPTURE(word);
    const CommandLine line = parse({word});
    CHECK(line.action == Action::kRefuse);
    CHECK_FALSE(contains(error_of(line), "did you mean"));
  }
}

TEST_CASE("what cannot be used is refused in one line that names it and points to the help") {
  struct Row {
    std::vector<const char*> words;
    const char* says;
  };
  const Row rows[] = {
      {{"--nonsense"}, "unknown option --nonsense"},
      {{"--nonsense", "5"}, "unknown option --nonsense"},
      {{"--nonsense=5"}, "unknown option --nonsense"},
      {{"--exec_timeout", "5s"}, "unknown option --exec_timeout; did you mean --exec-timeout?"},
      {{"--exec-timout=5s"}, "unknown option --exec-timout; did you mean --exec-timeout?"},
      {{"--Port=1"}, "unknown option --Port; did you mean --port?"},
      {{"--prot", "1"}, "did you mean --port?"},
      {{"-mdoe=http"}, "unknown option -mdoe; did you mean --mode?"},
      {{"--verison"}, "did you mean --version?"},
      {{"--healthcheck-int"}, "did you mean --healthcheck-interval?"},
      {{"--combined_output=1"}, "did you mean --combined-output?"},
      {{"-x"}, "unknown option -x"},
      {{"--a\nb"}, "unknown option --a b"},
      {{"index.php"}, "stray argument \"index.php\""},
      {{""}, "stray argument"},
      {{"--port"}, "--port needs a value"},
      {{"--"}, "no command after --"},
      {{"--", ""}, "no command after --"},
      {{"--version=x"}, "version"},
      {{"--help=x"}, "help"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.says);
    const CommandLine line = parse(row.words);
    CHECK(line.action == Action::kRefuse);
    const std::string error = error_of(line);
    CHECK(contains(error, row.says));
    CHECK(contains(error, "--help"));
    CHECK(error.find('\n') == std::string::npos);
  }
}

TEST_CASE("all that is wrong with the words is told, a line for each") {
  const Words errors = parse({"--nonsense", "5", "--version=x", "--exec_timeout", "5s", "php",
                              "index.php", "--mode"})
                           .errors;
  REQUIRE(errors.size() == 6);
  CHECK(errors[0] == "--version=x: it takes no value; see fwatchdog --help");
  CHECK(errors[1] == "unknown option --nonsense; see fwatchdog --help");
  CHECK(contains(errors[2], "--mode needs a value"));
  CHECK(contains(errors[3], "did you mean --exec-timeout?"));
  CHECK(contains(errors[4], "stray argument \"php\""));
  CHECK(contains(errors[5], "stray argument \"index.php\": the function's command comes after --"));
}

TEST_CASE("the environment is read by the names of the options") {
  const ScopedEnvironment environment({{"exec_timeout", "5s"},
                                       {"function_process", "[\"a\", \"-\"]"},
                                       {"mode", ""},
                                       {"content_type", "\xff"}});
  CHECK(settings(parse({}), Setting::From::kEnvironment) ==
        Words{"function_process=[\"a\", \"-\"]", "exec_timeout=5s", "content_type=\xff"});
  CHECK(settings(parse({}), Setting::From::kCommandLine).empty());
}

TEST_CASE("the command line wins over the environment, whichever name each uses") {
  const ScopedEnvironment environment({{"log_call_id", "1"}, {"port", "7000"}, {"fprocess", "a"}});
  const Config config = read_words({"--log-callid", "0", "--port=", "--", "b"}).config;
  CHECK_FALSE(config.log_call_id);
  CHECK(config.port == 7000);  // an empty value is none
  CHECK(config.command == Words{"b"});
}

TEST_CASE("every option is read from its variables") {
  for (const Option& option : options()) {
    for (const std::string_view name : option.names()) {
      CAPTURE(name);
      const ScopedEnvironment environment({{std::string(name), "v"}});
      CHECK(settings(parse({}), Setting::From::kEnvironment) == Words{std::string(name) + "=v"});
    }
  }
}

TEST_CASE("ten thousand variables and a value of a megabyte are no obstacle") {
  std::map<std::string, std::string> variables{{"exec_timeout", "5s"}};
  for (int i = 0; i < 10'000; ++i) variables["variable_" + std::to_string(i)] = "x";
  variables["content_type"] = std::string(1'000'000, 'x');
  const ScopedEnvironment environment(std::move(variables));
  CHECK(settings(parse({}), Setting::From::kEnvironment).size() == 2);
}

TEST_CASE(
    "PORT is where the platform wants us where it is Knative's, and else the function's affair") {
  struct Row {
    std::map<std::string, std::string> variables;
    uint16_t port;
  };
  const Row rows[] = {{{{"PORT", "9000"}}, 8080},
                      {{{"PORT", "9000"}, {"K_SERVICE", "greet"}}, 9000},
                      {{{"PORT", "9000"}, {"K_SERVICE", "greet"}, {"port", "7000"}}, 7000},
                      {{{"PORT", ""}, {"K_SERVICE", "greet"}}, 8080},
                      {{{"K_SERVICE", "greet"}}, 8080},
                      {{{"PORT", "no port"}}, 8080}};
  for (const Row& row : rows) {
    const ScopedEnvironment environment(row.variables);
    CHECK(read_words({"--", "cat"}).config.port == row.port);
  }
  const ScopedEnvironment wrong({{"PORT", "x"}, {"K_SERVICE", "greet"}});
  CHECK(read_words({"--", "cat"}).errors ==
        Words{"PORT=x: not a port; it accepts a number from 0 to 65535"});
}

TEST_CASE("the help of a mode has its options, with its defaults, and no others") {
  for (const ModeInfo& mode : all_modes()) {
    CAPTURE(mode.name);
    const std::string name(mode.name);
    const CommandLine line = parse({"--help", name.c_str()});
    CHECK(line.action == Action::kHelp);
    CHECK(line.text.starts_with("mode=" + name + ": " + std::string(mode.meaning)));
    for (const Option& option : options()) {
      CAPTURE(option.name);
      const std::string row = "\n  --" + long_option(option.name);
      const bool shown = contains(line.text, row + " ") || contains(line.text, row + "\n");
      CHECK(shown == option.modes().contains(mode));
      if (shown) CHECK(contains(line.text, option.default_in(mode).text));
    }
  }
}

TEST_CASE("the help of what is no mode is refused with those there are") {
  const CommandLine line = parse({"--help", "nosuchmode"});
  CHECK(line.action == Action::kRefuse);
  CHECK(error_of(line).starts_with("--help nosuchmode: not a mode; it accepts streaming, "));
}

TEST_CASE("help names every option with its default, the actions and the exit codes") {
  const std::string text = parse({"--help"}).text;
  for (const Option& option : options()) {
    CAPTURE(option.name);
    const std::string word = "  --" + long_option(option.name);
    CHECK((contains(text, word + " ") || contains(text, word + "\n")));
    CHECK(contains(text, option.usual.text));
    CHECK(contains(text, "\n" + heading(*option.group) + "\n"));
  }
  for (const char* part : {"--version", "--check-config", "--run-healthcheck", "--", "exit codes",
                           " 64 ", " 69 ", " 70 "}) {
    CAPTURE(part);
    CHECK(contains(text, part));
  }
}

TEST_CASE("help fits a terminal of 100 columns") {
  const std::string text = parse({"--help"}).text;
  size_t longest = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    longest = std::max(longest, end - at);
    CHECK_FALSE((end > at && text[end - 1] == ' '));
    at = end + 1;
  }
  CHECK(longest <= 100);
}

TEST_CASE("help as markdown is the README's table") {
  CHECK(parse({"--help", "--markdown"}).text == option_table_markdown());
}

}  // namespace watchdog
