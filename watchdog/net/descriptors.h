#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/fd.h"
#include "net/loop.h"

namespace watchdog {

// Returns the number from which on descriptors are a reserve. A connection is of use only together
// with the descriptors of what answers it (pipes, files, a connection to the upstream), and as the
// kernel gives out the lowest free number, a high one says that few are left.
int first_reserved_descriptor();

// Registers a way to close a descriptor that can be spared when none is left for what matters:
// Loop::made_room() asks for it. Lives on its loop.
class DescriptorReclaimer {
 public:
  // `reclaim` closes one descriptor before it returns, and says whether it did. It must not destroy
  // an object that is on the call stack.
  DescriptorReclaimer(Loop& loop, std::function<bool()> reclaim);
  ~DescriptorReclaimer();
  DescriptorReclaimer(const DescriptorReclaimer&) = delete;
  DescriptorReclaimer& operator=(const DescriptorReclaimer&) = delete;

 private:
  friend class Loop;
  Loop& loop_;
  std::function<bool()> reclaim_;
};

// Descriptors that are kept open only to be given up, one by one, for what must be opened even when
// no other is left.
class SpareDescriptors {
 public:
  explicit SpareDescriptors(size_t count) : count_(count) { refill(); }
  // Closes one. Returns false when there are none.
  bool give_up_one();
  // Opens those that are missing, as far as that is possible now.
  void refill();

 private:
  size_t count_;
  std::vector<Fd> spares_;
};

}  // namespace watchdog
