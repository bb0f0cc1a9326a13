#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "modes/fork/warm/control_socket.h"
#include "modes/fork/warm/memory_file.h"
#include "modes/fork/warm/template_process.h"
#include "process/reaper.h"

// The part of TemplateProcess that is about requests: how they are asked for, who takes them, and
// how long they wait.

namespace watchdog {

namespace {

constexpr const char* kNotOurs = "another process than its fork has answered";

}  // namespace

std::optional<Fallback> TemplateProcess::ask(WarmRequest& request,
                                             const WarmRequest::Needs& needs) {
  if (state_ != State::kReady) return Fallback::kTemplateGone;
  if (waiting_.size() >= kMostWaiting) return Fallback::kOverloaded;
  const uint32_t id = next_id_;
  if (++next_id_ == 0) next_id_ = 1;
  switch (send(id, needs)) {
    case 0:
      break;
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETOOMANYREFS:
      return Fallback::kOverloaded;
    default:
      return Fallback::kTemplateGone;  // which its end will tell
  }
  waiting_.push_back({id, reaper_.system().memory_kills(), &request, loop_.now()});
  if (waiting_.size() == 1) look_again();
  request.waits_for_ = this;
  return std::nullopt;
}

int TemplateProcess::send(uint32_t id, const WarmRequest::Needs& needs) {
  warm_header header{};
  header.magic = WARM_MAGIC;
  header.kind = WARM_REQUEST;
  header.flags = kind_ == Kind::kSpare ? WARM_ONCE : 0;
  header.id = id;
  header.bytes = static_cast<uint32_t>(needs.variables.size());
  header.count = needs.variable_count;
  if (needs.variables.size() <= WARM_MOST_INLINE) {
    return send_request(control_->fd(), header, needs.variables,
                        {needs.in, needs.out, needs.err, -1}, 3);
  }
  const Fd block = make_memory_file("fwatchdog-variables", needs.variables);
  if (!block) return ENOMEM;
  header.flags |= WARM_IN_BLOCK;
  return send_request(control_->fd(), header, {}, {needs.in, needs.out, needs.err, block.get()}, 4);
}

void TemplateProcess::forget(WarmRequest& request) {
  for (Waiting& waiting : waiting_) {
    if (waiting.request == &request) waiting.request = nullptr;
  }
}

void TemplateProcess::on_answer(const warm_header& message, pid_t sender) {
  Waiting waiting = take(message.id);
  if (waiting_.empty()) silence_.clear();
  if (message.kind == WARM_STARTED) return on_started(std::move(waiting), sender);
  const bool memory = message.value == ENOMEM || message.value == EAGAIN;
  refuse(std::move(waiting), memory ? Fallback::kNoMemory : Fallback::kDiffers);
}

void TemplateProcess::refuse(Waiting waiting, Fallback reason) {
  loop_.retire(std::move(waiting.fork));
  if (waiting.request == nullptr) return;
  waiting.request->waits_for_ = nullptr;
  waiting.request->owner().on_warm_refusal(reason);
}

TemplateProcess::Waiting* TemplateProcess::find(uint32_t id) {
  const auto found = std::ranges::find(waiting_, id, &Waiting::id);
  return found != waiting_.end() ? &*found : nullptr;
}

TemplateProcess::Waiting TemplateProcess::take(uint32_t id) {
  const auto found = std::ranges::find(waiting_, id, &Waiting::id);
  if (found == waiting_.end()) return {};
  Waiting waiting = std::move(*found);
  waiting_.erase(found);
  return waiting;
}

// It may have answered before the template has said this.
void TemplateProcess::on_forked(uint32_t id, pid_t pid) {
  Waiting* const waiting = find(id);
  if (waiting == nullptr || waiting->fork) return;
  waiting->since = loop_.now();
  waiting->fork = Child::adopt(loop_, reaper_, pid, waiting->memory_kills,
                               [this, id](ExitStatus status) { on_fork_end(id, status); });
  if (!waiting->fork) give_up(Fallback::kDiffers, kNotOurs, true);
}

void TemplateProcess::on_fork_end(uint32_t id, ExitStatus status) {
  if (Waiting* const waiting = find(id)) waiting->ended = status;
  read_messages();
  if (find(id) != nullptr) refuse(take(id), Fallback::kTemplateGone);
  if (waiting_.empty() && state_ == State::kReady) silence_.clear();
}

// Returns null where `pid` is not the process that was made for this.
std::unique_ptr<Child> TemplateProcess::process_of(Waiting& waiting, pid_t pid,
                                                   const std::function<void(ExitStatus)>& on_end) {
  if ((kind_ == Kind::kSpare) != (pid == pid_)) return nullptr;
  if (kind_ == Kind::kSpare) waiting.fork = std::move(child_);
  if (!waiting.fork) return Child::adopt(loop_, reaper_, pid, waiting.memory_kills, on_end);
  if (waiting.fork->pid() != pid) return nullptr;
  // What is telling of its end just now is not to be replaced.
  if (!waiting.ended) waiting.fork->on_exit(on_end);
  return std::move(waiting.fork);
}

// A fork that says so has been handed over to us; a spare is the child that we have had all along.
void TemplateProcess::on_started(Waiting waiting, pid_t pid) {
  WarmRequest* const request = waiting.request;
  std::function<void(ExitStatus)> on_end = [](ExitStatus) {};
  if (request != nullptr) {
    on_end = [owner = &request->owner()](ExitStatus status) { owner->on_warm_exit(status); };
  }
  if (kind_ == Kind::kSpare) waiting.ended = ended_;
  std::unique_ptr<Child> child = process_of(waiting, pid, on_end);
  if (!child) {
    if (waiting.id == 0) return;  // and no child of ours
    refuse(std::move(waiting), Fallback::kDiffers);
    return give_up(Fallback::kDiffers, kNotOurs, true);
  }
  if (request != nullptr) {
    request->waits_for_ = nullptr;
    request->owner().on_warm_start(std::move(child));
    if (waiting.ended) on_end(*waiting.ended);
  } else {
    loop_.retire(std::move(child));  // nobody waits for it
  }
  if (kind_ == Kind::kSpare) {
    state_ = State::kGone;
    silence_.clear();
    owner_.on_template_used(*this);
  }
}

void TemplateProcess::look_again() {
  look_due_ = loop_.now() + kLookInterval;
  silence_.set(look_due_);
}

void TemplateProcess::look() {
  const Instant now = loop_.now();
  // Where we have been stopped ourselves, nobody was slow.
  if (now - look_due_ > Duration(kMostSilence) / 2) last_sign_ = now;
  read_messages();
  if (state_ != State::kReady || waiting_.empty()) return;
  for (const Waiting& waiting : waiting_) {
    const bool late = now - waiting.since >= kMostTaking;
    if (waiting.fork && waiting.fork->running() && late) {
      reaper_.system().kill(waiting.fork->pid(), SIGKILL);  // which its end tells
    }
    if (!waiting.fork && now - std::max(waiting.since, last_sign_) >= kMostSilence) {
      return give_up(Fallback::kTemplateSlow, "it does not answer", false);
    }
  }
  look_again();
}

void TemplateProcess::refuse_all(Fallback reason) {
  std::deque<Waiting> refused;
  refused.swap(waiting_);
  for (Waiting& waiting : refused) refuse(std::move(waiting), reason);
}

}  // namespace watchdog
