#include "server/status_page.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "http/accept.h"
#include "http/http_url.h"
#include "server/page.h"
#include "status/status_html.h"

namespace watchdog {

namespace {

constexpr Field kFields[] = {{"Cache-Control", "no-store"},
                             {"Cross-Origin-Resource-Policy", "same-origin"},
                             {"Referrer-Policy", "no-referrer"},
                             {"Vary", "Accept"},
                             {"X-Content-Type-Options", "nosniff"}};

// Not all of 127.0.0.0/8: what a service mesh passes on may come from others of it.
bool is_loopback(const std::optional<IpAddress>& address) {
  return address == IpAddress::parse("127.0.0.1") || address == IpAddress::parse("::1");
}

// Whether the browser was led here by this machine's address or by its name for itself.
bool is_called_by_address(const RequestHead& request) {
  Authority authority;
  if (!parse_authority(request.authority(), 80, authority)) return false;
  return equals_ignoring_case(authority.host, "localhost") ||
         is_loopback(IpAddress::parse(authority.host));
}

// The connection itself has added an X-Forwarded-For of its peer where there was none.
bool is_passed_on(const Field& field, std::string_view peer) {
  return equals_ignoring_case(field.name, "via") || equals_ignoring_case(field.name, "forwarded") ||
         (equals_ignoring_case(field.name, "x-forwarded-for") && field.value != peer);
}

bool is_of_this_machine(const Exchange& exchange) {
  const IpAddress& peer = exchange.peer().ip();
  if (!is_loopback(peer) || !is_called_by_address(exchange.request())) return false;
  return std::ranges::none_of(exchange.request().fields, [text = peer.text()](const Field& field) {
    return is_passed_on(field, text);
  });
}

bool wants_json(const RequestHead& request) {
  if (request.path() == kStatusJsonPath) return true;
  return media_quality(request.fields, {"application/json", {}}) >
         media_quality(request.fields, {"text/html", {}});
}

std::string_view stage_word(Stage stage) {
  if (stage <= Stage::kServing) return "serving";
  return stage == Stage::kDraining ? "draining" : "stopping";
}

}  // namespace

void StatusPage::serve(Exchange& exchange) const {
  const RequestHead& request = exchange.request();
  if (!request.reads()) {
    return answer_page(exchange, 405, "only GET and HEAD are answered here\n");
  }
  if (viewers_ != StatusViewers::kAll && !is_of_this_machine(exchange)) {
    return answer_page(
        exchange, 403,
        "on by itself, the status page is for this machine, as localhost and through "
        "no proxy; status_page=true shows it to all who reach this port\n");
  }
  ResponseHead head{.status = 200};
  for (const auto& [name, value] : kFields) head.fields.add(name, value);
  head.fields.add("Content-Security-Policy", kStatusPolicy);
  const StatusMoment moment{.stage = stage_word(lifecycle_.stage()),
                            .healthy = health_.healthy(),
                            .queued = gate_.waiting(),
                            .started_at = started_at_,
                            .uptime = loop_.now() - started_,
                            .now = loop_.now()};
  const bool json = wants_json(request);
  const auto format = json ? StatusFormat::kJson : StatusFormat::kHtml;
  answer_page(exchange, std::move(head), status_text(subject_, moment, format),
              json ? "application/json" : "text/html; charset=utf-8");
}

}  // namespace watchdog
