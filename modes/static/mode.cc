#include "modes/static/mode.h"

#include <cstdlib>

#include "modes/static/site.h"

namespace watchdog {

namespace {

class StaticMode final : public Mode {
 public:
  StaticMode(const ModeContext& context, Folder folder) : site_(context, std::move(folder)) {}

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override { return site_.serve(exchange); }

 private:
  Site site_;
};

}  // namespace

std::unique_ptr<Mode> make_static_mode(const ModeContext& context) {
  auto folder = Folder::hold(context.config.static_path);
  if (!folder) std::abort();  // main has asked static_mode_problem()
  return std::make_unique<StaticMode>(context, std::move(*folder));
}

std::optional<std::string> static_mode_problem(const Config& config) {
  const auto folder = Folder::hold(config.static_path);
  if (!folder) return "static_path=" + folder.error();
  return std::nullopt;
}

}  // namespace watchdog
