#include "process/command.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

using namespace watchdog;

TEST_CASE("a bare name is looked up in PATH") {
  Command command({"sh", "-c", "true"});
  const auto path = command.path();
  REQUIRE(path);
  CHECK(std::string(*path).ends_with("/sh"));
  CHECK(std::string(command.argv()[0]) == "sh");
  CHECK(std::string(command.argv()[2]) == "true");
  CHECK(command.argv()[3] == nullptr);
}

TEST_CASE("a name with a slash is taken as it stands") {
  Command command({"./no/such/file"});
  REQUIRE(command.path());
  CHECK(std::string(*command.path()) == "./no/such/file");
}

TEST_CASE("a command that is nowhere is named in the error") {
  Command command({"no-such-command-here"});
  const auto path = command.path();
  REQUIRE_FALSE(path);
  CHECK(path.error() == "cannot run \"no-such-command-here\": no such command in PATH");
}

TEST_CASE("each way to fail says what to do") {
  const Command missing({"/no/such/file"});
  CHECK(missing.explain(ENOENT) == "cannot run \"/no/such/file\": no such file");
  CHECK(missing.explain(EACCES).find("chmod +x") != std::string::npos);
  CHECK(missing.explain(ENOEXEC).find("#!/bin/sh") != std::string::npos);
  const Command script({"/etc/passwd"});
  CHECK(script.explain(ENOENT).find("interpreter") != std::string::npos);
}
