#include "process/memory_kills.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace watchdog;

namespace {

// A folder with a file in it, both gone with it.
class Tree {
 public:
  Tree() { REQUIRE(::mkdtemp(folder_.data()) != nullptr); }
  ~Tree() {
    ::unlink(file_.c_str());
    ::rmdir(folder_.c_str());
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void write(const std::string& name, std::string_view text) {
    file_ = folder_ + "/" + name;
    FILE* file = std::fopen(file_.c_str(), "w");
    REQUIRE(file != nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_ = "/tmp/memory_kills_test.XXXXXX";
  std::string file_;
};

}  // namespace

TEST_CASE("the count is looked for in our group, and at the root of what we see") {
  using Places = std::vector<std::string>;
  CHECK(MemoryKills::places("/cg", "0::/pod/a\n") ==
        Places{"/cg/pod/a/memory.events", "/cg/memory.events"});
  CHECK(MemoryKills::places("/cg", "0::/\n") == Places{"/cg/memory.events"});
  CHECK(MemoryKills::places("/cg", "12:cpu,cpuacct:/x\n4:memory:/docker/7\n1:name=systemd:/\n") ==
        Places{"/cg/memory/docker/7/memory.oom_control", "/cg/memory/memory.oom_control"});
  CHECK(MemoryKills::places("/cg", "4:hugetlb,memory:/\n0::/") ==
        Places{"/cg/memory/memory.oom_control", "/cg/memory.events"});
  CHECK(MemoryKills::places("/cg", "nonsense\n\n3:memorylike:/\n").empty());
}

TEST_CASE("the count is read anew each time, and is nothing else's") {
  Tree tree;
  tree.write("memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n");
  const MemoryKills kills(tree.folder());
  CHECK(kills.read() == 5);
  tree.write("memory.events", "oom_kill_disable 9\nunder_oom 0\noom_kill 12\n");
  CHECK(kills.read() == 12);
  tree.write("memory.events", "oom_kill_disable 9\noom_group_kill 6\n");
  CHECK(kills.read() == 0);
}

TEST_CASE("without control groups the count is 0") {
  CHECK(MemoryKills("/no/such/tree").read() == 0);
  CHECK(MemoryKills("/no/such/tree", "/no/such/file").read() == 0);
}
