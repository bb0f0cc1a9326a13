#include "modes/static/gzip.h"

#include <zlib.h>

#include <array>

namespace watchdog {

namespace {

constexpr int kLevel = 6;
constexpr int kWindowAndGzip = 15 + 16;  // the largest window, gzip's header
constexpr int kMemoryLevel = 8;          // 256 KB while it lives

}  // namespace

Gzip::Gzip() : stream_(std::make_unique<z_stream_s>()) {
  ok_ = deflateInit2(stream_.get(), kLevel, Z_DEFLATED, kWindowAndGzip, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) == Z_OK;
}

Gzip::~Gzip() {
  if (ok_) deflateEnd(stream_.get());
}

bool Gzip::compress(std::string_view bytes, bool last, std::string& out) {
  if (!ok_) return false;
  std::array<char, 16 * 1024> space;
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_->avail_in = static_cast<uInt>(bytes.size());
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(space.data());
    stream_->avail_out = static_cast<uInt>(space.size());
    if (deflate(stream_.get(), last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR) return false;
    out.append(space.data(), space.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
  return true;
}

}  // namespace watchdog
