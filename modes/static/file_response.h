#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/range.h"
#include "modes/static/compression.h"
#include "modes/static/file.h"
#include "modes/static/promised_bytes.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// A stretch of a file, and what is sent before it.
struct Part {
  std::string preamble{};
  ByteRange range{};
};

// Sends parts of one file as the client takes them: an open file straight from the kernel, a file
// in memory a slice at a time. A file that is overwritten meanwhile is cut short, never mixed; one
// that is appended to is sent as it was promised.
class FileResponse final : public Invocation {
 public:
  FileResponse(Exchange& exchange, FilePointer file, std::vector<Part> parts);

  // Call once, when the head is out.
  void send_more();

  void on_body(std::string_view) override {}
  void on_body_end() override {}
  void on_response_drained() override { send_more(); }
  void on_stopping() override {}

 private:
  // Whether all of it has been taken, so that more may follow at once.
  bool send_part(Part& part);
  bool send_from_memory(ByteRange& range);
  bool send_from_file(ByteRange& range);

  Exchange& exchange_;
  FilePointer file_;
  std::vector<Part> parts_;
  std::optional<PromisedBytes> promised_;  // of a file that is open
  size_t next_ = 0;
};

// Sends the parts behind a head that is out, none of them to HEAD. Returns null when that is done.
std::unique_ptr<Invocation> send_parts(Exchange& exchange, FilePointer file,
                                       std::vector<Part> parts);

// Waits for a file to be compressed, and then is whatever answers with it.
class CompressedResponse final : public Invocation {
 public:
  // Answers with the compressed file, or with null: as it is. May return null when that is done.
  using Answer = std::function<std::unique_ptr<Invocation>(FilePointer compressed)>;

  CompressedResponse(Exchange& exchange, Answer answer)
      : exchange_(exchange), answer_(std::move(answer)) {}

  // Call once.
  void wait(Compressor& compressor, const std::string& name, FilePointer source);

  void on_body(std::string_view) override {}
  void on_body_end() override {}
  void on_response_drained() override {
    if (response_) response_->on_response_drained();
  }
  void on_stopping() override {}

 private:
  Exchange& exchange_;
  Answer answer_;
  std::unique_ptr<CompressionWait> wait_;
  std::unique_ptr<Invocation> response_;
};

}  // namespace watchdog
