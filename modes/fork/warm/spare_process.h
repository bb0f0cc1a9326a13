#pragma once

#include <functional>
#include <memory>

#include "base/errno_or.h"
#include "base/fd.h"
#include "net/loop.h"
#include "process/child.h"
#include "process/command.h"

namespace watchdog {

class Reaper;

// A program that was started ahead of its request as it is, without any library: its environment
// and its pipes are all that the request will have. So it is for functions that get no variables
// (cgi_headers=false), and works for every program that waits for its input: node, a JVM, a static
// binary. Owned by a WarmStarts, on its loop.
class SpareProcess {
 public:
  // `merged`: what it prints as errors goes to its output. `on_end` runs when it ends before it is
  // taken.
  static ErrnoOr<std::unique_ptr<SpareProcess>> start(
      Loop& loop, Reaper& reaper, Command& command, char* const* environment, bool merged,
      std::function<void(SpareProcess&, ExitStatus)> on_end);
  ~SpareProcess();
  SpareProcess(const SpareProcess&) = delete;
  SpareProcess& operator=(const SpareProcess&) = delete;

  // Kills it at once; only the destructor may be called after.
  void end();
  bool runs() const;
  // Whether it has printed anything: a program that does not wait for its input would answer a
  // request that it has not seen.
  bool has_printed() const;
  Instant started_at() const { return started_at_; }

  // The process and our ends of its pipes; `err` is none where it is merged.
  struct Parts {
    std::unique_ptr<Child> child;
    Fd in;
    Fd out;
    Fd err;
  };
  // Gives it away; only the destructor may be called after.
  Parts take(std::function<void(ExitStatus)> on_exit);

 private:
  SpareProcess(Loop& loop, Reaper& reaper) : reaper_(reaper), started_at_(loop.now()) {}

  Reaper& reaper_;
  const Instant started_at_;
  Parts parts_;
};

}  // namespace watchdog
