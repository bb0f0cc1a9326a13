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

class WarmComparison;

// What the modes with a process per request share: the environment, the start, and what a failed
// start or a bad end means for the response. One per worker, on its loop.
class ForkMode : public Mode {
 public:
  // `command` is config.command, in other words where the mode needs that. `merges_errors`: every
  // process has Errors::kToOutput.
  ForkMode(const ModeContext& context, FunctionEnvironment::Lengths lengths,
           std::vector<std::string> command, bool merges_errors = false);
  ForkMode(const ModeContext& context, FunctionEnvironment::Lengths lengths,
           bool merges_errors = false);
  ~ForkMode() override;

  const Config& config() const { return processes_.context().config; }
  // Returns the Content-Type of a response: content_type, or what its bytes tell where that is
  // "auto". Empty where there are none.
  std::string_view content_type(std::string_view output) const;
  // The same for a response of which only the beginning has come; nothing while it cannot be told.
  std::optional<std::string_view> content_type_of_beginning(std::string_view output) const;
  // Starts the function for `exchange`. When that fails, returns null, and the exchange has failed
  // with the reason. `collected` is the length of a body that has been read whole; `cgi` describes
  // the request for a CGI program in addition.
  std::unique_ptr<FunctionProcess> start(Exchange& exchange, FunctionProcess::Handler& handler,
                                         FunctionProcess::Streams streams,
                                         std::optional<uint64_t> collected,
                                         const CgiRequest* cgi = nullptr);
  // Fails an exchange whose process could not be started, for this errno.
  void fail_start(Exchange& exchange, int error);
  void release_idle() override;
  // Returns what a bad end of the function means for its request. SIGTERM while we are stopping is
  // not the function's own doing: it has been sent to every process of the container.
  Failure failure_of_end(ExitStatus status) const;

 private:
  FunctionLauncher processes_;
  FunctionEnvironment environment_;
  std::unique_ptr<WarmComparison> comparison_;
};

Result<std::unique_ptr<Mode>> make_streaming_mode(const ModeContext& context);
Result<std::unique_ptr<Mode>> make_serializing_mode(const ModeContext& context);
Result<std::unique_ptr<Mode>> make_classic_mode(const ModeContext& context);
Result<std::unique_ptr<Mode>> make_cgi_mode(const ModeContext& context);

}  // namespace watchdog
