#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/mode_info.h"
#include "config/option_types.h"

namespace watchdog {

// A heading in the help, and the modes that its options are for unless their rows say otherwise.
struct OptionGroup {
  std::string_view title;
  ModeSet modes{};
};

// What an option is where nobody sets it.
struct Default {
  std::string_view text{};  // a value as the option takes it; empty where it stays unset
  // `text` says in words how other options or the mode decide; the option stays unset.
  bool follows = false;
};

// One row of the option table, which is all that the watchdog knows of an option: the environment,
// the command line, the defaults, the warnings, --check-config, --help, the manual page, README's
// table and the completions are made from it.
struct Option {
  std::string_view name;     // "exec_timeout"; --exec-timeout on the command line. OTEL_... are
                             // in upper case in the environment alone
  std::string_view alias{};  // another name, which wins where both are set
  const OptionGroup* group;
  ModeSet only{};  // the modes it is for, where they are not the group's
  OptionValue value;
  Default usual{};
  // The default in some modes, where it is another one.
  ModeSet elsewhere{};
  Default unusual{};
  // Why it has no effect beside other options; empty where it has one. Asked before `only` is.
  std::string_view (*no_effect)(const Config&) = nullptr;
  std::string_view meaning;

  std::vector<std::string_view> names() const;
  const ModeSet& modes() const { return only.is_all() ? group->modes : only; }
  const Default& default_in(const ModeInfo& mode) const;
  // `meaning` with what the row knows beside it: the modes where they are not the group's, and the
  // default of some modes.
  std::string full_meaning() const;
};

// The rows of the options that every mode shares, or most of them (common_options.cc).
std::span<const Option> common_options();
// The rows of those that say who may call (access_options.cc).
std::span<const Option> access_options();
// The rows of the options of some modes (mode_options.cc).
std::span<const Option> mode_options();
// The rows of OpenTelemetry's options (trace_options.cc).
std::span<const Option> trace_options();
// The whole table, in the order in which --help prints it.
std::span<const Option> options();

// "exec-timeout" for "exec_timeout", "otel-service-name" for "OTEL_SERVICE_NAME".
std::string long_option(std::string_view name);

// "Function servers (mode=http, fastcgi)".
std::string heading(const OptionGroup& group);

// Every option at its default in this mode.
Config default_config(const ModeInfo& mode);

// Why an option does nothing in this configuration; empty where it does something.
std::string reason_without_effect(const Option& option, const Config& config);

// A line for every option as it will be used, in the table's order, for --check-config:
// "name=value", or "# name: ..." where nothing is set and other options, or none, decide. Given
// back as an environment (docker run --env-file takes the lines as they are), they mean the same.
std::string describe(const Config& config);

}  // namespace watchdog
