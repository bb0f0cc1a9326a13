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

Health::Health(const Config& config, const FunctionState& function, const Lifecycle& lifecycle)
    : config_(config), function_(function), lifecycle_(lifecycle) {
  const char* folder = std::getenv("TMPDIR");
  lock_path_ = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/.lock";
}

Health::~Health() {
  remove_lock();
}

void Health::update() {
  if (lifecycle_.stage() != Stage::kServing || !function_.healthy()) return remove_lock();
  if (!config_.suppress_lock && !locked_) write_lock();
}

void Health::write_lock() {
  // In an image made from scratch there may be no /tmp yet.
  ::mkdir(lock_path_.substr(0, lock_path_.rfind('/')).c_str(), 0777);
  // O_NOFOLLOW: in a folder that others write to, a link could have us make a file elsewhere.
  const Fd lock(
      ::open(lock_path_.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0660));
  locked_ = static_cast<bool>(lock);
  if (lock) return;
  const std::string_view cause = errno == ELOOP ? "it is a symbolic link" : strerror(errno);
  log::event(log::Level::kWarning, "no_lock_file",
             fmt::format("cannot write the lock file {}: {}; health is told by /_/health alone "
                         "(suppress_lock=true silences this)",
                         lock_path_, cause),
             {{"path", lock_path_}, {"cause", cause}});
}

void Health::remove_lock() {
  if (locked_.exchange(false)) ::unlink(lock_path_.c_str());
}

bool Health::healthy() const {
  if (lifecycle_.stage() != Stage::kServing || !function_.healthy()) return false;
  return !locked_ || ::access(lock_path_.c_str(), F_OK) == 0;
}

}  // namespace watchdog
