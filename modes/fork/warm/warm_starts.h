#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modes/fork/warm/spare_process.h"
#include "modes/fork/warm/template_process.h"
#include "net/timer.h"
#include "process/restart_backoff.h"
#include "server/mode.h"

namespace watchdog {

// Keeps what is started ahead of requests (warm_start): for a zygote one template, for spares
// warm_spares of them, which it starts again when they end, are used or are out of date. One per
// mode, and so per worker, on its loop: a template forks for one request at a time, and with one
// per worker no request has to cross threads.
//
// A template that ends is started again after a backoff. A program that ends kMostAttempts times in
// a row before it reads its input is left alone, as is one that can never be a template, until its
// files change (watch).
class WarmStarts final : private TemplateProcess::Owner {
 public:
  // Who tries kinds of start for auto.
  class Trial {
   public:
    virtual ~Trial() = default;
    // One process waits for a request of the trial. `program` is what it runs.
    virtual void on_trial_ready(std::string_view program) = 0;
    // The kind that is tried cannot be used.
    virtual void on_trial_unusable(Fallback reason, const std::string& detail) = 0;
  };

  static constexpr unsigned kMostAttempts = 5;
  // What a program without the library does at its start has shown by then, in a trial: one that
  // does not wait for its input has ended, or printed something.
  static constexpr auto kSettling = std::chrono::seconds(1);

  // `command` outlives it. `environment` is the function's without any request's variables; what
  // its entries point to outlives it, too. `merged`: errors go to the output.
  WarmStarts(const ModeContext& context, Command& command, std::vector<char*> environment,
             bool merged);
  ~WarmStarts() override;

  // Whether a process will come for `request`, or a refusal. Where not, `reason` says why; it stays
  // empty while the first template is starting.
  bool ask(WarmRequest& request, const WarmRequest::Needs& needs, std::optional<Fallback>& reason);
  // Returns a process that has pipes of its own, for a request without variables, where that is the
  // kind of spares that there are; else it is to be asked for one.
  std::unique_ptr<SpareProcess> take_spare(std::optional<Fallback>& reason);
  // For auto: `begin_comparison` is called on the loop where this worker is to compare for all, and
  // `cancel_comparison` where new files make what it finds void. The comparison
  // calls try_kind(), wait_for_trial() for each further request, and settle() in the end. Until
  // then only requests of the trial are to be asked for.
  void on_comparison(std::function<void()> begin_comparison,
                     std::function<void()> cancel_comparison) {
    begin_comparison_ = std::move(begin_comparison);
    cancel_comparison_ = std::move(cancel_comparison);
  }
  void try_kind(WarmStart kind, Trial& trial);
  void wait_for_trial();
  void settle(WarmStart kind, Fallback reason);
  // Whether the kind is known: then requests may come.
  bool settled() const { return settled_; }
  WarmStart kind() const;
  // Whether take_spare() is the way.
  bool plain() const;
  // The process of a request has ended: now there is time to start another spare.
  void on_request_over();
  // Ends what waits for requests, and starts no more.
  void stop();

 private:
  struct Member {
    std::unique_ptr<TemplateProcess> process;
    bool outdated = false;
  };
  using Pool = std::list<Member>;
  // Of what waits: the first is starting, one was ready, or the last one ended badly.
  enum class Supply { kStarting, kReady, kFailed };

  // TemplateProcess::Owner
  void on_template_ready(TemplateProcess& ready) override;
  void on_template_gone(TemplateProcess& gone, Fallback reason, const std::string& detail,
                        bool lasting) override;
  void on_template_used(TemplateProcess& used) override;

  void on_spare_end(SpareProcess& spare, ExitStatus status);
  void on_failure(Fallback reason, const std::string& detail, bool lasting, Instant started_at);
  void refill_spares();
  void announce(std::string_view program);
  void follow_plan();
  void follow_decision();
  void tell_trial();
  void use_kind(WarmStart kind);
  void start();
  void start_later(Duration wait);
  void refill();
  bool start_one();
  void on_start_error(int error);
  Pool::iterator find(const TemplateProcess& process);
  void drop(Pool::iterator member);
  void drop_one_outdated();
  void drop_all();
  void drop_printed();
  void wait_for_age();
  void on_age();
  void sweep();
  void renew();
  void be_unusable(Fallback reason, const std::string& detail);
  std::optional<Fallback> objection(const TemplateProcess& process) const;
  size_t wanted() const;

  WarmPlan own_plan_;  // where there is no other
  ModeContext context_;
  Command& command_;
  std::vector<char*> environment_;
  const bool merged_;
  TemplateProcess::Kind kind_;
  bool settled_;
  std::function<void()> begin_comparison_;
  std::function<void()> cancel_comparison_;
  Trial* trial_ = nullptr;
  bool trial_waits_ = false;
  std::string program_;  // of what is ready, for the log
  Pool pool_;
  std::list<std::unique_ptr<SpareProcess>> spares_;      // where plain(); the oldest first
  std::list<std::unique_ptr<TemplateProcess>> leaving_;  // out of date, with requests that wait
  std::optional<Fallback> unusable_;
  Supply supply_ = Supply::kStarting;
  bool stopped_ = false;
  unsigned attempts_ = 0;
  int start_error_ = 0;  // why the last one could not be started, as the log has it
  RestartBackoff backoff_;
  uint64_t generation_ = 0;
  Timer next_;
  Timer age_;
  Timer sweep_;
  Timer refill_;
  Timer settling_;
  Wakeup plan_changed_;
};

}  // namespace watchdog
