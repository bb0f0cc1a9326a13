#include "modes/fastcgi/fastcgi_protocol.h"

#include <fmt/format.h>

#include <algorithm>

#include "modes/fastcgi/fastcgi_response_reader.h"
#include "process/child.h"
#include "server/worker.h"

namespace watchdog {

namespace {

using fastcgi::AfterRequest;

// How long a count of processes is believed.
constexpr auto kCountedFor = std::chrono::milliseconds(100);

// Whether a script may go on after its response, while the next request on that connection would
// wait for it: with php-fpm (fastcgi_finish_request), which is told by a word of the command with
// "fpm" in it, and with somebody else's server, of which we know nothing.
bool may_outlast_response(const Config& config) {
  const auto is_fpm = [](const std::string& word) { return word.find("fpm") != std::string::npos; };
  return config.command.empty() || std::ranges::any_of(config.command, is_fpm);
}

std::string stdin_header(uint64_t number, size_t size) {
  std::string header;
  fastcgi::append_header(header, fastcgi::Type::kStdin, fastcgi::request_id(number), size);
  return header;
}

}  // namespace

FastcgiProtocol::FastcgiProtocol(Loop& loop, const Config& config, const Application& application)
    : loop_(loop),
      config_(config),
      application_(application),
      after_request_(may_outlast_response(config) ? AfterRequest::kClose
                                                  : AfterRequest::kKeepConnection) {}

bool FastcgiProtocol::collects(const RequestHead& request) const {
  return request.framing == BodyFraming::kChunked;
}

std::optional<std::string> FastcgiProtocol::append_head(std::string& out,
                                                        const OutgoingRequest& request,
                                                        const Instance&) const {
  const uint16_t id = fastcgi::request_id(request.number);
  fastcgi::append_begin_request(out, id, after_request_);
  fastcgi::ParamsWriter params(out, id);
  add_cgi_variables(params,
                    application_.describe(request.exchange, *request.call, request.collected));
  params.end();
  const bool has_body =
      request.collected ? *request.collected > 0 : request.exchange.request().has_body();
  if (!has_body) out += body_end(request);
  if (params.too_large().empty()) return std::nullopt;
  return fmt::format("{} is larger than a FastCGI record, 64 KiB", params.too_large());
}

UpstreamProtocol::Frame FastcgiProtocol::frame(const OutgoingRequest& request, size_t size) const {
  return {.before = stdin_header(request.number, size), .after = {}};
}

std::string FastcgiProtocol::body_end(const OutgoingRequest& request) const {
  return stdin_header(request.number, 0);
}

std::string FastcgiProtocol::abort(uint64_t number) const {
  return fastcgi::abort_request(fastcgi::request_id(number));
}

std::unique_ptr<ResponseReader> FastcgiProtocol::make_reader() const {
  return std::make_unique<FastcgiResponseReader>();
}

bool FastcgiProtocol::may_keep(const Instance& instance, size_t idle) const {
  return after_request_ == AfterRequest::kKeepConnection &&
         instance.in_flight + idle < connections_to_keep(instance);
}

size_t FastcgiProtocol::connections_to_keep(const Instance& instance) const {
  Count& count = counts_[&instance];
  const Instant now = loop_.now();
  const pid_t pid = instance.pid;
  if (pid != 0 && now - count.at > kCountedFor) {
    count = {std::max(1U, count_children(pid)), now};
  }
  return count.processes / worker_count(config_);
}

}  // namespace watchdog
