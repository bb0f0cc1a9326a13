#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "function/function_state.h"
#include "http/message.h"
#include "http/response_reader.h"
#include "modes/gateway/application.h"
#include "server/exchange.h"

namespace watchdog {

// A request on its way over one connection, as a protocol needs to know it.
struct OutgoingRequest {
  const Exchange& exchange;
  const Application::Call* call;      // the script that is to answer; null in HTTP
  std::optional<uint64_t> collected;  // the length of the body, if that was collected
  uint64_t number;                    // which of the connection's requests it is, from 1
};

// How requests are put into bytes, and responses read, in one protocol. Stateless, so that one
// serves all requests of a mode. Used on the loop of its worker.
class UpstreamProtocol {
 public:
  // The most bytes of a body that one frame takes.
  static constexpr size_t kMostInFrame = 65535;
  struct Frame {
    std::string before;
    std::string_view after;
  };
  // Whether a connection that nobody has used yet may be kept: not where one process of the server
  // serves that connection and nothing else.
  enum class Spares { kKept, kClosed };

  virtual ~UpstreamProtocol() = default;

  // Whether the body must be complete before any of it can be sent.
  virtual bool collects(const RequestHead& request) const = 0;
  // Appends everything up to the body. Returns what is too large for this protocol, in words, if
  // something is (431); then nothing may be sent.
  virtual std::optional<std::string> append_head(std::string& out, const OutgoingRequest& request,
                                                 const Instance& instance) const = 0;
  // Returns what surrounds the next `size` bytes of the body.
  virtual Frame frame(const OutgoingRequest& request, size_t size) const = 0;
  // Returns what ends the body. Not asked for a request without one.
  virtual std::string body_end(const OutgoingRequest& request) const = 0;
  // Returns what tells the server that the connection's `number`th request is given up; empty where
  // closing the connection says it.
  virtual std::string abort(uint64_t number) const = 0;

  virtual std::unique_ptr<ResponseReader> make_reader() const = 0;

  virtual Spares spares() const = 0;
  // Whether a connection that has done its request should be kept for others, beside `idle` that
  // are kept already.
  virtual bool may_keep(const Instance& instance, size_t idle) const = 0;
};

}  // namespace watchdog
