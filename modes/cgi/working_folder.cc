#include "modes/cgi/working_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>

namespace watchdog {

namespace {

std::string resolved(const std::string& path) {
  std::array<char, PATH_MAX> real;
  return ::realpath(path.c_str(), real.data()) != nullptr ? real.data() : std::string();
}

bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool is_in_path(const std::string& folder) {
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  while (!folders.empty()) {
    const size_t colon = std::min(folders.find(':'), folders.size());
    if (resolved(std::string(folders.substr(0, colon))) == folder) return true;
    folders.remove_prefix(std::min(colon + 1, folders.size()));
  }
  return false;
}

bool is_option(const std::string& word) {
  return word.starts_with('-');
}

}  // namespace

std::string folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string program_folder(const std::vector<std::string>& command) {
  if (command.empty()) return {};
  const std::string& program = command.front();
  if (program.find('/') != std::string::npos) {
    const std::string folder = folder_of(resolved(program));
    if (!is_in_path(folder)) return folder == "." ? std::string() : folder;
  }
  for (size_t i = 1; i < command.size(); ++i) {
    if (!is_option(command[i]) && is_file(command[i])) return folder_of(resolved(command[i]));
  }
  return {};
}

std::vector<std::string> absolute_command(std::vector<std::string> command) {
  const std::string here = resolved(".");
  for (size_t i = 0; i < command.size(); ++i) {
    std::string& word = command[i];
    const bool is_code = i > 0 && (command[i - 1] == "-c" || command[i - 1] == "-e");
    const bool may_be_path = i == 0 ? word.find('/') != std::string::npos : !is_option(word);
    if (word.empty() || word.starts_with('/') || is_code || !may_be_path) continue;
    if (::access(word.c_str(), F_OK) != 0) continue;
    while (word.starts_with("./")) word.erase(0, 2);
    word.insert(0, here + "/");
  }
  return command;
}

}  // namespace watchdog
