#include "status/status_text.h"

#include <unistd.h>

#include <string>

#include "http/http_url.h"
#include "status/status_html.h"
#include "status/status_json.h"
#include "status/status_report.h"

namespace watchdog {

namespace {

bool listens_everywhere(const Config& config) {
  const std::string& address = config.listen_address;
  return address.empty() || address == "0.0.0.0" || address == "::";
}

}  // namespace

StatusViewers status_viewers(const Config& config, bool at_hand) {
  if (config.metrics_port == 0) return StatusViewers::kNobody;
  if (config.status_page) return *config.status_page ? StatusViewers::kAll : StatusViewers::kNobody;
  const std::string& address = config.listen_address;
  const bool local = listens_everywhere(config) || address == "127.0.0.1" || address == "::1";
  return at_hand && local ? StatusViewers::kThisMachine : StatusViewers::kNobody;
}

bool in_container() {
  return ::getpid() == 1 || ::access("/.dockerenv", F_OK) == 0 ||
         ::access("/run/.containerenv", F_OK) == 0;
}

std::string status_url(const Config& config) {
  const Authority authority{
      .host = listens_everywhere(config) ? "127.0.0.1" : config.listen_address,
      .port = config.metrics_port};
  return "http://" + authority.text() + std::string(kStatusPath);
}

std::string status_text(const StatusSubject& subject, const StatusMoment& moment,
                        StatusFormat format) {
  StatusReport report{.moment = moment};
  add_configuration(report, subject.config);
  add_requests(report, subject.board.picture());
  add_instances(report, subject.function.instances());
  return format == StatusFormat::kJson ? status_json(report) : status_html(report);
}

}  // namespace watchdog
