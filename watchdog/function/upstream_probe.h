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

// Asks the function's server whether it is ready: whether it takes a connection, and, with a path,
// whether it answers a GET of it with 2xx.
class UpstreamProbe final : public ReadinessProbe, private Stream::Handler {
 public:
  // `name` is for messages, `authority` the Host of the request; `path` may be empty.
  UpstreamProbe(Loop& loop, std::vector<SocketAddress> addresses, std::string name,
                std::string authority, std::string path);
  // Keeps what the server says against its being ready back for a moment: asked again and again it
  // would fill its log.
  void be_patient() { pause_ = std::chrono::milliseconds(100); }

  void ask(std::function<void(std::optional<std::string>)> on_response) override;
  void cancel() override;

 private:
  static constexpr auto kPatience = std::chrono::seconds(1);

  // Stream::Handler
  size_t on_data(std::string_view bytes) override;
  void on_end() override;
  void on_error(int error) override;
  void on_drained() override {}

  void on_connected(Fd socket, int error);
  // The status of the final response.
  void judge(int status);
  void answer(std::optional<std::string> problem);

  Loop& loop_;
  const std::vector<SocketAddress> addresses_;
  const std::string name_;
  const std::string authority_;
  const std::string path_;
  std::function<void(std::optional<std::string>)> on_response_;
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<Stream> stream_;
  HttpResponseReader reader_;
  Duration pause_{};
  std::string verdict_;  // kept back
  Timer patience_;
};

}  // namespace watchdog
