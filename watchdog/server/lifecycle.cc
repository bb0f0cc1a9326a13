#include "server/lifecycle.h"

#include <csignal>

#include "net/signals.h"

namespace watchdog {

bool Lifecycle::advance(Stage stage) {
  if (stage <= this->stage()) return false;
  stage_ = stage;
  return true;
}

bool Lifecycle::ending() const {
  return stage() > Stage::kServing || Signals::pending({SIGTERM, SIGQUIT, SIGINT});
}

}  // namespace watchdog
