#include "modes/upstream/http_protocol.h"

#include "http/forward.h"
#include "http/http_response_reader.h"

namespace watchdog {

namespace {

bool sends_chunks(const OutgoingRequest& request) {
  return request.exchange.request().framing == BodyFraming::kChunked && !request.collected;
}

}  // namespace

bool HttpProtocol::collects(const RequestHead& request) const {
  return chunked_ == Chunked::kCollected && request.framing == BodyFraming::kChunked;
}

std::optional<std::string> HttpProtocol::append_head(std::string& out,
                                                     const OutgoingRequest& request,
                                                     const Instance& instance) const {
  append_forwarded_head(out, request.exchange.request(),
                        {instance.upstream.prefix, instance.authority},
                        request.collected ? &*request.collected : nullptr);
  return std::nullopt;
}

UpstreamProtocol::Frame HttpProtocol::frame(const OutgoingRequest& request, size_t size) const {
  if (!sends_chunks(request)) return {};
  Frame around{.before = {}, .after = "\r\n"};
  append_chunk_header(around.before, size);
  return around;
}

std::string HttpProtocol::body_end(const OutgoingRequest& request) const {
  if (!sends_chunks(request)) return {};
  return "0\r\n" + forwarded_trailers(request.exchange.trailers()) + "\r\n";
}

std::unique_ptr<ResponseReader> HttpProtocol::make_reader() const {
  return std::make_unique<HttpResponseReader>();
}

}  // namespace watchdog
