#pragma once

#include <memory>
#include <optional>
#include <string>

#include "auth/key_set.h"
#include "auth/published.h"
#include "auth/watched_file.h"
#include "client/http_call.h"
#include "http/http_url.h"
#include "net/loop.h"
#include "net/timer.h"

namespace watchdog {

// An issuer's name and its keys, which are believed together.
struct Issuer {
  std::string name;
  KeySet keys;
};

// Where an issuer's keys are, and what it is called.
struct KeyPlace {
  // One of these three is set.
  std::optional<HttpUrl> discovery;  // of an OpenID provider's configuration, which has both
  std::optional<HttpUrl> keys;
  std::string file;

  std::string issuer;  // where `discovery` does not say it
};

// Reads an issuer's keys and publishes them: at the start, every five minutes, and, at most once in
// ten seconds, when a token names a key that is not there. A file is read when it changes. What
// cannot be read is tried again, after a second and then more rarely, and said once in the log; the
// keys that were read before stay in force meanwhile.
//
// Keys that came over plain HTTP are as good as the network they came through: it is meant for the
// network of a cluster or of a machine, and README says so.
//
// Owned by the Watchdog, on its main loop; look_again() is for any thread.
class KeySource {
 public:
  // `issuer` outlives it. Begins at once.
  KeySource(Loop& loop, KeyPlace place, Published<Issuer>& issuer);

  // A token names a key that the issuer does not have.
  void look_again() { asked_.wake(); }

 private:
  void fetch();
  void read_configuration(const std::string& text);
  void get(const HttpUrl& url, void (KeySource::*take)(const std::string&));
  void take_keys(const std::string& text);
  void fail(const std::string& why);
  void on_asked();

  Loop& loop_;
  const KeyPlace place_;
  Published<Issuer>& issuer_;
  std::string name_;  // of the issuer, once it is known
  std::string text_;  // of the key set in force
  std::unique_ptr<HttpCall> call_;
  Timer next_;
  Instant fetched_at_{};  // when it was last tried
  Duration pause_;        // after the next failure
  bool failing_ = false;
  Wakeup asked_;
  std::unique_ptr<WatchedFile> file_;
};

}  // namespace watchdog
