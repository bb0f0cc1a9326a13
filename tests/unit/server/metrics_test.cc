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
#include "server/metrics_text.h"

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

TEST_CASE("the buckets of spawn_seconds tell fractions of a millisecond apart") {
  Metrics metrics;
  metrics.spawn_seconds.observe(200us);
  const std::string text = text_of(metrics);
  CHECK(value_of(text, "fwatchdog_spawn_seconds_bucket{le=\"0.0001\"}") == "0");
  CHECK(value_of(text, "fwatchdog_spawn_seconds_bucket{le=\"0.00025\"}") == "1");
  CHECK(value_of(text, "fwatchdog_spawn_seconds_sum") == "0.0002");
  CHECK(value_of(text, "fwatchdog_spawn_seconds_count") == "1");
}

TEST_CASE("a request is counted by code and method, with its duration") {
  Metrics metrics;
  metrics.count_request("GET", 200, 20ms);
  metrics.count_request("GET", 200, 30ms);
  metrics.count_request("POST", 504, 3s);
  const std::string text = text_of(metrics);
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
    CHECK(value_of(text_of(metrics),
                   "http_requests_total{code=\"200\",method=\"" + label + "\"}") == "1");
  }
}

TEST_CASE("methods of a client's own making share the label unknown") {
  Metrics metrics;
  for (const std::string method : {"get", "BREW", "PROPFIND", "\"} 1\nforged"}) {
    metrics.count_request(method, 405, 1ms);
  }
  const std::string text = text_of(metrics);
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
  CHECK(value_of(text_of(metrics), "http_requests_total{code=\"204\",method=\"delete\"}") == "1");
}

TEST_CASE("series of requests are in order of code, then method") {
  Metrics metrics;
  metrics.count_request("POST", 500, 1ms);
  metrics.count_request("POST", 200, 1ms);
  metrics.count_request("GET", 500, 1ms);
  metrics.count_request("OPTIONS", 511, 1ms);
  std::vector<std::string> found;
  for (const std::string& line : lines_of(text_of(metrics))) {
    if (line.starts_with("http_requests_total{")) found.push_back(line);
  }
  CHECK(found ==
        std::vector<std::string>{"http_requests_total{code=\"200\",method=\"post\"} 1",
                                 "http_requests_total{code=\"500\",method=\"get\"} 1",
                                 "http_requests_total{code=\"500\",method=\"post\"} 1",
                                 "http_requests_total{code=\"511\",method=\"options\"} 1"});
}

TEST_CASE("before the first request there is no series of requests, but the gauge") {
  const std::string text = text_of(Metrics());
  CHECK(text.find("http_requests_total") == std::string::npos);
  CHECK(text.find("http_request_duration_seconds") == std::string::npos);
  CHECK(value_of(text, "http_requests_in_flight") == "0");
}

TEST_CASE("our own counters are there from the start") {
  Metrics metrics;
  CHECK(value_of(text_of(metrics), "fwatchdog_exec_timeouts_total") == "0");
  CHECK(value_of(text_of(metrics), "fwatchdog_spawn_failures_total") == "0");
  CHECK(number_of(text_of(metrics), "fwatchdog_log_lines_dropped_total") >= 0);
  metrics.exec_timeouts = 2;
  metrics.spawn_failures = 3;
  metrics.requests_in_flight = 4;
  CHECK(value_of(text_of(metrics), "fwatchdog_exec_timeouts_total") == "2");
  CHECK(value_of(text_of(metrics), "fwatchdog_spawn_failures_total") == "3");
  CHECK(value_of(text_of(metrics), "http_requests_in_flight") == "4");
}

TEST_CASE("the build's version is a label") {
  CHECK(text_of(Metrics()).find("\nfwatchdog_build_info{version=\"") != std::string::npos);
}

