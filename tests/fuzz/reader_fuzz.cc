#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/reader.h"

using namespace watchdog;

namespace {

// Everything that a Reader says of these bytes, fed in pieces of at most `most`.
std::string read(std::string_view bytes, size_t most) {
  Reader reader;
  std::string said;
  while (!bytes.empty()) {
    const std::string piece(bytes.substr(0, most));
    bytes.remove_prefix(piece.size());
    reader.feed(piece);
    for (;;) {
      const Reader::Event event = reader.next();
      if (event == Reader::Event::kNeedMore) break;
      if (event == Reader::Event::kError) return said + "E" + std::to_string(reader.error().status);
      if (event == Reader::Event::kHead) {
        said.append("H").append(reader.request().method).append(reader.request().target);
        for (const Field& field : reader.request().fields)
          said.append(field.name).append(field.value);
      }
      if (event == Reader::Event::kBody) said.append(reader.body());
      if (event == Reader::Event::kEnd) said += ".";
    }
    if (reader.consumed() != piece.size()) std::abort();
  }
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = read(bytes, SIZE_MAX);
  if (read(bytes, 1) != whole || read(bytes, 7) != whole) std::abort();
  return 0;
}
