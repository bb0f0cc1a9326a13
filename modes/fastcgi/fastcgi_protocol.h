#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "modes/fastcgi/fastcgi_records.h"
#include "modes/gateway/application.h"
#include "modes/upstream/upstream_protocol.h"
#include "net/loop.h"

namespace watchdog {

// FastCGI 1.0, in the role of a responder. A body whose length is not known is collected first, as
// CONTENT_LENGTH is all that many programs go by.
//
// A process of most servers (PHP's are) serves one connection, and nothing else while that is open.
// So a connection is kept only where that leaves no request waiting while processes are idle: a
// worker keeps no more connections to an instance than its share of the processes, which it counts,
// and none where a script may go on after its response.
class FastcgiProtocol final : public UpstreamProtocol {
 public:
  // `application` describes requests to it. All of these outlive it.
  FastcgiProtocol(Loop& loop, const Config& config, const Application& application);

  bool collects(const RequestHead& request) const override;
  std::optional<std::string> append_head(std::string& out, const OutgoingRequest& request,
                                         const Instance& instance) const override;
  Frame frame(const OutgoingRequest& request, size_t size) const override;
  std::string body_end(const OutgoingRequest& request) const override;
  std::string abort(uint64_t number) const override;
  std::unique_ptr<ResponseReader> make_reader() const override;
  Spares spares() const override { return Spares::kClosed; }
  bool may_keep(const Instance& instance, size_t idle) const override;

 private:
  struct Count {
    unsigned processes = 1;
    Instant at{};
  };

  size_t connections_to_keep(const Instance& instance) const;

  Loop& loop_;
  const Config& config_;
  const Application& application_;
  const fastcgi::AfterRequest after_request_;
  mutable std::map<const Instance*, Count> counts_;  // a cache: counting reads /proc
};

}  // namespace watchdog
