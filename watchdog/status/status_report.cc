#include "status/status_report.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "config/options.h"
#include "status/masking.h"

namespace watchdog {

namespace {

// A command may be as long as the system lets it be.
constexpr size_t kMostOfValue = 500;

std::string cut(std::string value) {
  if (value.size() <= kMostOfValue) return value;
  value.resize(utf8_boundary(value, kMostOfValue));
  return value.append("...");
}

std::string shown(std::string_view text) {
  return cut(masked(text));
}

std::string what_runs(const Config& config) {
  if (config.mode.is(kServesSite)) return config.static_path;
  if (config.command.empty()) return shown(config.upstream_url);
  std::string words;
  for (const std::string& word : masked_words(config.command)) {
    words.append(words.empty() ? 0 : 1, ' ') += word;
  }
  return cut(std::move(words));
}

std::string value_of(const Option& option, const Config& config) {
  if (option.name == "fprocess") return cut(print_command(masked_words(config.command)));
  const std::string value =
      option.value.print(config).value_or(std::string(option.default_in(config.mode).text));
  return option.value.secret && !value.empty() ? std::string(kMask) : shown(value);
}

std::string_view origin(const Option& option, const Config& config) {
  const auto found = std::ranges::find(config.origins, option.name, &OptionOrigin::name);
  if (found == config.origins.end()) return "default";
  return found->on_command_line ? "command line" : "environment";
}

std::string_view state_of(const Instance& instance) {
  switch (instance.state.load(std::memory_order_acquire)) {
    case Instance::State::kReady:
      return instance.hung() ? "hung" : "ready";
    case Instance::State::kComing:
      return "starting";
    case Instance::State::kGone:
      break;
  }
  return "gone";
}

}  // namespace

void add_requests(StatusReport& report, StatusBoard::Picture picture) {
  std::vector<StatusBoard::Running> oldest;
  while (!picture.running.empty() && oldest.size() < kMostRunningShown) {
    const auto next = std::ranges::min_element(picture.running, {}, &StatusBoard::Running::since);
    oldest.push_back(std::move(*next));
    *next = std::move(picture.running.back());
    picture.running.pop_back();
  }
  picture.running = std::move(oldest);
  report.requests = std::move(picture);
}

void add_instances(StatusReport& report, const std::deque<Instance>& instances) {
  for (const Instance& instance : instances) {
    report.instances.push_back({.url = masked(instance.url),
                                .state = state_of(instance),
                                .pid = instance.pid,
                                .in_flight = instance.in_flight});
  }
}

void add_configuration(StatusReport& report, const Config& config) {
  report.mode = config.mode.name;
  report.command = what_runs(config);
  report.max_inflight = config.max_inflight;
  for (const Option& option : options()) {
    if (!option.modes().contains(config.mode)) continue;
    report.settings.push_back(
        {.name = option.name, .value = value_of(option, config), .from = origin(option, config)});
  }
}

std::string time_taken(Duration duration) {
  std::string text;
  if (duration < std::chrono::seconds(1)) {
    append_seconds(text, 1000 * duration, 1);
    return text.append(" ms");
  }
  if (duration < std::chrono::minutes(1)) {
    append_seconds(text, duration, 2);
    return text.append(" s");
  }
  return format_duration(std::chrono::floor<std::chrono::seconds>(duration));
}

}  // namespace watchdog
