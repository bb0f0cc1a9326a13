#include "server/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/forwarded.h"
#include "net/socket_status.h"
#include "server/server.h"
#include "server/service.h"

namespace watchdog {

Connection::Connection(Server& server, Fd socket, const PeerAddress& peer)
    : server_(server),
      config_(server.context().config),
      peer_(peer),
      peer_trusted_(config_.trusted_proxies.contains(peer.ip())),
      stream_(server.context().loop, *this, Stream::Kind::kTcp, std::move(socket)),
      exchange_(server.context(), *this),
      reading_(server.context().loop, [this] { on_reading_timeout(); }),
      send_progress_(server.context().loop, config_, stream_, [this] { on_stuck(); }) {
  limit_reading(config_.read_timeout);
  stream_.resume();
}

Connection::~Connection() = default;

// Whether bytes from the client are of use now.
bool Connection::reading() const {
  switch (state_) {
    case State::kIdle:
    case State::kHead:
      return !stream_.full();  // a client that pipelines but does not read waits
    case State::kBody:
    case State::kTunnel:
      return !upload_paused_;
    case State::kResponding:
    case State::kClosing:
      return false;
  }
  return false;
}

size_t Connection::on_data(std::string_view bytes) {
  if (state_ == State::kClosing) return bytes.size();
  if (!reading()) {
    if (state_ == State::kResponding) reading_.set_after(kPresence);
    return 0;
  }
  if (state_ == State::kTunnel) {
    exchange_.on_body(bytes);
    return bytes.size();
  }
  reader_.feed(bytes);
  while (reading()) {
    const RequestReader::Event event = reader_.next();
    if (event == RequestReader::Event::kNeedMore) {
      if (state_ == State::kIdle && !reader_.between_messages()) {
        state_ = State::kHead;
        note_waiting();
        limit_reading(config_.read_timeout);
      }
      break;
    }
    handle(event);
  }
  // The last piece of a body may have been one too many, but that it was the last one must be told:
  // no more bytes will come to tell it.
  if (state_ == State::kBody && upload_paused_ && reader_.consumed() == bytes.size()) {
    handle(reader_.next());
  }
  if (state_ == State::kClosing) return bytes.size();
  if (state_ == State::kResponding && reader_.consumed() < bytes.size()) {
    reading_.set_after(kPresence);
  }
  if ((state_ == State::kIdle || state_ == State::kHead) && stream_.full()) {
    stream_.notify_when_drained();
  }
  return reader_.consumed();
}

void Connection::handle(RequestReader::Event event) {
  switch (event) {
    case RequestReader::Event::kHead:
      return on_head();
    case RequestReader::Event::kBody:
      return on_body();
    case RequestReader::Event::kEnd:
      return on_request_end();
    case RequestReader::Event::kError:
      return refuse(reader_.error().status, reader_.error().reason);
    case RequestReader::Event::kNeedMore:
      return;
  }
}

void Connection::on_head() {
  state_ = State::kBody;
  fresh_ = false;
  discarded_ = 0;
  if (reader_.request().has_body()) {
    limit_reading(config_.read_timeout);
  } else {
    reading_.clear();
    state_ = State::kResponding;  // its kEnd carries no news
    reader_.next();
  }
  if (peer_text_.empty()) peer_text_ = peer_.text();
  settle_forwarded_fields(reader_.request(), peer_text_, peer_trusted_);
  exchange_.start(reader_.request(), server_.service());
}

void Connection::on_body() {
  if (exchange_.active()) {
    exchange_.on_body(reader_.body());
    return;
  }
  discarded_ += reader_.body().size();
  if (discarded_ > kMostDiscarded) begin_closing();
}

void Connection::on_request_end() {
  reading_.clear();
  state_ = State::kResponding;
  stream_.resume();  // a client that goes is noticed, if the body had been paused
  if (exchange_.active()) {
    exchange_.on_body_end(reader_.trailers());
  } else {
    become_idle();
  }
}

void Connection::refuse(int status, std::string_view reason) {
  exchange_.refuse(status, reason);
  begin_closing();
}

void Connection::become_idle() {
  // A response that promised to keep the connection is kept to, while requests are still served.
  if (client_ended_ || (server_.service().closing() && stream_.readable() == 0)) {
    begin_closing();
    return;
  }
  state_ = State::kIdle;
  reader_.shrink();
  note_waiting();
  limit_reading(config_.idle_timeout);
  stream_.resume();
}

bool Connection::may_stay_open() const {
  return !client_ended_ && server_.service().keep_alive();
}

void Connection::on_exchange_ended(Exchange::Ending ending) {
  if (ending == Exchange::Ending::kReset) {
    reset_on_close(stream_.fd());
    destroy_later();
    return;
  }
  if (stream_.broken()) return destroy_later();  // nothing will leave any more
  upload_paused_ = false;
  if (ending == Exchange::Ending::kClose) {
    begin_closing();
  } else if (state_ == State::kResponding) {
    become_idle();
  } else {  // the rest of the request is still to come
    limit_reading(config_.read_timeout);
    stream_.resume();
  }
}

void Connection::send(std::initializer_list<std::string_view> pieces) {
  uint64_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  stream_.write(pieces);
  send_progress_.note_sent(size);
}

FileSent Connection::send_file(int file, uint64_t offset, uint64_t size) {
  const FileSent sent = stream_.send_file(file, offset, size);
  send_progress_.note_sent(sent.bytes);
  return sent;
}

void Connection::become_tunnel() {
  reading_.clear();
  state_ = State::kTunnel;
  upload_paused_ = false;
  stream_.resume();
}

void Connection::pause_upload() {
  upload_paused_ = true;
  if (state_ != State::kBody && state_ != State::kTunnel) return;
  reading_.set_after(kPresence);  // it is not the client who is slow, but it may go
  stream_.pause();
}

void Connection::resume_upload() {
  upload_paused_ = false;
  if (state_ != State::kBody && state_ != State::kTunnel) return;
  reading_.clear();
  if (state_ == State::kBody) limit_reading(config_.read_timeout);
  stream_.resume();
}

void Connection::on_end() {
  client_ended_ = true;
  if (exchange_.only_sending()) return;  // it may still want what it asked for
  if (state_ == State::kClosing || !exchange_.active()) {
    if (stream_.drained()) return destroy_later();
    begin_closing();
    linger_ = false;
    return;
  }
  if (state_ == State::kTunnel) return exchange_.on_body_end();  // half of it goes on
  if (state_ == State::kResponding) return sound_out_client();
  exchange_.on_client_gone();  // in the middle of its request
  if (!exchange_.active()) destroy_later();
}

void Connection::on_error(int) {
  if (exchange_.active()) exchange_.on_client_gone();
  if (!exchange_.active()) destroy_later();
}

void Connection::on_drained() {
  send_progress_.note_drained();
  if (state_ != State::kClosing) {
    exchange_.on_sent();
    if (reading()) stream_.resume();
    return;
  }
  if (!linger_) {
    destroy_later();
    return;
  }
  if (half_closed_) return;
  half_closed_ = true;
  stream_.half_close();
  note_waiting();
  reading_.set_after(kLinger);
}

void Connection::note_waiting() {
  waiting_since_ = server_.context().loop.turn();
  server_.note_waiting(*this);
}

void Connection::begin_closing() {
  if (state_ == State::kClosing) return;
  linger_ = state_ == State::kHead || state_ == State::kBody || stream_.readable() > 0;
  state_ = State::kClosing;
  reading_.clear();
  stream_.notify_when_drained();
  stream_.resume();
}

void Connection::destroy_later() {
  state_ = State::kClosing;
  server_.remove(*this);
}

void Connection::on_reading_timeout() {
  switch (state_) {
    case State::kIdle:
      // A request that came in time while we were busy has not been read yet.
      if (reading() && stream_.readable() > 0) return reading_.set_after(kCatchUp);
      if (stream_.drained()) return destroy_later();
      return limit_reading(config_.idle_timeout);  // not idle: it is slow to read
    case State::kResponding:
    case State::kTunnel:
      return look_for_client();
    case State::kClosing:
      return destroy_later();
    case State::kHead:
      return refuse(408, fmt::format("the request did not arrive within read_timeout={}",
                                     format_duration(config_.read_timeout)));
    case State::kBody:
      if (!exchange_.active()) return begin_closing();
      if (upload_paused_) return look_for_client();
      return exchange_.fail(Failure::kClientSlow,
                            fmt::format("the body did not arrive within read_timeout={}",
                                        format_duration(config_.read_timeout)));
  }
}

// While nothing is read from it, a client that goes would not be noticed.
void Connection::look_for_client() {
  if (!exchange_.active() || exchange_.only_sending()) return;
  if (peer_is_gone(stream_.fd())) {
    exchange_.on_client_gone();
    if (!exchange_.active()) destroy_later();
    return;
  }
  // In a tunnel the end of what the client says is passed on.
  if (state_ != State::kTunnel && peer_has_ended(stream_.fd())) exchange_.sound_out_client();
  next_look_ = std::min<Duration>(next_look_ * 10, kPresence);
  reading_.set_after(next_look_);
}

void Connection::sound_out_client() {
  exchange_.sound_out_client();
  next_look_ = kFirstLook;
  reading_.set_after(next_look_);
}

void Connection::on_stuck() {
  if (exchange_.active()) {
    exchange_.fail(Failure::kClientSlow, fmt::format("the client took nothing for write_timeout={}",
                                                     format_duration(config_.write_timeout)));
  }
  destroy_later();
}

void Connection::close_if_idle() {
  // A request that is already here will be served, and closes the connection itself.
  if (state_ != State::kIdle || stream_.readable() > 0) return;
  if (fresh_) return reading_.set_after(kFirstRequest);
  begin_closing();
}

bool Connection::dispensable() const {
  // In this turn it may be on the call stack, with what has just answered its request.
  if (waiting_since_ == server_.context().loop.turn()) return false;
  switch (state_) {
    case State::kIdle:
    case State::kHead:
      return stream_.drained() && stream_.readable() == 0;
    case State::kClosing:
      return half_closed_;
    case State::kBody:
    case State::kResponding:
    case State::kTunnel:
      return false;
  }
  return false;
}

void Connection::abort() {
  if (exchange_.active()) exchange_.fail(Failure::kDraining, "shutdown_timeout is over");
  if (state_ != State::kClosing) begin_closing();
}

}  // namespace watchdog
