#pragma once

namespace watchdog {

class Exchange;

// Decides what becomes of the requests of a Server: answers them itself, or has a mode run. One per
// Server, used on its loop only.
class Service {
 public:
  virtual ~Service() = default;
  // Calls one of exchange.run(), wait(), answer() and fail().
  virtual void serve(Exchange& exchange) = 0;
  // Whether connections may stay open for another request.
  virtual bool keep_alive() const = 0;
  // Whether connections that may not stay open should close as soon as they are idle.
  virtual bool closing() const { return false; }
};

}  // namespace watchdog
