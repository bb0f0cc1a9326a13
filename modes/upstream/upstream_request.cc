#include "modes/upstream/upstream_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "modes/gateway/cgi_variables.h"

namespace watchdog {

namespace {

// The bytes of a collected body that are read at a time.
constexpr size_t kReadAtOnce = 64 * 1024;

// RFC 9110 9.2.2.
bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET",    "HEAD", "OPTIONS",
                                                        "DELETE", "PUT",  "TRACE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace

UpstreamRequest::UpstreamRequest(const UpstreamProtocol& protocol, Exchange& exchange,
                                 const Config& config, std::optional<Application::Call> call)
    : protocol_(protocol),
      exchange_(exchange),
      config_(config),
      call_(std::move(call)),
      collects_(protocol.collects(exchange.request())),
      collected_(exchange.loop(), collection_limits(config)) {}

std::string UpstreamRequest::local_target(std::string_view location) const {
  return without_prefix(location, call_ ? std::string_view(call_->prefix) : std::string_view());
}

std::optional<UpstreamRequest::Problem> UpstreamRequest::on_body(std::string_view bytes,
                                                                 UpstreamConnection* connection) {
  if (collects_) {
    const int error = collected_.append(bytes);
    if (error == 0) return std::nullopt;
    BodyRefusal refusal = explain_spool_error(error, collection_limits(config_));
    return Problem{refusal.failure, std::move(refusal.detail)};
  }
  keep(bytes);
  if (connection != nullptr) send_pieces(*connection, bytes);
  return std::nullopt;
}

void UpstreamRequest::keep(std::string_view bytes) {
  body_size_ += bytes.size();
  const uint64_t whole = std::max(body_size_, exchange_.request().content_length);
  if (whole > kMostKept) {
    kept_ = std::string();
    return;
  }
  if (kept_.empty()) kept_.reserve(whole);
  kept_.append(bytes);
}

void UpstreamRequest::on_body_end(UpstreamConnection* connection) {
  body_complete_ = true;
  if (!collects_ && connection != nullptr) send_end(*connection);
}

OutgoingRequest UpstreamRequest::outgoing(const UpstreamConnection& connection) const {
  return {.exchange = exchange_,
          .call = call_ ? &*call_ : nullptr,
          .collected = collects_ ? std::optional(collected_.size()) : std::nullopt,
          .number = connection.requests()};
}

std::optional<UpstreamRequest::Problem> UpstreamRequest::send_head(UpstreamConnection& connection,
                                                                   const Instance& instance) const {
  std::string head;
  head.reserve(1024);
  if (auto too_large = protocol_.append_head(head, outgoing(connection), instance)) {
    return Problem{Failure::kEnvironmentTooLarge, std::move(*too_large)};
  }
  connection.write({head});
  return std::nullopt;
}

std::optional<UpstreamRequest::Problem> UpstreamRequest::send_body(UpstreamConnection& connection) {
  if (collects_) {
    collected_sent_ = 0;
    return send_collected(connection);
  }
  send_pieces(connection, kept_);
  if (body_complete_) send_end(connection);
  return std::nullopt;
}

void UpstreamRequest::send_pieces(UpstreamConnection& connection, std::string_view bytes) const {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, UpstreamProtocol::kMostInFrame);
    bytes.remove_prefix(piece.size());
    const auto around = protocol_.frame(outgoing(connection), piece.size());
    connection.write({around.before, piece, around.after});
  }
}

void UpstreamRequest::send_end(UpstreamConnection& connection) const {
  if (!exchange_.request().has_body()) return;
  connection.write({protocol_.body_end(outgoing(connection))});
}

std::optional<UpstreamRequest::Problem> UpstreamRequest::send_collected(
    UpstreamConnection& connection) {
  std::string piece;
  while (!sent()) {
    if (connection.full()) {
      connection.notify_when_drained();
      break;
    }
    piece.clear();
    const int error = collected_.read(collected_sent_, kReadAtOnce, piece);
    if (piece.empty()) {
      return Problem{Failure::kInternal, fmt::format("the body is lost: {}", strerror(error))};
    }
    collected_sent_ += piece.size();
    send_pieces(connection, piece);
    if (sent()) send_end(connection);
  }
  return std::nullopt;
}

bool UpstreamRequest::sent() const {
  if (collects_) return collected_sent_ == collected_.size();
  return body_complete_ || !exchange_.request().has_body();
}

// An idle connection breaks because the server closed it just before we wrote; a new one because
// the server or a worker of it ended, or was not up yet. Sending again is safe when the server
// cannot have seen any of the request, or when seeing it twice does no harm (RFC 9110 9.2.2).
bool UpstreamRequest::may_send_again(const Break& end) const {
  if (end.response_begun) return false;
  if (!collects_ && kept_.size() < body_size_) return false;
  if (!is_idempotent(exchange_.request().method) && !end.nothing_received) return false;
  if (end.was_used) return true;
  return sent_again_ < (end.was_reset ? kMostSentAgainUnread : kMostSentAgain);
}

void UpstreamRequest::note_break(const Break& end, std::string_view what) {
  needs_new_connection_ = true;
  if (end.was_used) return;
  ++sent_again_;
  if (!end.was_reset) broken_ = what;
}

}  // namespace watchdog
