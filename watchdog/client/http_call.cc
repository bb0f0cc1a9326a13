#include "client/http_call.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/text.h"

namespace watchdog {

HttpCall::HttpCall(Loop& loop, Request request, const Limits& limits, OnDone on_done)
    : loop_(loop),
      request_(std::move(request)),
      limits_(limits),
      on_done_(std::move(on_done)),
      deadline_(loop, [this, time = limits.time] {
        fail(fmt::format("no complete response within {}", format_duration(time)));
      }) {
  deadline_.set_after(limits.time);
  look_up();
}

HttpCall::~HttpCall() = default;

void HttpCall::ask_again(std::vector<std::string_view> body) {
  request_.body = std::move(body);
  response_ = {};
  done_ = false;
  deadline_.set_after(limits_.time);
  if (stream_ == nullptr) return look_up();
  used_before_ = true;
  ask();
}

void HttpCall::look_up() {
  used_before_ = false;
  const Authority& authority = request_.url.authority;
  lookup_ = std::make_unique<NameLookup>(loop_, authority.host, authority.port,
                                         [this](auto found) { connect(std::move(found)); });
}

void HttpCall::connect(NameLookup::Addresses found) {
  loop_.retire(std::move(lookup_));
  if (!found) return fail(found.error());
  addresses_ = std::move(*found);
  dial_ = std::make_unique<Dial>(
      loop_, addresses_, [this](Fd socket, int error) { on_connected(std::move(socket), error); });
}

void HttpCall::on_connected(Fd socket, int error) {
  loop_.retire(std::move(dial_));
  if (error != 0) return fail(strerror(error));
  Stream::Handler& handler = *this;
  stream_ = std::make_unique<Stream>(loop_, handler, Stream::Kind::kTcp, std::move(socket));
  ask();
  stream_->resume();
}

void HttpCall::ask() {
  reader_.expect(request_.method);
  pieces_sent_ = 0;
  std::string length;
  if (request_.method == "POST") {
    size_t size = 0;
    for (const std::string_view piece : request_.body) size += piece.size();
    length = fmt::format("Content-Length: {}\r\n", size);
  }
  stream_->write(fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: fwatchdog\r\n{}{}\r\n",
                             request_.method, request_.url.target, request_.url.authority.text(),
                             request_.fields, length));
  send_body();
}

// The stream copies what it keeps, and so gets no more than the kernel takes soon.
void HttpCall::send_body() {
  if (done_) return;
  constexpr size_t kMostKept = 8 * 1024;
  const auto& body = request_.body;
  while (pieces_sent_ < body.size() && stream_->pending() < kMostKept) {
    stream_->write(body[pieces_sent_++]);
  }
  if (pieces_sent_ < body.size()) stream_->notify_when_drained();
}

size_t HttpCall::on_data(std::string_view bytes) {
  if (done_) {  // nobody has asked
    loop_.retire(std::move(stream_));
    return bytes.size();
  }
  reader_.feed(bytes);
  while (!done_) {
    switch (reader_.next()) {
      case ReadEvent::kNeedMore:
        return bytes.size();
      case ReadEvent::kHead: {
        if (reader_.response().interim()) break;
        response_.status = reader_.response().status;
        const Field* later = reader_.response().fields.find("retry-after");
        if (later != nullptr) response_.retry_after = later->value;
        break;
      }
      case ReadEvent::kBody:
        response_.body += reader_.body();
        if (response_.body.size() > limits_.response_bytes) {
          fail(fmt::format("more than {} bytes", limits_.response_bytes));
          return bytes.size();
        }
        break;
      case ReadEvent::kEnd:
        if (reader_.response().interim()) break;
        if (reader_.consumed() < bytes.size() || !stays_open()) loop_.retire(std::move(stream_));
        finish(std::move(response_));
        return bytes.size();  // whoever was told may have asked again
      case ReadEvent::kError:
        fail(reader_.problem());
        return bytes.size();
    }
  }
  return bytes.size();
}

void HttpCall::on_end() {
  if (!reader_.ends_with_connection()) {
    return on_closed("the connection was closed before the response was complete");
  }
  loop_.retire(std::move(stream_));
  finish(std::move(response_));
}

void HttpCall::on_error(int error) {
  on_closed(strerror(error));
}

bool HttpCall::stays_open() const {
  return reader_.response().keep_alive && pieces_sent_ == request_.body.size() &&
         stream_->drained();
}

void HttpCall::on_closed(std::string_view why) {
  const bool again = !done_ && used_before_ && !reader_.begun();
  if (!done_ && !again) return fail(why);
  loop_.retire(std::move(stream_));
  if (again) look_up();
}

void HttpCall::finish(Result<Response> response) {
  if (std::exchange(done_, true)) return;
  deadline_.clear();
  loop_.retire(std::move(lookup_));
  loop_.retire(std::move(dial_));
  on_done_(std::move(response));
}

void HttpCall::fail(std::string_view what) {
  loop_.retire(std::move(stream_));
  finish(Error{explain(request_.url, what)});
}

std::string HttpCall::explain(const HttpUrl& url, std::string_view what) {
  return fmt::format("http://{}{}: {}", url.authority.text(), url.target, what);
}

}  // namespace watchdog
