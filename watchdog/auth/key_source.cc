#include "auth/key_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "auth/json_object.h"
#include "base/log.h"

namespace watchdog {

namespace {

constexpr Duration kEvery = std::chrono::minutes(5);
constexpr Duration kMostOften = std::chrono::seconds(10);
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kMostPause = std::chrono::seconds(60);
constexpr Duration kTime = std::chrono::seconds(5);  // of one fetch

}  // namespace

KeySource::KeySource(Loop& loop, KeyPlace place, Published<Issuer>& issuer)
    : loop_(loop),
      place_(std::move(place)),
      issuer_(issuer),
      name_(place_.issuer),
      next_(loop, [this] { fetch(); }),
      pause_(kFirstPause),
      asked_(loop, [this] { on_asked(); }) {
  if (place_.file.empty()) {
    fetch();
    return;
  }
  file_ = std::make_unique<WatchedFile>(loop, place_.file, KeySet::kMostBytes,
                                        [this](const Result<std::string>& content) {
                                          content ? take_keys(*content) : fail(content.error());
                                        });
}

void KeySource::fetch() {
  fetched_at_ = loop_.now();
  if (place_.discovery) {
    get(*place_.discovery, &KeySource::read_configuration);
  } else {
    get(*place_.keys, &KeySource::take_keys);
  }
}

void KeySource::get(const HttpUrl& url, void (KeySource::*take)(const std::string&)) {
  loop_.retire(std::move(call_));
  call_ = std::make_unique<HttpCall>(
      loop_,
      HttpCall::Request{.url = url, .fields = "Accept: application/json\r\nConnection: close\r\n"},
      HttpCall::Limits{.response_bytes = KeySet::kMostBytes, .time = kTime},
      [this, take, url](const Result<HttpCall::Response>& response) {
        if (!response) return fail(response.error());
        if (response->status == 200) return (this->*take)(response->body);
        fail(HttpCall::explain(url, fmt::format("the response has status {}", response->status)));
      });
}

// OpenID Connect Discovery 1.0, 4.2. An address of the keys that we cannot speak to, as it is the
// gateway's for the outside, is asked for at the place that gave us this: the same gateway, inside.
void KeySource::read_configuration(const std::string& text) {
  const auto configuration = parse_json_object(text);
  if (!configuration) return fail("its OpenID configuration " + configuration.error());
  const std::string* issuer = string_member(*configuration, "issuer");
  const std::string* keys = string_member(*configuration, "jwks_uri");
  if (issuer == nullptr || issuer->empty() || keys == nullptr) {
    return fail("its OpenID configuration does not name issuer and jwks_uri");
  }
  constexpr std::string_view kTls = "https://";
  // OpenID Connect Discovery 1.0, 4.3.
  if (!place_.issuer.empty() && *issuer != place_.issuer) {
    return fail(fmt::format("its OpenID configuration is of another issuer, {}", *issuer));
  }
  const bool tls = keys->starts_with(kTls);
  auto url = parse_http_url(tls ? "http://" + keys->substr(kTls.size()) : *keys);
  if (!url) return fail(fmt::format("jwks_uri={}: {}", *keys, url.error()));
  if (tls) url->authority = place_.discovery->authority;
  name_ = *issuer;
  get(*url, &KeySource::take_keys);
}

void KeySource::take_keys(const std::string& text) {
  auto keys = KeySet::parse(text);
  if (!keys) return fail(keys.error());
  if (issuer_.generation() == 0 || failing_) {
    log::event(log::Level::kInfo, "keys_read",
               fmt::format("Tokens of {} can be checked; keys: {}, of another kind: {}", name_,
                           keys->size(), keys->skipped()),
               {{"issuer", name_}, {"keys", static_cast<int64_t>(keys->size())}});
  }
  failing_ = false;
  pause_ = kFirstPause;
  // What is the same would only make the workers forget the tokens that they have verified.
  if (const auto old = issuer_.value(); !old || old->name != name_ || text != text_) {
    issuer_.publish(std::make_shared<const Issuer>(Issuer{name_, std::move(*keys)}));
  }
  text_ = text;
  if (place_.file.empty()) next_.set_after(kEvery);
}

void KeySource::fail(const std::string& why) {
  if (!std::exchange(failing_, true)) {
    log::event(log::Level::kWarning, "keys_failed",
               fmt::format("cannot read the keys of the issuer of tokens: {}; {}", why,
                           issuer_.generation() == 0 ? "requests get 503 until it can be read"
                                                     : "the keys in use stay in force"),
               {{"cause", why}});
  }
  if (!place_.file.empty()) return;
  next_.set_after(pause_);
  pause_ = std::min(2 * pause_, kMostPause);
}

void KeySource::on_asked() {
  if (!place_.file.empty() || failing_) return;  // which has its own times
  next_.set(std::max<Instant>(loop_.now(), fetched_at_ + kMostOften));
}

}  // namespace watchdog
