#pragma once

#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace watchdog {

// Compresses bytes into the gzip format (RFC 1952). Equal input gives equal output.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // Compresses `bytes`, the last ones where `last` is true, and appends the output that is ready to
  // `out`. Returns false when memory has run out.
  bool compress(std::string_view bytes, bool last, std::string& out);

 private:
  std::unique_ptr<z_stream_s> stream_;
  bool ok_ = false;
};

}  // namespace watchdog
