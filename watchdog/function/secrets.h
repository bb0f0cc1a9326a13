#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace watchdog {

// The secrets of a function that become variables of its environment (secrets_env). They are never
// part of the Config, so that nothing that shows a configuration can show them.
struct Secrets {
  struct Variable {
    std::string name;
    std::string value;
  };
  std::vector<Variable> variables;
  std::vector<std::string> errors;  // one line each, without a value; any: the start is refused
};

// Reads each file of `folder`, as a variable of the prefix and the file's name; one newline at its
// end is cut. Names that begin with a '.' are passed over: Kubernetes keeps its own links there.
// What cannot be a variable is an error: a name with other characters than letters, digits and '_',
// a folder, a NUL byte, and what is larger than the kernel takes for one variable (128 KiB).
Secrets read_secrets(const std::string& folder, std::string_view prefix);

// Adds the variables to our environment, from which the function's is made; those that are there
// under the same name are replaced. What other programs see of us, /proc/PID/environ, does not
// change. Before any thread is started.
void give_to_function(const Secrets& secrets);

}  // namespace watchdog
