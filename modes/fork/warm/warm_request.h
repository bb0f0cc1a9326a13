#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "function/warm_plan.h"
#include "process/child.h"

namespace watchdog {

class TemplateProcess;

// A request that waits for its process. Owned by a FunctionProcess, on its loop; destroying it
// cancels: a process that has taken the request already is asked to end.
class WarmRequest {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // The process runs. `child` calls on_warm_exit() at its end.
    virtual void on_warm_start(std::unique_ptr<Child> child) = 0;
    virtual void on_warm_exit(ExitStatus status) = 0;
    // No process runs for the request, or ever will.
    virtual void on_warm_refusal(Fallback reason) = 0;
  };

  explicit WarmRequest(Owner& owner) : owner_(owner) {}
  ~WarmRequest();
  WarmRequest(const WarmRequest&) = delete;
  WarmRequest& operator=(const WarmRequest&) = delete;

  // What its process is to have. The descriptors are needed until it runs or is refused.
  struct Needs {
    int in = -1;
    int out = -1;
    int err = -1;
    std::string_view variables;  // "NAME=value\0NAME=value\0"
    uint32_t variable_count = 0;
  };

  Owner& owner() { return owner_; }

 private:
  friend class TemplateProcess;
  Owner& owner_;
  TemplateProcess* waits_for_ = nullptr;
};

}  // namespace watchdog
