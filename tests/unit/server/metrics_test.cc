#include "server/metrics.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"

using namespace std::chrono_literals;

namespace watchdog {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    REQUIRE(end != std::string_view::npos);
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

// What follows `series` and a space on its line; "" when there is no such line.
std::string value_of(const std::string& text, const std::string& series) {
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
  }
  return "";
}

double number_of(const std::string& text, const std::string& series) {
  const std::string value = value_of(text, series);
  REQUIRE_FALSE(value.empty());
  return std::strtod(value.c_str(), nullptr);
}

// The histogram's lines without labels.
std::string text_of(const Histogram& histogram) {
  std::string text;
  histogram.append_to(text, "h", "");
  return text;
}

TEST_CASE("a histogram prints cumulative buckets, a sum and a count") {
  Histogram histogram;
  histogram.observe(1ms);
  histogram.observe(300ms);
  histogram.observe(300ms);
  histogram.observe(1min);
  std::string text;
  histogram.append_to(text, "latency_seconds", "code=\"200\"");
  CHECK(text ==
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

TEST_CASE("a histogram without labels has no braces on its sum and count") {
  const std::string text = text_of(Histogram());
  CHECK(value_of(text, "h_bucket{le=\"+Inf\"}") == "0");
  CHECK(value_of(text, "h_sum") == "0");
  CHECK(value_of(text, "h_count") == "0");
}

TEST_CASE("a duration equal to a bound is in that bound's bucket") {
  for (const Histogram::Bounds* bounds : {&Histogram::kBounds, &Histogram::kSpawnBounds}) {
    for (size_t i = 0; i < bounds->size(); ++i) {
      CAPTURE((*bounds)[i]);
      const auto nanoseconds = static_cast<int64_t>((*bounds)[i] * 1e9 + 0.5);
      Histogram at(*bounds);
      at.observe(Duration(nanoseconds));
      CHECK(lines_of(text_of(at))[i].ends_with(" 1"));
      Histogram beyond(*bounds);
      beyond.observe(Duration(nanoseconds + 1));
      CHECK(lines_of(text_of(beyond))[i].ends_with(" 0"));
    }
  }
}

TEST_CASE("the buckets of spawn_seconds tell fractions of a millisecond apart") {
  Metrics metrics;
  metrics.spawn_seconds.observe(200us);
  const std::string text = metrics.text();
  CHECK(value_of(text, "fwatchdog_spawn_seconds_bucket{le=\"0.0001\"}") == "0");
  CHECK(value_of(text, "fwatchdog_spawn_seconds_bucket{le=\"0.00025\"}") == "1");
  CHECK(value_of(text, "fwatchdog_spawn_seconds_sum") == "0.0002");
  CHECK(value_of(text, "fwatchdog_spawn_seconds_count") == "1");
}

TEST_CASE("a negative duration counts as no time at all") {
  Histogram histogram;
  histogram.observe(-5s);
  CHECK(value_of(text_of(histogram), "h_bucket{le=\"0.005\"}") == "1");
  CHECK(value_of(text_of(histogram), "h_sum") == "0");
}

TEST_CASE("a request is counted by code and method, with its duration") {
  Metrics metrics;
  metrics.count_request("GET", 200, 20ms);
  metrics.count_request("GET", 200, 30ms);
  metrics.count_request("POST", 504, 3s);
  const std::string text = metrics.text();
  CHECK(value_of(text, "http_requests_total{code=\"200\",method=\"get\"}") == "2");
  CHECK(value_of(text, "http_requests_total{code=\"504\",method=\"post\"}") == "1");
  const std::string duration = "http_request_duration_seconds";
  CHECK(value_of(text, duration + "_bucket{code=\"200\",method=\"get\",le=\"0.025\"}") == "1");
  CHECK(value_of(text, duration + "_bucket{code=\"200\",method=\"get\",le=\"+Inf\"}") == "2");
  CHECK(value_of(text, duration + "_sum{code=\"200\",method=\"get\"}") == "0.05");
  CHECK(value_of(text, duration + "_count{code=\"200\",method=\"get\"}") == "2");
  CHECK(value_of(text, duration + "_count{code=\"504\",method=\"post\"}") == "1");
}

TEST_CASE("each of the nine well-known methods has a label of its own, in lower case") {
  const std::pair<const char*, std::string> labels[] = {
      {"GET", "get"},         {"HEAD", "head"},     {"POST", "post"},
      {"PUT", "put"},         {"DELETE", "delete"}, {"CONNECT", "connect"},
      {"OPTIONS", "options"}, {"TRACE", "trace"},   {"PATCH", "patch"}};
  for (const auto& row : labels) {
    const auto& [method, label] = row;
    CAPTURE(row.first);
    Metrics metrics;
    metrics.count_request(method, 200, 1ms);
    CHECK(value_of(metrics.text(), "http_requests_total{code=\"200\",method=\"" + label + "\"}") ==
          "1");
  }
}

TEST_CASE("methods of a client's own making share the label unknown") {
  Metrics metrics;
  for (const std::string method : {"get", "BREW", "PROPFIND", "\"} 1\nforged"}) {
    metrics.count_request(method, 405, 1ms);
  }
  const std::string text = metrics.text();
  CHECK(value_of(text, "http_requests_total{code=\"405\",method=\"unknown\"}") == "4");
  CHECK(text.find("forged") == std::string::npos);
}

TEST_CASE("a label outlives the request that brought its method") {
  Metrics metrics;
  {
    std::string method = "DELETE";
    metrics.count_request(method, 204, 1ms);
    method = "XXXXXX";
  }
  CHECK(value_of(metrics.text(), "http_requests_total{code=\"204\",method=\"delete\"}") == "1");
}

TEST_CASE("series of requests are in order of code, then method") {
  Metrics metrics;
  metrics.count_request("POST", 500, 1ms);
  metrics.count_request("POST", 200, 1ms);
  metrics.count_request("GET", 500, 1ms);
  metrics.count_request("OPTIONS", 999, 1ms);
  std::vector<std::string> found;
  for (const std::string& line : lines_of(metrics.text())) {
    if (line.starts_with("http_requests_total{")) found.push_back(line);
  }
  CHECK(found ==
        std::vector<std::string>{"http_requests_total{code=\"200\",method=\"post\"} 1",
                                 "http_requests_total{code=\"500\",method=\"get\"} 1",
                                 "http_requests_total{code=\"500\",method=\"post\"} 1",
                                 "http_requests_total{code=\"999\",method=\"options\"} 1"});
}

TEST_CASE("before the first request there is no series of requests, but the gauge") {
  const std::string text = Metrics().text();
  CHECK(text.find("http_requests_total") == std::string::npos);
  CHECK(text.find("http_request_duration_seconds") == std::string::npos);
  CHECK(value_of(text, "http_requests_in_flight") == "0");
}

TEST_CASE("our own counters are there from the start") {
  Metrics metrics;
  CHECK(value_of(metrics.text(), "fwatchdog_exec_timeouts_total") == "0");
  CHECK(value_of(metrics.text(), "fwatchdog_spawn_failures_total") == "0");
  CHECK(number_of(metrics.text(), "fwatchdog_log_lines_dropped_total") >= 0);
  metrics.exec_timeouts = 2;
  metrics.spawn_failures = 3;
  metrics.requests_in_flight = 4;
  CHECK(value_of(metrics.text(), "fwatchdog_exec_timeouts_total") == "2");
  CHECK(value_of(metrics.text(), "fwatchdog_spawn_failures_total") == "3");
  CHECK(value_of(metrics.text(), "http_requests_in_flight") == "4");
}

TEST_CASE("the build's version is a label") {
  CHECK(Metrics().text().find("\nfwatchdog_build_info{version=\"") != std::string::npos);
}

TEST_CASE("the process's own figures are plausible") {
  Metrics metrics;
  const std::string text = metrics.text();
  CHECK(number_of(text, "process_cpu_seconds_total") > 0);
  CHECK(number_of(text, "process_max_fds") >= number_of(text, "process_open_fds"));
  CHECK(number_of(text, "process_resident_memory_bytes") > 100'000);
  CHECK(number_of(text, "process_virtual_memory_bytes") >
        number_of(text, "process_resident_memory_bytes"));
  const double start = number_of(text, "process_start_time_seconds");
  CHECK(start <= static_cast<double>(time(nullptr)) + 1);
  CHECK(start >= static_cast<double>(time(nullptr)) - 3600);
}

TEST_CASE("a newly opened file descriptor is seen") {
  Metrics metrics;
  const double before = number_of(metrics.text(), "process_open_fds");
  const Fd opened(open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(number_of(metrics.text(), "process_open_fds") == before + 1);
}

TEST_CASE("every family is described once, before its samples") {
  Metrics metrics;
  metrics.count_request("GET", 200, 1ms);
  metrics.count_request("GET", 404, 1ms);
  std::vector<std::string> described;
  for (const std::string& line : lines_of(metrics.text())) {
    if (line.starts_with("# TYPE ")) {
      const std::string name = line.substr(7, line.find(' ', 7) - 7);
      CHECK(std::find(described.begin(), described.end(), name) == described.end());
      described.push_back(name);
    } else if (!line.starts_with("#")) {
      CAPTURE(line);
      CHECK(line.starts_with(described.back()));
    }
  }
}

TEST_CASE("nothing is lost when many threads count at once") {
  constexpr int kThreads = 8;
  constexpr int kRequests = 2000;
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&metrics] {
      for (int request = 0; request < kRequests; ++request) {
        metrics.count_request("GET", 200 + request % 20, 1ms);
        metrics.spawn_seconds.observe(1ms);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = metrics.text();
  for (int code = 200; code < 220; ++code) {
    CHECK(number_of(text, "http_requests_total{code=\"" + std::to_string(code) +
                              "\",method=\"get\"}") == kThreads * kRequests / 20);
  }
  CHECK(number_of(text, "fwatchdog_spawn_seconds_count") == kThreads * kRequests);
  CHECK(number_of(text, "fwatchdog_spawn_seconds_sum") == kThreads * kRequests / 1000);
}

TEST_CASE("a histogram's count equals its last bucket while others observe") {
  Metrics metrics;
  std::thread observer([&metrics] {
    for (int i = 0; i < 100'000; ++i) metrics.spawn_seconds.observe(Duration(i * 1000));
  });
  double last = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string text = metrics.text();
    const double count = number_of(text, "fwatchdog_spawn_seconds_count");
    CHECK(count == number_of(text, "fwatchdog_spawn_seconds_bucket{le=\"+Inf\"}"));
    CHECK(count >= last);
    last = count;
  }
  observer.join();
}

}  // namespace
}  // namespace watchdog
