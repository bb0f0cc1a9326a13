// What starting `cat` for each request costs at the very least: three pipes, one posix_spawn, the
// body in, both outputs read to their ends, one waitpid. Nothing is served. A watchdog's own cost
// is judged against this program's.
//
// Who pays, on Linux: posix_spawn is clone(CLONE_VM | CLONE_VFORK). Making the child (copying the
// task, its file table, its signals) is the parent's time. From there to exec the parent sleeps and
// the child, although it borrows the parent's memory, is on its own account: dup2, signals, exec
// and everything later count as children's time once waited for. Burying it in waitpid is the
// parent's again. So own_us_per_request holds no part of `cat`, and none of exec.

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "cat_run.h"
#include "clock.h"
#include "options.h"

namespace bench {
namespace {

// What posix_spawn took each time, in seconds; as many as there were requests.
using SpawnTimes = std::vector<double>;

// Runs one after the other.
SpawnTimes run_singly(const Settings& settings, double until) {
  CatRun run;
  SpawnTimes times;
  do {
    run.start(settings);
    run.finish();
    times.push_back(run.spawn_seconds());
  } while (now() < until);
  return times;
}

// Keeps `concurrency` runs in flight until the time is over, then lets them end.
SpawnTimes run_together(const Settings& settings, size_t concurrency, double until) {
  std::vector<CatRun> runs(concurrency);
  for (CatRun& run : runs) run.start(settings);
  std::vector<pollfd> waits;
  SpawnTimes times;
  while (!runs.empty()) {
    waits.clear();
    for (const CatRun& run : runs) {
      for (const pollfd& wait : run.waits()) waits.push_back(wait);
    }
    if (poll(waits.data(), waits.size(), -1) < 0) die("poll");
    for (size_t i = runs.size(); i-- > 0;) {
      if (!runs[i].advance(&waits[i * 3], settings)) continue;
      times.push_back(runs[i].spawn_seconds());
      if (now() < until) {
        runs[i].start(settings);
      } else {
        runs.erase(runs.begin() + static_cast<ptrdiff_t>(i));
      }
    }
  }
  return times;
}

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int measure(const Options& options) {
  signal(SIGPIPE, SIG_IGN);
  const Settings settings = {find_in_path("cat"),
                             std::string(options.number("body-bytes", 1024), 'x')};
  const auto concurrency = static_cast<size_t>(options.number("concurrency", 1));
  const bool blocking = concurrency == 1 && settings.body.size() <= kPipeCapacity;

  const double own_before = cpu_seconds(RUSAGE_SELF);
  const double start = now();
  const double until = start + options.real("seconds", 5);
  SpawnTimes times =
      blocking ? run_singly(settings, until) : run_together(settings, concurrency, until);
  const double elapsed = now() - start;
  const double own = cpu_seconds(RUSAGE_SELF) - own_before;
  const double children = cpu_seconds(RUSAGE_CHILDREN);

  std::sort(times.begin(), times.end());
  const auto count = static_cast<double>(times.size());
  printf(
      "{\"requests\": %zu, \"seconds\": %.3f, \"rps\": %.1f, \"own_us_per_request\": %.1f, "
      "\"children_us_per_request\": %.1f, \"spawn_us_p50\": %.0f, \"spawn_us_p99\": %.0f, "
      "\"spawn_us_max\": %.0f}\n",
      times.size(), elapsed, count / elapsed, own / count * 1e6, children / count * 1e6,
      times[times.size() / 2] * 1e6, times[times.size() * 99 / 100] * 1e6, times.back() * 1e6);
  return 0;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  return bench::measure(
      bench::Options(count, arguments, "floor [--concurrency N] [--seconds S] [--body-bytes N]"));
}
