#include "process/output_log.h"

#include <utility>

namespace watchdog {

OutputLog::OutputLog(Loop& loop, Fd pipe, log::Source source, size_t longest_line,
                     const TraceIds* trace, LineCopy copy)
    : lines_(source, longest_line, trace, std::move(copy)),
      stream_(loop, *this, Stream::Kind::kPipe, std::move(pipe)),
      look_(loop, [this] { stream_.resume(); }) {
  look_.set_after(kFirstLook);
}

OutputLog::~OutputLog() {
  if (ended_) return;
  stream_.read_now(stream_.readable());
  lines_.finish();
}

void OutputLog::catch_up() {
  if (ended_) return;
  stream_.read_now(stream_.readable() + 1);  // and see whether the end is behind it
  stream_.resume();
}

size_t OutputLog::on_data(std::string_view bytes) {
  lines_.add(bytes);
  if (log::congested()) {
    stream_.pause();
    look_.set_after(kNextLook);
  }
  return bytes.size();
}

void OutputLog::on_end() {
  ended_ = true;
  lines_.finish();
  if (on_ended_) on_ended_();
}

void OutputLog::on_error(int) {
  on_end();
}

}  // namespace watchdog
