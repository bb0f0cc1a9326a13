#pragma once

#include <functional>
#include <string_view>

#include "base/log.h"
#include "base/wait_list.h"
#include "config/config.h"
#include "net/loop.h"
#include "net/timer.h"
#include "process/reaper.h"
#include "server/lifecycle.h"
#include "server/metrics.h"

namespace watchdog {

// Takes the process from a signal to its end, within shutdown_timeout after that signal.
//
//   serving --SIGTERM, SIGQUIT, /wait-for-drain--> draining
//   serving --SIGINT--> closing
//   draining --its time is over, and a signal has come--> closing
//   serving, draining, closing --the function has ended for good--> stopping
//   draining, closing --second signal, or only stop_timeout is left--> stopping
//   stopping --stop_timeout is over--> aborting
//   closing, stopping --nothing is left to wait for, or only spans and no time--> over
//   closing --second signal, and only spans are left--> over
//   aborting --nothing is left, or kLastWords is over--> over
//
//   draining   We are unready but still serve, and responses carry Connection: close. It lasts for
//              healthcheck_interval; where that is not set, until kIdle passes without a request,
//              or nobody outside can reach us (only the loopback interface is up).
//   closing    The listeners are closed. Requests under way finish; after the last of them the warm
//              function is asked to end.
//   stopping   All functions are asked to end (SIGTERM). What they still answer is delivered.
//   aborting   Requests that were not answered have got 503, and their functions are killed.
//   over       The loops stop.
//
// Nothing is left when no connection is, when the warm function has ended and when no process
// descends from us: what functions left behind is asked to end, and killed after stop_timeout. Last
// of all the spans are sent that are left, as long as the stage may last; then they are dropped.
//
// Owned by the Watchdog, on the main loop.
class Drain {
 public:
  static constexpr auto kIdle = std::chrono::seconds(5);
  // How often draining looks at the network interfaces.
  static constexpr auto kLookInterval = std::chrono::milliseconds(500);
  // The time from the last 503 until it has left and what was killed has been reaped.
  static constexpr auto kLastWords = std::chrono::milliseconds(500);
  // How often the others look whether anything is left; abandoned processes end without a word.
  static constexpr auto kCheckInterval = std::chrono::milliseconds(5);

  // What is drained.
  class Subject {
   public:
    virtual ~Subject() = default;
    // The stage has moved on. At Stage::kOver every loop is to stop, and what report_sent() has not
    // sent is dropped.
    virtual void on_stage() = 0;
    // Whether no worker has a connection or will get another one.
    virtual bool idle() const = 0;
    // Asks the warm function, if there is one, to end; again and again is once.
    virtual void stop_function() = 0;
    // Kills it.
    virtual void abandon_function() = 0;
    // Whether it has ended, or there is none.
    virtual bool function_over() const = 0;
    // All else is over. Sends what is known of it; whether that has been done, or given up.
    virtual bool report_sent() { return true; }
  };

  Drain(Loop& loop, const Config& config, Lifecycle& lifecycle, const Metrics& metrics,
        Reaper& reaper, Subject& subject);

  // What waits for the time of draining to be over.
  using Waiter = std::function<void()>;

  void on_terminate();  // SIGTERM, SIGQUIT
  void on_interrupt();  // SIGINT
  // The warm function has ended for good.
  void on_function_gone();
  // Begins to drain ahead of the signal, as the preStop hook of a container does. Without a signal
  // it goes on for ever: we are unready, and serve.
  void prepare();
  // `waiter` is called once, when prepare() has been and the time of draining is over.
  [[nodiscard]] WaitList<Waiter>::Place wait(Waiter& waiter) { return waiters_.join(waiter); }
  // Moves on where nothing is left to wait for; for the Subject, when it has become idle.
  void check();

 private:
  bool ending() const { return signalled_ || lifecycle_.stage() > Stage::kDraining; }
  void limit();
  void drain();
  void on_drained();
  void tell_waiters();
  void check_idle();
  void close();
  void stop();
  void abort();
  void end();
  void say(std::string_view stage, std::string_view what,
           log::Level level = log::Level::kInfo) const;
  void advance(Stage stage);
  void on_deadline();

  Loop& loop_;
  const Config& config_;
  Lifecycle& lifecycle_;
  const Metrics& metrics_;
  Reaper& reaper_;
  Subject& subject_;
  bool signalled_ = false;
  bool drained_ = false;  // the time of draining is over
  bool only_report_left_ = false;
  WaitList<Waiter> waiters_;
  Timer idle_;
  Timer deadline_;  // of the stages before stopping together, then of each
  Timer check_;
};

}  // namespace watchdog
