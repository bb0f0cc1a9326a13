#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace watchdog {

// The command of the function: its argv, and where its program is. Each owner (the Supervisor,
// every worker) has one of its own and uses it on one thread.
class Command {
 public:
  explicit Command(std::vector<std::string> words);
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  const std::string& name() const { return words_.front(); }
  char* const* argv() const { return argv_.data(); }
  // Returns the path of the program: the first word when it has a slash, else the first executable
  // file of that name in PATH. Looks it up until it has been found once.
  Result<const char*> path();
  // Forgets where the program was, as it is not there any more.
  void forget_path() { path_.clear(); }
  // Says what keeps the program from running, as far as can be told without running it.
  std::optional<std::string> problem();
  // Returns one line for a failed start: what was run, what is wrong and what to do. `error` is an
  // errno.
  std::string explain(int error) const;

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
  std::string path_;
};

}  // namespace watchdog
