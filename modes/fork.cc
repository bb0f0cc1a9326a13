#include "modes/fork.h"

#include <fmt/format.h>

#include <cerrno>

#include "base/log.h"

namespace watchdog {

ForkMode::ForkMode(const ModeContext& context, FunctionEnvironment environment)
    : processes_(context), environment_(std::move(environment)) {}

std::unique_ptr<FunctionProcess> ForkMode::start(Exchange& exchange,
                                                 FunctionProcess::Handler& handler,
                                                 FunctionProcess::Input input,
                                                 FunctionProcess::Errors errors) {
  char* const* environment = environment_.plain();
  if (config().cgi_headers) {
    const auto built = environment_.build(exchange.request());
    if (!built) {
      exchange.fail(Failure::kBadRequest, built.error());
      return nullptr;
    }
    environment = *built;
  }
  auto outcome = FunctionProcess::start(processes_, handler, environment, input, errors);
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
