#include "modes/fork/function_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/log.h"
#include "process/pipe.h"
#include "process/reaper.h"

namespace watchdog {

namespace {

// Whether execve might refuse these variables, or the library would: the longest text that execve
// takes is 128 KiB, a quarter of the stack is the least that all may have, and the library takes
// names of 255 bytes. Then the start is cold, and fails as ever or not at all.
bool need_cold_start(std::string_view variables) {
  constexpr size_t kLongest = 128 * 1024;
  constexpr size_t kLongestName = 255;
  constexpr size_t kMost = 1024 * 1024;
  if (variables.size() > kMost) return true;
  while (!variables.empty()) {
    const size_t length = variables.find('\0') + 1;
    if (length > kLongest || variables.find('=') > kLongestName) return true;
    variables.remove_prefix(length);
  }
  return false;
}

}  // namespace

FunctionLauncher::FunctionLauncher(const ModeContext& context, std::vector<std::string> command)
    : context_(context), command_(std::move(command)) {
  // Not a pipe: a function could open the other end of it, and speak to the next one.
  no_input_ = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Pipe pipe;
  if (!no_input_ && pipe.open()) no_input_ = std::move(pipe.read);  // there is no /dev
}

void FunctionLauncher::adopt(std::unique_ptr<OutputLog> log) {
  const auto place = adopted_logs_.insert(adopted_logs_.end(), std::move(log));
  (*place)->on_ended([this, place] {
    context_.loop.retire(std::move(*place));
    adopted_logs_.erase(place);
  });
}

void FunctionLauncher::start_ahead(std::vector<char*> inherited, bool merged) {
  if (context_.config.warm_start == WarmStart::kOff) return;
  inherited_ = std::move(inherited);
  warm_ = std::make_unique<WarmStarts>(context_, command_, inherited_, merged);
}

bool FunctionLauncher::may_be_warm(ProcessStart start) const {
  if (!warm_) return false;
  return start == ProcessStart::kUsual ? warm_->settled() : start == ProcessStart::kTrial;
}

void FunctionLauncher::stop_ahead() {
  if (warm_) warm_->stop();
}

ErrnoOr<std::unique_ptr<FunctionProcess>> FunctionProcess::start(FunctionLauncher& processes,
                                                                 Handler& handler,
                                                                 const Variables& variables,
                                                                 const Streams& streams,
                                                                 const char* folder) {
  const ModeContext& context = processes.context();
  Pipe in;
  Pipe out;
  Pipe err;
  if ((streams.input == Input::kPipe && !in.open()) || !out.open() ||
      (streams.errors == Errors::kToLog && !err.open())) {
    return Errno{errno};
  }
  Ends ends{.in = std::move(in.read),
            .out = std::move(out.write),
            .err = std::move(err.write),
            .input = processes.no_input_.get()};
  if (streams.input == Input::kPipe) ends.input = ends.in.get();
  if (streams.input == Input::kFile) ends.input = streams.file;

  std::unique_ptr<FunctionProcess> process(new FunctionProcess(processes, handler));
  process->made_up_ = streams.start != Start::kUsual;
  const bool may_be_warm =
      streams.input != Input::kFile && folder == nullptr && processes.may_be_warm(streams.start);
  const bool warm =
      may_be_warm && (processes.warm_->plain()
                          ? process->take_spare(streams, variables, in.write, out.read, err.read)
                          : process->ask_for_warm(ends, variables));
  if (!warm && streams.start == Start::kTrial) return Errno{EAGAIN};
  if (!warm) {
    if (const int error = process->spawn(ends, variables.environment, folder)) return Errno{error};
  }

  if (in.write) {
    process->input_ = std::make_unique<InputPipe>(*process, context.loop, std::move(in.write));
  }
  Stream::Handler& output_handler = *process;
  process->output_.emplace(context.loop, output_handler, Stream::Kind::kPipe, std::move(out.read));
  process->output_->resume();
  if (err.read) {
    process->errors_ = std::make_unique<OutputLog>(context.loop, std::move(err.read),
                                                   log::Source::kErr, context.config.log_line_limit,
                                                   streams.trace, streams.copy_errors);
  }
  return process;
}

int FunctionProcess::spawn(const Ends& ends, char* const* environment, const char* folder) {
  const ModeContext& context = processes_.context();
  const auto path = processes_.command().path();
  if (!path) return ENOENT;
  const Program program{.path = *path,
                        .argv = processes_.command().argv(),
                        .environment = environment,
                        .in = ends.input,
                        .out = ends.out.get(),
                        .err = ends.errors(),
                        .folder = folder};
  const Instant before = context.loop.now();
  auto child = Child::spawn(context.loop, context.reaper, program,
                            [this](ExitStatus status) { on_exit(status); });
  if (!child) {
    if (child.error() == ENOENT) processes_.command().forget_path();
    return child.error();
  }
  child_ = std::move(*child);
  count_start(Metrics::kColdStarts, context.loop.now() - before);
  return 0;
}

bool FunctionProcess::ask_for_warm(Ends& ends, const Variables& variables) {
  if (need_cold_start(variables.added)) return false;
  coming_ = std::make_unique<Coming>(static_cast<WarmRequest::Owner&>(*this));
  const WarmRequest::Needs needs{.in = ends.input,
                                 .out = ends.out.get(),
                                 .err = ends.errors(),
                                 .variables = variables.added,
                                 .variable_count = variables.added_count};
  std::optional<Fallback> reason;
  if (processes_.warm_->ask(coming_->request, needs, reason)) {
    coming_->ends = std::move(ends);
    coming_->added = variables.added;
    coming_->since = processes_.context().loop.now();
    return true;
  }
  coming_.reset();
  if (reason && !made_up_) note_fallback(*reason);
  return false;
}

bool FunctionProcess::take_spare(const Streams& streams, const Variables& variables, Fd& in,
                                 Fd& out, Fd& err) {
  // Its environment was made before the request: a trace's ids would be missing.
  if (!variables.added.empty()) {
    note_fallback(Fallback::kUnknownInterpreter);
    return false;
  }
  std::optional<Fallback> reason;
  const std::unique_ptr<SpareProcess> spare = processes_.warm_->take_spare(reason);
  if (!spare) {
    if (reason && !made_up_) note_fallback(*reason);
    return false;
  }
  SpareProcess::Parts parts = spare->take([this](ExitStatus status) { on_exit(status); });
  child_ = std::move(parts.child);
  out = std::move(parts.out);
  err = std::move(parts.err);
  // A request without a body has an input that is at its end.
  in = streams.input == Input::kPipe ? std::move(parts.in) : Fd();
  count_start(Metrics::kSpareStarts, Duration::zero());
  return true;
}

void FunctionProcess::count_start(size_t kind, Duration taken) {
  if (made_up_) return;
  handler_.on_started(taken);
  ++processes_.context().metrics.starts[kind];
  processes_.context().metrics.spawn_seconds.observe(taken);
}

void FunctionProcess::note_fallback(Fallback reason) {
  if (!made_up_) ++processes_.context().metrics.fallbacks[static_cast<size_t>(reason)];
  handler_.on_fallback(reason);
}

void FunctionProcess::on_warm_start(std::unique_ptr<Child> child) {
  const ModeContext& context = processes_.context();
  child_ = std::move(child);
  const bool spare = processes_.warm_->kind() == WarmStart::kSpare;
  count_start(spare ? Metrics::kSpareStarts : Metrics::kZygoteStarts,
              context.loop.now() - coming_->since);
  const bool terminated = coming_->terminated;
  coming_.reset();
  if (terminated) terminate();
}

void FunctionProcess::on_warm_refusal(Fallback reason) {
  const std::unique_ptr<Coming> coming = std::move(coming_);
  note_fallback(reason);
  if (made_up_) return;
  if (coming->terminated) return handler_.on_finished({.signal = SIGTERM});  // before it began
  if (const int error = spawn_after_all(*coming)) handler_.on_not_started(error);
}

int FunctionProcess::spawn_after_all(const Coming& coming) {
  std::vector<char*> environment = processes_.inherited_;
  environment.pop_back();
  std::string added = coming.added;
  for (size_t at = 0; at < added.size(); at = added.find('\0', at) + 1) {
    environment.push_back(added.data() + at);
  }
  environment.push_back(nullptr);
  int error = 0;
  do {
    error = spawn(coming.ends, environment.data(), nullptr);
  } while (error != 0 && processes_.context().loop.made_room(error));
  return error;
}

FunctionProcess::FunctionProcess(FunctionLauncher& processes, Handler& handler)
    : processes_(processes), handler_(handler) {}

FunctionProcess::~FunctionProcess() {
  if (errors_ && !errors_->ended()) processes_.adopt(std::move(errors_));
}

void FunctionProcess::write_input(std::string_view bytes) {
  if (input_) input_->stream.write(bytes);
}

void FunctionProcess::close_input() {
  if (!input_) return;
  input_closing_ = true;
  input_->stream.notify_when_drained();
}

void FunctionProcess::drop_input() {
  processes_.context().loop.retire(std::move(input_));
  if (!input_closing_) handler_.on_input_drained();
}

void FunctionProcess::InputPipe::on_drained() {
  if (process.input_closing_) {
    process.drop_input();
  } else {
    process.handler_.on_input_drained();
  }
}

void FunctionProcess::terminate() {
  if (coming_) coming_->terminated = true;
  if (child_ && child_->running()) {
    processes_.context().reaper.system().kill(-child_->pid(), SIGTERM);
  }
}

size_t FunctionProcess::on_data(std::string_view bytes) {
  handler_.on_output(bytes);
  return bytes.size();
}

void FunctionProcess::on_exit(ExitStatus status) {
  if (errors_) errors_->catch_up();
  output_->read_now(output_->readable());
  if (processes_.warm_) processes_.warm_->on_request_over();
  handler_.on_finished(status);
}

}  // namespace watchdog
