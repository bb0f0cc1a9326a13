#pragma once

#include <cstddef>
#include <list>
#include <utility>

namespace watchdog {

// A queue of objects that wait for something, first come, first served. Each holds its own Place,
// and leaves the queue with it; so nobody who has been destroyed is ever called.
//
// Not synchronized: a queue that threads share, and the places in it, are used under one mutex.
template <typename T>
class WaitList {
 public:
  // A place in a queue, or none. May be moved; destroying it gives the place up. Outlived by the
  // queue.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept { *this = std::move(other); }
    Place& operator=(Place&& other) noexcept {
      if (this == &other) return *this;
      leave();
      list_ = std::exchange(other.list_, nullptr);
      waiter_ = other.waiter_;
      position_ = other.position_;
      if (list_ != nullptr) *position_ = this;
      return *this;
    }
    ~Place() { leave(); }

    bool waiting() const { return list_ != nullptr; }
    void leave() {
      if (list_ != nullptr) std::exchange(list_, nullptr)->places_.erase(position_);
    }

   private:
    friend class WaitList;
    WaitList* list_ = nullptr;
    T* waiter_ = nullptr;
    typename std::list<Place*>::iterator position_{};
  };

  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  // Takes the last place for `waiter`, who outlives it.
  [[nodiscard]] Place join(T& waiter) {
    Place place;
    place.list_ = this;
    place.waiter_ = &waiter;
    place.position_ = places_.insert(places_.end(), &place);
    return place;
  }

  bool empty() const { return places_.empty(); }

  // Takes whoever has waited longest out of the queue; null when nobody waits.
  T* take_first() {
    if (places_.empty()) return nullptr;
    Place& place = *places_.front();
    place.leave();
    return place.waiter_;
  }

  // Takes everybody out, one after the other, and calls `tell` with each. Those who join from
  // inside of it wait on.
  template <typename Tell>
  void take_all(Tell tell) {
    for (size_t left = places_.size(); left > 0 && !empty(); --left) tell(*take_first());
  }

 private:
  std::list<Place*> places_;
};

}  // namespace watchdog
