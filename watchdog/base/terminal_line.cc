#include "base/terminal_line.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/printable.h"
#include "base/text.h"

namespace watchdog::log {

namespace {

// Colours and weights (SGR, ECMA-48 8.3.117), of the eight that every theme has.
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kCyan = "\x1b[36m";

constexpr size_t kMethodWidth = 7;
constexpr size_t kNumberWidth = 9;

std::string_view colour_of(Level level) {
  if (level == Level::kInfo) return {};
  return level == Level::kError ? kRed : kYellow;
}

std::string_view colour_of(int status) {
  if (status < 300) return kGreen;
  if (status < 400) return kCyan;
  return status < 500 ? kYellow : kRed;
}

// `text`, which is printable.
void paint(std::string& line, std::string_view colour, std::string_view text) {
  if (colour.empty()) {
    line.append(text);
  } else {
    line.append(colour).append(text).append(kPlain);
  }
}

std::string printable(std::string_view text) {
  std::string out;
  append_printable(out, text);
  return out;
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

void append_right(std::string& line, std::string_view text) {
  if (text.size() < kNumberWidth) line.append(kNumberWidth - text.size(), ' ');
  line.append(text);
}

// "4.9ms", "12.35s".
std::string short_time(Duration duration) {
  const bool brief = duration < std::chrono::seconds(1);
  std::string text;
  append_seconds(text, brief ? duration * 1000 : duration, brief ? 1 : 2);
  return text + (brief ? "ms" : "s");
}

std::string started(std::string_view clock) {
  std::string line;
  paint(line, kDim, clock);
  return line.append("  ");
}

}  // namespace

std::string terminal_message(std::string_view clock, Level level, std::string_view text) {
  std::string line = started(clock);
  paint(line, colour_of(level), printable(text));
  return line;
}

std::string terminal_access(std::string_view clock, const Access& access) {
  std::string line = started(clock);
  paint(line, kBold, padded(printable(access.method), kMethodWidth));
  line += ' ';
  std::string status;
  append_number(status, static_cast<uint64_t>(access.status));
  const std::string_view colour = colour_of(access.status);
  paint(line, colour, status);
  append_right(line, short_time(access.duration));
  append_right(line, human_size(access.bytes));
  line.append("  ").append(printable(access.target));
  std::string why(access.failure);
  if (!access.detail.empty()) {
    append_printable(why.append(why.empty() ? "" : ": "), access.detail);
  }
  if (!why.empty()) paint(line.append("  "), colour, why);
  if (access.call_id) paint(line, kDim, "  [" + printable(*access.call_id) + "]");
  return line;
}

std::string terminal_function_line(std::string_view clock, std::string_view source,
                                   std::string_view text) {
  std::string line = started(clock);
  paint(line, kDim, padded(std::string(source), kMethodWidth));
  paint(line.append(" "), kCyan, "| ");
  append_printable_line(line, text);
  // Its own colours end with its line.
  if (text.find('\x1b') != std::string_view::npos) line.append(kPlain);
  return line;
}

bool colours_wanted() {
  const char* const unwanted = std::getenv("NO_COLOR");
  if (unwanted != nullptr && *unwanted != '\0') return false;
  const char* const terminal = std::getenv("TERM");
  return terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
}

}  // namespace watchdog::log
