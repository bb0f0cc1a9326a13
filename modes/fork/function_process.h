#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errno_or.h"
#include "net/stream.h"
#include "process/child.h"
#include "process/command.h"
#include "process/output_log.h"
#include "server/mode.h"

namespace watchdog {

// Starts the processes of one command, one per request, and keeps the log pipes that their own
// children still hold. One per mode, on its loop.
class FunctionLauncher {
 public:
  FunctionLauncher(const ModeContext& context, std::vector<std::string> command);

  const ModeContext& context() const { return context_; }
  Command& command() { return command_; }

 private:
  friend class FunctionProcess;
  void adopt(std::unique_ptr<OutputLog> log);

  ModeContext context_;
  Command command_;
  Fd no_input_;  // at its end: standard input of requests without a body
  std::list<std::unique_ptr<OutputLog>> adopted_logs_;
};

// The process of one request, with real pipes for 0, 1 and 2. Owned by an Invocation; destroying it
// cancels the process.
//
// It has finished when it has exited and everything that it had written by then has been handed
// over. A grandchild that still holds its output is not waited for.
class FunctionProcess final : private Stream::Handler {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_output(std::string_view bytes) = 0;
    // input_full() was true and is not any more.
    virtual void on_input_drained() = 0;
    virtual void on_finished(ExitStatus status) = 0;
  };

  enum class Input { kNone, kPipe, kFile };
  enum class Errors { kToLog, kToOutput };
  struct Streams {
    Input input = Input::kNone;
    Errors errors = Errors::kToLog;
    int file = -1;  // kFile: needed until it has started
  };

  // `folder` is the working folder; null for ours.
  static ErrnoOr<std::unique_ptr<FunctionProcess>> start(FunctionLauncher& processes,
                                                         Handler& handler, char* const* environment,
                                                         const Streams& streams,
                                                         const char* folder = nullptr);
  ~FunctionProcess() override;

  // Writes to standard input. Bytes that the process does not take, because it closed its input or
  // has ended, are dropped: not to read is no error.
  void write_input(std::string_view bytes);
  bool input_full() const { return input_ && input_->stream.full(); }
  void close_input();

  void pause_output() { output_->pause(); }
  void resume_output() { output_->resume(); }
  // Asks the whole process group to end (SIGTERM).
  void terminate();

 private:
  // Standard input, as long as the process takes any.
  struct InputPipe final : Stream::Handler {
    InputPipe(FunctionProcess& owner, Loop& loop, Fd pipe)
        : process(owner), stream(loop, *this, Stream::Kind::kPipe, std::move(pipe)) {}
    size_t on_data(std::string_view bytes) override { return bytes.size(); }
    void on_end() override {}
    void on_error(int) override { process.drop_input(); }
    void on_drained() override;

    FunctionProcess& process;
    Stream stream;
  };

  FunctionProcess(FunctionLauncher& processes, Handler& handler);

  // Stream::Handler, of the output.
  size_t on_data(std::string_view bytes) override;
  void on_end() override {}
  void on_error(int) override {}
  void on_drained() override {}

  void on_exit(ExitStatus status);
  void drop_input();

  FunctionLauncher& processes_;
  Handler& handler_;
  std::unique_ptr<InputPipe> input_;
  std::optional<Stream> output_;
  std::unique_ptr<OutputLog> errors_;
  std::unique_ptr<Child> child_;
  bool input_closing_ = false;
};

}  // namespace watchdog
