#include "process/output_log.h"

namespace watchdog {

OutputLog::OutputLog(Loop& loop, Fd pipe, log::Source source, size_t longest_line)
    : lines_(source, longest_line), stream_(loop, *this, Stream::Kind::kPipe, std::move(pipe)) {
  stream_.resume();
}

OutputLog::~OutputLog() {
  if (ended_) return;
  stream_.read_now(stream_.readable());
  lines_.finish();
}

void OutputLog::catch_up() {
  if (ended_) return;
  stream_.read_now(stream_.readable());
  stream_.resume();
}

size_t OutputLog::on_data(std::string_view bytes) {
  lines_.add(bytes);
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
