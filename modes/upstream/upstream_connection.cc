#include "modes/upstream/upstream_connection.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "net/socket_status.h"

namespace watchdog {

namespace {

// A read of fewer bytes is probably a piece of a response that the server writes piece by piece.
constexpr size_t kSmallPiece = 16 * 1024;

// Some servers say 408 before they close a connection that idles (RFC 9110 15.5.9).
bool announces_close(std::string_view bytes) {
  return bytes.starts_with("HTTP/1.1 408 ") || bytes.starts_with("HTTP/1.0 408 ");
}

}  // namespace

UpstreamConnection::UpstreamConnection(Loop& loop, Fd socket, Peer peer,
                                       std::unique_ptr<ResponseReader> reader,
                                       size_t longest_log_line, LineCopy copy)
    : peer_(peer),
      reader_(std::move(reader)),
      errors_(log::Source::kErr, longest_log_line, nullptr, std::move(copy)),
      stream_(loop, *this, peer == Peer::kUnixSocket ? Stream::Kind::kPipe : Stream::Kind::kTcp,
              std::move(socket)) {}

UpstreamConnection::~UpstreamConnection() {
  errors_.finish();
}

void UpstreamConnection::begin(Handler& handler, std::string_view method) {
  handler_ = &handler;
  on_lost_ = nullptr;
  errors_.finish();
  complete_ = false;
  ++requests_;
  written_ = 0;
  head_seen_ = false;
  reader_->expect(method);
  stream_.resume();
}

void UpstreamConnection::become_idle(std::function<void()> on_lost) {
  handler_ = nullptr;
  on_lost_ = std::move(on_lost);
  stream_.resume();
}

void UpstreamConnection::write(std::initializer_list<std::string_view> pieces) {
  for (const auto piece : pieces) written_ += piece.size();
  stream_.write(pieces);
}

bool UpstreamConnection::nothing_received() const {
  const size_t here = stream_.pending();
  return here >= written_ ||
         (peer_ != Peer::kUnixSocket && here + unacknowledged_bytes(stream_.fd()) >= written_);
}

// Whether bytes that would begin the response cannot belong to it. Over loopback a request that has
// left has been received.
bool UpstreamConnection::comes_too_early() const {
  return peer_ == Peer::kElsewhere ? nothing_received() : stream_.pending() >= written_;
}

bool UpstreamConnection::waits_for_request() {
  if (stream_.broken()) return false;
  if (stream_.silent()) return true;
  overran_ = overran_ || stream_.readable() > 0;
  return false;
}

void UpstreamConnection::detach() {
  handler_ = nullptr;
  stream_.pause();
}

void UpstreamConnection::abandon(std::string_view farewell) {
  stream_.write({farewell});
  stream_.send_held();
  detach();
}

bool UpstreamConnection::reusable() const {
  return complete_ && !ended_ && !tunnel_ && !overran_ && !stream_.broken() && stream_.drained() &&
         reader_->response().keep_alive && reader_->says_its_end();
}

size_t UpstreamConnection::on_data(std::string_view bytes) {
  const size_t used = read(bytes);
  // The server may wait for the acknowledgement before it sends the rest of the response.
  const bool more = handler_ != nullptr && !tunnel_ && bytes.size() < kSmallPiece;
  if (more && peer_ != Peer::kUnixSocket) acknowledge_now(stream_.fd());
  const std::string errors = reader_->take_errors();
  if (!errors.empty()) errors_.add(errors);
  if (complete_) errors_.finish();
  return used;
}

size_t UpstreamConnection::read(std::string_view bytes) {
  if (handler_ == nullptr || (!reader_->begun() && comes_too_early())) {
    overran_ = requests_ > 0 && !announces_close(bytes);
    fail("it sent bytes that nobody asked for");
    return bytes.size();
  }
  if (tunnel_) {
    handler_->on_response_body(bytes);
    return bytes.size();
  }
  reader_->feed(bytes);
  for (;;) {
    switch (reader_->next()) {
      case ReadEvent::kNeedMore:
        return bytes.size();
      case ReadEvent::kHead:
        head_seen_ = true;
        tunnel_ = reader_->response().status == 101;
        handler_->on_response_head(reader_->response());
        if (handler_ == nullptr) return bytes.size();
        if (!tunnel_) break;
        bytes.remove_prefix(reader_->consumed());
        if (!bytes.empty()) handler_->on_response_body(bytes);
        return reader_->consumed() + bytes.size();
      case ReadEvent::kBody:
        handler_->on_response_body(reader_->body());
        if (handler_ == nullptr) return bytes.size();
        break;
      case ReadEvent::kEnd:
        if (reader_->response().interim()) break;
        if (reader_->consumed() < bytes.size()) {
          ended_ = true;
          overran_ = reader_->says_its_end();
        }
        complete_ = true;
        std::exchange(handler_, nullptr)->on_response_end(reader_->trailers());
        return bytes.size();
      case ReadEvent::kError:
        overran_ = requests_ > 1 && !head_seen_;
        fail(reader_->overloaded() ? Failure::kNotReady : Failure::kUpstreamBroken,
             reader_->problem());
        return bytes.size();
    }
  }
}

void UpstreamConnection::on_end() {
  ended_ = true;
  if (handler_ != nullptr && (tunnel_ || reader_->ends_with_connection())) {
    complete_ = true;
    std::exchange(handler_, nullptr)->on_response_end({});
    return;
  }
  fail(reader_->begun() ? "it closed the connection in the middle of its answer"
                        : "it closed the connection without an answer");
}

void UpstreamConnection::on_error(int error) {
  ended_ = true;
  was_reset_ = error == ECONNRESET || error == EPIPE;
  fail(fmt::format("the connection to it broke: {}", strerror(error)));
}

void UpstreamConnection::on_drained() {
  if (handler_ != nullptr) handler_->on_upstream_drained();
}

void UpstreamConnection::fail(Failure failure, std::string_view what) {
  stream_.pause();
  if (handler_ != nullptr) {
    std::exchange(handler_, nullptr)->on_upstream_failed(failure, what);
  } else if (on_lost_) {
    std::exchange(on_lost_, nullptr)();
  }
}

}  // namespace watchdog
