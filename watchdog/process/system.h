#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <vector>

namespace watchdog {

// A program to run: absolute path, NULL-terminated argv and environment, and the descriptors that
// become its 0, 1 and 2. It gets no others.
struct Program {
  const char* path = nullptr;
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  int in = -1;
  int out = -1;
  int err = -1;
  const char* folder = nullptr;  // to run in; null: ours
};

// What came of starting one.
struct Started {
  pid_t pid = -1;
  int pidfd = -1;  // -1 where the kernel has none: watch for SIGCHLD instead
  int error = 0;   // errno of what failed, exec included; then nothing runs
};

// The kernel, as far as processes go. Tests put a scripted one in its place.
class System {
 public:
  virtual ~System() = default;

  // Starts the program as leader of its own session and process group, with every signal at its
  // default action and unblocked. Blocks until the program runs or could not be executed.
  virtual Started spawn(const Program& program) = 0;
  // kill(2): a negative pid is a process group.
  virtual void kill(pid_t pid, int signal) = 0;
  // Reaps `pid` if it has exited: its pid, 0 while it runs, -1 when there is no such child.
  virtual pid_t reap(pid_t pid, int* status) = 0;
  // Whether the child has exited; leaves it to be reaped.
  virtual bool exited(pid_t pid) = 0;
  // Some child that has exited, left to be reaped; 0 when there is none.
  virtual pid_t any_exited() = 0;
  // The process groups that have at least one member that still runs.
  virtual std::set<pid_t> live_groups() = 0;
  // The processes that still run and descend from this one.
  virtual std::vector<pid_t> descendants() = 0;
  // The processes that still run in the session or the group that `leader` leads or led, and those
  // that descend from them; without `leader` itself.
  virtual std::vector<pid_t> session_of(pid_t leader) = 0;
  // How many processes of our cgroup the kernel has killed so far because memory was short; 0 where
  // that cannot be told. From any thread.
  virtual uint64_t memory_kills() = 0;
};

System& real_system();

// Raises our limit of open files to the most that we may have. What System::spawn() starts gets the
// limit back as it was: a program that uses select(2) must not see numbers beyond 1,023. Once, at
// the start of main.
void raise_descriptor_limit();

// Lets the calling thread run behind the processes that it starts: woken, it waits for a CPU
// instead of taking one from a function, and then finds more to do at once. Under load that halves
// what a request costs us; with a CPU free it changes nothing. Children do not inherit it.
void run_behind_children();

// How many children a process has; 0 too when that cannot be told.
unsigned count_children(pid_t pid);

// Makes sure that 0, 1 and 2 exist, so that nothing else is opened in their place, and that all
// other descriptors, which a careless parent may have left open, stay out of our children. Once, at
// the start of main.
void secure_descriptors();

}  // namespace watchdog
