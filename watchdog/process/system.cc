#include "process/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/fd.h"
#include "process/memory_kills.h"
#include "process/pipe.h"

// clone(2) under the name that ThreadSanitizer does not intercept: what it does after a fork, it
// would do to the memory that we share with the child.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);

namespace watchdog {

namespace {

constexpr size_t kChildStack = 32 * 1024;
constexpr size_t kKernelSignalSet = 8;  // bytes of the kernel's sigset_t

// The limit of open files that we were started with. Raises ours, the first time.
const rlimit& inherited_descriptor_limit() {
  static const rlimit inherited = [] {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return limit;
    const rlimit most{limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur != most.rlim_cur) ::setrlimit(RLIMIT_NOFILE, &most);
    return limit;
  }();
  return inherited;
}

// What the child runs on and reads; the parent stands still until it has exec'ed or exited.
struct Launch {
  const Program* program;
  const rlimit* descriptors;  // null: ours
  int error = 0;              // written by the child, in our memory
  int report = -1;            // where else to write it; see shares_memory()
};

[[noreturn]] __attribute__((no_sanitize("address", "thread", "undefined"))) void give_up(
    Launch& launch) {
  launch.error = errno;
  if (launch.report >= 0) syscall(SYS_write, launch.report, &launch.error, sizeof launch.error);
  for (;;) syscall(SYS_exit, 127);
}

// From here to exec the child shares our memory (CLONE_VM), so it makes raw system calls only: no
// allocation, no locks, no libc wrapper that a sanitizer might intercept.
__attribute__((no_sanitize("address", "thread", "undefined"))) int launch(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  const Program& program = *launch.program;
  syscall(SYS_setsid);
  // dup3 refuses equal descriptors; ours are always above 2 (secure_descriptors).
  if (syscall(SYS_dup3, program.in, 0, 0) < 0 || syscall(SYS_dup3, program.out, 1, 0) < 0 ||
      syscall(SYS_dup3, program.err, 2, 0) < 0) {
    give_up(launch);
  }
  // We ignore SIGPIPE and SIGXFSZ and block the signals that we watch; everything else is at its
  // default. A kernel sigaction of zeros is SIG_DFL on every architecture.
  const std::array<uint64_t, 8> default_action{};
  for (const int ignored : {SIGPIPE, SIGXFSZ}) {
    syscall(SYS_rt_sigaction, ignored, default_action.data(), nullptr, kKernelSignalSet);
  }
  if (launch.descriptors != nullptr) {
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, launch.descriptors, nullptr);
  }
  const uint64_t none = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kKernelSignalSet);
  for (const int kept : program.also) {
    if (kept >= 0) syscall(SYS_fcntl, kept, F_SETFD, 0);
  }
  // A folder that is gone has taken the program along, which says so itself.
  if (program.folder != nullptr) syscall(SYS_chdir, program.folder);
  syscall(SYS_execve, program.path, program.argv, program.environment);
  give_up(launch);
  return 0;
}

constexpr int kSharing = CLONE_VM | CLONE_VFORK | SIGCHLD;

// Whether the child of a vfork writes into our memory, and we wait for it. Emulators of another
// architecture (qemu's user mode, on which container images of another machine run) make a fork of
// it, and both go on.
bool shares_memory() {
  static const bool shares = [] {
    alignas(16) std::array<char, 4096> stack;
    volatile int seen = 0;
    const pid_t pid = __clone(
        [](void* flag) {
          *static_cast<volatile int*>(flag) = 1;
          syscall(SYS_exit, 0);
          return 0;
        },
        stack.data() + stack.size(), kSharing, const_cast<int*>(&seen));
    while (pid > 0 && ::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    return pid < 0 || seen == 1;
  }();
  return shares;
}

// Waits until the child runs its program or has given up: an errno, or 0.
int read_report(int pipe) {
  int error = 0;
  ssize_t size = 0;
  do {
    size = ::read(pipe, &error, sizeof error);
  } while (size < 0 && errno == EINTR);
  return size == sizeof error ? error : 0;
}

// What /proc/PID/stat says of a process: "pid (name) S ppid pgrp session ...", where name may hold
// anything.
struct Listed {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  bool running = false;
};

bool read_process(const char* pid, Listed& process) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[512];
  const ssize_t size = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (size <= 0) return false;
  text[size] = '\0';
  const char* after_name = std::strrchr(text, ')');
  if (after_name == nullptr || std::strlen(after_name) < 4) return false;
  const char state = after_name[2];
  char* end = nullptr;
  process.pid = static_cast<pid_t>(std::strtol(pid, nullptr, 10));
  process.parent = static_cast<pid_t>(std::strtol(after_name + 3, &end, 10));
  process.group = static_cast<pid_t>(std::strtol(end, &end, 10));
  process.session = static_cast<pid_t>(std::strtol(end, nullptr, 10));
  process.running = state != 'Z' && state != 'X';
  return true;
}

