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

ErrnoOr<std::unique_ptr<FunctionProcess>> FunctionProcess::start(FunctionLauncher& processes,
                                                                 Handler& handler,
                                                                 char* const* environment,
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
  const auto path = processes.command().path();
  if (!path) return Errno{ENOENT};

  int input = processes.no_input_.get();
  if (streams.input == Input::kPipe) input = in.read.get();
  if (streams.input == Input::kFile) input = streams.file;
  std::unique_ptr<FunctionProcess> process(new FunctionProcess(processes, handler));
  const Program program{.path = *path,
                        .argv = processes.command().argv(),
                        .environment = environment,
                        .in = input,
                        .out = out.write.get(),
                        .err = err.write ? err.write.get() : out.write.get(),
                        .folder = folder};
  const Instant before = context.loop.now();
  auto child = Child::spawn(context.loop, context.reaper, program,
                            [self = process.get()](ExitStatus status) { self->on_exit(status); });
  if (!child) {
    if (child.error() == ENOENT) processes.command().forget_path();
    return Errno{child.error()};
  }
  process->child_ = std::move(*child);
  context.metrics.spawn_seconds.observe(context.loop.now() - before);

  if (in.write) {
    process->input_ = std::make_unique<InputPipe>(*process, context.loop, std::move(in.write));
  }
  Stream::Handler& output_handler = *process;
  process->output_.emplace(context.loop, output_handler, Stream::Kind::kPipe, std::move(out.read));
  process->output_->resume();
  if (err.read) {
    process->errors_ = std::make_unique<OutputLog>(
        context.loop, std::move(err.read), log::Source::kErr, context.config.log_line_limit);
  }
  return process;
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
  handler_.on_finished(status);
}

}  // namespace watchdog
