#include "modes/fork/warm/template_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fake_clock.h"
#include "modes/fork/warm/program_kind.h"
#include "modes/fork/warm/spare_process.h"
#include "net/signals.h"
#include "process/pipe.h"
#include "process/reaper.h"
#include "process/scripted_system.h"
#include "temporary_folder.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

// A request to a template, and what became of it.
struct Request final : private WarmRequest::Owner {
  Pipe in, out, err;
  std::unique_ptr<Child> child;
  std::optional<ExitStatus> status;
  std::optional<Fallback> refusal;
  std::unique_ptr<WarmRequest> handle;

  Request() {
    REQUIRE((in.open() && out.open() && err.open()));
    handle = std::make_unique<WarmRequest>(static_cast<WarmRequest::Owner&>(*this));
  }
  std::optional<Fallback> ask(TemplateProcess& program, std::string_view variables = {},
                              uint32_t count = 0) {
    return program.ask(*handle,
                       {in.read.get(), out.write.get(), err.write.get(), variables, count});
  }
  std::string output() {
    out.write.close();
    std::string text(4096, '\0');
    const ssize_t size = ::read(out.read.get(), text.data(), text.size());
    return text.substr(0, size > 0 ? static_cast<size_t>(size) : 0);
  }

 private:
  void on_warm_start(std::unique_ptr<Child> started) override { child = std::move(started); }
  void on_warm_exit(ExitStatus end) override { status = end; }
  void on_warm_refusal(Fallback reason) override { refusal = reason; }
};

struct TemplateTest : private TemplateProcess::Owner {
  Loop loop;
  Reaper reaper{loop};
  std::unique_ptr<Signals> signals;
  std::unique_ptr<Command> command;
  std::unique_ptr<TemplateProcess> program;
  bool ready = false;
  bool used = false;
  std::optional<Fallback> gone;
  bool lasting = false;

  TemplateTest() {
    auto watching = Signals::watch(loop, {SIGCHLD}, [this](int) { reaper.on_child_signal(); });
    REQUIRE(watching);
    signals = std::move(*watching);
    reaper.keep_orphans();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  ~TemplateTest() override {
    const Turn turn(loop);
    program.reset();
  }
  void start(const std::string& script,
             TemplateProcess::Kind kind = TemplateProcess::Kind::kZygote) {
    command = std::make_unique<Command>(std::vector<std::string>{"bash", "-c", script});
    auto started = TemplateProcess::start(loop, reaper, *command, environ, kind, *this);
    REQUIRE(started);
    program = std::move(*started);
    REQUIRE(poll_until(loop, [this] { return ready || gone.has_value(); }));
  }
  // Starts one whose requests would make the file `ran`, and asks it while it is stopped. Returns its
  // process.
  pid_t ask_one_that_is_stopped(Request& request, const std::string& ran) {
    start("read -r line; touch " + ran);
    REQUIRE(ready);
    pid_t pid = 0;
    for (const pid_t child : real_system().descendants()) pid = child;
    ::kill(pid, SIGSTOP);
    request.in.write.close();
    REQUIRE_FALSE(request.ask(*program));
    return pid;
  }
  bool finished(const Request& request) {
    return poll_until(loop,
                      [&] { return request.status.has_value() || request.refusal.has_value(); });
  }

 private:
  void on_template_ready(TemplateProcess&) override { ready = true; }
  void on_template_gone(TemplateProcess&, Fallback reason, const std::string&, bool last) override {
    gone = reason;
    lasting = last;
  }
  void on_template_used(TemplateProcess&) override { used = true; }
};

}  // namespace

TEST_CASE_FIXTURE(TemplateTest, "a request gets a fork with its own input, output and variables") {
  start("read -r line; echo \"$line $Http_Path\"; exit 3");
  REQUIRE(ready);
  for (const std::string name : {"one", "two"}) {
    Request request;
    REQUIRE(::write(request.in.write.get(), "hello\n", 6) == 6);
    const std::string variables = "Http_Path=/" + name + '\0';
    REQUIRE_FALSE(request.ask(*program, variables, 1));
    REQUIRE(finished(request));
    REQUIRE(request.status);
    CHECK(request.status->code == 3);
    CHECK(request.output() == "hello /" + name + "\n");
  }
}

TEST_CASE_FIXTURE(TemplateTest, "a fork leads its own session and group, and is our child") {
  start("read -r line; ps -o pid=,ppid=,pgid=,sid= -p $$ | tr -s ' '; sleep 60");
  REQUIRE(ready);
  Request request;
  REQUIRE_FALSE(request.ask(*program));
  request.in.write.close();
  REQUIRE(poll_until(loop, [&] { return request.child != nullptr; }));
  const pid_t pid = request.child->pid();
  CHECK(::getpgid(pid) == pid);
  CHECK(::getsid(pid) == pid);
  ::kill(-pid, SIGKILL);
  REQUIRE(finished(request));
  CHECK(request.status->signal == SIGKILL);
}

