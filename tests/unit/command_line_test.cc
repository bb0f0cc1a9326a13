#include "command_line.h"

#include <doctest/doctest.h>

#include <vector>

using namespace watchdog;

namespace {

CommandLine parse(std::vector<const char*> words) {
  words.insert(words.begin(), "fwatchdog");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

using Action = CommandLine::Action;

}  // namespace

TEST_CASE("without arguments it serves") { CHECK(parse({}).action == Action::kServe); }

TEST_CASE("every option is a long option, with a space or an equals sign") {
  for (const Option& option : options()) {
    const std::string name = "--" + long_option(option.name);
    const auto spaced = parse({name.c_str(), "some value"});
    REQUIRE(spaced.settings.size() == 1);
    CHECK(spaced.settings[0].name == option.name);
    CHECK(spaced.settings[0].text == "some value");
    const std::string both = name + "=x";
    CHECK(parse({both.c_str()}).settings.at(0).text == "x");
  }
}

TEST_CASE("what follows -- is the command, as it stands") {
  const auto line = parse({"--port", "1", "--", "sh", "-c", "--help", "a b", "--"});
  CHECK(line.action == Action::kServe);
  CHECK(line.command == std::vector<std::string>{"sh", "-c", "--help", "a b", "--"});
  CHECK(line.settings.size() == 1);
}

TEST_CASE("actions are recognised") {
  CHECK(parse({"--run-healthcheck"}).action == Action::kHealthcheck);
  CHECK(parse({"--version"}).action == Action::kVersion);
  CHECK(parse({"--check-config", "--port", "1"}).action == Action::kCheckConfig);
  CHECK(parse({"--help"}).action == Action::kHelp);
  CHECK(parse({"-h"}).action == Action::kHelp);
}

TEST_CASE("help names every option, in lines that fit a terminal") {
  const std::string help = parse({"--help"}).text;
  for (const Option& option : options()) {
    CHECK(help.find("--" + long_option(option.name) + " ") != std::string::npos);
  }
  size_t start = 0;
  for (size_t end = help.find('\n'); end != std::string::npos; end = help.find('\n', start)) {
    CHECK(end - start <= 100);
    start = end + 1;
  }
}

TEST_CASE("what is not understood is refused in one line that points to the help") {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {"--no-such-option"}, {"--port"}, {"stray"}, {"--"}, {"-x"}}) {
    const auto line = parse(words);
    CHECK(line.action == Action::kRefuse);
    CHECK(line.text.find("--help") != std::string::npos);
    CHECK(line.text.find('\n') == std::string::npos);
  }
}
