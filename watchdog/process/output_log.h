#pragma once

#include <functional>

#include "base/fd.h"
#include "base/line_splitter.h"
#include "net/stream.h"
#include "net/timer.h"

namespace watchdog {

// Reads one output of a function into the log, line by line, until it ends. A function must not
// hang because it prints a lot: reading pauses only while a slow reader of our own log catches up,
// and never for a reader that has stopped. Owned by whoever runs the function, on its loop. It may
// outlive the function, whose children may go on writing.
class OutputLog final : private Stream::Handler {
 public:
  // `trace` has the ids of the one request that the function runs for; null where there may be
  // several.
  OutputLog(Loop& loop, Fd pipe, log::Source source, size_t longest_line,
            const TraceIds* trace = nullptr, LineCopy copy = nullptr);
  // Logs what can be read now, and the last line even without its newline.
  ~OutputLog() override;

  bool ended() const { return ended_; }
  // Logs everything that can be read now: the last output of a process that has exited.
  void catch_up();
  // `call` runs when the output has ended; it may retire this object.
  void on_ended(std::function<void()> call) { on_ended_ = std::move(call); }

 private:
  size_t on_data(std::string_view bytes) override;
  void on_end() override;
  void on_error(int error) override;
  void on_drained() override {}

  // Most functions end without printing to this output before it pays to watch it.
  static constexpr auto kFirstLook = std::chrono::milliseconds(2);
  static constexpr auto kNextLook = std::chrono::milliseconds(5);

  LineSplitter lines_;
  Stream stream_;
  Timer look_;
  std::function<void()> on_ended_;
  bool ended_ = false;
};

}  // namespace watchdog
