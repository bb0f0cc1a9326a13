#include "server/exposition.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace watchdog {

namespace {

// The units that our names end with.
std::string_view unit_of(std::string_view name) {
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with(unit)) return unit;
  }
  return {};
}

}  // namespace

void Exposition::family(Type type, std::string_view name, std::string_view help) {
  constexpr std::array<std::string_view, 3> kTypes = {"counter", "gauge", "histogram"};
  name_ = name;
  counter_ = type == Type::kCounter;
  const std::string_view suffix = counter_ && !open_metrics_ ? "_total" : "";
  fmt::format_to(std::back_inserter(text_), "# HELP {0}{1} {2}\n# TYPE {0}{1} {3}\n", name, suffix,
                 help, kTypes[static_cast<size_t>(type)]);
  const std::string_view unit = unit_of(name);
  if (open_metrics_ && !unit.empty()) {
    fmt::format_to(std::back_inserter(text_), "# UNIT {} {}\n", name, unit);
  }
}

void Exposition::begin_sample(std::string_view suffix, std::string_view labels) {
  text_.append(name_).append(suffix);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
}

void Exposition::sample(std::string_view labels, Duration value) {
  std::string seconds;
  append_exact_seconds(seconds, value);
  add_sample(labels, seconds);
}

void Exposition::add_sample(std::string_view labels, std::string_view value) {
  begin_sample(counter_ ? "_total" : "", labels);
  text_.append(" ").append(value).append("\n");
}

// OpenMetrics wants one spelling of each number here: 1.0, as a label is no number.
std::string Exposition::bound_label(Duration bound) const {
  std::string text;
  append_exact_seconds(text, bound);
  if (open_metrics_ && text.find('.') == std::string::npos) text += ".0";
  return text;
}

void Exposition::histogram(std::string_view labels, const Histogram& histogram,
                           const Exemplars* exemplars) {
  const std::string_view comma = labels.empty() ? "" : ",";
  const Histogram::Bounds& bounds = histogram.bounds();
  // Each bucket is read once, so that the count equals the last bucket whatever others observe.
  uint64_t count = 0;
  for (size_t i = 0; i < Histogram::kBuckets; ++i) {
    count += histogram.in_bucket(i);
    const std::string bound = i < bounds.size() ? bound_label(bounds[i]) : "+Inf";
    fmt::format_to(std::back_inserter(text_), "{}_bucket{{{}{}le=\"{}\"}} {}", name_, labels, comma,
                   bound, count);
    if (open_metrics_ && exemplars != nullptr) append_exemplar(*exemplars, i);
    text_ += '\n';
  }
  begin_sample("_sum", labels);
  append_exact_seconds(text_ += ' ', histogram.sum());
  text_ += '\n';
  begin_sample("_count", labels);
  append_number(text_ += ' ', count);
  text_ += '\n';
}

void Exposition::append_exemplar(const Exemplars& exemplars, size_t bucket) {
  const auto exemplar = exemplars.read(bucket);
  if (!exemplar) return;
  fmt::format_to(std::back_inserter(text_), " # {{trace_id=\"{}\",span_id=\"{}\"}} ",
                 exemplar->ids.trace_id(), exemplar->ids.span_id());
  append_exact_seconds(text_, exemplar->value);
  fmt::format_to(std::back_inserter(text_), " {}.{:03}", exemplar->noted_at.tv_sec,
                 exemplar->noted_at.tv_nsec / 1'000'000);
}

std::string Exposition::finish() {
  if (open_metrics_) text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace watchdog
