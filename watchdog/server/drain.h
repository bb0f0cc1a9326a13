#pragma once

#include <vector>

#include "function/warm_function.h"
#include "net/loop.h"
#include "net/timer.h"
#include "process/reaper.h"
#include "server/health.h"
#include "server/worker.h"

namespace watchdog {

// The way from a signal to the end, with one deadline, shutdown_timeout after the signal:
//
//   1 leaving   unready, lock removed, still serving; answers carry Connection: close. For
//               healthcheck_interval when that is set, else until kQuiet passes without a request,
//               or nobody outside can reach us any more (only the loopback interface is left).
//   2 closing   listeners closed; requests under way finish.
//   3 stopping  functions get SIGTERM; what they still answer is delivered. At the deadline the
//               rest is answered with 503 and killed.
//
// What functions left behind, wherever it went, is asked to end when all that is done, and killed.
//
// It is over as soon as nothing is left to wait for. SIGINT skips phase 1; a second signal goes
// straight to phase 3. On main's loop.
class Drain {
 public:
  static constexpr auto kQuiet = std::chrono::seconds(5);
  // How often the network interfaces are looked at meanwhile.
  static constexpr auto kLookInterval = std::chrono::milliseconds(500);

  // The workers end their loops, main's with them, at Stage::kOver. `function` is null where
  // nothing is kept warm; else it is asked to end when nobody needs it any more.
  Drain(Loop& loop, const Shared& shared, std::vector<Worker*> workers, WarmFunction* function);

  void on_terminate();  // SIGTERM, SIGQUIT
  void on_interrupt();  // SIGINT
  // The warm process has ended for good.
  void on_function_gone();
  // A worker has become quiet.
  void check();

 private:
  void leave();
  void check_idle();
  void close();
  void stop();
  void cut();
  void advance(Stage stage);
  bool begun() const { return shared_.health.stage() >= Stage::kDraining; }

  Loop& loop_;
  const Shared& shared_;
  std::vector<Worker*> workers_;
  WarmFunction* function_;
  Timer quiet_;
  Timer deadline_;  // of the phase that must end by it
  Timer check_;     // abandoned processes end without a word
};

}  // namespace watchdog
