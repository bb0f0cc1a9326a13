#include "server/health.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "base/log.h"

namespace watchdog {

Health::Health(const Config& config) : config_(config) {
  const char* folder = std::getenv("TMPDIR");
  lock_path_ = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/.lock";
}

Health::~Health() {
  advance(Stage::kStopping);
}

void Health::start_serving() {
  if (!config_.suppress_lock) {
    // In an image made from scratch there may be no /tmp yet.
    ::mkdir(lock_path_.substr(0, lock_path_.rfind('/')).c_str(), 0777);
    const Fd lock(::open(lock_path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0660));
    locked_ = static_cast<bool>(lock);
    if (!lock) {
      log::warn(
          "cannot write the lock file {}: {}; health is told by /_/health alone "
          "(suppress_lock=true "
          "silences this)",
          lock_path_, strerror(errno));
    }
  }
  stage_ = Stage::kServing;
}

void Health::advance(Stage stage) {
  if (stage <= this->stage()) return;
  stage_ = stage;
  if (locked_.exchange(false)) ::unlink(lock_path_.c_str());
}

bool Health::healthy() const {
  if (stage() != Stage::kServing) return false;
  return !locked_ || ::access(lock_path_.c_str(), F_OK) == 0;
}

}  // namespace watchdog
