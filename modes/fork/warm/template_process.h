#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/errno_or.h"
#include "modes/fork/preload/control.h"
#include "modes/fork/warm/warm_request.h"
#include "net/loop.h"
#include "net/timer.h"
#include "net/watch.h"
#include "process/child.h"
#include "process/command.h"

namespace watchdog {

class Reaper;

// A program that was started ahead of its requests, with the library of modes/fork/preload in it,
// and that waits where it would read its input. As a zygote it is forked for one request after
// another; as a spare it becomes the process of one request. Owned by a WarmStarts, on its loop.
//
//   starting --READY--> ready --ends, or does not answer--> gone
//   starting --ends, prints, has children, takes kMostStart--> gone
//
// Sending a request never blocks. That its process runs is said by that process itself (STARTED),
// and the kernel says which one it is (SO_PASSCRED). A fork that ends before it has said so is told
// by its end, and its request is refused alone. Where the template ends, or gives no sign of life
// for kMostSilence while requests wait, the socket is shut down first and read to its end then:
// what has not said STARTED by then never runs, and is refused, to be started in the usual way. So
// every request runs once.
//
// Destroying it kills the program; requests that wait for it are refused.
class TemplateProcess {
 public:
  static constexpr auto kMostStart = std::chrono::seconds(30);
  // When it is looked at, if it has not read its input by then: what has threads, or waits for a
  // process of its own, is not waited for any longer. A spare may have threads, and gets more time,
  // but mostly is a program that waits for its input in another way than by reading it, as node
  // does.
  static constexpr auto kLook = std::chrono::seconds(2);
  static constexpr auto kLookAtSpare = std::chrono::seconds(4);
  // From the end of its socket to that of the program, where that is its reason.
  static constexpr auto kMostEnding = std::chrono::milliseconds(200);
  // From its fork until the fork has taken its request.
  static constexpr auto kMostTaking = std::chrono::seconds(5);
  static constexpr auto kLookInterval = std::chrono::milliseconds(250);
  static constexpr auto kMostSilence = std::chrono::seconds(1);
  // Requests that may wait at once.
  static constexpr size_t kMostWaiting = 256;

  class Owner {
   public:
    virtual ~Owner() = default;
    // It can take requests.
    virtual void on_template_ready(TemplateProcess& ready) = 0;
    // It can take none, or no more, and is to be destroyed. `detail` says for people what happened.
    // `lasting`: another one would not fare better. Its requests have been refused.
    virtual void on_template_gone(TemplateProcess& gone, Fallback reason, const std::string& detail,
                                  bool lasting) = 0;
    // As a spare it has become the process of a request, and is to be destroyed.
    virtual void on_template_used(TemplateProcess& used) = 0;
  };

  enum class Kind { kZygote, kSpare };

  // `environment` is the function's without any request's variables; it is needed for the call
  // only.
  static ErrnoOr<std::unique_ptr<TemplateProcess>> start(Loop& loop, Reaper& reaper,
                                                         Command& command, char* const* environment,
                                                         Kind kind, Owner& owner);
  ~TemplateProcess();
  TemplateProcess(const TemplateProcess&) = delete;
  TemplateProcess& operator=(const TemplateProcess&) = delete;

  bool ready() const { return state_ == State::kReady; }
  // Whether it is ready, and not promised to another request as a spare.
  bool available() const { return ready() && (kind_ == Kind::kZygote || waiting_.empty()); }
  bool gone() const { return state_ == State::kGone; }
  Kind kind() const { return kind_; }
  warm_interpreter interpreter() const { return interpreter_; }
  unsigned threads() const { return threads_; }
  // Whether something that it has printed waits to be read.
  bool has_printed() const;
  bool has_children() const { return has_children_; }
  Instant started_at() const { return started_at_; }
  bool waited_for() const { return !waiting_.empty(); }

  // Asks for a process for `request`. Returns the reason where that is not possible; then the
  // request is not refused, and may be started elsewhere.
  std::optional<Fallback> ask(WarmRequest& request, const WarmRequest::Needs& needs);
  // Kills the program at once; only the destructor may be called after.
  void end();
  // `request` is being destroyed.
  void forget(WarmRequest& request);

 private:
  enum class State { kStarting, kReady, kGone };
  struct Waiting {
    uint32_t id = 0;
    uint64_t memory_kills = 0;
    WarmRequest* request = nullptr;  // null: it has been cancelled
    Instant since{};                 // when it was asked for, then when it was forked
    std::unique_ptr<Child> fork{};   // that is to take it, once the template has said so
    std::optional<ExitStatus> ended{};
  };

  TemplateProcess(Loop& loop, Reaper& reaper, Kind kind, Owner& owner);

  int send(uint32_t id, const WarmRequest::Needs& needs);
  // Reads what the socket has; returns false when its end has been read.
  bool read_messages();
  void on_message(const warm_header& message, pid_t sender);
  void on_ready(const warm_header& message);
  void on_answer(const warm_header& message, pid_t sender);
  void on_forked(uint32_t id, pid_t pid);
  void on_fork_end(uint32_t id, ExitStatus status);
  void on_started(Waiting waiting, pid_t pid);
  std::unique_ptr<Child> process_of(Waiting& waiting, pid_t pid,
                                    const std::function<void(ExitStatus)>& on_end);
  void refuse(Waiting waiting, Fallback reason);
  // Looks whether requests wait for too long.
  void look();
  void look_again();
  void on_readable();
  void on_exit(ExitStatus status);
  void on_silence();
  void on_slow_start();
  Waiting* find(uint32_t id);
  Waiting take(uint32_t id);
  void give_up(Fallback reason, const std::string& detail, bool lasting);
  void refuse_all(Fallback reason);

  Loop& loop_;
  Reaper& reaper_;
  const Kind kind_;
  Owner& owner_;
  State state_ = State::kStarting;
  std::unique_ptr<Child> child_;
  pid_t pid_ = 0;
  std::unique_ptr<Watch> control_;
  Fd input_;            // the other end of its standard input: nothing is ever written to it
  Fd output_, errors_;  // what it prints before it is forked; nothing may come
  warm_interpreter interpreter_ = WARM_UNKNOWN;
  unsigned threads_ = 0;
  bool has_children_ = false;
  bool control_closed_ = false;
  unsigned looks_ = 0;
  bool suspect_ = false;  // the first look has found a reason
  std::optional<ExitStatus> ended_;
  const Instant started_at_;
  uint32_t next_id_ = 1;
  std::deque<Waiting> waiting_;
  Instant last_sign_{};  // of life, of the template
  Instant look_due_{};
  Timer silence_;
};

}  // namespace watchdog
