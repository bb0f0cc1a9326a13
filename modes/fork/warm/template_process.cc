#include "modes/fork/warm/template_process.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "modes/fork/warm/control_socket.h"
#include "modes/fork/warm/preload_image.h"
#include "modes/fork/warm/program_kind.h"
#include "net/socket_status.h"
#include "process/pipe.h"
#include "process/reaper.h"

namespace watchdog {

namespace {

constexpr std::string_view kPreload = "LD_PRELOAD=";

// The environment of a program that the library is preloaded into.
std::vector<char*> with_library(char* const* environment, std::string& preload,
                                std::string& variable, int control) {
  std::vector<char*> all;
  preload = fmt::format("{}/proc/self/fd/{}", kPreload, preload_image());
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    if (entry.starts_with(WARM_VARIABLE "=")) continue;  // of a watchdog above us
    if (entry.starts_with(kPreload)) {
      preload.append(" ").append(entry.substr(kPreload.size()));
    } else {
      all.push_back(*environment);
    }
  }
  variable = fmt::format("{}={},{}", WARM_VARIABLE, control, preload_image());
  all.push_back(preload.data());
  all.push_back(variable.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

ErrnoOr<std::unique_ptr<TemplateProcess>> TemplateProcess::start(Loop& loop, Reaper& reaper,
                                                                 Command& command,
                                                                 char* const* environment,
                                                                 Kind kind, Owner& owner) {
  Pipe in;
  Pipe out;
  Pipe err;
  Fd ours;
  Fd theirs;
  if (!in.open() || !out.open() || !err.open() || !open_control_sockets(ours, theirs))
    return Errno{errno};
  const auto path = command.path();
  if (!path) return Errno{ENOENT};
  std::string preload;
  std::string variable;
  std::vector<char*> variables = with_library(environment, preload, variable, theirs.get());
  const Program program{.path = *path,
                        .argv = command.argv(),
                        .environment = variables.data(),
                        .in = in.read.get(),
                        .out = out.write.get(),
                        .err = err.write.get(),
                        .also = {theirs.get(), preload_image()}};
  std::unique_ptr<TemplateProcess> made(new TemplateProcess(loop, reaper, kind, owner));
  auto child = Child::spawn(loop, reaper, program,
                            [self = made.get()](ExitStatus status) { self->on_exit(status); });
  if (!child) return Errno{child.error()};
  made->child_ = std::move(*child);
  made->pid_ = made->child_->pid();
  made->input_ = std::move(in.write);
  made->output_ = std::move(out.read);
  made->errors_ = std::move(err.read);
  made->control_ =
      std::make_unique<Watch>(loop, std::move(ours), [self = made.get()] { self->on_readable(); });
  made->silence_.set_after(kind == Kind::kSpare ? kLookAtSpare : kLook);
  return made;
}

TemplateProcess::TemplateProcess(Loop& loop, Reaper& reaper, Kind kind, Owner& owner)
    : loop_(loop),
      reaper_(reaper),
      kind_(kind),
      owner_(owner),
      started_at_(loop.now()),
      silence_(loop, [this] { on_silence(); }) {}

// What the script would do at SIGTERM, such as removing files that its forks use, is not done.
TemplateProcess::~TemplateProcess() {
  end();
  refuse_all(Fallback::kTemplateGone);
}

void TemplateProcess::end() {
  state_ = State::kGone;
  silence_.clear();
  if (control_) ::shutdown(control_->fd(), SHUT_RDWR);
  if (!child_ || !child_->running()) return;
  reaper_.system().kill(-pid_, SIGKILL);
  child_.reset();
}

void TemplateProcess::on_readable() {
  if (read_messages() || state_ == State::kGone) return;
  control_->pause();
  // Its exit, which mostly comes next, says more.
  control_closed_ = true;
  silence_.set_after(kMostEnding);
}

bool TemplateProcess::read_messages() {
  while (control_) {
    const ControlMessage received = receive_from(control_->fd());
    if (received.what == ControlMessage::What::kNothing) return true;
    if (received.what == ControlMessage::What::kEnd) return false;
    on_message(received.header, received.sender);
    if (state_ == State::kGone) return true;
  }
  return true;
}

void TemplateProcess::on_message(const warm_header& message, pid_t sender) {
  if (state_ == State::kStarting) {
    if (sender != pid_) return;
    if (message.kind == WARM_READY) return on_ready(message);
    if (message.kind == WARM_FAILED) {
      give_up(Fallback::kDiffers,
              fmt::format("the files of a request cannot be opened in it: {}",
                          std::strerror(message.value)),
              true);
    }
    return;
  }
  if (sender == pid_) last_sign_ = loop_.now();
  if (message.kind == WARM_FORKED) {
    if (sender == pid_) on_forked(message.id, message.value);
  } else if (message.kind == WARM_STARTED || message.kind == WARM_FAILED) {
    on_answer(message, sender);
  }
}

void TemplateProcess::on_ready(const warm_header& message) {
  silence_.clear();
  has_children_ = (message.flags & WARM_PARENT) != 0;
  interpreter_ = static_cast<warm_interpreter>(message.value);
  threads_ = message.count;
  if (has_printed()) {
    return give_up(Fallback::kDiffers, "it printed something before it read its input", true);
  }
  state_ = State::kReady;
  owner_.on_template_ready(*this);
}

bool TemplateProcess::has_printed() const {
  return readable_bytes(output_.get()) > 0 || readable_bytes(errors_.get()) > 0;
}

void TemplateProcess::on_exit(ExitStatus status) {
  if (state_ == State::kGone) return;
  const bool started = state_ == State::kReady;
  ended_ = status;
  ::shutdown(control_->fd(), SHUT_RDWR);
  read_messages();
  if (state_ == State::kGone) return;
  if (started) {
    return give_up(Fallback::kTemplateGone, fmt::format("it has ended: {}", status.text()), false);
  }
  const Fallback reason = status.signal != 0 ? Fallback::kTemplateGone : Fallback::kNoRead;
  give_up(reason, fmt::format("it ended before it read its input: {}", status.text()),
          status.success());
}

void TemplateProcess::on_silence() {
  if (control_closed_ && state_ == State::kStarting) {
    return give_up(Fallback::kStatic, "it has executed a program that the library is not in", true);
  }
  if (control_closed_) {
    return give_up(Fallback::kTemplateGone, "it has closed its side of the socket", false);
  }
  state_ == State::kStarting ? on_slow_start() : look();
}

void TemplateProcess::on_slow_start() {
  // What both of two looks find.
  if (++looks_ <= 2) {
    silence_.set_after(looks_ == 1 ? Duration(kLook) : kMostStart - 2 * kLook);
    struct stat tasks {};
    const std::string folder = fmt::format("/proc/{}/task", pid_);
    // A folder's links: two, and one per folder in it.
    const bool threads = ::stat(folder.c_str(), &tasks) == 0 && tasks.st_nlink > 3;
    const bool children = count_children(pid_) > 0;
    if (looks_ == 1) suspect_ = threads || children;
    if (looks_ == 1 || !suspect_) return;
    if (threads) {
      const bool zygote = kind_ == Kind::kZygote;
      return give_up(zygote ? Fallback::kThreads : Fallback::kUnknownInterpreter,
                     fmt::format("the template has {} threads{}", tasks.st_nlink - 2,
                                 zygote ? "" : ", and does not wait in a read of its input"),
                     true);
    }
    if (children) {
      return give_up(Fallback::kNoRead, "it waits for another process before it reads its input",
                     true);
    }
    return;
  }
  const std::string program = fmt::format("/proc/{}/exe", pid_);
  if (is_static_program(program.c_str())) {
    return give_up(Fallback::kStatic, "it is a program without a dynamic loader", true);
  }
  constexpr auto kSeconds = kMostStart / std::chrono::seconds(1);
  give_up(Fallback::kTemplateSlow, fmt::format("it has not read its input within {} s", kSeconds),
          true);
}

void TemplateProcess::give_up(Fallback reason, const std::string& detail, bool lasting) {
  if (state_ == State::kGone) return;
  ::shutdown(control_->fd(), SHUT_RDWR);
  read_messages();
  if (state_ == State::kGone) return;
  if (child_ && child_->running()) reaper_.system().kill(-pid_, SIGKILL);
  state_ = State::kGone;
  silence_.clear();
  refuse_all(reason);
  owner_.on_template_gone(*this, reason, detail, lasting);
}

}  // namespace watchdog
