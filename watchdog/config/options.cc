#include "config/options.h"

#include <fmt/format.h>

namespace watchdog {

namespace {

// "mode=http and mode=fastcgi".
std::string spelled_out(const ModeSet& modes) {
  std::vector<std::string> names;
  for (const ModeInfo& mode : all_modes()) {
    if (modes.contains(mode)) names.push_back(fmt::format("mode={}", mode.name));
  }
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace

std::span<const Option> options() {
  static const std::vector<Option> all = [] {
    std::vector<Option> rows;
    for (const auto& some : {common_options(), access_options(), mode_options(), trace_options()}) {
      rows.insert(rows.end(), some.begin(), some.end());
    }
    return rows;
  }();
  return all;
}

std::vector<std::string_view> Option::names() const {
  if (alias.empty()) return {name};
  return {name, alias};
}

const Default& Option::default_in(const ModeInfo& mode) const {
  return !elsewhere.is_all() && elsewhere.contains(mode) ? unusual : usual;
}

std::string Option::full_meaning() const {
  std::string text(meaning);
  if (modes() != group->modes) text = fmt::format("{}: {}", names_of(modes()), text);
  if (!elsewhere.is_all()) text += fmt::format("; {}: {}", names_of(elsewhere), unusual.text);
  return text;
}

std::string long_option(std::string_view name) {
  std::string option(name);
  for (char& c : option) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return option;
}

std::string heading(const OptionGroup& group) {
  if (group.modes.is_all()) return std::string(group.title);
  return fmt::format("{} (mode={})", group.title, names_of(group.modes));
}

Config default_config(const ModeInfo& mode) {
  Config config;
  for (const Option& option : options()) {
    const Default& value = option.default_in(mode);
    if (!value.text.empty() && !value.follows) option.value.apply(config, value.text);
  }
  config.mode = mode;
  return config;
}

std::string reason_without_effect(const Option& option, const Config& config) {
  if (option.no_effect != nullptr) {
    const std::string_view reason = option.no_effect(config);
    if (!reason.empty()) return std::string(reason);
  }
  if (option.modes().contains(config.mode)) return {};
  return "it is for " + spelled_out(option.modes());
}

std::string describe(const Config& config) {
  std::string text;
  for (const Option& option : options()) {
    if (const auto value = option.value.print(config)) {
      text += fmt::format("{}={}\n", option.name, *value);
    } else {
      const std::string_view otherwise = option.default_in(config.mode).text;
      text += fmt::format("# {}: {}\n", option.name, otherwise.empty() ? "not set" : otherwise);
    }
  }
  return text;
}

}  // namespace watchdog
