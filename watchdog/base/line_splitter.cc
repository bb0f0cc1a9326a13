#include "base/line_splitter.h"

#include <algorithm>

namespace watchdog {

namespace {

constexpr std::string_view kContinues = " [line continues]";

}  // namespace

void LineSplitter::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    if (partial_.empty() && end != std::string_view::npos) {
      log_line(bytes.substr(0, end));
      bytes.remove_prefix(end + 1);
      continue;
    }
    const size_t size = std::min({end, bytes.size(), longest_ - partial_.size()});
    partial_ += bytes.substr(0, size);
    bytes.remove_prefix(size);
    if (size == end) {
      log_line(partial_);
      partial_.clear();
      bytes.remove_prefix(1);
    } else if (partial_.size() == longest_) {
      partial_.erase(0, partial_.size() - log_pieces(partial_).size());
    }
  }
}

void LineSplitter::finish() {
  if (!partial_.empty()) log::function_line(source_, log_pieces(partial_));
  partial_.clear();
  partial_.shrink_to_fit();
}

void LineSplitter::log_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  log::function_line(source_, log_pieces(line));
}

// Logs what is too much for one line; returns the rest, which is not.
std::string_view LineSplitter::log_pieces(std::string_view line) {
  while (log::fitting(source_, line, longest_) < line.size()) {
    const size_t size = log::fitting(source_, line, longest_ - kContinues.size());
    log::function_line(source_, std::string(line.substr(0, size)).append(kContinues));
    line.remove_prefix(size);
  }
  return line;
}

}  // namespace watchdog
