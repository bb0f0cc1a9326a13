#include "server/page.h"

#include <utility>

namespace watchdog {

void answer_page(Exchange& exchange, ResponseHead head, std::string_view body,
                 std::string_view type) {
  const bool reads = exchange.request().reads();
  const bool answered = reads || exchange.request().method == "OPTIONS";
  if (!answered) head = ResponseHead{.status = 405};
  head.fields.add("Content-Type", type);
  if (!reads) head.fields.add("Allow", "GET, HEAD");
  exchange.answer(std::move(head),
                  answered ? body : std::string_view("only GET and HEAD are answered here\n"));
}

void answer_page(Exchange& exchange, int status, std::string_view body) {
  answer_page(exchange, ResponseHead{.status = status}, body);
}

void answer_health(Exchange& exchange, const Health& health) {
  const bool healthy = health.healthy();
  answer_page(exchange, healthy ? 200 : 503, healthy ? "OK" : "not healthy\n");
}

}  // namespace watchdog
