#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/fd.h"
#include "net/loop.h"

namespace watchdog {

// From this number on the descriptors are a reserve: a connection is of use only with others for
// what answers it (pipes, files, a connection to the function's server). The kernel gives out the
// lowest number that is free, so that a high one says that few are left.
int first_reserved_descriptor();

// Something on a loop that can close a descriptor of little use when there is none left for what
// matters: Loop::made_room() asks it.
class DescriptorReclaimer {
 public:
  // `reclaim` closes one, at once, and says whether it did. Nothing that is on the call stack may
  // be destroyed by it.
  DescriptorReclaimer(Loop& loop, std::function<bool()> reclaim);
  ~DescriptorReclaimer();
  DescriptorReclaimer(const DescriptorReclaimer&) = delete;
  DescriptorReclaimer& operator=(const DescriptorReclaimer&) = delete;

 private:
  friend class Loop;
  Loop& loop_;
  std::function<bool()> reclaim_;
};

// Descriptors that are kept open for nothing but to be given up, one by one, for what must be
// opened even when no other is left.
class SpareDescriptors {
 public:
  explicit SpareDescriptors(size_t count) : count_(count) { refill(); }
  // Closes one. False: there are none.
  bool give_up_one();
  // Opens as many as are missing, as far as that is possible now.
  void refill();

 private:
  size_t count_;
  std::vector<Fd> spares_;
};

}  // namespace watchdog
