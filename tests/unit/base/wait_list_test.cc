#include "base/wait_list.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace watchdog;

namespace {

struct Guest {
  char name;
  WaitList<Guest>::Place place{};
};

// Takes everybody out: the names, in the order in which they come.
std::string drain(WaitList<Guest>& list) {
  std::string names;
  list.take_all([&names](const Guest& guest) { names += guest.name; });
  return names;
}

}  // namespace

TEST_CASE("those who wait are taken out first come, first served") {
  WaitList<Guest> list;
  Guest a{'a'}, b{'b'};
  a.place = list.join(a);
  b.place = list.join(b);
  CHECK(list.take_first() == &a);
  CHECK_FALSE(a.place.waiting());
  CHECK(b.place.waiting());
  CHECK(list.take_first() == &b);
  CHECK(list.take_first() == nullptr);
}

TEST_CASE("a waiter that is destroyed leaves its wait list") {
  WaitList<Guest> list;
  Guest a{'a'}, c{'c'};
  a.place = list.join(a);
  auto b = std::make_unique<Guest>(Guest{'b'});
  b->place = list.join(*b);
  c.place = list.join(c);
  b.reset();
  CHECK(drain(list) == "ac");
}

TEST_CASE("a place in a wait list keeps its turn when it is moved") {
  WaitList<Guest> list;
  Guest a{'a'}, b{'b'};
  auto first = list.join(a);
  b.place = list.join(b);
  a.place = std::move(first);
  CHECK(a.place.waiting());
  first.leave();  // it has nothing to give up any more
  CHECK(drain(list) == "ab");
  CHECK_FALSE(a.place.waiting());
}

TEST_CASE("a place in a wait list that is assigned another gives up its own") {
  WaitList<Guest> list;
  Guest a{'a'}, b{'b'};
  a.place = list.join(a);
  a.place = list.join(b);
  CHECK(drain(list) == "b");
}

TEST_CASE("one that joins a wait list again while all are told waits on, and is told once") {
  WaitList<Guest> list;
  Guest a{'a'}, b{'b'};
  a.place = list.join(a);
  b.place = list.join(b);
  std::string told;
  list.take_all([&](Guest& guest) {
    told += guest.name;
    if (guest.name == 'a') guest.place = list.join(guest);
  });
  CHECK(told == "ab");
  CHECK(drain(list) == "a");
}

TEST_CASE("one that leaves a wait list while all are told is not told") {
  WaitList<Guest> list;
  Guest a{'a'}, b{'b'};
  a.place = list.join(a);
  b.place = list.join(b);
  std::string told;
  list.take_all([&](const Guest& guest) {
    told += guest.name;
    b.place.leave();
  });
  CHECK(told == "a");
  CHECK(list.empty());
}
