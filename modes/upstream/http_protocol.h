#pragma once

#include "modes/upstream/upstream_protocol.h"

namespace watchdog {

// HTTP/1.1. A body keeps its framing, except that a chunked one is collected and sent with its
// Content-Length where http_buffer_req_body is set.
class HttpProtocol final : public UpstreamProtocol {
 public:
  enum class Chunked { kPassedOn, kCollected };
  explicit HttpProtocol(Chunked chunked) : chunked_(chunked) {}

  bool collects(const RequestHead& request) const override;
  std::optional<std::string> append_head(std::string& out, const OutgoingRequest& request,
                                         const Instance& instance) const override;
  Frame frame(const OutgoingRequest& request, size_t size) const override;
  std::string body_end(const OutgoingRequest& request) const override;
  std::string abort(uint64_t) const override { return {}; }
  std::unique_ptr<ResponseReader> make_reader() const override;
  Spares spares() const override { return Spares::kKept; }
  bool may_keep(const Instance&, size_t) const override { return true; }

 private:
  const Chunked chunked_;
};

}  // namespace watchdog
