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
  const Application::Call* call;      // the script that responds; null in HTTP
  std::optional<uint64_t> collected;  // the length of a body that was collected, in bytes
  uint64_t number;                    // among the requests of its connection, from 1
};

// How requests are put into bytes, and responses read, in one protocol. Stateless, so that one
// serves all requests of a mode. Used on the loop of its worker.
class UpstreamProtocol {
 public:
  // The most bytes of a body that one frame takes.
  static constexpr size_t kMostInFrame = 65535;
  // What goes before and after the bytes of a body that it frames.
  struct Frame {
    std::string before;
    std::string_view after;
  };
  // Whether a new connection may be kept for which no request is left. It is not where each
  // connection occupies a process of the server.
  enum class Spares { kKept, kClosed };

  virtual ~UpstreamProtocol() = default;

  // Whether the body must be complete before any of it can be sent.
  virtual bool collects(const RequestHead& request) const = 0;
  // Appends everything up to the body. Returns nothing, or, in words, what of the request is too
  // large for this protocol; then nothing may be sent, and the client gets 431.
  virtual std::optional<std::string> append_head(std::string& out, const OutgoingRequest& request,
                                                 const Instance& instance) const = 0;
  // Returns what surrounds the next `size` bytes of the body.
  virtual Frame frame(const OutgoingRequest& request, size_t size) const = 0;
  // Returns what ends the body. Not called for a request without one.
  virtual std::string body_end(const OutgoingRequest& request) const = 0;
  // Returns the bytes that tell the server that the `number`th request of the connection is given
  // up; empty where closing the connection does.
  virtual std::string abort(uint64_t number) const = 0;

  virtual std::unique_ptr<ResponseReader> make_reader() const = 0;

  virtual Spares spares() const = 0;
  // Whether a connection whose request is over may be kept, beside the `idle` ones that are kept
  // already.
  virtual bool may_keep(const Instance& instance, size_t idle) const = 0;
};

}  // namespace watchdog
