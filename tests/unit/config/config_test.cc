#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/config_reader.h"
#include "config/manual.h"
#include "config/options.h"
#include "contains.h"

namespace watchdog {

namespace {

using namespace std::chrono_literals;

using Environment = std::map<std::string, std::string>;

// As parse_command_line() hands over what CLI11 finds in this environment.
ConfigOutcome read(const Environment& environment, std::vector<Setting> settings = {},
                   const std::vector<std::string>& command = {}) {
  for (const Option& option : options()) {
    for (const std::string_view name : option.names()) {
      const auto found = environment.find(std::string(name));
      if (found == environment.end()) continue;
      settings.push_back({found->first, found->second, Setting::From::kEnvironment});
    }
  }
  return read_config(settings, command);
}

// Of a function that works.
ConfigOutcome read_with(Environment environment) {
  environment.insert({"fprocess", "cat"});
  return read(environment);
}

Config config_of(const Environment& environment) {
  const ConfigOutcome outcome = read_with(environment);
  CAPTURE(environment);
  for (const std::string& error : outcome.errors) FAIL_CHECK(error);
  return outcome.config;
}

// The only error, or "".
std::string error_of(const Environment& environment) {
  const ConfigOutcome outcome = read_with(environment);
  CHECK(outcome.errors.size() == 1);
  return outcome.errors.empty() ? "" : outcome.errors.front();
}

const char* const kModes[] = {"streaming", "serializing", "classic", "http",
                              "static",    "cgi",         "fastcgi"};

// Of a function that works in this mode.
Environment of_mode(const std::string& mode) {
  Environment environment = {{"mode", mode}};
  if (mode != "static") environment["fprocess"] = "cat";
  if (mode == "http") environment["upstream_url"] = "http://127.0.0.1:{port}";
  if (mode == "fastcgi") environment["upstream_url"] = "fastcgi://127.0.0.1:{port}";
  return environment;
}

// Of a function that works in this mode, with the options that this one cannot do without.
Environment with_companions(const Option& option, const std::string& mode) {
  Environment environment = of_mode(mode);
  if (option.name.starts_with("auth_hmac")) {
    environment.insert({{"auth_hmac", "X-A:sha256:hex:"}, {"auth_hmac_secret_file", "/a"}});
  } else if (option.name == "jwt_auth_url") {
    environment.insert({{"jwt_auth", "true"}});
  } else if (option.name.starts_with("auth_")) {
    environment.insert({{"auth_issuer", "http://a"}, {"auth_audience", "b"}});
  }
  return environment;
}

// What is set, by name; lines that say that nothing is are left out.
std::map<std::string, std::string> described(const Config& config) {
  std::map<std::string, std::string> lines;
  const std::string text = describe(config);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const bool comment = std::string_view(text).substr(at).starts_with("# ");
    const size_t equals = text.find('=', at);
    REQUIRE((comment || equals < end));
    if (!comment) lines[text.substr(at, equals - at)] = text.substr(equals + 1, end - equals - 1);
    at = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("with nothing but a command, the defaults are of-watchdog's") {
  const Config config = config_of({});
  CHECK(config.command == std::vector<std::string>{"cat"});
  CHECK(config.mode.name == "streaming");
  CHECK(config.port == 8080);
  CHECK(config.listen_address.empty());
  CHECK(config.metrics_port == 8081);
  CHECK(config.read_timeout == 30s);
  CHECK(config.write_timeout == 30s);
  CHECK(config.exec_timeout == 30s);
  CHECK(config.idle_timeout == 120s);
  CHECK_FALSE(config.healthcheck_interval.has_value());
  CHECK(config.shutdown_timeout == 30s);
  CHECK(config.startup_timeout == 60s);
  CHECK(config.queue_timeout == 10s);
  CHECK(config.max_inflight == 0);
  CHECK(config.max_queue == 0);
  CHECK_FALSE(config.max_body_size);
  CHECK(config.content_type == "application/octet-stream");
  CHECK(config.static_path == "/home/app/public");
  CHECK(config.upstream_url.empty());
  CHECK(config.ready_path.empty());
  CHECK_FALSE(config.buffer_request_body);
  CHECK(config.prefix_logs);
  CHECK(config.log_line_limit == 65536);
  CHECK(config.log_format == log::Format::kText);
  CHECK(config.access_log == AccessLog::kAll);
  CHECK_FALSE(config.log_call_id);
  CHECK_FALSE(config.suppress_lock);
  CHECK(config.restart == Restart::kNo);
  CHECK(config.workers == 0);
  CHECK(config.cgi_headers);
  CHECK_FALSE(config.kill_on_disconnect.has_value());
  CHECK(config.combine_output);
  CHECK_FALSE(config.marshal_request);
  CHECK_FALSE(config.write_debug);
  CHECK_FALSE(config.read_debug);
  CHECK_FALSE(config.debug_headers);
  CHECK_FALSE(config.jwt_auth);
  CHECK_FALSE(config.jwt_auth_debug);
  CHECK_FALSE(config.jwt_auth_local);
  CHECK(read_with({}).warnings.empty());
}

TEST_CASE("every option is taken from its variable") {
  struct Row {
    const char* name;
    const char* text;
    const char* shown;
  };
  const Row rows[] = {
      {"fprocess", "sh -c 'a b'", R"(["sh", "-c", "a b"])"},
      {"function_process", R"(["x","\n\"\\"])", R"(["x", "\u000a\"\\"])"},
      {"mode", "serializing", "serializing"},
      {"cgi_headers", "no", "false"},
      {"content_type", "text/html; charset=utf-8", "text/html; charset=utf-8"},
      {"kill_on_disconnect", "off", "false"},
      {"port", "0", "0"},
      {"listen_address", "::1", "::1"},
      {"listen_address", "[::1]", "::1"},
      {"listen_address", "localhost", "localhost"},
      {"metrics_port", "65535", "65535"},
      {"workers", "256", "256"},
      {"workers", "auto", "auto"},
      {"exec_timeout", "0", "0s"},
      {"read_timeout", "0", "0s"},
      {"write_timeout", "1ms", "1ms"},
      {"idle_timeout", "0", "0s"},
      {"healthcheck_interval", "5", "5s"},
      {"shutdown_timeout", "1m30s", "1m30s"},
      {"max_inflight", "7", "7"},
      {"max_queue", "8", "8"},
      {"queue_timeout", "9", "9s"},
      {"max_body_size", "10MiB", "10485760"},
      {"prefix_logs", "0", "false"},
      {"log_buffer_size", "256", "256"},
      {"log_buffer_size", "64k", "65536"},
      {"log_buffer_size", "-1", "1048576"},
      {"log_format", "json", "json"},
      {"access_log", "errors", "errors"},
      {"access_log", "off", "off"},
      {"log_callid", "1", "true"},
      {"combine_output", "0", "false"},
      {"marshal_request", "1", "true"},
      {"write_debug", "1", "true"},
      {"read_debug", "1", "true"},
      {"debug_headers", "1", "true"},
      {"upstream_url", "http://127.0.0.1:3000/api", "http://127.0.0.1:3000/api"},
      {"upstream_url", "http://[::1]:3000", "http://[::1]:3000"},
      {"upstream_url", "http://app", "http://app"},
      {"upstream_url", "unix:/run/app.sock", "unix:/run/app.sock"},
      {"upstream_url", "fastcgi://php:9000", "fastcgi://php:9000"},
      {"startup_timeout", "2m", "2m0s"},
      {"ready_path", "/ready", "/ready"},
      {"http_buffer_req_body", "1", "true"},
      {"restart", "on-failure", "on-failure"},
      {"restart", "always", "always"},
      {"hung_after", "3", "3"},
      {"stop_signal", "QUIT", "QUIT"},
      {"stop_signal", "SIGUSR1", "USR1"},
      {"stop_timeout", "5s", "5s"},
      {"instances", "4", "4"},
      {"upstream_url", "http://127.0.0.1:{port}/api", "http://127.0.0.1:{port}/api"},
      {"upstream_url", "unix:/run/app-{port}.sock", "unix:/run/app-{port}.sock"},
      {"static_path", "/srv/www", "/srv/www"},
      {"static_fallback", "/index.html", "/index.html"},
      {"static_404", "/errors/404.html", "/errors/404.html"},
      {"static_cache_control", "max-age=60", "max-age=60"},
      {"static_cache_control", "by name", "by name"},
      {"symlinks", "any", "any"},
      {"symlinks", "inside", "inside"},
      {"static_cors", "*", "*"},
      {"static_cors", "https://example.com:8443", "https://example.com:8443"},
      {"static_gzip", "no", "false"},
      {"static_cache", "1m", "1048576"},
      {"static_listing", "yes", "true"},
      {"suppress_lock", "1", "true"},
      {"jwt_auth_debug", "1", "true"},
      {"jwt_auth_local", "1", "true"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Config config = config_of({{row.name, row.text}});
    const std::string name = row.name == std::string("function_process") ? "fprocess" : row.name;
    CHECK(described(config)[name] == row.shown);
  }
}

TEST_CASE("what cannot be used is refused by name, with the value and what is accepted") {
  struct Row {
    const char* name;
    std::vector<const char*> values;
    const char* accepted;
  };
  const Row rows[] = {
      {"port", {"80a80", "-1", "65536", "http", "8080 8081", "99999999999999999999"}, "0 to 65535"},
      {"metrics_port", {"80a80", "-1", "65536"}, "0 to 65535"},
      {"read_timeout", {"-1s", "soon", "1m30", "--", "1e9s"}, "it accepts a duration"},
      {"write_timeout", {"0", "0s", "-5", "never"}, "it accepts a duration"},
      {"exec_timeout", {"-1", "ten", "1x", "9999999999999h"}, "it accepts a duration"},
      {"idle_timeout", {"-1", "x"}, "it accepts a duration"},
      {"healthcheck_interval", {"-1", "x"}, "it accepts a duration"},
      {"shutdown_timeout", {"-1", "x", "0", "0s"}, "it accepts a duration"},
      {"startup_timeout", {"-1", "x"}, "it accepts a duration"},
      {"queue_timeout", {"-1", "x"}, "it accepts a duration"},
      {"max_inflight", {"-1", "many", "1.5"}, "a whole number from 0 up"},
      {"max_queue", {"-1", "many"}, "a whole number from 0 up"},
      {"workers", {"0", "257", "-1", "many", "Auto"}, "auto or a whole number from 1 to 256"},
      {"max_body_size", {"-1", "10XiB", "big"}, "it accepts bytes"},
      {"log_buffer_size", {"x", "-2", "255", "0"}, "bytes from 256 up, or -1"},
      {"log_format", {"xml", "JSON"}, "text or json"},
      {"access_log", {"some"}, "all, errors or off"},
      {"restart", {"sometimes"}, "no, on-failure or always"},
      {"hung_after", {"-1", "often"}, "a whole number"},
      {"stop_signal", {"15", "STOP", "term"}, "TERM, INT, QUIT, HUP, USR1, USR2 or KILL"},
      {"stop_timeout", {"-1", "x"}, "it accepts a duration"},
      {"instances", {"0", "65", "many"}, "from 1 to 64"},
      {"listen_address",
       {"not an address", "300.1.1.1", "example.com", "[127.0.0.1]", "::g"},
       "numeric address"},
      {"ready_path", {"ready"}, "start with /"},
      {"ready_path", {"/a b", "/a\x7f", "/\xc3\xa4", "/a#b"}, "as %20"},
      {"static_path", {"/a\x7f"}, "without control characters"},
      {"document_root", {"/a\x7f"}, "without control characters"},
      {"watch", {"/a\x7f"}, "without control characters"},
      {"content_type", {"a\x7f", "a\x7f/b"}, "control characters"},
      {"static_cache_control", {"a\x7f"}, "control characters"},
      {"symlinks", {"all", "by mode", "true"}, "inside or any"},
      {"static_fallback", {"index.html", "/", "/app/", "/a/../b"}, "such as /index.html"},
      {"static_404", {"404.html", "/"}, "a path that starts with /"},
      {"static_cors",
       {"example.com", "https://", "https://a/", "https://a, https://b", "**", "null"},
       "* or one such as https://example.com"},
      {"static_cache", {"-1", "lots"}, "it accepts bytes"},
      {"static_gzip", {"maybe"}, "true"},
      {"upstream_url",
       {"localhost:3000", "http://", "http:///x", "http://a:0", "http://a:99999", "http://a:b",
        "http://a b", "http://u@h/", "unix:app.sock", "unix:", "fastcgi://php", "ftp://x",
        "http://[::g]:80", "http://::1:80"},
       "http://host:port/prefix, unix:/path or fastcgi://host:port"},
      {"upstream_url", {"https://app:443"}, "TLS"},
      {"fprocess", {"echo \"unclosed"}, "without its end"},
      {"fprocess", {"[1, 2]", "[]", "[\"unclosed\""}, "JSON array of strings"},
      {"fprocess", {"echo \\"}, "backslash"},
      {"mode",
       {"nonsense", "Streaming", "http2"},
       "streaming, serializing, classic, http, static, cgi or fastcgi"},
      {"mode", {"afterburn", "inproc"}, "use mode=http"},
  };
  for (const Row& row : rows) {
    for (const char* value : row.values) {
      CAPTURE(row.name);
      CAPTURE(value);
      const std::string error = error_of({{row.name, value}});
      CHECK(error.starts_with(std::string(row.name) + "=" + value + ": "));
      CHECK(contains(error, row.accepted));
      CHECK(error.find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("every boolean option refuses what is no boolean") {
  for (const char* name :
       {"prefix_logs", "suppress_lock", "cgi_headers", "http_buffer_req_body", "combine_output",
        "marshal_request", "write_debug", "read_debug", "debug_headers", "log_callid", "jwt_auth",
        "jwt_auth_debug", "jwt_auth_local", "kill_on_disconnect"}) {
    CAPTURE(name);
    CHECK(contains(error_of({{name, "maybe"}}), "it accepts true or false"));
  }
}

TEST_CASE("the port's error is as documented") {
  CHECK(error_of({{"port", "80a80"}}) ==
        "port=80a80: not a port; it accepts a number from 0 to 65535");
}

TEST_CASE("an error line stays one line whatever the value") {
  const std::string error = error_of({{"port", "80\n80"}});
  CHECK(error.find('\n') == std::string::npos);
}

TEST_CASE("all errors are reported at once") {
  CHECK(read_with({{"port", "x"}, {"read_timeout", "x"}, {"mode", "x"}}).errors.size() == 3);
}

TEST_CASE("an option set to nothing counts as unset, and values are trimmed") {
  const Config config =
      config_of({{"exec_timeout", ""}, {"mode", "  "}, {"port", " 9000\t"}, {"workers", ""}});
  CHECK(config.exec_timeout == 30s);
  CHECK(config.mode.name == "streaming");
  CHECK(config.port == 9000);
}

TEST_CASE("an alias means the same, and wins over the first name") {
  CHECK(config_of({{"function_process", "head -c 1"}}).command.front() == "head");
  CHECK(config_of({{"log_call_id", "1"}}).log_call_id);
  CHECK(config_of({{"log_callid", "1"}, {"log_call_id", "0"}}).log_call_id == false);
  CHECK(config_of({{"buffer_http", "1"}}).buffer_request_body);
  CHECK(config_of({{"combined_output", "0"}}).combine_output == false);
  const Config config =
      config_of({{"upstream_url", "http://a:1"}, {"http_upstream_url", "http://b:2"}});
  CHECK(config.upstream_url == "http://b:2");
  CHECK(config_of({{"log_callid", "1"}, {"log_call_id", ""}}).log_call_id);
}

TEST_CASE("two names of one option that disagree are told, and the one that counts") {
  const auto warnings = [](const Environment& environment, std::vector<Setting> settings = {}) {
    return read(environment, settings, {"cat"}).warnings;
  };
  const Environment both = {{"log_callid", "1"}, {"log_call_id", "0"}};
  CHECK(warnings(both) ==
        std::vector<std::string>{"log_callid has no effect: log_call_id is set too, and wins"});
  CHECK(warnings({{"log_callid", "1"}, {"log_call_id", " 1"}}).empty());
  CHECK(warnings({{"log_callid", "1"}, {"log_call_id", ""}}).empty());
  CHECK(warnings({{"log_callid", "1"}}, {{"log_call_id", "0"}}).empty());
}

TEST_CASE("a default of one mode is that of no other") {
  const auto line_of = [](const std::string& mode, const std::string& name) {
    const std::string text = "\n" + describe(read(of_mode(mode)).config);
    for (const std::string& start : {"\n" + name + "=", "\n# " + name + ": "}) {
      const size_t at = text.find(start);
      if (at != std::string::npos) return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    }
    return std::string();
  };
  CHECK(line_of("streaming", "content_type") == "content_type=application/octet-stream");
  CHECK(line_of("classic", "content_type") == "# content_type: the request's, else auto");
  CHECK(line_of("streaming", "exec_timeout") == "exec_timeout=30s");
  CHECK(line_of("classic", "exec_timeout") == "exec_timeout=0s");
  CHECK(line_of("streaming", "kill_on_disconnect") == "# kill_on_disconnect: true");
  CHECK(line_of("serializing", "kill_on_disconnect") == "# kill_on_disconnect: false");
  CHECK(line_of("static", "symlinks") == "# symlinks: inside");
  CHECK(line_of("fastcgi", "symlinks") == "# symlinks: any");
}

TEST_CASE("every option warns in every mode that its row does not name, and in no other") {
  for (const Option& option : options()) {
    // Those that a mode's other options decide on have tests of their own.
    if (option.no_effect != nullptr || option.name == "mode") continue;
    for (const ModeInfo& mode : all_modes()) {
      CAPTURE(option.name);
      CAPTURE(mode.name);
      Environment environment = of_mode(std::string(mode.name));
      environment["document_root"] = mode.is(kRunsScripts) ? "/srv" : "";
      const Config usual = read(environment).config;
      for (const char* value : {"7", "true", "false", "/a", "USR1", "any", "always", "errors",
                                "::1", "json", "index.php", "text/html"}) {
        environment[std::string(option.name)] = value;
        const ConfigOutcome outcome = read(environment);
        if (option.value.print(outcome.config) == option.value.print(usual)) continue;
        const std::string line = std::string(option.name) + " has no effect: it is for mode=";
        const bool warned =
            std::any_of(outcome.warnings.begin(), outcome.warnings.end(),
                        [&](const std::string& warning) { return warning.starts_with(line); });
        CHECK(warned != option.modes().contains(mode));
      }
    }
  }
}

TEST_CASE("a message names the option as the user spelled it") {
  CHECK(error_of({{"log_call_id", "x"}}).starts_with("log_call_id=x: "));
  const auto error = [](const Setting& setting) {
    const auto outcome = read({{"fprocess", "cat"}}, {setting});
    REQUIRE(outcome.errors.size() == 1);
    return outcome.errors.front();
  };
  CHECK(error({"exec_timeout", "soon"}).starts_with("--exec-timeout soon: "));
  CHECK(error({"log_call_id", "x"}).starts_with("--log-call-id x: "));
  const auto warnings = read_with({{"buffer_http", "1"}}).warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.front().starts_with("buffer_http has no effect"));
}

TEST_CASE("the command line wins over the environment, aliases and all") {
  const auto outcome = read({{"exec_timeout", "9s"}, {"function_process", "a"}, {"fprocess", "b"}},
                            {{"exec_timeout", "5s"}, {"fprocess", "c"}});
  CHECK(outcome.errors.empty());
  CHECK(outcome.config.exec_timeout == 5s);
  CHECK(outcome.config.command.front() == "c");
}

TEST_CASE("the command after -- is taken as it stands, and wins") {
  const auto outcome = read({{"fprocess", "cat"}}, {{"fprocess", "tac"}}, {"php", "a b", "--x"});
  CHECK(outcome.config.command == std::vector<std::string>{"php", "a b", "--x"});
}

TEST_CASE("without a command the error says how to name one") {
  for (const char* mode : {"streaming", "serializing", "classic"}) {
    const auto outcome = read({{"mode", mode}, {"fprocess", "  "}});
    REQUIRE(outcome.errors.size() == 1);
    CHECK(contains(outcome.errors.front(), "fprocess is not set"));
    CHECK(contains(outcome.errors.front(), "--"));
  }
}

TEST_CASE("classic has no exec_timeout and mirrors the content type, unless told otherwise") {
  Config config = config_of({{"mode", "classic"}});
  CHECK(config.exec_timeout == 0s);
  CHECK(config.content_type.empty());
  config = config_of({{"mode", "classic"}, {"exec_timeout", "3s"}, {"content_type", "text/plain"}});
  CHECK(config.exec_timeout == 3s);
  CHECK(config.content_type == "text/plain");
}

TEST_CASE("shutdown_timeout follows write_timeout") {
  CHECK(config_of({{"write_timeout", "40s"}}).shutdown_timeout == 40s);
  CHECK(config_of({{"write_timeout", "40s"}, {"shutdown_timeout", "1s"}}).shutdown_timeout == 1s);
}

TEST_CASE("mode=fastcgi needs to know where the server listens, and may do without fprocess") {
  CHECK(contains(error_of({{"mode", "fastcgi"}}), "upstream_url=fastcgi://127.0.0.1:9000"));
  CHECK(contains(error_of({{"mode", "fastcgi"}, {"upstream_url", "http://127.0.0.1:80"}}),
                 "mode=fastcgi accepts fastcgi://host:port or unix:/path"));
  CHECK(read({{"mode", "fastcgi"}, {"upstream_url", "unix:/run/php.sock"}}).errors.empty());
  CHECK(read({{"mode", "cgi"}}).errors.size() == 1);
}

TEST_CASE("a script and its prefix are paths") {
  CHECK(config_of({{"mode", "cgi"}, {"script", "/public/front.php"}}).script == "public/front.php");
  for (const std::string script : {"/", "../x.php", "a/../x.php", "folder/"}) {
    CHECK(contains(error_of({{"mode", "cgi"}, {"script", script}}), "not a script"));
  }
  for (const std::string prefix : {"function", "//evil", "/a?b", "/a b"}) {
    CHECK(contains(error_of({{"mode", "cgi"}, {"script_name_prefix", prefix}}), "not a path"));
  }
}

TEST_CASE("options of scripts warn in modes that have none") {
  for (const std::string option :
       {"document_root", "script", "script_name_prefix", "server_software"}) {
    const auto warnings = read_with({{option, "/a"}}).warnings;
    REQUIRE(warnings.size() == 1);
    CHECK(
        contains(warnings.front(), option + " has no effect: it is for mode=cgi and mode=fastcgi"));
  }
  CHECK(read_with({{"mode", "cgi"}, {"cgi_response", "true"}}).warnings.size() == 1);
  CHECK(read_with({{"mode", "cgi"}, {"static_gzip", "false"}}).warnings.size() == 1);
  CHECK(read_with({{"mode", "cgi"}, {"static_gzip", "false"}, {"document_root", "."}})
            .warnings.empty());
}

TEST_CASE("accel_root and symlinks warn where no file is sent") {
  const auto warnings = [](std::map<std::string, std::string> options) {
    return read_with(options).warnings.size();
  };
  CHECK(contains(read_with({{"accel_root", "/a"}}).warnings.front(),
                 "accel_root has no effect: it is for mode=cgi, mode=fastcgi and cgi_response"));
  CHECK(warnings({{"accel_root", "/a"}, {"symlinks", "any"}}) == 2);
  for (const std::string option : {"mode=cgi", "cgi_response=true"}) {
    CAPTURE(option);
    const auto [name, value] =
        std::pair(option.substr(0, option.find('=')), option.substr(option.find('=') + 1));
    CHECK(warnings({{name, value}, {"accel_root", "/a"}, {"symlinks", "any"}}) == 0);
    CHECK(warnings({{name, value}, {"symlinks", "any"}}) == 1);
    CHECK(warnings({{name, value}, {"accel_root", "/a"}, {"static_cache", "1m"}}) == 1);
  }
  CHECK(warnings({{"mode", "static"}, {"symlinks", "any"}}) == warnings({{"mode", "static"}}));
}

TEST_CASE("who starts php without a mode is told of classic, and nobody else") {
  const auto hinted = [](const Environment& environment) {
    const auto warnings = read(environment).warnings;
    return warnings.size() == 1 && contains(warnings.front(), "mode=classic");
  };
  for (const std::string php : {"php", "php8.3", "/usr/bin/php8", "php index.php"}) {
    CHECK(hinted({{"fprocess", php}}));
    CHECK_FALSE(hinted({{"fprocess", php}, {"mode", "streaming"}}));
    CHECK_FALSE(hinted({{"fprocess", php}, {"content_type", "auto"}}));
    CHECK_FALSE(hinted({{"fprocess", php}, {"cgi_response", "true"}}));
  }
  for (const std::string other : {"phpunit", "php-cgi", "./php-script", "cat php"}) {
    CHECK_FALSE(hinted({{"fprocess", other}}));
  }
}

TEST_CASE("a content_type cannot smuggle in a header field") {
  const std::string error = error_of({{"content_type", "text/plain\r\nX-Injected: 1"}});
  CHECK(error.find("control characters") != std::string::npos);
}

TEST_CASE("a part of who may call is never ignored") {
  for (const char* alone :
       {"jwt_auth_url", "auth_jwks", "auth_audience", "auth_issuer", "auth_hmac_secret_file"}) {
    CAPTURE(alone);
    CHECK_FALSE(read_with({{alone, "/a"}}).errors.empty());
  }
  CHECK(contains(error_of({{"auth_hmac", "github"}}), "auth_hmac_secret_file is not set"));
  CHECK(contains(error_of({{"auth_issuer", "https://a"}, {"auth_audience", "b"}}), "TLS"));
  CHECK(contains(error_of({{"auth_issuer", "http://a"}, {"auth_audience", "b"}, {"jwt_auth", "1"}}),
                 "unset one of them"));
  CHECK_FALSE(config_of({{"jwt_auth", "false"}}).jwt_auth);
}

TEST_CASE("an option without effect is taken, with a line that names it and says why") {
  const Environment without_effect = {
      {"max_queue", "1"},      {"queue_timeout", "1s"}, {"upstream_url", "http://a:1"},
      {"static_path", "/srv"}, {"restart", "always"},   {"startup_timeout", "1s"},
      {"ready_path", "/"},     {"buffer_http", "1"},    {"jwt_auth_debug", "1"},
      {"jwt_auth_local", "1"}, {"combine_output", "0"}, {"marshal_request", "1"},
      {"write_debug", "1"},    {"read_debug", "1"},     {"debug_headers", "1"},
  };
  for (const auto& [name, value] : without_effect) {
    CAPTURE(name);
    const auto outcome = read_with({{name, value}});
    CHECK(outcome.errors.empty());
    REQUIRE(outcome.warnings.size() == 1);
    CHECK(outcome.warnings.front().starts_with(name + " has no effect: "));
  }
  CHECK(read_with({{"mode", "classic"}, {"write_debug", "1"}}).warnings.empty());
}

TEST_CASE("mode=static needs no function, and says so of one that is given") {
  CHECK(read_with({{"mode", "static"}, {"fprocess", ""}}).errors.empty());
  const auto outcome = read_with({{"mode", "static"}, {"fprocess", "cat"}});
  CHECK(outcome.errors.empty());
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings.front() == "fprocess has no effect: mode=static serves files");
}

TEST_CASE("options of static sites have no effect elsewhere") {
  for (const char* name : {"static_path", "static_404", "static_listing", "static_cors"}) {
    const bool path = std::string(name) == "static_404";
    const char* value = path ? "/x" : std::string(name) == "static_cors" ? "*" : "1";
    const auto outcome = read_with({{name, value}});
    REQUIRE(outcome.warnings.size() == 1);
    CHECK(outcome.warnings.front() == std::string(name) + " has no effect: it is for mode=static");
  }
}

TEST_CASE("stop_timeout is 2 s, at most a quarter of shutdown_timeout, or as it is set") {
  CHECK(stop_timeout(config_of({})) == 2s);
  CHECK(stop_timeout(config_of({{"shutdown_timeout", "4s"}})) == 1s);
  CHECK(stop_timeout(config_of({{"stop_timeout", "10s"}})) == 10s);
  CHECK(stop_timeout(config_of({{"stop_timeout", "10s"}, {"shutdown_timeout", "4s"}})) == 4s);
}

TEST_CASE("what the platform says of the port counts where nobody else says anything") {
  const auto port = [](std::vector<Setting> settings) {
    settings.push_back({"port", "9000", Setting::From::kPlatform});
    return read_config(settings, {"cat"}).config.port;
  };
  CHECK(port({}) == 9000);
  CHECK(port({{"port", "", Setting::From::kEnvironment}}) == 9000);
  CHECK(port({{"port", "7000", Setting::From::kEnvironment}}) == 7000);
  CHECK(port({{"port", "7000", Setting::From::kCommandLine}}) == 7000);
}

TEST_CASE("an upstream_url that leads back to us is refused") {
  const auto errors = [](Environment more, const char* url) {
    more.insert({{"mode", "http"}, {"fprocess", "node x.js"}, {"upstream_url", url}});
    return read(more).errors;
  };
  for (const char* url : {"http://127.0.0.1:8080", "http://localhost:8080/x", "http://[::1]:8080",
                          "http://0.0.0.0:8080"}) {
    CAPTURE(url);
    REQUIRE(errors({}, url).size() == 1);
    CHECK(contains(errors({}, url).front(), "port 8080 is the watchdog's own"));
  }
  CHECK(errors({{"port", "3000"}}, "http://127.0.0.1:3000").size() == 1);
  CHECK(errors({{"listen_address", "127.0.0.1"}}, "http://127.0.0.1:8080").size() == 1);
  CHECK(errors({}, "http://127.0.0.1:8081").empty());
  CHECK(errors({}, "http://app:8080").empty());
  CHECK(errors({}, "http://127.0.0.1:{port}").empty());
  CHECK(errors({{"port", "0"}}, "http://127.0.0.1:8080").empty());
  CHECK(errors({{"listen_address", "10.0.0.1"}}, "http://127.0.0.1:8080").empty());
}

TEST_CASE("several instances need a place for their ports") {
  Environment several = {{"mode", "http"}, {"instances", "2"}};
  several["upstream_url"] = "http://127.0.0.1:3000";
  CHECK(contains(error_of(several), "put {port} into upstream_url"));
  several["upstream_url"] = "http://127.0.0.1:{port}";
  CHECK(read_with(several).errors.empty());
}

TEST_CASE("the description has a line for every option, in the table's order") {
  for (const char* mode : kModes) {
    const std::string text = describe(read(of_mode(mode)).config);
    size_t at = 0;
    for (const Option& option : options()) {
      const std::string name(option.name);
      CAPTURE(name);
      const std::string_view line = std::string_view(text).substr(at);
      const bool shown = line.starts_with(name + "=") || line.starts_with("# " + name + ": ");
      CHECK(shown);
      at = text.find('\n', at) + 1;
    }
    CHECK(at == text.size());
  }
}

TEST_CASE("every option in every mode: what the description shows means the same, given back") {
  // Texts of every kind; each option is tried with all that it takes.
  const char* const texts[] = {"true",
                               "off",
                               "0",
                               "1",
                               "2",
                               "60",
                               "1.5",
                               "-1",
                               "300",
                               "65535",
                               "1000000",
                               "10MiB",
                               "64k",
                               "250ms",
                               ".5s",
                               "1m30s",
                               "1h0m1.000000001s",
                               "1h",
                               "text/html; charset=utf-8",
                               "a=b # c",
                               "'q'",
                               "/",
                               "/srv/www",
                               "/a b/\xc3\xa4.html",
                               "/index.html",
                               "/a%20b?c=d",
                               "index.php",
                               "public/x.php",
                               "*",
                               "https://example.com:8443",
                               "::1",
                               "[::1]",
                               "localhost",
                               "127.0.0.1",
                               "http://127.0.0.1:81",
                               "http://[::1]:{port}/a",
                               "http://app",
                               "unix:/run/a b.sock",
                               "fastcgi://php:9000",
                               "sh -c 'a  b'",
                               R"(["a\nb", "\"c\\", ""])",
                               "''",
                               "printf '\xff' \"it's\"",
                               "\\$HOME",
                               "auto",
                               "json",
                               "errors",
                               "on-failure",
                               "SIGUSR1",
                               "QUIT",
                               "inside",
                               "any",
                               "none",
                               "private",
                               "10.0.0.0/8",
                               "nginx/1.22",
                               "http://127.0.0.1:4318"};
  for (const Option& option : options()) {
    CAPTURE(option.name);
    size_t changes = 0;
    const auto choices = option.value.choices();
    std::vector<std::string> values(choices.begin(), choices.end());
    values.insert(values.end(), std::begin(texts), std::end(texts));
    // What the option refuses is refused in every mode.
    std::erase_if(values, [&](const std::string& value) {
      Config config;
      return option.value.apply(config, value).has_value();
    });
    for (const char* mode : kModes) {
      const std::string without = describe(read(with_companions(option, mode)).config);
      for (const std::string& value : values) {
        Environment environment = with_companions(option, mode);
        environment[std::string(option.name)] = value;
        const ConfigOutcome first = read(environment);
        if (!first.errors.empty()) continue;
        CAPTURE(mode);
        CAPTURE(value);
        const std::string text = describe(first.config);
        const ConfigOutcome second = read(described(first.config));
        CHECK(second.errors.empty());
        CHECK(describe(second.config) == text);
        for (const std::string& warning : second.warnings) {
          CHECK(std::count(first.warnings.begin(), first.warnings.end(), warning) == 1);
        }
        if (text != without) ++changes;
      }
    }
    // One for which no text above changes anything needs one of its own.
    CHECK(changes > 0);
  }
}

TEST_CASE("what an option can be completed with is what it takes") {
  for (const Option& option : options()) {
    CAPTURE(option.name);
    for (const std::string_view choice : option.value.choices()) {
      Config config;
      CHECK_FALSE(option.value.apply(config, choice).has_value());
      CHECK(option.value.print(config).value_or(std::string(choice)) == choice);
    }
  }
}

TEST_CASE("a value that another one overrules is told") {
  const auto warning_of = [](Environment environment) {
    const ConfigOutcome outcome = read_with(std::move(environment));
    CHECK(outcome.errors.empty());
    CHECK(outcome.warnings.size() == 1);
    return outcome.warnings.empty() ? "" : outcome.warnings.front();
  };
  CHECK(warning_of({{"stop_timeout", "1h"}}) ==
        "stop_timeout=1h0m0s: cut to shutdown_timeout, 30s");
  CHECK(warning_of({{"healthcheck_interval", "1m"}}) ==
        "healthcheck_interval=1m0s: cut to 28s, since shutdown_timeout is 30s and stop_timeout 2s");
  const auto http = [](Environment more) {
    more.insert({{"mode", "http"}, {"upstream_url", "http://127.0.0.1:81"}});
    return more;
  };
  CHECK(warning_of(http({{"hung_after", "3"}, {"exec_timeout", "0"}})) ==
        "hung_after has no effect: exec_timeout sets no limit");
  CHECK(warning_of(http({{"response_start_timeout", "31s"}})) ==
        "response_start_timeout has no effect: exec_timeout is shorter");
  CHECK(read_with({{"stop_timeout", "30s"}, {"healthcheck_interval", "0"}}).warnings.empty());
  CHECK(read_with({{"healthcheck_interval", "28s"}}).warnings.empty());
  CHECK(
      read_with(http({{"response_start_timeout", "31s"}, {"exec_timeout", "0"}})).warnings.empty());
}

TEST_CASE("a server that somebody else runs is neither started, restarted nor ended") {
  Environment elsewhere = {{"mode", "fastcgi"}, {"upstream_url", "fastcgi://php:9000"}};
  CHECK(read(elsewhere).warnings.empty());
  for (const auto& [name, value] : Environment{{"restart", "always"}, {"stop_signal", "QUIT"}}) {
    Environment environment = elsewhere;
    environment[name] = value;
    const auto warnings = read(environment).warnings;
    REQUIRE(warnings.size() == 1);
    CHECK(warnings.front().starts_with(name + " has no effect: there is no fprocess to "));
  }
  const auto copies =
      read({{"mode", "fastcgi"}, {"upstream_url", "fastcgi://php:{port}"}, {"instances", "2"}});
  REQUIRE(copies.errors.size() == 1);
  CHECK(copies.errors.front() == "instances=2: there is no fprocess to start copies of");
}

TEST_CASE("an option that is set to its default needs no warning where it has no effect") {
  CHECK(read_with({{"restart", "no"}, {"static_gzip", "1"}, {"max_queue", "0"}}).warnings.empty());
  const auto warnings = read({{"mode", "static"}}, {}, {"cat"}).warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.front() == "the command after -- has no effect: mode=static serves files");
}

TEST_CASE("names and aliases are unique, and every default is one that its option takes") {
  std::set<std::string_view> names;
  for (const Option& option : options()) {
    CAPTURE(option.name);
    CHECK(names.insert(option.name).second);
    if (!option.alias.empty()) CHECK(names.insert(option.alias).second);
    CHECK_FALSE(option.meaning.empty());
    CHECK_FALSE(option.group->title.empty());
    for (const Default& value : {option.usual, option.unusual}) {
      Config config;
      if (value.text.empty() || value.follows) continue;
      CHECK_FALSE(option.value.apply(config, value.text).has_value());
    }
  }
}

TEST_CASE("the tables of the README and of the modes' page have a row for every option") {
  const std::string table = option_table_markdown();
  CHECK(table.starts_with("| variable | default | meaning |\n|---|---|---|\n"));
  for (const Option& option : options())
    CHECK(contains(table, fmt::format("\n| `{}`", option.name)));
  CHECK(contains(table, "\n\n## Function servers (mode=http, fastcgi)\n\n| variable |"));
  CHECK(contains(table, "\n| `fprocess`, `function_process` |  | "));
  CHECK(contains(table, "\n| `exec_timeout` | `30s` | "));
}

TEST_CASE("a long option is the name with dashes") {
  CHECK(long_option("http_buffer_req_body") == "http-buffer-req-body");
}

}  // namespace watchdog
