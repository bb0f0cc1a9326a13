#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errno_or.h"
#include "modes/fork/warm/warm_starts.h"
#include "net/stream.h"
#include "process/child.h"
#include "process/command.h"
#include "process/output_log.h"
#include "server/mode.h"

namespace watchdog {

// How a process may be started: as warm_start says, or for the comparison of auto.
enum class ProcessStart { kUsual, kCold, kTrial };

// Starts the processes of one command, one per request, and keeps the log pipes that their own
// children still hold. One per mode, on its loop.
class FunctionLauncher {
 public:
  FunctionLauncher(const ModeContext& context, std::vector<std::string> command);

  const ModeContext& context() const { return context_; }
  Command& command() { return command_; }
  // Has processes started before their requests, as warm_start says. `inherited` is the environment
  // of the function without a request's variables. `merged`: errors go to the output.
  void start_ahead(std::vector<char*> inherited, bool merged);
  // Ends what waits for requests.
  void stop_ahead();
  // Null: every start is cold.
  WarmStarts* ahead() { return warm_.get(); }

 private:
  friend class FunctionProcess;
  bool may_be_warm(ProcessStart start) const;
  void adopt(std::unique_ptr<OutputLog> log);

  ModeContext context_;
  Command command_;
  Fd no_input_;  // at its end: standard input of requests without a body
  std::list<std::unique_ptr<OutputLog>> adopted_logs_;
  std::vector<char*> inherited_;
  std::unique_ptr<WarmStarts> warm_;  // null: every start is cold
};

// The process of one request, with real pipes for 0, 1 and 2. Owned by an Invocation; destroying it
// cancels the process.
//
// With warm_start it may still have to be made when start() has returned: what is written to it and
// what it is asked to do waits until then.
//
// It has finished when it has exited and everything that it had written by then has been handed
// over. A grandchild that still holds its output is not waited for.
class FunctionProcess final : private Stream::Handler, private WarmRequest::Owner {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_output(std::string_view bytes) = 0;
    // input_full() was true and is not any more.
    virtual void on_input_drained() = 0;
    virtual void on_finished(ExitStatus status) = 0;
    // It could not be started after all, for this errno. Nothing is called after this.
    virtual void on_not_started(int error) = 0;
    // It runs, after so long a start; before on_output() and on_finished().
    virtual void on_started(Duration taken) = 0;
    // It was started for the request, although warm_start is set.
    virtual void on_fallback(Fallback reason) = 0;
  };

  enum class Input { kNone, kPipe, kFile };
  enum class Errors { kToLog, kToOutput };
  using Start = ProcessStart;
  struct Streams {
    Input input = Input::kNone;
    Errors errors = Errors::kToLog;
    int file = -1;                    // kFile: needed until it has started; then the start is cold
    const TraceIds* trace = nullptr;  // of its request, for the log; needed until it has started
    LineCopy copy_errors{};
    Start start = Start::kUsual;
  };
  // What a process gets beside the environment that all have in common.
  struct Variables {
    char* const* environment = nullptr;  // all, NULL-terminated
    std::string_view added{};            // of it what is the request's; see FunctionEnvironment
    uint32_t added_count = 0;
  };

  // `folder` is the working folder; null for ours.
  static ErrnoOr<std::unique_ptr<FunctionProcess>> start(FunctionLauncher& processes,
                                                         Handler& handler,
                                                         const Variables& variables,
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

  // The process's ends of its pipes, until it has them itself.
  struct Ends {
    Fd in;  // none: `input` is somebody else's
    Fd out;
    Fd err;
    int input = -1;
    int errors() const { return err ? err.get() : out.get(); }
  };
  // A start that is under way.
  struct Coming {
    explicit Coming(WarmRequest::Owner& owner) : request(owner) {}
    Ends ends;
    std::string added;
    Instant since{};
    bool terminated = false;
    WarmRequest request;  // last: it goes first
  };

  FunctionProcess(FunctionLauncher& processes, Handler& handler);

  // Returns false where it has to be started in the usual way.
  bool ask_for_warm(Ends& ends, const Variables& variables);
  // Returns false where there is no spare with pipes of its own, which then replace `ours`.
  bool take_spare(const Streams& streams, const Variables& variables, Fd& in, Fd& out, Fd& err);
  // Returns an errno, or 0.
  int spawn(const Ends& ends, char* const* environment, const char* folder);
  int spawn_after_all(const Coming& coming);
  void note_fallback(Fallback reason);
  void count_start(size_t kind, Duration taken);

  // WarmRequest::Owner
  void on_warm_start(std::unique_ptr<Child> child) override;
  void on_warm_exit(ExitStatus status) override { on_exit(status); }
  void on_warm_refusal(Fallback reason) override;

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
  std::unique_ptr<Coming> coming_;  // while there is no child_
  bool input_closing_ = false;
  bool made_up_ = false;  // it is for no request: not counted, and not started in another way
};

}  // namespace watchdog
