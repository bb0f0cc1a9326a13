#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/time.h"
#include "server/exemplars.h"
#include "server/histogram.h"

namespace watchdog {

// Writes a page of metrics, a family after the other, in the text format of Prometheus, version
// 0.0.4, or in OpenMetrics 1.0. That one names a family of counters without _total, tells units,
// writes whole bounds with a decimal point, has exemplars, and says where it ends.
class Exposition {
 public:
  enum class Format { kText, kOpenMetrics };
  enum class Type { kCounter, kGauge, kHistogram };

  explicit Exposition(Format format) : open_metrics_(format == Format::kOpenMetrics) {}

  // Begins a family. `name` outlives it; that of counters is without _total. `help` has no
  // character that is to be escaped.
  void family(Type type, std::string_view name, std::string_view help);
  // A sample of the family, which is not of histograms. `labels` are `code="200",method="get"`,
  // or none.
  template <typename Number>
  void sample(std::string_view labels, Number value) {
    const fmt::format_int digits(value);
    add_sample(labels, {digits.data(), digits.size()});
  }
  void sample(std::string_view labels, Duration value);
  // `exemplars` are those of the histogram; null: it has none.
  void histogram(std::string_view labels, const Histogram& histogram,
                 const Exemplars* exemplars = nullptr);

  // A family that has one sample without labels.
  template <typename Number>
  void counter(std::string_view name, std::string_view help, Number value) {
    family(Type::kCounter, name, help);
    sample({}, value);
  }
  template <typename Number>
  void gauge(std::string_view name, std::string_view help, Number value) {
    family(Type::kGauge, name, help);
    sample({}, value);
  }
  void histogram(std::string_view name, std::string_view help, const Histogram& values) {
    family(Type::kHistogram, name, help);
    histogram({}, values);
  }

  // The whole page. The last call.
  std::string finish();

 private:
  void add_sample(std::string_view labels, std::string_view value);
  void begin_sample(std::string_view suffix, std::string_view labels);
  std::string bound_label(Duration bound) const;
  void append_exemplar(const Exemplars& exemplars, size_t bucket);

  const bool open_metrics_;
  bool counter_ = false;  // the family is of counters
  std::string_view name_;
  std::string text_;
};

}  // namespace watchdog
