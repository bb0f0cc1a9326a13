#include "function/upstream_probe.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace watchdog {

UpstreamProbe::UpstreamProbe(Loop& loop, std::vector<SocketAddress> addresses, std::string name,
                             std::string authority, std::string path)
    : loop_(loop),
      addresses_(std::move(addresses)),
      name_(std::move(name)),
      authority_(std::move(authority)),
      path_(std::move(path)),
      deadline_(loop, [this] { on_deadline(); }) {}

void UpstreamProbe::ask(std::function<void(std::optional<std::string>)> on_response) {
  cancel();
  on_response_ = std::move(on_response);
  refusal_.clear();
  deadline_.set_after(kTimeLimit);
  dial_ = std::make_unique<Dial>(
      loop_, addresses_, [this](Fd socket, int error) { on_connected(std::move(socket), error); });
}

void UpstreamProbe::cancel() {
  deadline_.clear();
  loop_.retire(std::move(dial_));
  loop_.retire(std::move(stream_));
  on_response_ = nullptr;
}

void UpstreamProbe::on_connected(Fd socket, int error) {
  loop_.retire(std::move(dial_));
  if (error != 0) {
    return finish(fmt::format("cannot connect to {}: {}", name_, strerror(error)));
  }
  if (path_.empty()) return finish(std::nullopt);
  const bool is_tcp = addresses_.front().family() != AF_UNIX;
  Stream::Handler& handler = *this;
  stream_ = std::make_unique<Stream>(
      loop_, handler, is_tcp ? Stream::Kind::kTcp : Stream::Kind::kPipe, std::move(socket));
  reader_.expect("GET");
  stream_->write(
      {fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: fwatchdog\r\n"
                   "Connection: close\r\n\r\n",
                   path_, authority_)});
  stream_->resume();
}

size_t UpstreamProbe::on_data(std::string_view bytes) {
  reader_.feed(bytes);
  for (;;) {
    switch (reader_.next()) {
      case ReadEvent::kNeedMore:
        return bytes.size();
      case ReadEvent::kHead:
        if (reader_.response().interim()) break;
        on_status(reader_.response().status);
        return bytes.size();
      case ReadEvent::kEnd:  // of an interim response
      case ReadEvent::kBody:
        break;
      case ReadEvent::kError:
        finish(fmt::format("{}: its answer is not HTTP: {}", name_, reader_.error().reason));
        return bytes.size();
    }
  }
}

void UpstreamProbe::on_status(int status) {
  if (status >= 200 && status < 300) return finish(std::nullopt);
  loop_.retire(std::move(stream_));
  refusal_ = fmt::format("{} answers {} with {}", name_, path_, status);
  deadline_.set_after(refusal_delay_);
}

void UpstreamProbe::on_deadline() {
  finish(refusal_.empty() ? fmt::format("{}: no answer", name_) : std::move(refusal_));
}

void UpstreamProbe::on_end() {
  finish(fmt::format("{} closes the connection when asked for {}", name_, path_));
}

void UpstreamProbe::on_error(int error) {
  finish(fmt::format("{}: {}", name_, strerror(error)));
}

void UpstreamProbe::finish(std::optional<std::string> problem) {
  const auto tell = std::exchange(on_response_, nullptr);
  cancel();
  if (tell) tell(std::move(problem));
}

}  // namespace watchdog
