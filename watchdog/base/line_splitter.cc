#include "base/line_splitter.h"

#include <algorithm>

namespace watchdog {

namespace {

constexpr std::string_view kContinues = " [line continues]";

}  // namespace

void LineSplitter::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t newline = bytes.find('\n');
    const size_t room = longest_ - partial_.size();
    const size_t size = std::min(newline, bytes.size());
    if (size > room) {
      partial_ += bytes.substr(0, room);
      bytes.remove_prefix(room);
      log::function_line(source_, partial_.append(kContinues));
      partial_.clear();
      continue;
    }
    if (newline == std::string_view::npos) {
      partial_ += bytes;
      return;
    }
    if (partial_.empty()) {
      emit_line(bytes.substr(0, newline));
    } else {
      partial_ += bytes.substr(0, newline);
      emit_line(partial_);
      partial_.clear();
    }
    bytes.remove_prefix(newline + 1);
  }
}

void LineSplitter::finish() {
  if (!partial_.empty()) log::function_line(source_, partial_);
  partial_.clear();
  partial_.shrink_to_fit();
}

void LineSplitter::emit_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  log::function_line(source_, line);
}

}  // namespace watchdog
