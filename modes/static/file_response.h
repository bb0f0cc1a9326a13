#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modes/static/compression.h"
#include "modes/static/file.h"
#include "modes/static/plan.h"
#include "modes/static/promised_bytes.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// Sends parts of one file as the client takes them: an open file by sendfile(2), a file in memory a
// slice at a time. When the file is overwritten meanwhile, the response is cut short, never mixed;
// when it is appended to, the promised bytes are sent.
class FileResponse final : public Invocation {
 public:
  // Sends as much as the client takes at once. The head has been sent.
  FileResponse(Exchange& exchange, FilePointer file, std::vector<Part> parts);

  void on_body(std::string_view) override {}
  void on_body_end() override {}
  void on_response_drained() override { send_more(); }
  void on_stopping() override {}

 private:
  void send_more();
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

// Sends a response. Returns null when all of it has been sent.
std::unique_ptr<Invocation> send(Exchange& exchange, Plan plan);

// Waits for a file to be compressed, then hands over to the response that sends it.
class CompressedResponse final : public Invocation {
 public:
  // Sends the compressed file; for null the file as it is. Returns null when all has been sent.
  using Respond = std::function<std::unique_ptr<Invocation>(FilePointer compressed)>;

  // Only where compressor.can_compress() is true.
  CompressedResponse(Compressor& compressor, const std::string& name, FilePointer source,
                     Respond respond);

  void on_body(std::string_view) override {}
  void on_body_end() override {}
  void on_response_drained() override {
    if (response_) response_->on_response_drained();
  }
  void on_stopping() override {}

 private:
  Respond respond_;
  std::unique_ptr<CompressionWait> wait_;
  std::unique_ptr<Invocation> response_;
};

}  // namespace watchdog
