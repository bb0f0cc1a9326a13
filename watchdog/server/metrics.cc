#include "server/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <tuple>

#include "http/message.h"
#include "server/process_figures.h"

namespace watchdog {
namespace {

// The methods of RFC 9110 9.1 and RFC 5789, and their labels: in lower case, as Go's promhttp, and
// so both peers, write them. The last stands for all others.
struct MethodLabel {
  std::string_view method;
  std::string_view label;
};
constexpr std::array<MethodLabel, 10> kMethods = {{{"GET", "get"},
                                                   {"POST", "post"},
                                                   {"PUT", "put"},
                                                   {"DELETE", "delete"},
                                                   {"HEAD", "head"},
                                                   {"OPTIONS", "options"},
                                                   {"PATCH", "patch"},
                                                   {"CONNECT", "connect"},
                                                   {"TRACE", "trace"},
                                                   {{}, "unknown"}}};

// Methods are case-sensitive: "get" is no GET, and counts among the unknown.
size_t number_of(std::string_view method) {
  size_t number = 0;
  while (number + 1 < kMethods.size() && kMethods[number].method != method) ++number;
  return number;
}

// A client is to take a status without a class for a 5xx (RFC 9110 15).
int code_of(int status) {
  if (!reason_phrase(status).empty()) return status;
  return status < 100 || status > 599 ? 5 : status / 100;
}

}  // namespace

std::string Metrics::Requests::labels() const {
  return fmt::format("code=\"{}{}\",method=\"{}\"", code, code < 10 ? "xx" : "",
                     kMethods[method].label);
}

void Metrics::Requests::note_exemplar(size_t bucket, const TraceIds& ids, Duration value) {
  Exemplars* known = exemplars.load(std::memory_order_acquire);
  if (known == nullptr) {
    auto added = std::make_unique<Exemplars>();
    if (exemplars.compare_exchange_strong(known, added.get(), std::memory_order_acq_rel)) {
      known = added.release();
    }
  }
  known->note(bucket, ids, value);
}

Metrics::Metrics() : start_time(unix_time()) {}

Metrics::~Metrics() {
  for (Requests* requests = first_.load(); requests != nullptr;) {
    const std::unique_ptr<Requests> owner(requests);
    requests = requests->next;
  }
}

Metrics::Requests* Metrics::find(Requests* first, size_t method, int code) {
  while (first != nullptr && (first->code != code || first->method != method)) first = first->next;
  return first;
}

// Most statuses are found before anybody asks whether they are registered.
Metrics::Requests& Metrics::requests_of(size_t method, int status) {
  Requests* first = first_.load(std::memory_order_acquire);
  if (Requests* known = find(first, method, status)) return *known;
  const int code = code_of(status);
  if (Requests* known = find(first, method, code)) return *known;

  auto added = std::make_unique<Requests>();
  added->method = method;
  added->code = code;
  added->next = first;
  while (!first_.compare_exchange_weak(added->next, added.get(), std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
    // Another thread was first with some series, maybe with this one.
    if (Requests* known = find(added->next, method, code)) return *known;
  }
  return *added.release();
}

void Metrics::count_request(std::string_view method, int status, Duration duration,
                            const TraceIds* sampled) {
  Requests& requests = requests_of(number_of(method), status);
  const size_t bucket = requests.duration.observe(duration);
  if (sampled != nullptr) requests.note_exemplar(bucket, *sampled, duration);
}

std::vector<const Metrics::Requests*> Metrics::requests() const {
  std::vector<const Requests*> all;
  for (const Requests* requests = first_.load(std::memory_order_acquire); requests != nullptr;
       requests = requests->next) {
    all.push_back(requests);
  }
  std::sort(all.begin(), all.end(), [](const Requests* a, const Requests* b) {
    return std::tie(a->code, kMethods[a->method].label) <
           std::tie(b->code, kMethods[b->method].label);
  });
  return all;
}

}  // namespace watchdog
