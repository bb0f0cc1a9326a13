#pragma once

namespace watchdog {

class Exchange;

// What a Server serves: answers a request, or hands it to a mode. One a Server, on its loop.
class Service {
 public:
  virtual ~Service() = default;
  virtual void serve(Exchange& exchange) = 0;
  // Whether connections may stay open for another request.
  virtual bool keep_alive() const = 0;
  // Whether those that may not should close as soon as they are idle.
  virtual bool closing() const { return false; }
};

}  // namespace watchdog
