#include "modes/gateway/application.h"

#include <utility>

#include "http/forwarded.h"

namespace watchdog {

Result<Application::Parts> Application::find_parts(const Config& config) {
  auto accel_root = AccelRoot::hold(config);
  if (!accel_root) return Error{accel_root.error()};
  auto front = FrontController::make(config);
  if (!front) return Error{front.error()};
  return Parts{std::move(*front), std::move(*accel_root)};
}

Application::Application(const ModeContext& context, Parts parts)
    : config_(context.config),
      front_(std::move(parts.front)),
      accel_root_(context, std::move(parts.accel_root)) {
  if (front_.folder() != nullptr) {
    site_ =
        std::make_unique<Site>(context, *front_.folder(), &front_, share_of_static_cache(config_));
  }
}

std::variant<Application::Call, std::unique_ptr<Invocation>> Application::route(
    Exchange& exchange) {
  using Kind = FrontController::Route::Kind;
  front_.look_up();
  FrontController::Route route = front_.route(exchange.request());
  switch (route.kind) {
    case Kind::kFile:
      return site_->serve(exchange);
    case Kind::kMalformed:
      exchange.fail(Failure::kBadRequest, "the path cannot be decoded");
      return nullptr;
    case Kind::kScript:
      break;
  }
  return Call{std::move(route.script), url_prefix(exchange.request(), config_.script_name_prefix),
              front_.document_root()};
}

CgiRequest Application::describe(const Exchange& exchange, const Call& call,
                                 std::optional<uint64_t> collected) const {
  return {.request = exchange.request(),
          .script = call.script,
          .peer = exchange.peer(),
          .local = exchange.local(),
          .client = client_of(exchange),
          .document_root = call.document_root,
          .prefix = call.prefix,
          .collected = collected,
          .software = config_.server_software,
          .prefix_told = !config_.script_name_prefix.empty(),
          .sends_files = !config_.accel_root.empty()};
}

// Whom X-Forwarded-For names, only where the user has said whose word counts: by default anything
// in a private network may have written it.
IpAddress Application::client_of(const Exchange& exchange) const {
  const IpAddress& peer = exchange.peer().ip();
  if (!config_.trusted_proxies_named) return peer;
  return client_address(exchange.request().fields, peer, config_.trusted_proxies);
}

}  // namespace watchdog
