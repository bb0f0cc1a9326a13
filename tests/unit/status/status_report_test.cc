#include "status/status_report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/config_reader.h"
#include "config/options.h"
#include "status/status_html.h"
#include "status/status_json.h"

using namespace watchdog;
using namespace std::chrono_literals;
using From = Setting::From;

namespace {

StatusReport report_of(const std::vector<Setting>& settings,
                       const std::vector<std::string>& command = {"cat"}) {
  StatusReport report;
  add_configuration(report, read_config(settings, command).config);
  return report;
}

StatusReport::SettingRow row(const StatusReport& report, std::string_view name) {
  const auto found = std::ranges::find(report.settings, name, &StatusReport::SettingRow::name);
  return found == report.settings.end() ? StatusReport::SettingRow{} : *found;
}

nlohmann::json as_json(const StatusReport& report) {
  return nlohmann::json::parse(status_json(report), nullptr, false);
}

}  // namespace

TEST_CASE("each option says where its value came from") {
  const StatusReport report = report_of({{"read_timeout", "7s", From::kEnvironment},
                                         {"exec_timeout", "1s", From::kEnvironment},
                                         {"exec_timeout", "2s", From::kCommandLine},
                                         {"port", "9000", From::kPlatform}});
  CHECK(row(report, "read_timeout").value == "7s");
  CHECK(row(report, "read_timeout").from == "environment");
  CHECK(row(report, "exec_timeout").value == "2s");
  CHECK(row(report, "exec_timeout").from == "command line");
  CHECK(row(report, "port").from == "environment");
  CHECK(row(report, "fprocess").from == "command line");
  CHECK(row(report, "write_timeout").from == "default");
  CHECK(row(report, "status_page").value == "on a terminal");
  CHECK(row(report, "static_path").name.empty());
}

