#include "modes/static/gzip.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <string>
#include <string_view>

using namespace watchdog;

namespace {

std::string compressed(std::string_view text, size_t slice) {
  Gzip gzip;
  std::string out;
  for (size_t at = 0; at < text.size(); at += slice) {
    const bool last = at + slice >= text.size();
    REQUIRE(gzip.compress(text.substr(at, slice), last, out));
  }
  return out;
}

std::string decompressed(std::string_view bytes, size_t most) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(most, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string text_of(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i) + " words ";
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("what was compressed comes back, in however many slices it went in") {
  for (const size_t size : {size_t{1}, size_t{100}, size_t{200'000}}) {
    const std::string text = text_of(size);
    for (const size_t slice : {size_t{7}, size_t{4096}, size}) {
      if (size / slice > 50'000) continue;
      CAPTURE(size);
      CAPTURE(slice);
      CHECK(decompressed(compressed(text, slice), size + 1) == text);
    }
  }
}

TEST_CASE("text becomes smaller") {
  CHECK(compressed(text_of(200'000), 32768).size() < 100'000);
}

TEST_CASE("the same input gives the same bytes") {
  CHECK(compressed(text_of(50'000), 32768) == compressed(text_of(50'000), 32768));
}
