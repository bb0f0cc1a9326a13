#pragma once

#include <memory>
#include <optional>
#include <string>

#include "modes/gateway/accel_root.h"
#include "modes/gateway/cgi_variables.h"
#include "modes/gateway/front_controller.h"
#include "modes/static/site.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// An application of scripts, and of files where there is a document_root: what mode=cgi and
// mode=fastcgi have in common. One per Worker.
class Application {
 public:
  // Aborts where problem() has something to say.
  explicit Application(const ModeContext& context);
  // What is wrong with the configuration, in one line.
  static std::optional<std::string> problem(const Config& config);

  // A request that a script answers. Owns what describes it.
  struct Call {
    Script script;
    std::string prefix;
    std::string document_root;  // where it led when the script was chosen
  };
  // Nothing when the request was for a file, or is refused: then `response` answers it, or, when that
  // is null, it has been answered.
  std::optional<Call> route(Exchange& exchange, std::unique_ptr<Invocation>& response);
  // Whose files an answer may name.
  AccelRoot& accel_root() { return accel_root_; }
  // `collected`: the length of a body that was collected.
  CgiRequest describe(const Exchange& exchange, const Call& call,
                      std::optional<uint64_t> collected = {}) const;

 private:
  IpAddress client_of(const Exchange& exchange) const;

  const Config& config_;
  FrontController front_;
  std::unique_ptr<Site> site_;
  AccelRoot accel_root_;
};

}  // namespace watchdog
