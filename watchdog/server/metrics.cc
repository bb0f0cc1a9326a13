#include "server/metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "base/version.h"

namespace watchdog {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// The methods of RFC 9110 9.1 and RFC 5789, and their labels: in lower case, as Go's promhttp, and
// so both peers, write them.
struct MethodLabel {
  std::string_view method;
  std::string_view label;
};
constexpr std::array<MethodLabel, 9> kMethods = {{{"GET", "get"},
                                                  {"POST", "post"},
                                                  {"PUT", "put"},
                                                  {"DELETE", "delete"},
                                                  {"HEAD", "head"},
                                                  {"OPTIONS", "options"},
                                                  {"PATCH", "patch"},
                                                  {"CONNECT", "connect"},
                                                  {"TRACE", "trace"}}};

// A constant, as `method` lives only as long as its request. Methods are case-sensitive: "get" is
// no GET, and counts among the unknown.
std::string_view method_label(std::string_view method) {
  for (const MethodLabel& known : kMethods) {
    if (known.method == method) return known.label;
  }
  return "unknown";
}

void append_family(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

template <typename Number>
void append_single(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help, Number value) {
  append_family(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

double read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
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

// The names and meanings are those of Prometheus's client libraries. What /proc does not tell
// (it may not be mounted) is left out.
void append_process(std::string& out, double start_time) {
  append_single(out, "process_cpu_seconds_total", "counter",
                "Processor time this watchdog has used itself, user and system, in seconds.",
                read_clock(CLOCK_PROCESS_CPUTIME_ID));
  if (const auto count = count_open_fds()) {
    append_single(out, "process_open_fds", "gauge", "File descriptors now open.", *count);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    append_single(out, "process_max_fds", "gauge", "File descriptors that may be open at once.",
                  static_cast<uint64_t>(limit.rlim_cur));
  }
  if (const auto memory = read_memory_use()) {
    append_single(out, "process_resident_memory_bytes", "gauge", "Memory resident in RAM.",
                  memory->resident_bytes);
    append_single(out, "process_virtual_memory_bytes", "gauge", "Address space in use.",
                  memory->virtual_bytes);
  }
  append_single(out, "process_start_time_seconds", "gauge",
                "When this watchdog started, in seconds since 1970.", start_time);
}

}  // namespace

void Histogram::observe(Duration duration) {
  duration = std::max(duration, Duration::zero());
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), seconds(duration));
  buckets_[static_cast<size_t>(bound - bounds_.begin())].fetch_add(1, kRelaxed);
  nanoseconds_.fetch_add(static_cast<uint64_t>(duration.count()), kRelaxed);
}

uint64_t Histogram::count() const {
  uint64_t count = 0;
  for (const auto& bucket : buckets_) count += bucket.load(kRelaxed);
  return count;
}

void Histogram::append_to(std::string& out, std::string_view name, std::string_view labels) const {
  auto end = std::back_inserter(out);
  const std::string_view comma = labels.empty() ? "" : ",";
  const std::string braced = labels.empty() ? "" : fmt::format("{{{}}}", labels);

  // Each bucket is read once, so that the count equals the last bucket whatever others observe.
  uint64_t count = 0;
  for (size_t i = 0; i < bounds_.size(); ++i) {
    count += buckets_[i].load(kRelaxed);
    fmt::format_to(end, "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bounds_[i], count);
  }
  count += buckets_.back().load(kRelaxed);
  fmt::format_to(end, "{}_bucket{{{}{}le=\"+Inf\"}} {}\n", name, labels, comma, count);
  const double sum = static_cast<double>(nanoseconds_.load(kRelaxed)) / 1e9;
  fmt::format_to(end, "{0}_sum{1} {2}\n{0}_count{1} {3}\n", name, braced, sum, count);
}

Metrics::Metrics() : start_time_(read_clock(CLOCK_REALTIME)) {}

Metrics::~Metrics() {
  for (Series* series = first_.load(); series != nullptr;) {
    const std::unique_ptr<Series> owner(series);
    series = series->next;
  }
}

Metrics::Series* Metrics::find(Series* first, std::string_view method, int code) {
  while (first != nullptr && (first->code != code || first->method != method)) first = first->next;
  return first;
}

Metrics::Series& Metrics::series(std::string_view method, int code) {
  Series* first = first_.load(std::memory_order_acquire);
  if (Series* known = find(first, method, code)) return *known;

  auto added = std::make_unique<Series>();
  added->method = method;
  added->code = code;
  added->next = first;
  while (!first_.compare_exchange_weak(added->next, added.get(), std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
    // Another thread was first with some series, maybe with this one.
    if (Series* known = find(added->next, method, code)) return *known;
  }
  return *added.release();
}

void Metrics::count_request(std::string_view method, int code, Duration duration) {
  series(method_label(method), code).duration.observe(duration);
}

void Metrics::append_requests(std::string& out) const {
  std::vector<const Series*> all;
  for (const Series* series = first_.load(std::memory_order_acquire); series != nullptr;
       series = series->next) {
    all.push_back(series);
  }
  if (all.empty()) return;
  std::sort(all.begin(), all.end(), [](const Series* a, const Series* b) {
    return std::tie(a->code, a->method) < std::tie(b->code, b->method);
  });

  append_family(out, "http_requests_total", "counter",
                "Requests answered, by status code and method.");
  for (const Series* series : all) {
    fmt::format_to(std::back_inserter(out), "http_requests_total{{code=\"{}\",method=\"{}\"}} {}\n",
                   series->code, series->method, series->duration.count());
  }
  append_family(out, "http_request_duration_seconds", "histogram",
                "Seconds from a request's head to the end of its answer.");
  for (const Series* series : all) {
    const auto labels = fmt::format("code=\"{}\",method=\"{}\"", series->code, series->method);
    series->duration.append_to(out, "http_request_duration_seconds", labels);
  }
}

std::string Metrics::text() const {
  std::string out;
  append_requests(out);
  append_single(out, "http_requests_in_flight", "gauge", "Requests now being answered.",
                requests_in_flight.load(kRelaxed));
  append_single(out, "fwatchdog_requests_queued", "gauge",
                "Requests now waiting for one of max_inflight slots.",
                requests_queued.load(kRelaxed));
  append_family(out, "fwatchdog_queue_seconds", "histogram",
                "Seconds that requests waited for a slot.");
  queue_seconds.append_to(out, "fwatchdog_queue_seconds", "");
  append_single(out, "fwatchdog_queue_timeouts_total", "counter",
                "Requests that waited for a slot until queue_timeout.",
                queue_timeouts.load(kRelaxed));

  append_family(out, "fwatchdog_spawn_seconds", "histogram",
                "Seconds it took to start a process of the function.");
  spawn_seconds.append_to(out, "fwatchdog_spawn_seconds", "");
  append_single(out, "fwatchdog_spawn_failures_total", "counter",
                "Processes of the function that could not be started.",
                spawn_failures.load(kRelaxed));
  append_single(out, "fwatchdog_restarts_total", "counter",
                "Times that the function's server was started again after it had ended.",
                restarts.load(kRelaxed));
  append_single(out, "fwatchdog_exec_timeouts_total", "counter",
                "Requests whose function was stopped at exec_timeout.",
                exec_timeouts.load(kRelaxed));
  append_single(out, "fwatchdog_log_lines_dropped_total", "counter",
                "Log lines dropped because nobody read this watchdog's output.",
                log::dropped_lines());
  append_family(out, "fwatchdog_build_info", "gauge", "Always 1; the version is in the label.");
  out += fmt::format("fwatchdog_build_info{{version=\"{}\"}} 1\n", kVersion);

  append_process(out, start_time_);
  return out;
}

}  // namespace watchdog
