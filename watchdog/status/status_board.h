#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/line_splitter.h"
#include "base/time.h"
#include "trace/request_span.h"

namespace watchdog {

// What the status page remembers of requests: those that run, the last that have ended, the last
// that have failed, and what the function printed to its standard error. Bounded: less than 200 KB,
// whatever clients and functions do. There is one only where the page is shown. Owned by the
// Watchdog; outlives the workers. Used on any thread.
class StatusBoard {
 public:
  static constexpr size_t kMostRunning = 128;  // more are counted
  static constexpr size_t kMostEnded = 50;
  static constexpr size_t kMostFailures = 5;
  static constexpr size_t kMostLinesOfFailure = 10;
  static constexpr size_t kMostLines = 100;  // of all outputs
  // In bytes. What is longer is cut between two characters, when secrets have been masked.
  static constexpr size_t kMostOfLine = 500;
  static constexpr size_t kMostOfTarget = 200;
  static constexpr size_t kMostOfDetail = 200;
  static constexpr size_t kMostOfMethod = 20;

  // Which standard error a line comes from: that of one request's process, or that of a process
  // that is kept warm. 0 is none.
  using Output = uint64_t;

  // A request that is shown as running as long as this lives. Belongs to its exchange.
  class Place {
   public:
    Place() = default;  // of no request
    Place(Place&& other) noexcept
        : board_(std::exchange(other.board_, nullptr)),
          slot_(other.slot_),
          output_(other.output_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(board_, other.board_);
      std::swap(slot_, other.slot_);
      std::swap(output_, other.output_);
      return *this;
    }
    ~Place() {
      if (board_ != nullptr) board_->leave(slot_);
    }

    explicit operator bool() const { return board_ != nullptr; }
    void enter(Phase phase);
    // Where its function prints errors: an output of its own, unless set_output() says otherwise.
    Output output() const { return output_; }
    void set_output(Output output) { output_ = output; }
    // Adds lines of output().
    LineCopy line_copy() const;

   private:
    friend class StatusBoard;
    Place(StatusBoard& board, size_t slot, Output output)
        : board_(&board), slot_(slot), output_(output) {}

    StatusBoard* board_ = nullptr;
    size_t slot_ = 0;  // kMostRunning: it is only counted
    Output output_ = 0;
  };

  struct Running {
    std::string method;
    std::string target;
    Instant since{};
    Phase phase = Phase::kUpload;
  };
  struct Ended {
    std::time_t at = 0;
    std::string method;
    std::string target;
    int status = 0;
    Duration duration{};
    std::string_view failure;  // one of the words of failure.h
    std::string detail;
    std::string trace_id;  // empty: it is part of no trace
  };
  struct Failed {
    Ended request;
    std::vector<std::string> lines;
    Output output = 0;
    bool open = false;  // the next lines of its output are probably about it
  };
  // All of it at one moment.
  struct Picture {
    std::vector<Running> running;  // in no order
    uint64_t running_count = 0;    // those that are not among them included
    std::vector<Ended> ended;      // the last one first, as below
    std::vector<Failed> failed;
    uint64_t ended_count = 0;
    uint64_t failed_count = 0;
  };

  StatusBoard();
  ~StatusBoard();
  StatusBoard(const StatusBoard&) = delete;
  StatusBoard& operator=(const StatusBoard&) = delete;

  Place begin(std::string_view method, std::string_view target, Instant now);
  struct End {
    std::string_view method;
    std::string_view target;
    int status = 0;
    Duration duration{};
    std::string_view failure{};  // a constant; empty where nothing went wrong
    std::string_view detail{};
    std::string_view trace_id{};
    bool failed = false;  // its lines are to be kept, too
    Output output = 0;
  };
  void end(const End& end);

  Output new_output() { return ++last_output_; }
  void add_line(Output output, std::string_view line);
  LineCopy line_copy(Output output) {
    return [this, output](std::string_view line) { add_line(output, line); };
  }

  Picture picture() const;

 private:
  struct Slot {
    Running request;
    std::atomic<Phase> phase{Phase::kUpload};
    bool taken = false;
  };
  struct Line {
    Output output = 0;
    std::string text;
  };

  void leave(size_t slot);
  std::vector<std::string> last_lines(Output output) const;

  std::atomic<Output> last_output_{0};
  mutable std::mutex mutex_;  // of all that follows but Slot::phase
  std::array<Slot, kMostRunning> slots_;
  uint64_t running_ = 0;
  std::array<Ended, kMostEnded> ended_;  // rings; as many as their counts say have been in them
  std::array<Line, kMostLines> lines_;
  std::array<Failed, kMostFailures> failed_;
  uint64_t ended_count_ = 0;
  uint64_t line_count_ = 0;
  uint64_t failed_count_ = 0;
};

}  // namespace watchdog
