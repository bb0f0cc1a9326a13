#include "server/exposition.h"

#include <doctest/doctest.h>

#include <string>

#include "contains.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

using Format = Exposition::Format;

struct ExpositionTest {
  Histogram histogram;
  Exemplars exemplars;

  ExpositionTest() {
    histogram.observe(1ms);
    histogram.observe(300ms);
    histogram.observe(300ms);
    histogram.observe(1min);
  }
  std::string page(Format format, std::string_view labels) const {
    Exposition page(format);
    page.family(Exposition::Type::kHistogram, "latency_seconds", "How long.");
    page.histogram(labels, histogram, &exemplars);
    return page.finish();
  }
};

}  // namespace

TEST_CASE_FIXTURE(ExpositionTest, "a histogram has cumulative buckets, a sum and a count") {
  CHECK(page(Format::kText, "code=\"200\"") ==
        "# HELP latency_seconds How long.\n"
        "# TYPE latency_seconds histogram\n"
        "latency_seconds_bucket{code=\"200\",le=\"0.005\"} 1\n"
        "latency_seconds_bucket{code=\"200\",le=\"0.01\"} 1\n"
        "latency_seconds_bucket{code=\"200\",le=\"0.025\"} 1\n"
        "latency_seconds_bucket{code=\"200\",le=\"0.05\"} 1\n"
        "latency_seconds_bucket{code=\"200\",le=\"0.1\"} 1\n"
        "latency_seconds_bucket{code=\"200\",le=\"0.25\"} 1\n"
        "latency_seconds_bucket{code=\"200\",le=\"0.5\"} 3\n"
        "latency_seconds_bucket{code=\"200\",le=\"1\"} 3\n"
        "latency_seconds_bucket{code=\"200\",le=\"2.5\"} 3\n"
        "latency_seconds_bucket{code=\"200\",le=\"5\"} 3\n"
        "latency_seconds_bucket{code=\"200\",le=\"10\"} 3\n"
        "latency_seconds_bucket{code=\"200\",le=\"+Inf\"} 4\n"
        "latency_seconds_sum{code=\"200\"} 60.601\n"
        "latency_seconds_count{code=\"200\"} 4\n");
}

TEST_CASE_FIXTURE(ExpositionTest, "a histogram without labels has no braces on its sum and count") {
  const std::string text = page(Format::kText, "");
  CHECK(contains(text, "\nlatency_seconds_bucket{le=\"+Inf\"} 4\n"));
  CHECK(contains(text, "\nlatency_seconds_sum 60.601\n"));
  CHECK(contains(text, "\nlatency_seconds_count 4\n"));
}

TEST_CASE_FIXTURE(
    ExpositionTest,
    "in OpenMetrics a histogram tells its unit, its bounds have a point, and it ends") {
  const std::string text = page(Format::kOpenMetrics, "");
  CHECK(
      text.starts_with("# HELP latency_seconds How long.\n"
                       "# TYPE latency_seconds histogram\n"
                       "# UNIT latency_seconds seconds\n"));
  CHECK(contains(text, "\nlatency_seconds_bucket{le=\"0.5\"} 3\n"));
  CHECK(contains(text, "\nlatency_seconds_bucket{le=\"1.0\"} 3\n"));
  CHECK(contains(text, "\nlatency_seconds_bucket{le=\"10.0\"} 3\n"));
  CHECK(contains(text, "\nlatency_seconds_bucket{le=\"+Inf\"} 4\n"));
  CHECK(text.ends_with("\n# EOF\n"));
}

TEST_CASE_FIXTURE(ExpositionTest, "an exemplar follows its bucket, in OpenMetrics alone") {
  TraceIds ids;
  ids.trace.fill('a');
  ids.span.fill('b');
  exemplars.note(6, ids, 300ms);
  const std::string text = page(Format::kOpenMetrics, "");
  const auto at = exemplars.read(6)->noted_at;
  std::string millisecond = std::to_string(at.tv_nsec / 1'000'000);
  millisecond.insert(0, 3 - millisecond.size(), '0');
  CHECK(contains(text, "\nlatency_seconds_bucket{le=\"0.25\"} 1\n"));
  CHECK(contains(text, "\nlatency_seconds_bucket{le=\"0.5\"} 3 # {trace_id=\"" +
                           std::string(32, 'a') + "\",span_id=\"" + std::string(16, 'b') +
                           "\"} 0.3 " + std::to_string(at.tv_sec) + "." + millisecond + "\n"));
  CHECK_FALSE(contains(page(Format::kText, ""), "trace_id"));
}

TEST_CASE("a family of counters is named with _total in plain text and without in OpenMetrics") {
  for (const bool open : {false, true}) {
    Exposition page(open ? Format::kOpenMetrics : Format::kText);
    page.counter("sent_bytes", "How many.", 7);
    page.family(Exposition::Type::kCounter, "starts", "How often.");
    page.sample("kind=\"cold\"", 3);
    page.gauge("waiting", "How many.", -1);
    CHECK(page.finish() == (open ? "# HELP sent_bytes How many.\n"
                                   "# TYPE sent_bytes counter\n"
                                   "# UNIT sent_bytes bytes\n"
                                   "sent_bytes_total 7\n"
                                   "# HELP starts How often.\n"
                                   "# TYPE starts counter\n"
                                   "starts_total{kind=\"cold\"} 3\n"
                                   "# HELP waiting How many.\n"
                                   "# TYPE waiting gauge\n"
                                   "waiting -1\n"
                                   "# EOF\n"
                                 : "# HELP sent_bytes_total How many.\n"
                                   "# TYPE sent_bytes_total counter\n"
                                   "sent_bytes_total 7\n"
                                   "# HELP starts_total How often.\n"
                                   "# TYPE starts_total counter\n"
                                   "starts_total{kind=\"cold\"} 3\n"
                                   "# HELP waiting How many.\n"
                                   "# TYPE waiting gauge\n"
                                   "waiting -1\n"));
  }
}
