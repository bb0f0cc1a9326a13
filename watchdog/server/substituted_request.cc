#include "server/substituted_request.h"

#include <utility>

#include "base/text.h"
#include "http/auth_field.h"

namespace watchdog {

void SubstitutedRequest::redirect(const RequestHead& original, std::string_view to) {
  target = to;
  request = RequestHead{.method = original.method == "HEAD" ? "HEAD" : "GET",
                        .target = target,
                        .minor_version = original.minor_version};
  for (const Field& field : original.fields) {
    const bool of_body = starts_with_ignoring_case(field.name, "content-") ||
                         equals_ignoring_case(field.name, "transfer-encoding");
    if (!of_body) request.fields.add(field.name, field.value);
  }
}

void SubstitutedRequest::identify(const RequestHead& received, std::string of, Duration taken) {
  subject = std::move(of);
  append_seconds(seconds, taken, 6);
  request = received;
  request.fields.remove_if([](const Field& field) { return is_auth_field(field.name); });
  if (!subject.empty()) request.fields.add("X-Auth-Subject", subject);
  request.fields.add("X-Auth-Seconds", seconds);
}

}  // namespace watchdog
