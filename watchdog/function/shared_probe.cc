#include "function/shared_probe.h"

#include <utility>

namespace watchdog {

class SharedProbe::Asker final : public ReadinessProbe {
 public:
  explicit Asker(SharedProbe& shared) : shared_(shared) {}
  ~Asker() override { withdraw(); }

  void ask(OnResponse on_response) override {
    withdraw();
    on_response_ = std::move(on_response);
    place_ = shared_.askers_.join(*this);
    shared_.ask();
  }
  void cancel() override { withdraw(); }

  void finish(const std::optional<std::string>& problem) {
    std::exchange(on_response_, nullptr)(problem);
  }

 private:
  void withdraw() {
    if (!place_.waiting()) return;
    place_.leave();
    shared_.cancel_unless_awaited();
  }

  SharedProbe& shared_;
  WaitList<Asker>::Place place_;
  OnResponse on_response_;
};

std::unique_ptr<ReadinessProbe> SharedProbe::asker() {
  return std::make_unique<Asker>(*this);
}

void SharedProbe::ask() {
  if (probe_) return;
  probe_ = make_();
  probe_->ask([this](const std::optional<std::string>& problem) { on_response(problem); });
}

void SharedProbe::cancel_unless_awaited() {
  if (!askers_.empty() || !probe_) return;
  probe_->cancel();
  loop_.retire(std::move(probe_));
}

// Asking from inside one of these calls begins a new question.
void SharedProbe::on_response(const std::optional<std::string>& problem) {
  loop_.retire(std::move(probe_));
  askers_.take_all([&problem](Asker& asker) { asker.finish(problem); });
}

}  // namespace watchdog
