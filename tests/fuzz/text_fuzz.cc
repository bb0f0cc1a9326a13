#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/command_words.h"
#include "base/line_splitter.h"
#include "base/log.h"
#include "base/text.h"

// The parsers of text that a user or a client writes, and the splitter of what a function prints:
// none may crash, and what one of them accepts must hold what its header promises.

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_duration(std::string_view text) {
  const auto duration = watchdog::parse_duration(text);
  if (!duration) return;
  require(duration->count() >= 0);
  const auto again = watchdog::parse_duration(watchdog::format_duration(*duration));
  // The longest few print with more digits than are read.
  require(!again || *again == *duration);
}

void check_command(std::string_view text) {
  const auto words = watchdog::split_command(text);
  if (words) require(!words->empty() && !words->front().empty());
}

void check_percent(std::string_view text) {
  const auto decoded = watchdog::percent_decode(text);
  if (decoded) require(decoded->size() <= text.size());
}

// The first byte says how long a line may be, and where the bytes are cut in two.
void check_splitter(std::string_view text) {
  if (text.empty()) return;
  const size_t first = static_cast<unsigned char>(text[0]);
  watchdog::LineSplitter lines(watchdog::log::Source::kErr, 256 + first);
  lines.add(text.substr(0, first));
  if (text.size() > first) lines.add(text.substr(first));
  lines.finish();
  watchdog::log::flush();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  watchdog::log::open(nowhere, nowhere);
  watchdog::log::configure({.format = watchdog::log::Format::kJson});
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_duration(text);
  static_cast<void>(watchdog::parse_size(text));
  check_command(text);
  check_percent(text);
  check_splitter(text);
  return 0;
}
