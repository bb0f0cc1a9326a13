#include "config/config_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/config_check.h"
#include "config/options.h"

namespace watchdog {

namespace {

// Of the function's command where it ends the command line.
constexpr std::string_view kCommandSpelling = "the command after --";

// A value as an error line can show it.
std::string on_one_line(std::string_view value) {
  std::string text(value);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

class ConfigReader {
 public:
  explicit ConfigReader(const std::vector<Setting>& settings) : settings_(settings) {}

  ConfigOutcome read(const std::vector<std::string>& command) {
    const Config defaults = default_config(mode());
    config() = defaults;
    for (const Option& option : options()) {
      const std::vector<Given> all = given_for(option);
      for (const Given& given : all) take(option, given);
      warn_of_disagreement(all);
      if (option.value.print(config()) == option.value.print(defaults)) {
        given_.at_default.insert(option.name);
      }
    }
    if (!command.empty()) {
      config().command = command;
      given_.spellings["fprocess"] = kCommandSpelling;
      given_.at_default.erase("fprocess");
    }
    warn_of_another_port();
    complete();
    auto errors = config_errors(config(), given_);
    std::move(errors.begin(), errors.end(), std::back_inserter(outcome_.errors));
    auto warnings = config_warnings(config(), given_);
    std::move(warnings.begin(), warnings.end(), std::back_inserter(outcome_.warnings));
    return std::move(outcome_);
  }

 private:
  // A value, not empty, and how the user spelled the option.
  struct Given {
    std::string spelling;
    std::string_view separator;
    std::string_view value;

    bool is_argument() const { return separator == " "; }
  };

  Config& config() { return outcome_.config; }

  // Those that are set; the last one counts.
  std::vector<Given> given_for(const Option& option) const {
    using From = Setting::From;
    std::vector<Given> all;
    for (const From from : {From::kEnvironment, From::kCommandLine, From::kPlatform}) {
      if (from == From::kPlatform && !all.empty()) break;
      for (const std::string_view name : option.names()) append_given(name, from, all);
    }
    return all;
  }

  void append_given(std::string_view name, Setting::From from, std::vector<Given>& all) const {
    for (const Setting& setting : settings_) {
      const std::string_view value = trim(setting.text);
      if (setting.name != name || setting.from != from || value.empty()) continue;
      switch (from) {
        case Setting::From::kEnvironment:
          all.push_back({setting.name, "=", value});
          break;
        case Setting::From::kCommandLine:
          all.push_back({"--" + long_option(name), " ", value});
          break;
        case Setting::From::kPlatform:
          all.push_back({kPlatformPort, "=", value});
          break;
      }
    }
  }

  // The mode decides on defaults, so it is read before all other options.
  ModeInfo mode() const {
    const auto rows = options();
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [](const Option& option) { return option.name == "mode"; });
    Config config;
    row->value.apply(config, row->usual.text);
    for (const Given& given : given_for(*row)) row->value.apply(config, given.value);
    return config.mode;
  }

  void take(const Option& option, const Given& given) {
    given_.spellings[option.name] = given.spelling;
    const auto refusal = option.value.apply(config(), given.value);
    if (!refusal) return;
    outcome_.errors.push_back(fmt::format("{}{}{}: {}", given.spelling, given.separator,
                                          on_one_line(given.value), *refusal));
  }

  // Two names of one option in the environment; the command line may always say something else.
  void warn_of_disagreement(const std::vector<Given>& all) {
    if (all.size() < 2 || all[1].is_argument() || all[0].value == all[1].value) return;
    outcome_.warnings.push_back(
        fmt::format("{} has no effect: {} is set too, and wins", all[0].spelling, all[1].spelling));
  }

  // The platform sends requests to its PORT, whatever else we listen on.
  void warn_of_another_port() {
    const auto spelling = given_.spellings.find("port");
    if (spelling == given_.spellings.end() || spelling->second == kPlatformPort) return;
    for (const Setting& setting : settings_) {
      if (setting.from != Setting::From::kPlatform || trim(setting.text).empty()) continue;
      if (trim(setting.text) == fmt::format("{}", config().port)) continue;
      outcome_.warnings.push_back(fmt::format(
          "{} is {}, and the platform sends requests to PORT={}; unset {}", spelling->second,
          config().port, on_one_line(trim(setting.text)), spelling->second));
    }
  }

  // Values that follow others.
  void complete() {
    for (const auto& [name, spelling] : given_.spellings) {
      const bool argument = spelling.starts_with("--") || spelling == kCommandSpelling;
      config().origins.push_back({name, argument});
    }
    if (!given_.contains("shutdown_timeout")) config().shutdown_timeout = config().write_timeout;
    config().trusted_proxies_named = given_.contains("trusted_proxies");
    if (config().mode.is(kSpeaksFastcgi)) config().ready_path.clear();
  }

  const std::vector<Setting>& settings_;
  ConfigOutcome outcome_;
  GivenOptions given_;
};

}  // namespace

ConfigOutcome read_config(const std::vector<Setting>& settings,
                          const std::vector<std::string>& command) {
  return ConfigReader(settings).read(command);
}

}  // namespace watchdog
