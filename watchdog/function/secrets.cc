#include "function/secrets.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "base/whole_file.h"

namespace watchdog {

namespace {

constexpr size_t kMostOfVariable = 128 * 1024;  // MAX_ARG_STRLEN: "NAME=value" and its NUL

std::string unusable(const std::string& file, std::string_view why) {
  return fmt::format("secrets_env: {}: {}; let the function read such a secret itself", file, why);
}

void add(Secrets& secrets, const std::string& file, std::string name) {
  if (!is_variable_name(name)) {
    secrets.errors.push_back(
        unusable(file, fmt::format("{} is no name of a variable (letters, digits and _)", name)));
    return;
  }
  const size_t most = kMostOfVariable - name.size() - 2;
  auto value = read_whole_file(file, most + 1);
  if (!value) {
    secrets.errors.push_back(fmt::format("secrets_env: {}", value.error()));
    return;
  }
  if (value->ends_with('\n')) value->pop_back();
  if (value->size() > most) {
    secrets.errors.push_back(unusable(file, "larger than a variable can be"));
  } else if (value->find('\0') != std::string::npos) {
    secrets.errors.push_back(unusable(file, "a variable cannot hold its NUL byte"));
  } else {
    secrets.variables.push_back({std::move(name), std::move(*value)});
  }
}

}  // namespace

Secrets read_secrets(const std::string& folder, std::string_view prefix) {
  Secrets secrets;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  if (!entries) {
    secrets.errors.push_back(fmt::format("secrets_folder={}: {}", folder, strerror(errno)));
    return secrets;
  }
  std::vector<std::string> names;
  while (const dirent* const entry = ::readdir(entries.get())) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (name.starts_with('.')) continue;
    add(secrets, fmt::format("{}/{}", folder, name), fmt::format("{}{}", prefix, name));
  }
  return secrets;
}

void give_to_function(const Secrets& secrets) {
  for (const auto& [name, value] : secrets.variables) ::setenv(name.c_str(), value.c_str(), 1);
}

}  // namespace watchdog
