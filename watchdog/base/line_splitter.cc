#include "base/line_splitter.h"

#include <algorithm>

namespace watchdog {

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
  if (!partial_.empty()) log_piece(log_pieces(partial_));
  inside_line_ = false;
  partial_.clear();
  partial_.shrink_to_fit();
}

void LineSplitter::log_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  log_piece(log_pieces(line));
  inside_line_ = false;
}

// Logs what is too much for one line; returns the rest, which is not. Each piece has some of it,
// even where what the log puts before it is all that fits.
std::string_view LineSplitter::log_pieces(std::string_view line) {
  while (fitting(line, longest_) < line.size()) {
    const size_t room = longest_ - std::min(longest_, kLineContinues.size());
    const size_t size = std::max<size_t>(fitting(line, room), 1);
    log_piece(std::string(line.substr(0, size)).append(kLineContinues));
    inside_line_ = true;
    line.remove_prefix(size);
  }
  return line;
}

void LineSplitter::log_piece(std::string_view piece) {
  log::function_line(source_, piece, trace_ ? &*trace_ : nullptr);
  if (copy_ && !inside_line_) copy_(piece);
}

size_t LineSplitter::fitting(std::string_view line, size_t longest) const {
  return log::fitting(source_, line, longest, trace_ ? &*trace_ : nullptr);
}

}  // namespace watchdog