std::vector<Listed> list_processes() {
  std::vector<Listed> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  while (const dirent* entry = processes ? ::readdir(processes.get()) : nullptr) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    Listed process;
    if (read_process(entry->d_name, process)) all.push_back(process);
  }
  return all;
}

// Adds to `family` whatever descends from its members.
void add_descendants(std::set<pid_t>& family, const std::vector<Listed>& all) {
  // Parents may be listed behind their children, as numbers start again at the end.
  for (size_t before = 0; before != family.size();) {
    before = family.size();
    for (const Listed& process : all) {
      if (family.contains(process.parent)) family.insert(process.pid);
    }
  }
}

// Those of `family` that run, without `except`.
std::vector<pid_t> running_members(const std::set<pid_t>& family, const std::vector<Listed>& all,
                                   pid_t except) {
  std::vector<pid_t> running;
  for (const Listed& process : all) {
    if (process.running && process.pid != except && family.contains(process.pid)) {
      running.push_back(process.pid);
    }
  }
  return running;
}

class RealSystem final : public System {
 public:
  Started spawn(const Program& program) override {
    alignas(16) thread_local std::array<char, kChildStack> stack;
    const rlimit& descriptors = inherited_descriptor_limit();
    const bool raised = descriptors.rlim_cur != descriptors.rlim_max;
    Launch shared{.program = &program, .descriptors = raised ? &descriptors : nullptr};
    Started started;
    Pipe report;
    if (!shares_memory()) {
      if (!report.open()) {
        started.error = errno;
        return started;
      }
      shared.report = report.write.get();
    }
    int pidfd = -1;
    // No signal of ours may run a handler in the child: all that have one are blocked already.
    pid_t pid =
        __clone(launch, stack.data() + stack.size(), kSharing | CLONE_PIDFD, &shared, &pidfd);
    if (pid < 0 && errno == EINVAL) {
      pid = __clone(launch, stack.data() + stack.size(), kSharing, &shared);
    }
    if (pid < 0) {
      started.error = errno;
      return started;
    }
    if (report.write) {
      report.write.close();
      shared.error = read_report(report.read.get());
    }
    if (shared.error != 0) {
      started.error = shared.error;
      if (pidfd >= 0) ::close(pidfd);
      while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
      return started;
    }
    started.pid = pid;
    started.pidfd = pidfd;
    return started;
  }

  bool is_child(pid_t pid) override {
    siginfo_t info{};
    return pid > 1 &&
           ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  }
  int watch(pid_t pid) override { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

  void kill(pid_t pid, int signal) override { ::kill(pid, signal); }

  pid_t reap(pid_t pid, int* status) override {
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(pid, status, WNOHANG);
    } while (reaped < 0 && errno == EINTR);
    return reaped;
  }

  bool exited(pid_t pid) override {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid;
  }

  pid_t any_exited() override {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return 0;
    return info.si_pid;
  }

  std::set<pid_t> live_groups() override {
    std::set<pid_t> groups;
    for (const Listed& process : list_processes()) {
      if (process.running) groups.insert(process.group);
    }
    return groups;
  }

  std::vector<pid_t> descendants() override {
    const std::vector<Listed> all = list_processes();
    std::set<pid_t> family = {::getpid()};
    add_descendants(family, all);
    return running_members(family, all, ::getpid());
  }

  std::vector<pid_t> session_of(pid_t leader) override {
    const std::vector<Listed> all = list_processes();
    std::set<pid_t> family;
    for (const Listed& process : all) {
      if (process.session == leader || process.group == leader) family.insert(process.pid);
    }
    add_descendants(family, all);
    return running_members(family, all, leader);
  }

  uint64_t memory_kills() override { return memory_kills_.read(); }

 private:
  const MemoryKills memory_kills_;
};

// Of the first object, which is the program.
int unmap_constant_segments(dl_phdr_info* program, size_t /*size*/, void* /*nothing*/) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (size_t i = 0; i < program->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = program->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = (program->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const uintptr_t end = program->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the addresses of a program header are numbers.
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 1;
}

}  // namespace

System& real_system() {
  static RealSystem system;
  return system;
}

void raise_descriptor_limit() {
  inherited_descriptor_limit();
}

void run_behind_children() {
  const sched_param parameter{};
  ::sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &parameter);  // where it is allowed
}

void unmap_code_of_the_start() {
  ::dl_iterate_phdr(unmap_constant_segments, nullptr);
}

void secure_descriptors() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
  if (::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  // Before Linux 5.11.
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir("/proc/self/fd"), ::closedir);
  while (const dirent* entry = open ? ::readdir(open.get()) : nullptr) {
    const int inherited = static_cast<int>(std::strtol(entry->d_name, nullptr, 10));
    if (inherited > STDERR_FILENO) ::fcntl(inherited, F_SETFD, FD_CLOEXEC);
  }
}

}  // namespace watchdog
