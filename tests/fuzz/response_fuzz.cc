#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/forward.h"
#include "tests/unit/http/response_transcript.h"

// However the bytes of a server are cut into pieces, a HttpResponseReader says the same of them; and what
// it has mended and is passed on needs no mending by the next.

namespace {

using namespace watchdog;

std::vector<std::string_view> in_pieces_of(size_t size, std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < bytes.size(); at += size) pieces.push_back(bytes.substr(at, size));
  return pieces;
}

void require(bool held, const char* promise) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

// The first answer in the bytes as it is passed on, to be read again.
void check_passed_on(std::string_view bytes, const char* method) {
  HttpResponseReader reader;
  reader.expect(method);
  reader.feed(bytes);
  if (reader.next() != ReadEvent::kHead) return;
  const UpstreamResponse& head = reader.response();
  Fields fields;
  forward_fields(head, fields);
  std::string text;
  append_status_line(text, head.status, head.reason);
  for (const Field& field : fields) append_field(text, field.name, field.value);
  if (head.framing == BodyFraming::kChunked) append_field(text, "Transfer-Encoding", "chunked");
  text += "\r\n";
  HttpResponseReader next;
  next.expect(method);
  next.feed(text);
  require(next.next() == ReadEvent::kHead, "what is passed on is an answer");
  require(next.consumed() == text.size(), "its head is all of it");
  require(next.response().repaired.empty(), "and needs no mending");
  require(next.response().status == head.status, "its status is the same");
  require(next.response().framing == head.framing, "it ends in the same way");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* method : {"GET", "HEAD"}) {
    check_passed_on(bytes, method);
    const std::string whole = response_transcript(method, {bytes});
    for (const size_t piece : {1, 3, 17}) {
      require(response_transcript(method, in_pieces_of(piece, bytes)) == whole,
              "pieces are the same as the whole");
    }
  }
  return 0;
}
