#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modes/fork/function_environment.h"
#include "modes/fork/function_process.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// What the modes that start a process for each request share: the environment, the start, and what
// a failed start or a bad end means to the client.
class ForkMode : public Mode {
 public:
  // `command`: what config.command says, where the mode needs it in other words.
  ForkMode(const ModeContext& context, FunctionEnvironment::Lengths lengths,
           std::vector<std::string> command);
  ForkMode(const ModeContext& context, FunctionEnvironment::Lengths lengths)
      : ForkMode(context, lengths, context.config.command) {}

  const Config& config() const { return processes_.context().config; }
  // The Content-Type of an answer: content_type, or what its bytes tell where that is "auto". Empty
  // where there are none.
  std::string_view content_type(std::string_view output) const;
  // The same for an answer of which only the beginning has come; nothing while that cannot be told.
  std::optional<std::string_view> content_type_of_beginning(std::string_view output) const;
  // Starts the function for `exchange`; when that fails, null, and the exchange has failed with the
  // reason. `collected`: the length of its body, where that has been read whole. `cgi`: what a CGI
  // program is told on top.
  std::unique_ptr<FunctionProcess> start(Exchange& exchange, FunctionProcess::Handler& handler,
                                         const FunctionProcess::Streams& streams,
                                         std::optional<uint64_t> collected,
                                         const CgiRequest* cgi = nullptr);
  // What a bad end of the function's means for its request. SIGTERM while we are stopping is not its
  // own doing: somebody has sent it to every process of the container.
  Failure failure_of_end(ExitStatus status) const;

 private:
  FunctionLauncher processes_;
  FunctionEnvironment environment_;
};

std::unique_ptr<Mode> make_streaming_mode(const ModeContext& context);
std::unique_ptr<Mode> make_serializing_mode(const ModeContext& context);
std::unique_ptr<Mode> make_classic_mode(const ModeContext& context);
std::unique_ptr<Mode> make_cgi_mode(const ModeContext& context);

}  // namespace watchdog
