#include "function/shared_probe.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace watchdog;

namespace {

// The question to the function: it is answered when the test says so.
struct Question {
  ReadinessProbe::OnResponse on_response;
  bool cancelled = false;
};

class FakeProbe final : public ReadinessProbe {
 public:
  explicit FakeProbe(std::shared_ptr<Question> question) : question_(std::move(question)) {}
  void ask(OnResponse on_response) override { question_->on_response = std::move(on_response); }
  void cancel() override { question_->cancelled = true; }

 private:
  std::shared_ptr<Question> question_;
};

struct SharedProbeTest {
  Loop loop;
  std::vector<std::shared_ptr<Question>> questions;
  std::vector<std::string> answers;
  SharedProbe shared{loop, [this] {
                       questions.push_back(std::make_shared<Question>());
                       return std::make_unique<FakeProbe>(questions.back());
                     }};

  std::unique_ptr<ReadinessProbe> ask() {
    auto asker = shared.asker();
    asker->ask([this](const std::optional<std::string>& problem) {
      answers.push_back(problem.value_or("ready"));
    });
    return asker;
  }
  void answer(std::optional<std::string> problem) {
    const Turn turn(loop);
    questions.back()->on_response(std::move(problem));
  }
};

}  // namespace

TEST_CASE("those who ask while a question is under way share its answer") {
  SharedProbeTest fixture;
  const auto first = fixture.ask();
  const auto second = fixture.ask();
  CHECK(fixture.questions.size() == 1);
  fixture.answer("busy");
  CHECK(fixture.answers == std::vector<std::string>{"busy", "busy"});
  const auto third = fixture.ask();
  CHECK(fixture.questions.size() == 2);
  fixture.answer(std::nullopt);
  CHECK(fixture.answers.back() == "ready");
  CHECK(fixture.answers.size() == 3);
}

TEST_CASE("who has gone is not told, and the last to go ends the question") {
  SharedProbeTest fixture;
  auto first = fixture.ask();
  auto second = fixture.ask();
  first.reset();
  CHECK_FALSE(fixture.questions.back()->cancelled);
  {
    const Turn turn(fixture.loop);
    second.reset();
  }
  CHECK(fixture.questions.back()->cancelled);
  CHECK(fixture.answers.empty());
  const auto third = fixture.ask();
  CHECK(fixture.questions.size() == 2);
  fixture.answer(std::nullopt);
  CHECK(fixture.answers == std::vector<std::string>{"ready"});
}

TEST_CASE("who asks from inside an answer begins a question of its own") {
  SharedProbeTest fixture;
  std::unique_ptr<ReadinessProbe> again;
  const auto asker = fixture.shared.asker();
  asker->ask([&](const std::optional<std::string>&) { again = fixture.ask(); });
  fixture.answer(std::nullopt);
  CHECK(fixture.answers.empty());
  CHECK(fixture.questions.size() == 2);
  fixture.answer("no");
  CHECK(fixture.answers == std::vector<std::string>{"no"});
}
