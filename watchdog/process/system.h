#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <set>
#include <vector>

namespace watchdog {

// A program to run: its absolute path, NULL-terminated argv and environment, and the descriptors
// that become its 0, 1 and 2. It gets no others but those of `also`.
struct Program {
  const char* path = nullptr;
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  int in = -1;
  int out = -1;
  int err = -1;
  const char* folder = nullptr;  // to run in; null: ours
  // Descriptors that it gets in addition, under the same numbers; -1 is none.
  std::array<int, 2> also = {-1, -1};
};

// The outcome of starting a program.
struct Started {
  pid_t pid = -1;
  int pidfd = -1;  // -1 where the kernel has none: watch for SIGCHLD instead
  int error = 0;   // errno of what failed, exec included; then nothing runs
};

// The kernel's interface to processes. Tests put a scripted one in its place. May be used from any
// thread.
class System {
 public:
  virtual ~System() = default;

  // Starts the program as the leader of its own session and process group, with every signal at its
  // default action and unblocked. Blocks until the program runs or could not be executed.
  virtual Started spawn(const Program& program) = 0;
  // Whether this is a child of ours that has not been reaped.
  virtual bool is_child(pid_t pid) = 0;
  // Returns a pidfd of a child that we have inherited; -1 where the kernel has none.
  virtual int watch(pid_t pid) = 0;
  // kill(2): a negative pid is a process group.
  virtual void kill(pid_t pid, int signal) = 0;
  // Reaps `pid` if it has exited. Returns its pid, 0 while it runs, -1 when there is no such child.
  virtual pid_t reap(pid_t pid, int* status) = 0;
  // Whether the child has exited; it is left to be reaped.
  virtual bool exited(pid_t pid) = 0;
  // Returns a child that has exited and leaves it to be reaped; 0 when there is none.
  virtual pid_t any_exited() = 0;
  // Returns the process groups that have at least one member that still runs.
  virtual std::set<pid_t> live_groups() = 0;
  // Returns the processes that still run and descend from this one.
  virtual std::vector<pid_t> descendants() = 0;
  // Returns the processes that still run in the session or the group that `leader` leads or led,
  // and those that descend from them, without `leader` itself.
  virtual std::vector<pid_t> session_of(pid_t leader) = 0;
  // Returns how many processes of our control group the kernel has killed so far to get memory; 0
  // where that cannot be told.
  virtual uint64_t memory_kills() = 0;
};

System& real_system();

// Raises our limit of open files (RLIMIT_NOFILE) to the most that we may have. What System::spawn()
// starts gets the old limit back: a program that uses select(2) must not see descriptors beyond
// 1,023. Called once, at the start of main.
void raise_descriptor_limit();

// Uses SCHED_BATCH for the calling thread, so that waking up does not preempt the processes that it
// starts: it waits for a CPU instead of taking one from a function, and then finds more to do at
// once. Under load that halves what a request costs us; with a CPU free it changes nothing.
// Children do not inherit it.
void run_behind_children();

// Unmaps the pages of this program's code (MADV_DONTNEED), of which the start has used most: what
// serving needs is mapped again, from the page cache, when it runs. Halves the resident memory of a
// watchdog that waits. Called once, when the start is over.
void unmap_code_of_the_start();

// Makes sure that the descriptors 0, 1 and 2 exist, so that nothing else is opened in their place,
// and that all others, which a careless parent may have left open, are closed on exec. Called once,
// at the start of main.
void secure_descriptors();

}  // namespace watchdog
