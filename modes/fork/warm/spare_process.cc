#include "modes/fork/warm/spare_process.h"

#include <cerrno>
#include <csignal>
#include <utility>

#include "net/socket_status.h"
#include "process/pipe.h"
#include "process/reaper.h"

namespace watchdog {

ErrnoOr<std::unique_ptr<SpareProcess>> SpareProcess::start(
    Loop& loop, Reaper& reaper, Command& command, char* const* environment, bool merged,
    std::function<void(SpareProcess&, ExitStatus)> on_end) {
  Pipe in;
  Pipe out;
  Pipe err;
  if (!in.open() || !out.open() || (!merged && !err.open())) return Errno{errno};
  const auto path = command.path();
  if (!path) return Errno{ENOENT};
  const Program program{.path = *path,
                        .argv = command.argv(),
                        .environment = environment,
                        .in = in.read.get(),
                        .out = out.write.get(),
                        .err = merged ? out.write.get() : err.write.get()};
  std::unique_ptr<SpareProcess> spare(new SpareProcess(loop, reaper));
  auto child = Child::spawn(
      loop, reaper, program,
      [self = spare.get(), call = std::move(on_end)](ExitStatus status) { call(*self, status); });
  if (!child) return Errno{child.error()};
  spare->parts_ = {std::move(*child), std::move(in.write), std::move(out.read),
                   std::move(err.read)};
  return spare;
}

SpareProcess::~SpareProcess() {
  end();
}

void SpareProcess::end() {
  if (!parts_.child || !parts_.child->running()) return;
  reaper_.system().kill(-parts_.child->pid(), SIGKILL);
  parts_.child.reset();
}

bool SpareProcess::runs() const {
  const Child& child = *parts_.child;
  return child.running() && !reaper_.system().exited(child.pid());
}

bool SpareProcess::has_printed() const {
  return readable_bytes(parts_.out.get()) > 0 || readable_bytes(parts_.err.get()) > 0;
}

SpareProcess::Parts SpareProcess::take(std::function<void(ExitStatus)> on_exit) {
  parts_.child->on_exit(std::move(on_exit));
  return std::move(parts_);
}

}  // namespace watchdog