TEST_CASE("the header fields of the collector are masked, and secrets in other values") {
  const StatusReport report =
      report_of({{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=word", From::kEnvironment},
                 {"OTEL_RESOURCE_ATTRIBUTES", "my.token=word,a=b", From::kEnvironment}},
                {"run", "--password", "two words,", "PIN_TOKEN=a,b c"});
  CHECK(row(report, "OTEL_EXPORTER_OTLP_HEADERS").value == "***");
  CHECK(row(report, "OTEL_RESOURCE_ATTRIBUTES").value == "my.token=***,a=b");
  CHECK(report.command == "run --password *** PIN_TOKEN=***");
  CHECK(row(report, "fprocess").value == R"(["run", "--password", "***", "PIN_TOKEN=***"])");
  CHECK(status_html(report).find("word\"") == std::string::npos);
  CHECK(row(report_of({}), "OTEL_EXPORTER_OTLP_HEADERS").value.empty());
}

TEST_CASE("a command of any length is shown cut") {
  CHECK(report_of({}, {"echo", std::string(100'000, 'x')}).command.size() == 503);
}

TEST_CASE("of those that run the oldest are shown, the oldest first") {
  StatusReport report;
  StatusBoard::Picture picture;
  for (int i = 0; i < 40; ++i) {
    picture.running.push_back({.method = "GET",
                               .target = "/" + std::to_string(i * 7 % 40),
                               .since = Instant(std::chrono::seconds(i * 7 % 40)),
                               .phase = Phase::kQueue});
  }
  picture.running_count = 45;
  report.moment.now = Instant(100s);
  add_requests(report, std::move(picture));
  REQUIRE(report.requests.running.size() == kMostRunningShown);
  CHECK(report.requests.running.front().target == "/0");
  CHECK(report.requests.running.back().target == "/19");
  CHECK(as_json(report)["running"][19]["age_seconds"] == 81.0);
  CHECK(status_html(report).find("and 25 more") != std::string::npos);
}

TEST_CASE("instances are shown with their states") {
  FunctionState function;
  for (const auto state : {Instance::State::kReady, Instance::State::kComing,
                           Instance::State::kGone, Instance::State::kReady}) {
    Instance& instance = function.add_instance();
    instance.state = state;
    instance.url = "http://user:word@127.0.0.1";
  }
  function.instances().back().most_timeouts = 1;
  function.instances().back().timeouts = 1;
  function.instances().front().pid = 4711;
  StatusReport report;
  add_instances(report, function.instances());
  const nlohmann::json json = as_json(report)["instances"];
  CHECK(json[0]["state"] == "ready");
  CHECK(json[1]["state"] == "starting");
  CHECK(json[2]["state"] == "gone");
  CHECK(json[3]["state"] == "hung");
  CHECK(json[0]["pid"] == 4711);
  CHECK(json[1]["pid"].is_null());
  CHECK(json[0]["url"] == "http://***@127.0.0.1");
}

TEST_CASE("whatever requests are made of, the page is text and the JSON is valid") {
  const std::string hostile = "</pre><script>\"'@&\\\xc3\xa4";
  StatusReport report;
  report.command = hostile;
  report.settings.push_back({.name = "fprocess", .value = hostile, .from = "default"});
  report.instances.push_back({.url = hostile, .state = "ready"});
  report.requests.running.push_back({.method = hostile, .target = hostile});
  const StatusBoard::Ended request{.method = hostile,
                                   .target = hostile,
                                   .status = 500,
                                   .failure = "function_failed",
                                   .detail = hostile,
                                   .trace_id = "0af7"};
  report.requests.ended = {request, request};
  report.requests.failed.push_back({.request = request, .lines = {hostile, hostile}});
  const std::string page = status_html(report);
  CHECK(page.find("<script>\"") == std::string::npos);
  CHECK(page.find("</pre>&") == std::string::npos);
  CHECK(page.find("&lt;/pre&gt;&lt;script&gt;&quot;&#39;@&amp;\\\xc3\xa4") != std::string::npos);
  const nlohmann::json json = as_json(report);
  REQUIRE(json.is_object());
  CHECK(json["command"] == hostile);
  CHECK(json["ended"].size() == 2);
  CHECK(json["ended"][1]["detail"] == hostile);
  CHECK(json["failed"][0]["stderr"] == nlohmann::json({hostile, hostile}));
  CHECK(json["running"][0]["method"] == hostile);
  CHECK(json["configuration"][0]["value"] == hostile);
}

TEST_CASE("a report of nothing is a page and valid JSON") {
  CHECK(status_html({}).find("None yet.") != std::string::npos);
  const nlohmann::json json = as_json({});
  REQUIRE(json.is_object());
  for (const char* list : {"running", "ended", "failed", "instances", "configuration"}) {
    CHECK(json[list] == nlohmann::json::array());
  }
}

TEST_CASE("times are in the unit that people would say them in") {
  CHECK(time_taken(1234us) == "1.2 ms");
  CHECK(time_taken(0s) == "0.0 ms");
  CHECK(time_taken(12345ms) == "12.35 s");
  CHECK(time_taken(90s + 700ms) == "1m30s");
}

TEST_CASE("the page's address is one that a browser on this machine reaches") {
  Config config;
  config.metrics_port = 8081;
  CHECK(status_url(config) == "http://127.0.0.1:8081/_/status");
  config.listen_address = "0.0.0.0";
  CHECK(status_url(config) == "http://127.0.0.1:8081/_/status");
  config.listen_address = "::1";
  CHECK(status_url(config) == "http://[::1]:8081/_/status");
}

TEST_CASE("who sees the page follows the option, the terminal and the port") {
  Config config;
  config.metrics_port = 8081;
  CHECK(status_viewers(config, false) == StatusViewers::kNobody);
  CHECK(status_viewers(config, true) == StatusViewers::kThisMachine);
  config.listen_address = "127.0.0.1";
  CHECK(status_viewers(config, true) == StatusViewers::kThisMachine);
  config.listen_address = "192.0.2.1";
  CHECK(status_viewers(config, true) == StatusViewers::kNobody);
  config.status_page = true;
  CHECK(status_viewers(config, false) == StatusViewers::kAll);
  config.status_page = false;
  CHECK(status_viewers(config, true) == StatusViewers::kNobody);
  config.status_page.reset();
  config.metrics_port = 0;
  CHECK(status_viewers(config, true) == StatusViewers::kNobody);
}
