#pragma once

#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace watchdog {

// Compresses bytes into gzip's format (RFC 1952), the same bytes for the same input.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // Appends what is ready to `out`; `last`: these bytes are the last ones. False: out of memory.
  bool compress(std::string_view bytes, bool last, std::string& out);

 private:
  std::unique_ptr<z_stream_s> stream_;
  bool ok_ = false;
};

}  // namespace watchdog
