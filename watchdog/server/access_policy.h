#pragma once

#include "auth/access_control.h"
#include "base/result.h"
#include "config/config.h"

namespace watchdog {

// What the configuration, and for jwt_auth the names that OpenFaaS gives to a function, ask of
// callers. The error, one line, says what stands in the way on this machine: a file that cannot be
// read, or a name that is missing. For a configuration without errors.
Result<AccessPolicy> access_policy(const Config& config);

}  // namespace watchdog
