#include "config/misspelling.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/options.h"

namespace watchdog {

TEST_CASE("the distance of two words counts letters that differ, are too many, or swapped") {
  struct Row {
    const char* a;
    const char* b;
    size_t distance;
  };
  const Row rows[] = {
      {"", "", 0},         {"abc", "", 3},          {"mode", "mode", 0}, {"mode", "node", 1},
      {"mdoe", "mode", 1}, {"port", "ports", 1},    {"ab", "ba", 1},     {"abcd", "badc", 2},
      {"ca", "abc", 3},    {"kitten", "sitting", 3}};
  for (const Row& row : rows) {
    CAPTURE(row.a);
    CAPTURE(row.b);
    CHECK(edit_distance(row.a, row.b) == row.distance);
    CHECK(edit_distance(row.b, row.a) == row.distance);
  }
}

TEST_CASE("a mistyped variable is told from those of applications") {
  const char* const mistyped[][2] = {{"exec_timout", "exec_timeout"},
                                     {"exec-timeout", "exec_timeout"},
                                     {"read_timeuot", "read_timeout"},
                                     {"write_time_out", "write_timeout"},
                                     {"fproces", "fprocess"},
                                     {"max_inflights", "max_inflight"},
                                     {"upstram_url", "upstream_url"},
                                     {"combined_ouput", "combined_output"},
                                     {"mdoe", "mode"},
                                     {"prot", "port"},
                                     {"contenttype", "content_type"},
                                     {"healtcheck_intervall", "healthcheck_interval"},
                                     {"max-body-size", "max_body_size"},
                                     {"http_upstream_uri", "http_upstream_url"}};
  for (const auto& row : mistyped) {
    CAPTURE(row[0]);
    CHECK(likely_option(row[0]) == row[1]);
  }
  for (const char* variable : {"PORT",
                               "MODE",
                               "HOST",
                               "EXEC_TIMEOUT",
                               "Exec_timeout",
                               "node",
                               "host",
                               "sort",
                               "post",
                               "ports",
                               "modes",
                               "home",
                               "path",
                               "model",
                               "http_proxy",
                               "https_proxy",
                               "ftp_proxy",
                               "all_proxy",
                               "no_proxy",
                               "container",
                               "npm_config_user_agent",
                               "npm_config_cache",
                               "function_name",
                               "function_namespace",
                               "app_script",
                               "scripts",
                               "watcher",
                               "batch",
                               "match",
                               "start",
                               "worker",
                               "port2",
                               "log_level",
                               "debug",
                               "static_root",
                               "static_url",
                               "static_dir",
                               "read_only",
                               "time",
                               "timeout",
                               "database_url",
                               "redis_url",
                               "upstream",
                               "root",
                               "_",
                               "",
                               "1",
                               "fn",
                               "faas_app_root",
                               "secret_path",
                               "content_path",
                               "queue_name",
                               "output_content_type",
                               "idle",
                               "process",
                               "instance_id",
                               "health",
                               "max_size",
                               "lang",
                               "term",
                               "pwd",
                               "shlvl"}) {
    CAPTURE(variable);
    CHECK(likely_option(variable) == "");
  }
}

TEST_CASE(
    "what is an option, or an alias of one, is not mistyped, and whatever misses a letter is") {
  for (const Option& option : options()) {
    for (const std::string_view name : option.names()) {
      CAPTURE(name);
      CHECK(likely_option(name) == "");
      if (name.size() < 8) continue;
      for (size_t i = 1; i < name.size(); ++i) {
        const std::string without = std::string(name).erase(i, 1);
        CAPTURE(without);
        const std::string_view meant = likely_option(without);
        const bool is_another =
            std::any_of(options().begin(), options().end(),
                        [&](const Option& o) { return o.name == without || o.alias == without; });
        CHECK((is_another || edit_distance(without, meant) == 1));
      }
    }
  }
}

TEST_CASE("the warning names both") {
  const char* const environment[] = {"exec_timeout=5s", "HOME=/", "exec_timout=5s",
                                     "broken",          "mdoe",   nullptr};
  CHECK(misspelling_warnings(environment) ==
        std::vector<std::string>{
            "exec_timout is not an option and has no effect; did you mean exec_timeout?",
            "mdoe is not an option and has no effect; did you mean mode?"});
}

TEST_CASE("a very long name is compared with nothing") {
  CHECK(likely_option(std::string(1'000'000, 'e')) == "");
  CHECK(likely_word(std::string(1'000'000, 'e'), std::vector<std::string>{"exec"}) == "");
}

}  // namespace watchdog
