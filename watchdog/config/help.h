#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "config/mode_info.h"

namespace watchdog {

// What stands before the options and behind them in --help, or, where `mode` is not null, in
// --help MODE.
std::string help_introduction(const ModeInfo* mode);
std::string help_conclusion();

// How --help looks: a heading per group; per option its name, its default and its meaning, wrapped.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
};

}  // namespace watchdog
