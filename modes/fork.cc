#include "modes/fork.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "base/log.h"
#include "modes/sniffed_type.h"

namespace watchdog {

ForkMode::ForkMode(const ModeContext& context, FunctionEnvironment::Lengths lengths,
                   std::vector<std::string> command)
    : processes_(context, std::move(command)), environment_(lengths, context.config.cgi_headers) {}

std::string_view ForkMode::content_type(std::string_view output) const {
  return config().content_type == kSniffContentType ? sniffed_type(output)
                                                    : std::string_view(config().content_type);
}

std::unique_ptr<FunctionProcess> ForkMode::start(Exchange& exchange,
                                                 FunctionProcess::Handler& handler,
                                                 const FunctionProcess::Streams& streams,
                                                 const CgiRequest* cgi) {
  const auto environment = environment_.build(exchange.request(), cgi);
  if (!environment) {
    exchange.fail(Failure::kBadRequest, environment.error());
    return nullptr;
  }
  const char* const folder = cgi != nullptr && !cgi->folder.empty() ? cgi->folder.c_str() : nullptr;
  auto outcome = FunctionProcess::start(processes_, handler, *environment, streams, folder);
  if (outcome.process) {
    exchange.function_started();
    return std::move(outcome.process);
  }
  const bool too_large = outcome.error == E2BIG;
  if (!too_large) ++processes_.context().metrics.spawn_failures;
  exchange.fail(too_large ? Failure::kEnvironmentTooLarge : Failure::kSpawnFailed,
                processes_.command().explain(outcome.error));
  return nullptr;
}

}  // namespace watchdog
