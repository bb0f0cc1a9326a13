#include "process/memory_kills.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

namespace watchdog {

namespace {

constexpr std::string_view kName = "oom_kill ";

std::string read_whole(const std::string& path) {
  std::string text(4096, '\0');
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : 0;
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return text;
}

// Whether a comma-separated list of controllers has `memory`.
bool has_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == "memory") return true;
    controllers.remove_prefix(comma == std::string_view::npos ? controllers.size() : comma + 1);
  }
  return false;
}

// The count after a line's beginning "oom_kill ", which "oom_kill_disable 0" and
// "oom_group_kill 0" do not have.
uint64_t count_in(std::string_view text) {
  for (size_t at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    uint64_t count = 0;
    std::from_chars(text.data() + at + kName.size(), text.data() + text.size(), count);
    return count;
  }
  return 0;
}

}  // namespace

std::vector<std::string> MemoryKills::places(const std::string& control_groups,
                                             std::string_view own_groups) {
  std::vector<std::string> places;
  const auto add = [&](const std::string& tree, std::string_view group, const char* file) {
    if (group == "/") group = "";
    places.push_back(tree + std::string(group) + file);
    if (!group.empty()) places.push_back(tree + file);
  };
  // Each line is "number:controllers:path"; that of v2 is "0::path".
  while (!own_groups.empty()) {
    const size_t end = own_groups.find('\n');
    const std::string_view line = own_groups.substr(0, end);
    own_groups.remove_prefix(end == std::string_view::npos ? own_groups.size() : end + 1);
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view group = line.substr(second + 1);
    if (controllers.empty()) add(control_groups, group, "/memory.events");
    if (has_memory(controllers)) add(control_groups + "/memory", group, "/memory.oom_control");
  }
  return places;
}

MemoryKills::MemoryKills(const std::string& control_groups, const std::string& own_groups) {
  for (const std::string& place : places(control_groups, read_whole(own_groups))) {
    file_ = Fd(::open(place.c_str(), O_RDONLY | O_CLOEXEC));
    if (file_) return;
  }
}

uint64_t MemoryKills::read() const {
  if (!file_) return 0;
  char text[512];
  const ssize_t size = ::pread(file_.get(), text, sizeof text, 0);
  return size > 0 ? count_in({text, static_cast<size_t>(size)}) : 0;
}

}  // namespace watchdog
