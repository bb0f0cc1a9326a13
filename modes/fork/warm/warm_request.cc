#include "modes/fork/warm/warm_request.h"

#include "modes/fork/warm/template_process.h"

namespace watchdog {

WarmRequest::~WarmRequest() {
  if (waits_for_ != nullptr) waits_for_->forget(*this);
}

}  // namespace watchdog
