#include "net/signals.h"

#include <fmt/format.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace watchdog {

namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_signals() {
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) std::signal(signal, SIG_DFL);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is an error of writing it
  const sigset_t set =
      set_of({SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD});
  sigprocmask(SIG_SETMASK, &set, nullptr);
}

Result<std::unique_ptr<Signals>> Signals::watch(Loop& loop, std::initializer_list<int> signals,
                                                std::function<void(int)> on_signal) {
  const sigset_t set = set_of(signals);
  Fd fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return Error{fmt::format("cannot watch signals: {}", strerror(errno))};
  return std::unique_ptr<Signals>(new Signals(loop, std::move(fd), std::move(on_signal)));
}

Signals::Signals(Loop& loop, Fd fd, std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)), watch_(loop, std::move(fd), [this] { read(); }) {}

bool Signals::pending(std::initializer_list<int> signals) {
  sigset_t waiting;
  sigemptyset(&waiting);
  sigpending(&waiting);
  return std::any_of(signals.begin(), signals.end(),
                     [&](int signal) { return sigismember(&waiting, signal) == 1; });
}

void Signals::read() {
  std::array<signalfd_siginfo, 16> infos;
  for (;;) {
    const ssize_t size = ::read(watch_.fd(), infos.data(), sizeof infos);
    if (size <= 0) return;
    for (size_t i = 0; i < static_cast<size_t>(size) / sizeof infos[0]; ++i) {
      on_signal_(static_cast<int>(infos[i].ssi_signo));
    }
  }
}

}  // namespace watchdog
