#include "process/command.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace watchdog {

namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_program(const char* path) {
  struct stat status;
  return ::stat(path, &status) == 0 && S_ISREG(status.st_mode) && ::access(path, X_OK) == 0;
}

// The first program of that name; empty when there is none.
std::string find_in_path(std::string_view name) {
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable != nullptr ? std::string_view(variable) : kDefaultPath;
  while (!folders.empty()) {
    const size_t colon = std::min(folders.find(':'), folders.size());
    const std::string_view folder = folders.substr(0, colon);
    folders.remove_prefix(std::min(colon + 1, folders.size()));
    std::string candidate = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (is_program(candidate.c_str())) return candidate;
  }
  return {};
}

}  // namespace

Command::Command(std::vector<std::string> words) : words_(std::move(words)) {
  for (std::string& word : words_) argv_.push_back(word.data());
  argv_.push_back(nullptr);
}

Result<const char*> Command::path() {
  if (!path_.empty()) return path_.c_str();
  if (name().find('/') != std::string::npos) {
    return name().c_str();  // execve says what is wrong with it
  }
  path_ = find_in_path(name());
  if (path_.empty()) return Error{explain(ENOENT)};
  return path_.c_str();
}

std::optional<std::string> Command::problem() {
  const auto found = path();
  if (!found) return found.error();
  if (::access(*found, F_OK) != 0) return explain(ENOENT);
  if (!is_program(*found)) return explain(EACCES);
  return std::nullopt;
}

std::string Command::explain(int error) const {
  const bool has_slash = name().find('/') != std::string::npos;
  switch (error) {
    case ENOENT:
      if (!has_slash && find_in_path(name()).empty()) {
        return fmt::format("cannot run \"{}\": no such command in PATH", name());
      }
      if (has_slash && ::access(name().c_str(), F_OK) != 0) {
        return fmt::format("cannot run \"{}\": no such file", name());
      }
      return fmt::format(
          "cannot run \"{}\": the interpreter in its first line, or its dynamic loader, is missing",
          name());
    case EACCES:
      return fmt::format("cannot run \"{}\": not an executable file (chmod +x)", name());
    case ENOEXEC:
      return fmt::format(
          "cannot run \"{}\": not a program of this machine; a script needs a first line such as "
          "#!/bin/sh",
          name());
    case E2BIG:
      return fmt::format(
          "cannot run \"{}\": the request's headers and the environment are larger "
          "than the kernel takes",
          name());
    default:
      return fmt::format("cannot run \"{}\": {}", name(), strerror(error));
  }
}

}  // namespace watchdog
