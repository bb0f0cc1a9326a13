#include "net/descriptors.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace watchdog {

int first_reserved_descriptor() {
  constexpr rlim_t kReserve = 32;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT_MAX;
  return static_cast<int>(
      std::min<rlim_t>(limit.rlim_cur - std::min(kReserve, limit.rlim_cur / 4), INT_MAX));
}

DescriptorReclaimer::DescriptorReclaimer(Loop& loop, std::function<bool()> reclaim)
    : loop_(loop), reclaim_(std::move(reclaim)) {
  loop_.reclaimers_.push_back(this);
}

DescriptorReclaimer::~DescriptorReclaimer() {
  std::erase(loop_.reclaimers_, this);
}

bool Loop::reclaim_descriptor() {
  return std::any_of(reclaimers_.begin(), reclaimers_.end(),
                     [](DescriptorReclaimer* reclaimer) { return reclaimer->reclaim_(); });
}

bool Loop::made_room(int error) {
  return (error == EMFILE || error == ENFILE) && reclaim_descriptor();
}

bool SpareDescriptors::give_up_one() {
  if (spares_.empty()) return false;
  spares_.pop_back();
  return true;
}

void SpareDescriptors::refill() {
  while (spares_.size() < count_) {
    Fd spare(::eventfd(0, EFD_CLOEXEC));
    if (!spare) return;
    spares_.push_back(std::move(spare));
  }
}

}  // namespace watchdog
