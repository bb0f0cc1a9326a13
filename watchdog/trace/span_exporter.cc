#include "trace/span_exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "http/date.h"

namespace watchdog {

namespace {

constexpr size_t kMostOfResponse = 64 * 1024;
constexpr std::string_view kClosing = "]}]}]}";  // of each request's body, after the spans

// OTLP 1.3, "retryable response codes".
bool may_try_again(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// How many spans of a batch that was taken were not: {"partialSuccess":{"rejectedSpans":"3"}}. The
// number is all that is wanted of the response, which is not worth a parser of JSON in the binary.
uint64_t rejected_spans(std::string_view body) {
  constexpr std::string_view kName = "\"rejectedSpans\"";
  const size_t found = body.find(kName);
  if (found == std::string_view::npos) return 0;
  body.remove_prefix(found + kName.size());
  body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n:\""), body.size()));
  const auto number =
      parse_integer(body.substr(0, body.find_first_not_of("0123456789")), 0, INT32_MAX);
  return number ? static_cast<uint64_t>(*number) : 0;
}

// What a Retry-After field asks for (RFC 9110 10.2.3), in seconds or as a date: an hour at most,
// and nothing where that is past or malformed.
Duration asked_pause(std::string_view field) {
  constexpr int64_t kMost = 3600;
  int64_t asked = 0;
  if (!field.empty() && field.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto number = parse_integer(field, 0, kMost);
    asked = number ? *number : kMost;
  } else {
    const std::time_t now = std::time(nullptr);
    const auto date = parse_http_date(field, now);
    if (date) asked = std::clamp<int64_t>(*date - now, 0, kMost);
  }
  return std::chrono::seconds(asked);
}

}  // namespace

SpanExporter::SpanExporter(Loop& loop, TraceSettings settings, SpanQueue& queue,
                           std::atomic<uint64_t>& dropped)
    : loop_(loop),
      settings_(std::move(settings)),
      queue_(queue),
      dropped_(dropped),
      opening_(
          fmt::format(R"({{"resourceSpans":[{{"resource":{{"attributes":[{}]}},)"
                      R"("scopeSpans":[{{"scope":{{"name":"fwatchdog","version":"{}"}},"spans":[)",
                      settings_.resource, kVersion)),
      news_(loop, [this] { on_news(); }),
      timer_(loop, [this] { batch_ ? send() : send_next(); }),
      deadline_(loop, [this] { drop_rest(); }) {
  queue_.on_news([this] { news_.wake(); });
}

void SpanExporter::on_news() {
  if (batch_) return;
  if (finishing_ || queue_.has_full_batch()) return send_next();
  if (!timer_.armed() && !queue_.empty()) timer_.set_after(settings_.delay);
}

void SpanExporter::send_next() {
  timer_.clear();
  batch_ = queue_.take();
  tries_ = 0;
  pause_ = kFirstPause;
  if (!batch_) return;
  batch_->blocks.back() += kClosing;
  send();
}

void SpanExporter::send() {
  ++tries_;
  std::vector<std::string_view> body{opening_};
  body.insert(body.end(), batch_->blocks.begin(), batch_->blocks.end());
  if (call_) return call_->ask_again(std::move(body));
  call_ = std::make_unique<HttpCall>(
      loop_,
      HttpCall::Request{.url = settings_.url,
                        .method = "POST",
                        .fields = settings_.fields,
                        .body = std::move(body)},
      HttpCall::Limits{.response_bytes = kMostOfResponse, .time = settings_.timeout},
      [this](const Result<HttpCall::Response>& response) { on_response(response); });
}

void SpanExporter::on_response(const Result<HttpCall::Response>& response) {
  if (!response) {
    // Once we are about to end, whoever is not there will not come in time.
    if (finishing_) return drop(response.error());
    return try_again(response.error(), {});
  }
  if (response->status >= 200 && response->status < 300) return on_taken(response->body);
  const std::string why =
      HttpCall::explain(settings_.url, fmt::format("the response has status {}", response->status));
  if (may_try_again(response->status)) return try_again(why, response->retry_after);
  drop(why);
}

void SpanExporter::on_taken(const std::string& body) {
  const uint64_t rejected = rejected_spans(body);
  if (rejected > 0) {
    dropped_ += std::min<uint64_t>(rejected, batch_->spans);
    report(fmt::format("the collector rejected {} of a batch", rejected));
  } else if (std::exchange(failing_, false)) {
    const uint64_t lost = dropped_;
    log::event(log::Level::kInfo, "spans_resumed",
               fmt::format("Spans can be sent to http://{}{} again; dropped so far: {}",
                           settings_.url.authority.text(), settings_.url.target, lost),
               {{"dropped", static_cast<int64_t>(lost)}});
  }
  queue_.reuse(*std::exchange(batch_, std::nullopt));
  on_news();
}

void SpanExporter::try_again(std::string_view why, std::string_view retry_after) {
  report(why);
  if (tries_ >= kMostTries && !finishing_) return drop(why);
  timer_.set_after(finishing_ ? kLastPause : std::max(asked_pause(retry_after), pause_));
  pause_ = std::min(2 * pause_, kMostPause);
}

void SpanExporter::drop(std::string_view why) {
  if (finishing_) {
    loop_.retire(std::move(call_));
    return give_up(why);
  }
  report(why);
  dropped_ += batch_->spans;
  batch_.reset();
  on_news();
}

void SpanExporter::drop_rest() {
  give_up("the collector has not taken them in time");
}

// Not from within the call, which is destroyed here so that it tells nothing any more: its time may
// be over in this turn too.
void SpanExporter::give_up(std::string_view why) {
  timer_.clear();
  call_.reset();
  uint64_t lost = batch_ ? batch_->spans : 0;
  batch_.reset();
  while (const auto batch = queue_.take()) lost += batch->spans;
  if (lost == 0) return;
  dropped_ += lost;
  log::event(log::Level::kWarning, "spans_failed",
             fmt::format("cannot send the last spans, and drops {}: {}", lost, why),
             {{"cause", why}, {"dropped", static_cast<int64_t>(lost)}});
}

void SpanExporter::report(std::string_view why) {
  if (std::exchange(failing_, true)) return;
  log::event(
      log::Level::kWarning, "spans_failed",
      fmt::format("cannot send spans: {}; requests go on, and spans that do not fit are dropped",
                  why),
      {{"cause", why}});
}

void SpanExporter::finish() {
  if (std::exchange(finishing_, true)) return;
  if (finished()) return;
  deadline_.set_after(settings_.timeout);
  if (!batch_) return send_next();
  if (timer_.armed()) timer_.set_after(Duration::zero());  // it pauses
}

}  // namespace watchdog
