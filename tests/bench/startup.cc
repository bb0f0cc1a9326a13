// How long a server takes from being started to its first 200: starts the command after "--", asks
// for the URL every 50 microseconds until it answers 200, kills the server, and again. Prints one
// JSON object. The time includes making the process, exec and all.

#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "address.h"
#include "clock.h"
#include "options.h"

extern char** environ;

namespace bench {
namespace {

constexpr double kPatience = 10;  // seconds
constexpr timespec kBetweenTries = {0, 50'000};

bool answers_200(const Address& address, const std::string& request) {
  const int fd = connect_to(address);
  if (fd < 0) return false;
  char reply[512];
  const bool sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0;
  const ssize_t size = sent ? recv(fd, reply, sizeof reply, 0) : -1;
  close(fd);
  return size > 12 && memcmp(reply + 9, "200", 3) == 0;
}

// Seconds until the first 200; negative when there was none.
double start_once(char** command, const Address& address, const std::string& request) {
  const double start = now();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO,
                                   STDOUT_FILENO);  // stdout is for our JSON
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, command[0], &actions, nullptr, command, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return -1;
  double elapsed = -1;
  while (elapsed < 0 && now() - start < kPatience) {
    if (answers_200(address, request)) {
      elapsed = now() - start;
    } else {
      nanosleep(&kBetweenTries, nullptr);
    }
  }
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return elapsed;
}

int measure(const Options& options) {
  const auto address = parse_address(options.text("url", ""));
  std::vector<char*> command = options.rest();
  if (!address || command.empty()) options.refuse();
  command.push_back(nullptr);
  const std::string request =
      "GET " + address->path + " HTTP/1.1\r\nHost: " + address->host + "\r\n\r\n";
  prctl(PR_SET_TIMERSLACK, 1000);

  std::vector<double> times;
  for (uint64_t i = options.number("times", 20); i > 0; --i) {
    const double elapsed = start_once(command.data(), *address, request);
    if (elapsed < 0) {
      fprintf(stderr, "startup: no 200 from %s\n", command[0]);
      return 1;
    }
    times.push_back(elapsed * 1000);
  }
  std::sort(times.begin(), times.end());
  printf("{\"times\": %zu, \"median_ms\": %.3f, \"best_ms\": %.3f, \"worst_ms\": %.3f}\n",
         times.size(), times[times.size() / 2], times.front(), times.back());
  return 0;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  return bench::measure(bench::Options(
      count, arguments, "startup --url host:port/path [--times N] -- command [argument...]"));
}
