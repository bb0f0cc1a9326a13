#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "modes/static/compression.h"
#include "modes/static/lookup.h"
#include "modes/static/plan.h"
#include "modes/static/representation.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// The part of static_cache that one worker has, in bytes.
uint64_t share_of_static_cache(const Config& config);

// A folder as a web site. One per Worker, used on its loop only. A request goes one way:
//
//   SiteFiles::resolve    what its path names              Lookup
//   negotiate             the file or a coding of it       Representation
//   evaluate              status, fields and parts         Plan
//   send                  on the wire
//
// A file that is to be compressed first waits between the second step and the third.
class Site {
 public:
  // `policy`: null lets every file be sent that is not hidden. Both outlive the site.
  // `most_in_memory`: bytes of files that are kept in memory.
  Site(const ModeContext& context, ServedFolder& folder, const SendPolicy* policy,
       uint64_t most_in_memory);

  // Serves a request. Returns null when the response is complete.
  std::unique_ptr<Invocation> serve(Exchange& exchange);
  // Serves the file `name` for an application, which has given the fields `said` with it: they
  // stand in for those of the site, beside the fields that follow from the file itself. The file is
  // sent without a coding; conditions and ranges apply where the method is GET or HEAD. `asked`
  // names in the log what the application asked for. Returns null when the response is complete.
  std::unique_ptr<Invocation> serve_named(Exchange& exchange, const std::string& name,
                                          const Fields& said, std::string_view asked);

 private:
  std::unique_ptr<Invocation> send_compressed(Exchange& exchange, const std::string& name,
                                              const Representation& original);
  std::unique_ptr<Invocation> send_file(Exchange& exchange, const Representation& representation);

  const Config& config_;
  ServedFolder& folder_;
  SiteFiles files_;
  Compressor compressor_;
};

}  // namespace watchdog
