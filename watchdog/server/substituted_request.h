#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"

namespace watchdog {

// A request that stands for the client's, as the mode is to see it. Owned by the exchange; views of
// it point into what was received, which outlives it.
struct SubstitutedRequest {
  RequestHead request;
  std::string target;   // where it is not the client's
  std::string subject;  // of its token
  std::string seconds;  // that checking it took

  SubstitutedRequest() = default;
  SubstitutedRequest(const SubstitutedRequest&) = delete;
  SubstitutedRequest& operator=(const SubstitutedRequest&) = delete;

  // Makes this a GET of `to` in place of `original` (RFC 3875 6.2.2), without its body.
  void redirect(const RequestHead& original, std::string_view to);
  // Makes this `received`, with X-Auth-Subject, unless `of` is empty, and X-Auth-Seconds; what a
  // client calls so is left out.
  void identify(const RequestHead& received, std::string of, Duration taken);
};

}  // namespace watchdog
