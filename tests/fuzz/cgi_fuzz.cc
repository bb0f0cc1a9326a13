#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/modes/gateway/cgi_transcript.h"

// However what a program prints is cut into pieces, a CgiResponseReader says the same of it, no control
// character of its head gets through, a head that was mended needs no mending, and a redirect that we
// follow ourselves is one field that names a path.

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

// The head printed again as it was understood.
void check_mended(const UpstreamResponse& head) {
  if (head.fields.size() == CgiResponseReader::kMaxFields) return;  // Status would be one too many
  std::string again = "Status: " + std::to_string(head.status) + "\n";
  for (const Field& field : head.fields) append_field(again, field.name, field.value);
  again += "\n";
  CgiResponseReader reader;
  reader.expect("GET");
  reader.feed(again);
  must(reader.next() == ReadEvent::kHead, "a mended head is a head");
  must(reader.response().repaired.empty(), "a mended head needs no mending");
  must(reader.response().fields.size() == head.fields.size(), "a mended head keeps its fields");
}

void check_head(std::string_view printed) {
  CgiResponseReader reader;
  reader.expect("GET");
  reader.feed(printed);
  if (reader.next() != ReadEvent::kHead) return;
  const UpstreamResponse& head = reader.response();
  must(head.status >= 200 && head.status <= 599, "a status is one");
  for (const Field& field : head.fields) {
    must(field.name.find_first_of(std::string_view("\r\n\0: ", 5)) == std::string_view::npos,
         "names are names");
    for (const char c : field.value) {
      must(c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f), "values are text");
    }
  }
  if (!reader.local_redirect().empty()) {
    must(head.fields.size() == 1 && reader.local_redirect().front() == '/', "a local redirect");
    must(reader.local_redirect().find('#') == std::string_view::npos, "fragments are the client's");
  }
  check_mended(head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_head(bytes);
  for (const auto kind : {CgiResponseReader::Head::kRequired, CgiResponseReader::Head::kOptional}) {
    for (const char* method : {"GET", "HEAD"}) {
      const std::string whole = cgi_transcript({bytes}, kind, method);
      for (const size_t piece : {1, 3, 17}) {
        must(cgi_transcript(in_pieces_of(piece, bytes), kind, method) == whole,
             "pieces are the same as the whole");
      }
    }
  }
  return 0;
}
