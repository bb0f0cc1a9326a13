#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace watchdog {

// The function's command: argv, and where its program is. Used on one thread.
class Command {
 public:
  explicit Command(std::vector<std::string> words);
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  const std::string& name() const { return words_.front(); }
  char* const* argv() const { return argv_.data(); }
  // The program's path: the word itself when it has a slash, else the first executable file of that
  // name in PATH. Looked up until it is found once.
  Result<const char*> path();
  // Forgets where the program was: it is not there any more.
  void forget_path() { path_.clear(); }
  // What keeps the program from running, as far as can be told without running it.
  std::optional<std::string> problem();
  // One line for a failed start: what was run, what is wrong, what to do. `error` is an errno.
  std::string explain(int error) const;

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
  std::string path_;
};

}  // namespace watchdog
