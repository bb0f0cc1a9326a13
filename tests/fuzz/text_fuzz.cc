#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/line_splitter.h"
#include "base/text.h"

using namespace watchdog;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto duration = parse_duration(text);
  if (duration && *duration < Duration::zero()) std::abort();
  if (duration) format_duration(*duration);
  parse_size(text).ok();
  parse_integer(text, -5, 5).ok();
  const auto words = split_command(text);
  if (words && words->empty()) std::abort();
  const auto decoded = percent_decode(text);
  if (decoded && decoded->find('\0') != std::string::npos) std::abort();
  if (base64(text).size() != (size + 2) / 3 * 4) std::abort();
  return 0;
}
