#include "status/status_board.h"

#include <algorithm>

#include "base/line_splitter.h"
#include "base/printable.h"
#include "base/utf8.h"
#include "status/masking.h"

namespace watchdog {

namespace {

constexpr std::string_view kCut = "...";

std::string_view beginning(std::string_view text, size_t most) {
  return text.size() <= most ? text : text.substr(0, utf8_boundary(text, most));
}

// How many bytes the escape sequence at the start of `text` has (ECMA-48 5.4); 0: there is none.
size_t escape_size(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  size_t end = 2;
  while (end < text.size() && text[end] >= 0x20 && text[end] <= 0x3f) ++end;
  return end < text.size() && text[end] >= 0x40 && text[end] <= 0x7e ? end + 1 : 0;
}

bool is_printable_ascii(char c) {
  return c >= 0x20 && c <= 0x7e;
}

// `text` without what only a terminal understands.
std::string printable(std::string_view rest) {
  if (std::ranges::all_of(rest, is_printable_ascii)) return std::string(rest);
  std::string out;
  while (!rest.empty()) {
    const size_t escape = escape_size(rest);
    if (escape == 0 && rest.front() == '\t') out += "    ";
    if (escape == 0 && rest.front() != '\t') {
      const size_t size = std::max<size_t>(utf8_size(rest), 1);
      append_without_controls(out, rest.substr(0, size));
      rest.remove_prefix(size);
    } else {
      rest.remove_prefix(std::max<size_t>(escape, 1));
    }
  }
  return out;
}

// What is kept of `text`: printable, without secrets, of at most `most` bytes. Masked before it is
// cut, as what is left of a secret may not look like one.
std::string kept(std::string_view text, size_t most) {
  const bool continues = text.ends_with(kLineContinues);
  if (continues) text.remove_suffix(kLineContinues.size());
  const std::string_view start = beginning(text, 2 * most);
  const bool whole = !continues && start.size() == text.size();
  std::string out = whole ? masked(printable(start)) : masked_beginning(printable(start));
  if (whole && out.size() <= most) return out;
  out.resize(beginning(out, most - kCut.size()).size());
  return out.append(kCut);
}

}  // namespace

StatusBoard::StatusBoard() = default;

StatusBoard::~StatusBoard() = default;

void StatusBoard::Place::enter(Phase phase) {
  if (slot_ < kMostRunning) {
    board_->slots_[slot_].phase.store(phase, std::memory_order_relaxed);
  }
}

LineCopy StatusBoard::Place::line_copy() const {
  return board_ == nullptr ? nullptr : board_->line_copy(output_);
}

StatusBoard::Place StatusBoard::begin(std::string_view method, std::string_view target,
                                      Instant now) {
  const Output output = new_output();
  const std::lock_guard lock(mutex_);
  ++running_;
  const auto free = std::ranges::find(slots_, false, &Slot::taken);
  const auto number = static_cast<size_t>(free - slots_.begin());
  if (number == kMostRunning) return {*this, number, output};
  Slot& slot = *free;
  slot.request.method = kept(method, kMostOfMethod);
  slot.request.target = kept(target, kMostOfTarget);
  slot.request.since = now;
  slot.phase.store(Phase::kUpload, std::memory_order_relaxed);
  slot.taken = true;
  return {*this, number, output};
}

void StatusBoard::leave(size_t slot) {
  const std::lock_guard lock(mutex_);
  --running_;
  if (slot < kMostRunning) slots_[slot].taken = false;
}

void StatusBoard::end(const End& end) {
  Ended ended{.at = std::time(nullptr),
              .method = kept(end.method, kMostOfMethod),
              .target = kept(end.target, kMostOfTarget),
              .status = end.status,
              .duration = end.duration,
              .failure = end.failure,
              .detail = kept(end.detail, kMostOfDetail),
              .trace_id = std::string(end.trace_id)};
  const std::lock_guard lock(mutex_);
  for (Failed& failed : failed_) failed.open = failed.open && failed.output != end.output;
  if (end.failed) {
    failed_[failed_count_++ % kMostFailures] = {.request = ended,
                                                .lines = last_lines(end.output),
                                                .output = end.output,
                                                .open = end.output != 0};
  }
  ended_[ended_count_++ % kMostEnded] = std::move(ended);
}

std::vector<std::string> StatusBoard::last_lines(Output output) const {
  std::vector<std::string> found;
  for (uint64_t i = line_count_; i > 0 && line_count_ - i < kMostLines; --i) {
    const Line& line = lines_[(i - 1) % kMostLines];
    if (output == 0 || line.output != output) continue;
    found.push_back(line.text);
    if (found.size() == kMostLinesOfFailure) break;
  }
  std::ranges::reverse(found);
  return found;
}

void StatusBoard::add_line(Output output, std::string_view line) {
  if (line.empty()) return;
  std::string text = kept(line, kMostOfLine);
  const std::lock_guard lock(mutex_);
  for (Failed& failed : failed_) {
    if (!failed.open || failed.output != output) continue;
    if (failed.lines.size() == kMostLinesOfFailure) failed.lines.erase(failed.lines.begin());
    failed.lines.push_back(text);
  }
  lines_[line_count_++ % kMostLines] = {output, std::move(text)};
}

StatusBoard::Picture StatusBoard::picture() const {
  Picture picture;
  const std::lock_guard lock(mutex_);
  for (const Slot& slot : slots_) {
    if (!slot.taken) continue;
    picture.running.push_back(slot.request);
    picture.running.back().phase = slot.phase.load(std::memory_order_relaxed);
  }
  picture.running_count = running_;
  for (uint64_t i = ended_count_; i > 0 && ended_count_ - i < kMostEnded; --i) {
    picture.ended.push_back(ended_[(i - 1) % kMostEnded]);
  }
  for (uint64_t i = failed_count_; i > 0 && failed_count_ - i < kMostFailures; --i) {
    picture.failed.push_back(failed_[(i - 1) % kMostFailures]);
  }
  picture.ended_count = ended_count_;
  picture.failed_count = failed_count_;
  return picture;
}

}  // namespace watchdog
