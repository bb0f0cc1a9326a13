#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/http_response_reader.h"
#include "net/dial.h"
#include "net/stream.h"
#include "net/timer.h"
#include "process/readiness_probe.h"

namespace watchdog {

// Asks the function's server whether it is ready: whether it takes a connection and, where there is
// a path, responds to a GET of it with 2xx. A question ends within kTimeLimit and the delay of a
// refusal. Owned by a Supervisor or by a SharedProbe, used on their loop.
class UpstreamProbe final : public ReadinessProbe, private Stream::Handler {
 public:
  // `name` is the server's in messages, `authority` the Host of the request; `path` may be empty.
  UpstreamProbe(Loop& loop, std::vector<SocketAddress> addresses, std::string name,
                std::string authority, std::string path);
  // Delays what is told of a response other than 2xx by 100 ms, so that polling does not flood the
  // server's log.
  void defer_refusals() { refusal_delay_ = std::chrono::milliseconds(100); }

  void ask(std::function<void(std::optional<std::string>)> on_response) override;
  void cancel() override;

 private:
  static constexpr auto kTimeLimit = std::chrono::seconds(1);

  // Stream::Handler
  size_t on_data(std::string_view bytes) override;
  void on_end() override;
  void on_error(int error) override;
  void on_drained() override {}

  void on_connected(Fd socket, int error);
  // The status of the final response has come.
  void on_status(int status);
  void on_deadline();
  // Ends the question, and tells the one who asked.
  void finish(std::optional<std::string> problem);

  Loop& loop_;
  const std::vector<SocketAddress> addresses_;
  const std::string name_;
  const std::string authority_;
  const std::string path_;
  std::function<void(std::optional<std::string>)> on_response_;
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<Stream> stream_;
  HttpResponseReader reader_;
  Duration refusal_delay_{};
  std::string refusal_;  // by the server, while it is deferred
  Timer deadline_;       // of the server's response, then of telling the refusal
};

}  // namespace watchdog