TEST_CASE_FIXTURE(TemplateTest, "values are data, whatever they look like") {
  start("read -r line; printf '%s' \"$Http_X\"");
  Request request;
  const std::string value = "'; exit 9; $(exit 8) `exit 7` \"\\\n\x01\xff";
  const std::string variables = "Http_X=" + value + '\0';
  request.in.write.close();
  REQUIRE_FALSE(request.ask(*program, variables, 1));
  REQUIRE(finished(request));
  CHECK(request.status->code == 0);
  CHECK(request.output() == value);
}

TEST_CASE_FIXTURE(TemplateTest, "many variables go by a memfd") {
  start("read -r line; echo \"${#Http_X999} $Http_X0\"");
  Request request;
  std::string variables;
  for (int i = 0; i < 1000; ++i) {
    variables += "Http_X" + std::to_string(i) + "=" + std::string(100, 'a') + '\0';
  }
  REQUIRE(variables.size() > WARM_MOST_INLINE);
  request.in.write.close();
  REQUIRE_FALSE(request.ask(*program, variables, 1000));
  REQUIRE(finished(request));
  CHECK(request.output() == "100 " + std::string(100, 'a') + "\n");
}

TEST_CASE_FIXTURE(TemplateTest, "a program that ends before it reads its input says so for good") {
  start("exit 0");
  CHECK(gone == Fallback::kNoRead);
  CHECK(lasting);
}

TEST_CASE_FIXTURE(TemplateTest, "a program that prints before it reads is not used") {
  start("echo early; read -r line");
  CHECK(gone == Fallback::kDiffers);
  CHECK(lasting);
}

TEST_CASE_FIXTURE(TemplateTest,
                  "a request is refused when its template is killed, and runs nowhere") {
  TemporaryFolder folder;
  Request request;
  const pid_t pid = ask_one_that_is_stopped(request, folder.path("ran"));
  ::kill(pid, SIGKILL);
  REQUIRE(finished(request));
  CHECK(request.refusal == Fallback::kTemplateGone);
  CHECK(gone == Fallback::kTemplateGone);
  CHECK_FALSE(lasting);
  CHECK(::access((folder.path("ran")).c_str(), F_OK) != 0);
}

TEST_CASE_FIXTURE(TemplateTest, "a template that does not answer is given up, and never runs it") {
  TemporaryFolder folder;
  Request request;
  const pid_t pid = ask_one_that_is_stopped(request, folder.path("ran"));
  REQUIRE(finished(request));
  CHECK(request.refusal == Fallback::kTemplateSlow);
  ::kill(pid, SIGCONT);
  REQUIRE(poll_until(loop, [&] { return ::kill(pid, 0) != 0; }));
  CHECK(::access((folder.path("ran")).c_str(), F_OK) != 0);
}

TEST_CASE_FIXTURE(TemplateTest, "a spare becomes the process of its request, with its variables") {
  start("read -r line; echo \"$line $Http_Path\"", TemplateProcess::Kind::kSpare);
  Request request;
  REQUIRE(::write(request.in.write.get(), "hello\n", 6) == 6);
  const std::string variables("Http_Path=/x\0", 13);
  REQUIRE_FALSE(request.ask(*program, variables, 1));
  REQUIRE(finished(request));
  CHECK(used);
  CHECK(request.output() == "hello /x\n");
}

TEST_CASE_FIXTURE(TemplateTest, "the process of a request that is cancelled is asked to end") {
  start("read -r line; sleep 60");
  Request request;
  request.in.write.close();
  REQUIRE_FALSE(request.ask(*program));
  request.handle.reset();
  REQUIRE(poll_until(loop, [&] { return !program->waited_for() && reaper.idle(); }));
  CHECK(real_system().descendants().size() == 1);
}

TEST_CASE_FIXTURE(TemplateTest, "only a process of ours can take a request") {
  ScriptedSystem system;
  Reaper strangers(loop, system);
  system.strangers = {300};
  CHECK_FALSE(Child::adopt(loop, strangers, 300, 0, [](ExitStatus) {}));
}

TEST_CASE("a program without a dynamic loader is told by its header") {
  CHECK_FALSE(is_static_program("/bin/sh"));
  CHECK_FALSE(is_static_program("/etc/passwd"));
  CHECK_FALSE(is_static_program("/no/such/file"));
}
