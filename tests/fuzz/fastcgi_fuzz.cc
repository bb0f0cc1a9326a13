#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_reader.h"
#include "modes/fastcgi/fastcgi_records.h"
#include "modes/gateway/cgi_variables.h"
#include "tests/unit/modes/fastcgi/fastcgi_transcript.h"

// However the bytes of a FastCGI server are cut into pieces, a FastcgiResponseReader says the same of them. And
// whatever a client asks, each record of its variables is understood by itself.

namespace {

using namespace watchdog;

std::vector<std::string_view> in_pieces_of(size_t size, std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < bytes.size(); at += size) pieces.push_back(bytes.substr(at, size));
  return pieces;
}

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

size_t take_length(std::string_view& bytes) {
  const auto at = [&bytes](size_t i) {
    must(i < bytes.size(), "a length is whole");
    return static_cast<size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const bool is_short = at(0) < 128;
  const size_t length = is_short ? at(0) : (at(0) & 0x7f) << 24 | at(1) << 16 | at(2) << 8 | at(3);
  bytes.remove_prefix(is_short ? 1 : 4);
  return length;
}

void check_variables(std::string_view bytes) {
  RequestReader reader;
  reader.feed(bytes);
  if (reader.next() != ReadEvent::kHead) return;
  const Script script{"/index.php", "/srv/index.php", "/a"};
  std::string out;
  fastcgi::ParamsWriter params(out, 1);
  const PeerAddress peer;
  add_cgi_variables(
      params,
      {.request = reader.request(), .script = script, .peer = peer, .document_root = "/srv"});
  params.end();
  std::string_view records = out;
  while (!records.empty()) {
    must(records.size() >= fastcgi::kHeaderSize, "a record has a header");
    const fastcgi::Header header = fastcgi::parse_header(records);
    records.remove_prefix(fastcgi::kHeaderSize);
    must(records.size() >= header.content_length, "a record is whole");
    std::string_view content = records.substr(0, header.content_length);
    records.remove_prefix(header.content_length);
    while (!content.empty()) {
      const size_t name = take_length(content);
      const size_t value = take_length(content);
      must(name > 0 && name + value <= content.size(), "a variable lies in one record");
      content.remove_prefix(name + value);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_variables(bytes);
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
