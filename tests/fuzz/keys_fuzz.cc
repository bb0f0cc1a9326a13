#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/json_object.h"
#include "auth/key_set.h"

// Whatever an issuer's server sends, or a file has: no crash, no key that cannot be found again, and no
// key that takes a signature of nothing.

namespace {

using namespace watchdog;

void require(bool holds) {
  if (!holds) std::abort();
}

// A text that was understood is written, and understood again, in one way.
void check_json(std::string_view text) {
  const auto parsed = parse_json_object(text);
  if (!parsed) {
    require(!parsed.error().empty());
    return;
  }
  const std::string written = parsed->dump();
  const auto again = parse_json_object(written);
  require(again.ok() && again->dump() == written);
}

void check_keys(std::string_view text) {
  const auto keys = KeySet::parse(text);
  if (!keys) {
    require(!keys.error().empty());
    return;
  }
  require(keys->size() > 0 && keys->size() + keys->skipped() <= KeySet::kMostKeys);
  for (const std::string_view kid : {"a", "b", "rsa", "ec"}) {
    for (const Algorithm algorithm : {Algorithm::kRs256, Algorithm::kEs256}) {
      const PublicKey* const key = keys->find(kid, algorithm);
      if (key == nullptr) continue;
      require(keys->has(kid) && key->algorithm() == algorithm);
      for (const size_t size : {size_t{0}, size_t{64}, size_t{256}, size_t{512}}) {
        require(!key->verifies("text", std::string(size, '\0')));
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_json(text);
  check_keys(text);
  return 0;
}
