#include "server/process_figures.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <optional>

#include "base/fd.h"

namespace watchdog {

namespace {

Duration read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::optional<uint64_t> count_open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (!folder) return std::nullopt;
  uint64_t count = 0;
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count - 1;  // the folder itself
}

struct MemoryUse {
  uint64_t virtual_bytes = 0;
  uint64_t resident_bytes = 0;
};

// proc(5), statm: total and resident pages come first.
std::optional<MemoryUse> read_memory_use() {
  const Fd file(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text;
  const ssize_t size = file ? read(file.get(), text.data(), text.size()) : -1;
  if (size <= 0) return std::nullopt;
  const char* const end = text.data() + size;

  uint64_t total = 0;
  uint64_t resident = 0;
  const auto first = std::from_chars(text.data(), end, total);
  if (first.ec != std::errc{} || first.ptr == end) return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, resident);
  if (second.ec != std::errc{}) return std::nullopt;

  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return MemoryUse{total * page, resident * page};
}

}  // namespace

Duration unix_time() {
  return read_clock(CLOCK_REALTIME);
}

void add_process_figures(Exposition& page, Duration start_time) {
  page.counter("process_cpu_seconds",
               "Processor time this watchdog has used itself, user and system, in seconds.",
               read_clock(CLOCK_PROCESS_CPUTIME_ID));
  if (const auto count = count_open_fds()) {
    page.gauge("process_open_fds", "File descriptors now open.", *count);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    page.gauge("process_max_fds", "File descriptors that may be open at once.",
               static_cast<uint64_t>(limit.rlim_cur));
  }
  if (const auto memory = read_memory_use()) {
    page.gauge("process_resident_memory_bytes", "Memory resident in RAM.", memory->resident_bytes);
    page.gauge("process_virtual_memory_bytes", "Address space in use.", memory->virtual_bytes);
  }
  page.gauge("process_start_time_seconds", "When this watchdog started, in seconds since 1970.",
             start_time);
}

}  // namespace watchdog
