#include "modes/fork/fork_mode.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "modes/fork/sniffed_type.h"

namespace watchdog {

namespace {

// Why a process could not be started.
Failure failure_of(int error) {
  switch (error) {
    case E2BIG:
      return Failure::kEnvironmentTooLarge;
    case EMFILE:
    case ENFILE:
      return Failure::kOutOfResources;
    default:
      return Failure::kSpawnFailed;
  }
}

}  // namespace

ForkMode::ForkMode(const ModeContext& context, FunctionEnvironment::Lengths lengths,
                   std::vector<std::string> command)
    : processes_(context, std::move(command)), environment_(lengths, context.config.cgi_headers) {}

std::string_view ForkMode::content_type(std::string_view output) const {
  if (config().content_type != kSniffContentType) return config().content_type;
  return output.empty() ? std::string_view() : sniffed_type(output);
}

std::optional<std::string_view> ForkMode::content_type_of_beginning(std::string_view output) const {
  const std::string& configured = config().content_type;
  if (configured != kSniffContentType) return configured;
  return sniffed_type_of_beginning(output);
}

Failure ForkMode::failure_of_end(ExitStatus status) const {
  const bool by_stop = status.ended_by(SIGTERM) && processes_.context().lifecycle.ending();
  return by_stop ? Failure::kDraining : Failure::kFunctionFailed;
}

std::unique_ptr<FunctionProcess> ForkMode::start(Exchange& exchange,
                                                 FunctionProcess::Handler& handler,
                                                 const FunctionProcess::Streams& streams,
                                                 std::optional<uint64_t> collected,
                                                 const CgiRequest* cgi) {
  const auto environment = environment_.build(exchange.request(), collected, cgi);
  if (!environment) {
    exchange.fail(Failure::kBadRequest, environment.error());
    return nullptr;
  }
  const char* const folder = cgi != nullptr && !cgi->folder.empty() ? cgi->folder.c_str() : nullptr;
  auto started = FunctionProcess::start(processes_, handler, *environment, streams, folder);
  while (!started && exchange.loop().made_room(started.error())) {
    started = FunctionProcess::start(processes_, handler, *environment, streams, folder);
  }
  if (started) {
    exchange.function_started();
    return std::move(*started);
  }
  if (started.error() != E2BIG) ++processes_.context().metrics.spawn_failures;
  exchange.fail(failure_of(started.error()), processes_.command().explain(started.error()));
  return nullptr;
}

}  // namespace watchdog
