#pragma once

#include <algorithm>
#include <string>

#include "server/response_writer.h"

namespace watchdog {

// A client that keeps what it is sent. The current second of Date is replaced by "now".
class FakeClient final : public ResponseWriter::Client {
 public:
  void send(std::initializer_list<std::string_view> pieces) override {
    ++sends;
    for (const std::string_view piece : pieces) received += piece;
  }
  FileSent send_file(int file, uint64_t offset, uint64_t size) override {
    const uint64_t bytes = std::min(size, takes_of_file);
    received += "<" + std::to_string(bytes) + " bytes of " + std::to_string(file) + " from " +
                std::to_string(offset) + ">";
    return {.bytes = bytes};
  }
  // What was received since the last call.
  std::string take() {
    std::string text = std::move(received);
    received.clear();
    constexpr std::string_view kDate = "Date: ";
    constexpr size_t kSize = std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size();
    const size_t at = text.find(kDate);
    if (at != std::string::npos && text.substr(at + kDate.size() + kSize - 3, 3) == "GMT") {
      text.replace(at + kDate.size(), kSize, "now");
    }
    return text;
  }

  std::string received;
  int sends = 0;
  uint64_t takes_of_file = UINT64_MAX;
};

}  // namespace watchdog
