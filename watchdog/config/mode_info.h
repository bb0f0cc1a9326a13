#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchdog {

class Mode;
struct Config;
struct ModeContext;

// What a mode is by nature; a mode has several of these or none. Whoever treats modes differently
// asks for a nature and never for a list of modes.
enum Nature : unsigned {
  kForks = 1U << 0,         // starts a process per request
  kKeepsWarm = 1U << 1,     // passes requests on to a server that is the function's own
  kServesSite = 1U << 2,    // serves the files below static_path
  kRunsScripts = 1U << 3,   // runs the scripts of an application, and serves its files
  kNeedsCommand = 1U << 4,  // cannot serve without fprocess
  kNamesType = 1U << 5,     // sends what the function prints as a body, whose type it must name
  kOffersHead = 1U << 6,    // reads a CGI head from the function's output where cgi_response is set
  kCollects = 1U << 7,      // keeps request and response whole in memory
  kSpeaksHttp = 1U << 8,    // the protocol of the function's own server
  kSpeaksFastcgi = 1U << 9,  // the same
  kStartsAhead = 1U << 10,   // its processes can be started before their requests come
};

// One row of the mode table.
struct ModeInfo {
  std::string_view name;  // as the option `mode` takes it
  unsigned nature = 0;    // Nature flags
  std::string_view meaning;
  // Fails as `problem` does, where what it found has changed since.
  Result<std::unique_ptr<Mode>> (*make)(const ModeContext&) = nullptr;
  // What stands in the mode's way on this machine, in one line; null where nothing can.
  std::optional<std::string> (*problem)(const Config&) = nullptr;

  // Whether it has any of these natures.
  constexpr bool is(unsigned natures) const { return (nature & natures) != 0; }
};

// What stands in the way of config.mode on this machine, in one line.
std::optional<std::string> problem_of_mode(const Config& config);

// The mode table. Defined in modes/registry.cc, the only place that knows every mode.
std::span<const ModeInfo> all_modes();
// Null where no mode has this name.
const ModeInfo* find_mode(std::string_view name);

// Some of the modes: those with any of the natures, and the one of this name. `{}` is every mode.
struct ModeSet {
  unsigned natures = 0;
  std::string_view name{};

  constexpr bool is_all() const { return natures == 0 && name.empty(); }
  constexpr bool contains(const ModeInfo& mode) const {
    return is_all() || mode.is(natures) || (!name.empty() && mode.name == name);
  }
  constexpr bool operator==(const ModeSet&) const = default;
};

// "http, fastcgi": the names of the modes of a set, in the order of the mode table; "not static"
// where that says the same.
std::string names_of(const ModeSet& modes);

}  // namespace watchdog
