#include "modes/fork/fork_mode.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "modes/fork/sniffed_type.h"
#include "modes/fork/warm_comparison.h"

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
                   std::vector<std::string> command, bool merges_errors)
    : processes_(context, std::move(command)), environment_(lengths, context.config.cgi_headers) {
  if (!config().mode.is(kStartsAhead)) return;
  processes_.start_ahead(environment_.inherited(), merges_errors);
  if (processes_.ahead() == nullptr) return;
  const auto cancel = [this] { processes_.context().loop.retire(std::move(comparison_)); };
  processes_.ahead()->on_comparison(
      [this, cancel] {
        cancel();
        comparison_ = std::make_unique<WarmComparison>(processes_, environment_);
        comparison_->begin();
      },
      cancel);
}

ForkMode::ForkMode(const ModeContext& context, FunctionEnvironment::Lengths lengths,
                   bool merges_errors)
    : ForkMode(context, lengths, context.config.command, merges_errors) {}

ForkMode::~ForkMode() = default;

void ForkMode::release_idle() {
  processes_.context().loop.retire(std::move(comparison_));
  processes_.stop_ahead();
}

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
                                                 FunctionProcess::Streams streams,
                                                 std::optional<uint64_t> collected,
                                                 const CgiRequest* cgi) {
  const auto environment = environment_.build(exchange.request(), collected, cgi);
  if (!environment) {
    exchange.fail(Failure::kBadRequest, environment.error());
    return nullptr;
  }
  streams.trace = environment_.trace();
  streams.copy_errors = exchange.error_copy();
  const char* const folder = cgi != nullptr && !cgi->folder.empty() ? cgi->folder.c_str() : nullptr;
  exchange.enter(Phase::kSpawn);
  const FunctionProcess::Variables variables{.environment = *environment,
                                             .added = environment_.added(),
                                             .added_count = environment_.added_count()};
  auto started = FunctionProcess::start(processes_, handler, variables, streams, folder);
  while (!started && exchange.loop().made_room(started.error())) {
    started = FunctionProcess::start(processes_, handler, variables, streams, folder);
  }
  if (started) {
    exchange.function_started();
    return std::move(*started);
  }
  fail_start(exchange, started.error());
  return nullptr;
}

void ForkMode::fail_start(Exchange& exchange, int error) {
  if (error != E2BIG) ++processes_.context().metrics.spawn_failures;
  exchange.fail(failure_of(error), processes_.command().explain(error));
}

}  // namespace watchdog
