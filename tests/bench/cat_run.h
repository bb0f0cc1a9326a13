#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "clock.h"

extern char** environ;

namespace bench {

constexpr size_t kPipeCapacity = 65536;

[[noreturn]] inline void die(const char* what) {
  perror(what);
  exit(1);
}

struct Settings {
  std::string command;  // the path of cat
  std::string body;     // what each run is given
};

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

inline Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) die("pipe2");
  return {ends[0], ends[1]};
}

// One run of `cat`, started and followed with as few system calls as there can be.
class CatRun {
 public:
  void start(const Settings& settings) {
    const Pipe in = make_pipe();
    const Pipe out = make_pipe();
    const Pipe errors = make_pipe();
    spawn(settings.command, in.read_end, out.write_end, errors.write_end);
    close(in.read_end);
    close(out.write_end);
    close(errors.write_end);
    input_ = in.write_end;
    output_ = out.read_end;
    errors_ = errors.read_end;
    left_ = settings.body.size();
    printed_.clear();
    if (left_ > kPipeCapacity) fcntl(input_, F_SETFL, O_NONBLOCK);
    write_some(settings.body);
  }

  // How long posix_spawn kept us.
  double spawn_seconds() const { return spawn_seconds_; }
  // What it has printed so far.
  const std::string& printed() const { return printed_; }

  // Blocks until the run is over: no poll, when the body fits into the pipe.
  void finish() {
    while (output_ >= 0) read_output();
    while (errors_ >= 0) read_errors();
    abandon();
  }

  std::array<pollfd, 3> waits() const {
    return {pollfd{input_, POLLOUT, 0}, pollfd{output_, POLLIN, 0}, pollfd{errors_, POLLIN, 0}};
  }

  // What poll said about waits(). Returns whether the run is over.
  bool advance(const pollfd* ready, const Settings& settings) {
    if (ready[0].revents != 0) write_some(settings.body);
    if (ready[1].revents != 0) read_output();
    if (ready[2].revents != 0) read_errors();
    if (output_ >= 0 || errors_ >= 0) return false;
    abandon();
    return true;
  }

 private:
  void spawn(const std::string& command, int in, int out, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    char name[] = "cat";
    char* arguments[] = {name, nullptr};
    const double start = now();
    errno = posix_spawn(&pid_, command.c_str(), &actions, nullptr, arguments, environ);
    if (errno != 0) die("posix_spawn");
    spawn_seconds_ = now() - start;
    posix_spawn_file_actions_destroy(&actions);
  }

  void write_some(const std::string& body) {
    const ssize_t size = write(input_, body.data() + body.size() - left_, left_);
    if (size < 0 && errno != EAGAIN) die("write");
    if (size > 0) left_ -= static_cast<size_t>(size);
    if (left_ > 0) return;
    close(input_);
    input_ = -1;
  }

  void read_output() {
    const size_t size = read_some(output_);
    printed_.append(buffer_, size);
  }

  void read_errors() { read_some(errors_); }

  // Closes at the end.
  static size_t read_some(int& fd) {
    const ssize_t size = read(fd, buffer_, sizeof buffer_);
    if (size < 0) die("read");
    if (size > 0) return static_cast<size_t>(size);
    close(fd);
    fd = -1;
    return 0;
  }

  void abandon() const {
    int status = 0;
    if (waitpid(pid_, &status, 0) < 0) die("waitpid");
    if (status != 0) {
      fprintf(stderr, "cat failed: wait status %d\n", status);
      exit(1);
    }
  }

  static inline char buffer_[kPipeCapacity];

  pid_t pid_ = -1;
  double spawn_seconds_ = 0;
  // Our ends of its pipes; -1 once closed.
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  size_t left_ = 0;  // of the body
  std::string printed_;
};

inline std::string find_in_path(const std::string& name) {
  const char* path = getenv("PATH");
  std::string folders = path != nullptr ? path : "/usr/bin:/bin";
  for (char* folder = strtok(folders.data(), ":"); folder; folder = strtok(nullptr, ":")) {
    const std::string candidate = std::string(folder) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  die(name.c_str());
}

}  // namespace bench
