#include "config/config_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/config_check.h"
#include "config/options.h"

namespace watchdog {

namespace {

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
  ConfigReader(const std::function<const char*(const char*)>& getenv,
               const std::vector<Setting>& command_line)
      : getenv_(getenv), command_line_(command_line) {}

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
      given_.spellings["fprocess"] = "the command after --";
      given_.at_default.erase("fprocess");
    }
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
    std::vector<Given> all;
    const auto add = [&all](std::string spelling, std::string_view separator,
                            std::string_view value) {
      value = trim(value);
      if (!value.empty()) all.push_back({std::move(spelling), separator, value});
    };
    for (const std::string_view name : option.names()) {
      const std::string variable(name);
      if (const char* value = getenv_(variable.c_str())) add(variable, "=", value);
    }
    for (const std::string_view name : option.names()) {
      for (const Setting& setting : command_line_) {
        if (setting.name == name) add("--" + long_option(name), " ", setting.text);
      }
    }
    // Knative and Cloud Run say in PORT where a container must listen. Elsewhere PORT is the
    // function's own affair: of-watchdog's images set it for their servers.
    if (option.name == "port" && all.empty() && getenv_("K_SERVICE") != nullptr) {
      if (const char* value = getenv_("PORT")) add("PORT", "=", value);
    }
    return all;
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

  // Values that follow others.
  void complete() {
    if (!given_.contains("shutdown_timeout")) config().shutdown_timeout = config().write_timeout;
    config().trusted_proxies_named = given_.contains("trusted_proxies");
    if (config().mode.is(kSpeaksFastcgi)) config().ready_path.clear();
  }

  const std::function<const char*(const char*)>& getenv_;
  const std::vector<Setting>& command_line_;
  ConfigOutcome outcome_;
  GivenOptions given_;
};

}  // namespace

ConfigOutcome read_config(const std::function<const char*(const char*)>& getenv,
                          const std::vector<Setting>& command_line,
                          const std::vector<std::string>& command) {
  return ConfigReader(getenv, command_line).read(command);
}

}  // namespace watchdog