TEST_CASE("the process's own figures are plausible") {
  Metrics metrics;
  const std::string text = text_of(metrics);
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
  const double before = number_of(text_of(metrics), "process_open_fds");
  const Fd opened(open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(number_of(text_of(metrics), "process_open_fds") == before + 1);
}

TEST_CASE("every family is described once, before its samples") {
  Metrics metrics;
  metrics.count_request("GET", 200, 1ms);
  metrics.count_request("GET", 404, 1ms);
  std::vector<std::string> described;
  for (const std::string& line : lines_of(text_of(metrics))) {
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

TEST_CASE("a status that IANA does not have counts among its class, and one without class as 5xx") {
  const std::pair<int, std::string> labels[] = {
      {200, "200"}, {299, "2xx"}, {399, "3xx"}, {418, "4xx"}, {499, "499"}, {520, "5xx"},
      {599, "5xx"}, {600, "5xx"}, {999, "5xx"}, {101, "101"}, {150, "1xx"}, {0, "5xx"}};
  for (const auto& row : labels) {
    CAPTURE(row.first);
    Metrics metrics;
    metrics.count_request("GET", row.first, 1ms);
    metrics.count_request("GET", row.first, 1ms);
    CHECK(value_of(text_of(metrics),
                   "http_requests_total{code=\"" + row.second + "\",method=\"get\"}") == "2");
  }
}

TEST_CASE("whatever methods and statuses come, the series are those of a closed set") {
  Metrics metrics;
  const auto count_all = [&metrics] {
    for (int number = 0; number < 1000; ++number) {
      for (const char* method :
           {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"}) {
        metrics.count_request(method, number, 1ms);
      }
      metrics.count_request("METHOD" + std::to_string(number), number, 1ms);
    }
  };
  count_all();
  const size_t series = metrics.requests().size();
  CHECK(series % 10 == 0);  // of each status as many methods
  CHECK(series <= 700);
  count_all();
  CHECK(metrics.requests().size() == series);
}

TEST_CASE("a sampled request is the exemplar of its bucket, in its series alone") {
  constexpr auto kFormat = Exposition::Format::kOpenMetrics;
  TraceIds ids;
  ids.trace.fill('a');
  ids.span.fill('b');
  Metrics metrics;
  metrics.count_request("GET", 200, 20ms);
  metrics.count_request("GET", 500, 20ms, &ids);
  const std::string text = text_of(metrics, kFormat);
  const std::string bucket = "http_request_duration_seconds_bucket{code=\"500\",method=\"get\",le=";
  CHECK(value_of(text, bucket + "\"0.025\"}")
            .starts_with("1 # {trace_id=\"" + std::string(32, 'a') + "\",span_id=\"" +
                         std::string(16, 'b') + "\"} 0.02 "));
  CHECK(value_of(text, bucket + "\"0.05\"}") == "1");
  CHECK(text.find(" # {") == text.rfind(" # {"));
  CHECK(text_of(metrics).find(" # {") == std::string::npos);
}

TEST_CASE("each instance of the function's server is in one state") {
  FunctionState function;
  using State = Instance::State;
  for (const State state :
       {State::kReady, State::kReady, State::kReady, State::kReady, State::kComing, State::kGone}) {
    function.add_instance().state = state;
  }
  Instance& hung = function.instances()[0];
  hung.most_timeouts = hung.timeouts = 2;
  function.instances()[1].asked_to_end = true;
  function.instances()[5].asked_to_end = true;
  const std::string text = metrics_page(Metrics(), function, Exposition::Format::kText);
  CHECK(value_of(text, "fwatchdog_instances{state=\"ready\"}") == "2");
  CHECK(value_of(text, "fwatchdog_instances{state=\"hung\"}") == "1");
  CHECK(value_of(text, "fwatchdog_instances{state=\"stopping\"}") == "1");
  CHECK(value_of(text, "fwatchdog_instances{state=\"starting\"}") == "1");
  CHECK(value_of(text, "fwatchdog_instances{state=\"gone\"}") == "1");
}

TEST_CASE("where no server is kept warm, none is in any state") {
  const std::string text = text_of(Metrics());
  for (const std::string state : {"ready", "hung", "stopping", "starting", "gone"}) {
    CHECK(value_of(text, "fwatchdog_instances{state=\"" + state + "\"}") == "0");
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
        metrics.count_request("GET", 400 + request % 16, 1ms);
        metrics.spawn_seconds.observe(1ms);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = text_of(metrics);
  for (int code = 400; code < 416; ++code) {
    CHECK(number_of(text, "http_requests_total{code=\"" + std::to_string(code) +
                              "\",method=\"get\"}") == kThreads * kRequests / 16);
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
    const std::string text = text_of(metrics);
    const double count = number_of(text, "fwatchdog_spawn_seconds_count");
    CHECK(count == number_of(text, "fwatchdog_spawn_seconds_bucket{le=\"+Inf\"}"));
    CHECK(count >= last);
    last = count;
  }
  observer.join();
}

TEST_CASE("many threads may begin the exemplars of a series at once, while others read them") {
  TraceIds ids;
  ids.trace.fill('a');
  ids.span.fill('b');
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int code = 400; code < 416; ++code) metrics.count_request("GET", code, 1ms, &ids);
    });
  }
  for (int i = 0; i < 10; ++i) text_of(metrics, Exposition::Format::kOpenMetrics);
  for (std::thread& thread : threads) thread.join();
  CHECK(metrics.requests().size() == 16);
  for (const Metrics::Requests* requests : metrics.requests()) {
    metrics.count_request("GET", requests->code, 1ms, &ids);  // as those may have met the reader
    CHECK(requests->exemplars.load()->read(0)->ids.trace_id() == ids.trace_id());
    CHECK_FALSE(requests->exemplars.load()->read(1));
  }
}

}  // namespace
}  // namespace watchdog
