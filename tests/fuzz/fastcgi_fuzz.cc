#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/modes/fastcgi/fastcgi_transcript.h"

// However the bytes of a FastCGI server are cut into pieces, a Reader says the same of them.

namespace {

using namespace watchdog;

std::vector<std::string_view> in_pieces_of(size_t size, std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < bytes.size(); at += size) pieces.push_back(bytes.substr(at, size));
  return pieces;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* method : {"GET", "HEAD"}) {
    const std::string whole = fastcgi_transcript({bytes}, method);
    for (const size_t piece : {1, 3, 17}) {
      if (fastcgi_transcript(in_pieces_of(piece, bytes), method) == whole) continue;
      std::fprintf(stderr, "broken: pieces of %zu are the same as the whole\n", piece);
      std::abort();
    }
  }
  return 0;
}
