#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "modes/fork/preload/control.h"

// The messages that a program with the preload library takes: none may crash it or have it read
// beyond the message, and what is taken has whole variables, as many as it says. The first byte is
// the number of descriptors.

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const int descriptors = data[0];
  // A copy of its own size, so that the sanitizer sees its end.
  const size_t length = size - 1;
  char* const message = static_cast<char*>(std::malloc(length + (length == 0)));
  std::memcpy(message, data + 1, length);
  warm_request request{};
  if (warm_parse_request(message, length, descriptors, &request) == 0 &&
      request.variables != nullptr) {
    const char* at = request.variables;
    for (uint32_t i = 0; i < request.header.count; ++i) {
      const std::string_view entry = at;
      require(entry.find('=') != 0 && entry.find('=') != std::string_view::npos);
      at += entry.size() + 1;
    }
    require(at == message + length);
  }
  static_cast<void>(warm_are_variables(message, length, static_cast<uint32_t>(descriptors)));
  std::free(message);
  return 0;
}
