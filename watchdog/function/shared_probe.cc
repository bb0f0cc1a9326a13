#include "function/shared_probe.h"

#include <utility>

namespace watchdog {

class SharedProbe::Asker final : public ReadinessProbe {
 public:
  explicit Asker(SharedProbe& shared) : shared_(shared) {}
  ~Asker() override { shared_.cancel(*this); }

  void ask(OnResponse on_response) override {
    cancel();
    on_response_ = std::move(on_response);
    shared_.ask(*this);
  }
  void cancel() override { shared_.cancel(*this); }

  void answer(const std::optional<std::string>& problem) {
    std::exchange(on_response_, nullptr)(problem);
  }

 private:
  SharedProbe& shared_;
  OnResponse on_response_;
};

std::unique_ptr<ReadinessProbe> SharedProbe::asker() {
  return std::make_unique<Asker>(*this);
}

void SharedProbe::ask(Asker& asker) {
  askers_.push_back(&asker);
  if (probe_) return;
  probe_ = make_();
  probe_->ask([this](const std::optional<std::string>& problem) { answer(problem); });
}

void SharedProbe::cancel(Asker& asker) {
  if (askers_.remove(&asker) == 0 || !askers_.empty() || !probe_) return;
  probe_->cancel();
  loop_.retire(std::move(probe_));
}

void SharedProbe::answer(const std::optional<std::string>& problem) {
  loop_.retire(std::move(probe_));
  // Whoever asks from inside one of these calls begins a question of its own.
  for (size_t left = askers_.size(); left > 0 && !askers_.empty(); --left) {
    Asker* const asker = askers_.front();
    askers_.pop_front();
    asker->answer(problem);
  }
}

}  // namespace watchdog
