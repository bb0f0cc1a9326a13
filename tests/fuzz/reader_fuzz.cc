#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "tests/unit/http/transcript.h"

// However bytes are cut into pieces, a RequestReader says the same of them, and the fields of a head are
// those that a plain split of its lines gives.

namespace {

using namespace watchdog;

void require(bool held, const char* promise) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

std::vector<std::string_view> in_random_pieces(std::string_view bytes) {
  uint32_t state = 2166136261U;
  for (const char c : bytes) state = (state ^ static_cast<unsigned char>(c)) * 16777619U;
  std::vector<std::string_view> pieces;
  while (!bytes.empty()) {
    state = state * 1664525U + 1013904223U;
    const size_t size = 1 + (state >> 16) % 40;
    pieces.push_back(bytes.substr(0, size));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

// The first head in the bytes, which the reader has accepted, against a split of its lines.
void check_first_head(std::string_view bytes) {
  RequestReader reader;
  reader.feed(bytes);
  if (reader.next() != RequestReader::Event::kHead) return;
  const RequestHead& head = reader.request();
  std::string_view text = bytes.substr(0, reader.consumed());
  while (text.starts_with("\r\n")) text.remove_prefix(2);
  const auto next_line = [&text] {
    const size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    return line;
  };
  std::string request_line(head.method);
  request_line.append(" ").append(head.target);
  request_line.append(head.minor_version == 1 ? " HTTP/1.1" : " HTTP/1.0");
  std::string first_line(next_line());
  if (!first_line.ends_with('0')) first_line.back() = '1';  // HTTP/1.2 is served as 1.1
  require(first_line == request_line, "the request line is taken apart rightly");
  const bool absolute = !head.target.starts_with('/') && head.target != "*";
  for (const Field& field : head.fields) {
    if (absolute && text == "\r\n") break;  // Host, which was not there
    const std::string_view line = next_line();
    const size_t colon = line.find(':');
    require(field.name == line.substr(0, colon), "a name is what stands before the colon");
    const bool is_host = absolute && equals_ignoring_case(field.name, "host");
    require(field.value == (is_host ? head.authority() : trim(line.substr(colon + 1))),
            "a value is what stands after it");
  }
  if (absolute) require(head.fields.find("host") != nullptr, "an absolute target names the host");
  require(text == "\r\n", "the head ends with an empty line");
  const bool chunked = head.framing == BodyFraming::kChunked;
  require((head.fields.find("transfer-encoding") != nullptr) == chunked, "chunked says so");
  require(!chunked || head.fields.find("content-length") == nullptr, "there is one framing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_first_head(bytes);
  const std::string whole = transcript({bytes});
  require(transcript(in_pieces_of(1, bytes)) == whole, "byte by byte is the same as whole");
  require(transcript(in_random_pieces(bytes)) == whole, "pieces are the same as the whole");
  return 0;
}
