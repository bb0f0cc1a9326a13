#include "process/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/exit_code.h"
#include "base/text.h"
#include "process/pipe.h"
#include "process/reaper.h"

namespace watchdog {

namespace {

// The name of a "NAME=value", with its '='.
std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('=') + 1);
}

// Our environment with `more` in place of what has the same names.
std::vector<char*> merge(std::vector<std::string>& more) {
  std::vector<char*> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const bool replaced = std::any_of(more.begin(), more.end(), [&](const std::string& other) {
      return name_of(other) == name_of(*variable);
    });
    if (!replaced) all.push_back(*variable);
  }
  for (std::string& variable : more) all.push_back(variable.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Supervisor::Supervisor(Loop& loop, Reaper& reaper, Plan plan, std::unique_ptr<ReadinessProbe> probe,
                       Owner& owner)
    : loop_(loop),
      reaper_(reaper),
      plan_(std::move(plan)),
      command_(plan_.command),
      environment_(merge(plan_.environment)),
      probe_(std::move(probe)),
      owner_(owner),
      remains_(loop, reaper.system(), [this] { on_cleared(); }),
      next_(loop,
            [this] {
              if (state_ == State::kWaiting) return spawn();
              if (state_ == State::kStarting) this->probe();
            }),
      deadline_(loop, [this] { on_deadline(); }) {}

void Supervisor::start() {
  spawn();
}

void Supervisor::become(State state) {
  state_ = state;
  owner_.on_supervised_state(state);
}

void Supervisor::spawn() {
  become(State::kStarting);
  started_at_ = loop_.now();
  last_problem_ = "it was not asked yet";
  end_reason_.clear();
  if (!plan_.command.empty() && !spawn_process()) return;
  if (plan_.startup_timeout > Duration::zero()) deadline_.set_after(plan_.startup_timeout);
  probe();
}

bool Supervisor::fail_spawn(int error) {
  end_reason_ = command_.explain(error);
  log::event(log::Level::kError, "function_not_started", end_reason_, {{"cause", end_reason_}});
  if (error == ENOENT) command_.forget_path();
  on_end(false, error == ENOENT ? kExitNotFound : kExitNotRunnable);
  return false;
}

bool Supervisor::spawn_process() {
  Pipe out;
  Pipe err;
  bool piped = false;
  Fd nothing;
  do {
    piped = out.open() && err.open();
    nothing = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  } while ((!piped || !nothing) && loop_.made_room(errno));
  if (!piped || !nothing) return fail_spawn(errno);
  const auto path = command_.path();
  if (!path) return fail_spawn(ENOENT);
  const Program program{.path = *path,
                        .argv = command_.argv(),
                        .environment = environment_.data(),
                        .in = nothing.get(),
                        .out = out.write.get(),
                        .err = err.write.get()};
  auto child =
      Child::spawn(loop_, reaper_, program, [this](ExitStatus status) { on_exit(status); });
  if (!child) return fail_spawn(child.error());
  child_ = std::move(*child);
  leader_ = child_->pid();
  add_output(std::move(out.read), log::Source::kOut);
  add_output(std::move(err.read), log::Source::kErr);
  return true;
}

void Supervisor::add_output(Fd pipe, log::Source source) {
  outputs_.push_back(
      std::make_unique<OutputLog>(loop_, std::move(pipe), source, plan_.log_line_limit, nullptr,
                                  source == log::Source::kErr ? plan_.copy_errors : nullptr));
  const auto place = std::prev(outputs_.end());
  (*place)->on_ended([this, place] {
    loop_.retire(std::move(*place));
    outputs_.erase(place);
  });
}

void Supervisor::probe() {
  probe_->ask([this](const std::optional<std::string>& problem) { on_probed(problem); });
}

void Supervisor::on_probed(const std::optional<std::string>& problem) {
  if (state_ != State::kStarting) return;
  if (problem) {
    last_problem_ = *problem;
    next_.set_after(kProbeInterval);
    return;
  }
  deadline_.clear();
  ready_after_ = loop_.now() - started_at_;
  std::string message = "The function is ready after ";
  append_seconds(message, ready_after_, 3);
  log::event(log::Level::kInfo, "function_ready", message += 's',
             {{"duration_s", seconds(ready_after_)},
              leader_ != 0 ? log::Part{"pid", leader_} : log::Part{}});
  become(State::kReady);
}

void Supervisor::on_deadline() {
  if (state_ == State::kStarting) return give_up_starting();
  if (!child_) return;
  log::event(log::Level::kWarning, "function_killed",
             fmt::format("the function did not end within stop_timeout={}: killing it",
                         format_duration(plan_.stop_timeout)),
             {{"pid", child_->pid()}, {"duration_s", seconds(plan_.stop_timeout)}});
  reaper_.system().kill(-child_->pid(), SIGKILL);
}

void Supervisor::give_up_starting() {
  end_reason_ = fmt::format("the function was not ready within startup_timeout={}: {}",
                            format_duration(plan_.startup_timeout), last_problem_);
  log::event(
      log::Level::kError, "function_not_ready", end_reason_,
      {{"pid", leader_}, {"cause", last_problem_}, {"duration_s", seconds(plan_.startup_timeout)}});
  if (child_ && may_restart(false)) {
    next_.clear();
    probe_->cancel();
    become(State::kClearing);
    return ask_to_end();
  }
  loop_.retire(std::move(child_));  // which asks it to end, and makes it
  on_end(false, kExitUnavailable);
}

void Supervisor::on_exit(ExitStatus status) {
  // Its last words first. The list changes while they are read.
  for (auto next = outputs_.begin(); next != outputs_.end();) (*next++)->catch_up();
  loop_.retire(std::move(child_));
  deadline_.clear();
  ended_well_ = status.success();
  if (state_ == State::kStopping) return become(State::kOver);
  if (state_ == State::kClearing) return clear();
  if (state_ == State::kReplacing) {
    start_at_once_ = true;
    become(State::kClearing);
    return clear();
  }
  if (was_asked_to_end(status)) {
    log::event(log::Level::kInfo, "function_ended",
               "The function's process has ended with the stop: " + status.text(),
               {{"pid", leader_}, status.part()});
    next_.clear();
    probe_->cancel();
    become(State::kOver);
    return owner_.on_supervised_end(kExitClean);
  }
  const std::string_view hint =
      status.success() ? "; a server must stay in the foreground (no daemon mode)" : "";
  end_reason_ = "the function's process ended by itself: " + status.text();
  log::event(log::Level::kError, "function_ended", fmt::format("{}{}", end_reason_, hint),
             {{"pid", leader_}, status.part(), {"duration_s", seconds(loop_.now() - started_at_)}});
  on_end(status.success(), status.signal != 0 ? 128 + status.signal : status.code);
}

bool Supervisor::was_asked_to_end(ExitStatus status) const {
  if (!owner_.is_stopping()) return false;
  // Many exit with 1 or 143 at SIGTERM; a crash is a signal.
  const bool exited = status.signal == 0;
  return exited || status.ended_by(SIGTERM) || status.ended_by(SIGINT) ||
         status.ended_by(plan_.stop_signal);
}

bool Supervisor::may_restart(bool success) const {
  return plan_.restart == Restart::kAlways || (plan_.restart == Restart::kOnFailure && !success);
}

void Supervisor::on_end(bool success, int exit_code) {
  next_.clear();
  deadline_.clear();
  probe_->cancel();
  if (!may_restart(success)) {
    become(State::kOver);
    owner_.on_supervised_end(exit_code);
    return;
  }
  become(State::kClearing);
  clear();
}

void Supervisor::clear() {
  if (leader_ == 0) return on_cleared();  // it never ran
  remains_.end(leader_, plan_.scope, plan_.stop_signal, plan_.stop_timeout);
}

void Supervisor::on_cleared() {
  leader_ = 0;
  if (std::exchange(start_at_once_, false)) return spawn();
  const Duration wait = backoff_.after(loop_.now() - started_at_);
  log::event(log::Level::kInfo, "function_restarting",
             fmt::format("Starting the function again in {}", format_duration(wait)),
             {{"delay_s", seconds(wait)}});
  become(State::kWaiting);
  next_.set_after(wait);
  ++restarts_;
}

void Supervisor::stop() {
  if (state_ == State::kStopping || state_ == State::kOver) return;
  next_.clear();
  deadline_.clear();
  probe_->cancel();
  remains_.cancel();  // what is left is ended with everything else
  end_reason_.clear();
  if (!child_) return become(State::kOver);
  become(State::kStopping);
  ask_to_end();
}

void Supervisor::replace() {
  switch (state_) {
    case State::kReplacing:
    case State::kStopping:
      return;
    case State::kClearing:
      if (!std::exchange(start_at_once_, true)) ++restarts_;
      return;
    case State::kOver:
      ++restarts_;
      return spawn();
    case State::kWaiting:
      next_.clear();
      return spawn();
    case State::kStarting:
    case State::kReady:
      break;
  }
  if (!child_) return;
  next_.clear();
  probe_->cancel();
  backoff_.reset();
  ++restarts_;
  become(State::kReplacing);
  ask_to_end();
}

void Supervisor::ask_to_end() {
  reaper_.system().kill(-child_->pid(), plan_.stop_signal);
  reaper_.system().kill(-child_->pid(), SIGCONT);  // a stopped process would not see it
  deadline_.set_after(plan_.stop_timeout);
}

void Supervisor::abandon() {
  if (state_ == State::kOver) return;
  stop();
  loop_.retire(std::move(child_));
  if (state_ != State::kOver) become(State::kOver);
}

void Supervisor::forward(int signal) {
  if (child_) reaper_.system().kill(child_->pid(), signal);
}

}  // namespace watchdog
