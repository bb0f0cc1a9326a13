#include "modes/static/static_mode.h"

#include <optional>
#include <string>
#include <utility>

#include "modes/static/site.h"

namespace watchdog {

namespace {

class StaticMode final : public Mode {
 public:
  StaticMode(const ModeContext& context, ServedFolder folder)
      : loop_(context.loop),
        folder_(std::move(folder)),
        site_(context, folder_, nullptr, share_of_static_cache(context.config)) {}

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    folder_.look_up(loop_.now());
    return site_.serve(exchange);
  }

 private:
  Loop& loop_;
  ServedFolder folder_;
  Site site_;
};

Result<ServedFolder> hold(const Config& config) {
  const Links links = follows_all_links(config) ? Links::kAnywhere : Links::kInside;
  auto folder = ServedFolder::hold("static_path", config.static_path, links);
  if (!folder) return Error{"static_path=" + folder.error()};
  return folder;
}

}  // namespace

Result<std::unique_ptr<Mode>> make_static_mode(const ModeContext& context) {
  auto folder = hold(context.config);
  if (!folder) return Error{folder.error()};
  return std::make_unique<StaticMode>(context, std::move(*folder));
}

std::optional<std::string> static_mode_problem(const Config& config) {
  const auto folder = hold(config);
  return folder ? std::nullopt : std::optional(folder.error());
}

}  // namespace watchdog
