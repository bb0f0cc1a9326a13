#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "modes/gateway/accel_root.h"
#include "modes/gateway/cgi_variables.h"
#include "modes/gateway/front_controller.h"
#include "modes/static/site.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// An application of scripts, and of files where there is a document_root: what mode=cgi and
// mode=fastcgi have in common. One per worker, on its loop.
class Application {
 public:
  // What it needs on this machine.
  struct Parts {
    FrontController front;
    std::optional<ServedFolder> accel_root;
  };
  // Returns what is wrong with the configuration, where a part is missing.
  static Result<Parts> find_parts(const Config& config);
  Application(const ModeContext& context, Parts parts);

  // A request that a script responds to. Owns what describes it.
  struct Call {
    Script script;
    std::string prefix;
    std::string document_root;  // where it led when the script was chosen
  };
  // Returns the call of a script, or the invocation that sends a file; null when the response, of a
  // file or a refusal, is complete.
  std::variant<Call, std::unique_ptr<Invocation>> route(Exchange& exchange);
  // The folder whose files a response may name.
  AccelRoot& accel_root() { return accel_root_; }
  // `collected` is the length of a body that was collected.
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
