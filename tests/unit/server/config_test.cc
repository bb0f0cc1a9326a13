#include "server/config.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

ConfigOutcome read(const std::map<std::string, std::string>& environment,
                   const std::vector<Setting>& command_line = {},
                   const std::vector<std::string>& command = {}) {
  return read_config(
      [&](const char* name) -> const char* {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
      },
      command_line, command);
}

Config good(std::map<std::string, std::string> environment) {
  environment.emplace("fprocess", "cat");
  const auto outcome = read(environment);
  for (const std::string& error : outcome.errors) MESSAGE(error);
  CHECK(outcome.errors.empty());
  return outcome.config;
}

}  // namespace

TEST_CASE("the defaults are of-watchdog's") {
  const Config config = good({});
  CHECK(config.mode == ModeName::kStreaming);
  CHECK(config.port == 8080);
  CHECK(config.metrics_port == 8081);
  CHECK(config.read_timeout == 30s);
  CHECK(config.write_timeout == 30s);
  CHECK(config.exec_timeout == 30s);
  CHECK(config.idle_timeout == 120s);
  CHECK(config.shutdown_timeout == 30s);
  CHECK_FALSE(config.healthcheck_interval);
  CHECK(config.content_type == "application/octet-stream");
  CHECK(config.max_inflight == 0);
  CHECK(config.prefix_logs);
  CHECK(config.cgi_headers);
  CHECK(config.log_line_limit == 65536);
}

TEST_CASE("classic has no exec_timeout and no content_type unless they are set") {
  CHECK(good({{"mode", "classic"}}).exec_timeout == 0s);
  CHECK(good({{"mode", "classic"}}).content_type.empty());
  CHECK(good({{"mode", "classic"}, {"exec_timeout", "5"}}).exec_timeout == 5s);
  CHECK(good({{"mode", "classic"}, {"content_type", "text/html"}}).content_type == "text/html");
}

TEST_CASE("shutdown_timeout follows write_timeout") {
  CHECK(good({{"write_timeout", "90s"}}).shutdown_timeout == 90s);
  CHECK(good({{"write_timeout", "90s"}, {"shutdown_timeout", "5s"}}).shutdown_timeout == 5s);
}

TEST_CASE("of two names for an option the second wins, and the command line over both") {
  CHECK(good({{"fprocess", "one"}, {"function_process", "two"}}).command.front() == "two");
  const auto outcome = read({{"fprocess", "one"}, {"port", "1"}}, {{"port", "2"}}, {"three", "a b"});
  CHECK(outcome.errors.empty());
  CHECK(outcome.config.port == 2);
  CHECK(outcome.config.command == std::vector<std::string>{"three", "a b"});
}

TEST_CASE("an empty value counts as unset") {
  CHECK(good({{"exec_timeout", ""}, {"port", " "}}).exec_timeout == 30s);
}

TEST_CASE("a value that cannot be used is refused with its name, itself and what is accepted") {
  const std::vector<std::tuple<std::string, std::string, std::string>> bad = {
      {"port", "80a80", "0 to 65535"},
      {"port", "65536", "0 to 65535"},
      {"metrics_port", "-1", "0 to 65535"},
      {"mode", "steaming", "streaming, serializing, classic, http, static, cgi or fastcgi"},
      {"mode", "afterburn", "mode=http"},
      {"mode", "http", "not built yet"},
      {"exec_timeout", "soon", "30s"},
      {"exec_timeout", "-1s", "30s"},
      {"write_timeout", "0", "more than 0"},
      {"max_body_size", "10 apples", "10MiB"},
      {"max_inflight", "many", "whole number"},
      {"cgi_headers", "maybe", "true or false"},
      {"log_format", "xml", "text or json"},
      {"access_log", "some", "all, errors or off"},
      {"restart", "never", "on-failure"},
      {"workers", "0", "auto"},
      {"log_buffer_size", "1", "256"},
      {"ready_path", "ready", "/"},
      {"upstream_url", "https://a", "http://host:port"},
      {"fprocess", "echo 'x", "without its end"},
      {"listen_address", "example.com", "127.0.0.1"},
      {"jwt_auth", "true", "unset it"},
  };
  for (const auto& [name, value, accepted] : bad) {
    std::map<std::string, std::string> environment = {{"fprocess", "cat"}};
    environment[name] = value;
    CAPTURE(name);
    const auto outcome = read(environment);
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0].starts_with(name + "=" + value + ": "));
    CHECK(outcome.errors[0].find(accepted) != std::string::npos);
    CHECK(outcome.errors[0].find('\n') == std::string::npos);
  }
}

TEST_CASE("all errors come at once, and a setting is named as it was spelled") {
  const auto outcome =
      read({{"port", "x"}, {"read_timeout", "y"}}, {{"exec_timeout", "z"}});
  CHECK(outcome.errors.size() == 4);  // these and the missing fprocess
  const auto aliased = read({{"fprocess", "cat"}, {"log_call_id", "maybe"}}, {{"exec_timeout", "z"}});
  REQUIRE(aliased.errors.size() == 2);
  CHECK(aliased.errors[0].starts_with("--exec-timeout z: "));
  CHECK(aliased.errors[1].starts_with("log_call_id=maybe: "));
}

TEST_CASE("what has no effect is said") {
  auto outcome = read({{"fprocess", "cat"}, {"max_queue", "5"}, {"marshal_request", "true"}});
  CHECK(outcome.errors.empty());
  CHECK(outcome.warnings.size() == 2);
  outcome = read({{"fprocess", "cat"}, {"mode", "classic"}, {"marshal_request", "true"}});
  CHECK(outcome.warnings.empty());
}

TEST_CASE("every option is described, once, under its name") {
  const std::string text = "\n" + describe(good({}));
  for (const Option& option : options()) {
    const std::string line = "\n" + std::string(option.name) + "=";
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
    CHECK(text.find(line) == text.rfind(line));
  }
}

TEST_CASE("every default in the table is one that its option accepts") {
  for (const Option& option : options()) {
    CAPTURE(option.name);
    if (option.default_text.empty() || option.default_text == "write_timeout" ||
        option.default_text == "by mode") {
      continue;
    }
    Config config;
    CHECK_FALSE(option.apply(config, option.default_text));
  }
}
