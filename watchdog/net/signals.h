#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "base/result.h"
#include "net/watch.h"

namespace watchdog {

// Signals as events of one loop. block_signals() must have run before the first thread starts:
// signals then wait in a signalfd, no handler ever interrupts anything, and PID 1, for which the
// kernel drops signals that have no handler, gets them all.
class Signals {
 public:
  // `on_signal` is called for each of `signals`, all of which block_signals() must have blocked.
  static Result<std::unique_ptr<Signals>> watch(Loop& loop, std::initializer_list<int> signals,
                                                std::function<void(int)> on_signal);

  // Whether one of `signals` has come that `on_signal` has not been called for yet.
  static bool pending(std::initializer_list<int> signals);

  // Stop and restart listening. Signals that come in between wait; equal ones become one.
  void pause() { watch_.pause(); }
  void resume() { watch_.resume(); }

 private:
  Signals(Loop& loop, Fd fd, std::function<void(int)> on_signal);
  void read();

  std::function<void(int)> on_signal_;
  Watch watch_;
};

// Gives every signal its default action, blocks those that we watch, and ignores SIGPIPE and
// SIGXFSZ. Called once, at the start of main. A child undoes it in process/system.cc.
void block_signals();

}  // namespace watchdog
