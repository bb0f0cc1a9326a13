#include "modes/static/file_response.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace watchdog {

namespace {

constexpr uint64_t kBytesPerTurn = 64 * 1024;

// From the first byte that the parts hold to the last.
ByteRange span_of(const std::vector<Part>& parts) {
  uint64_t first = UINT64_MAX;
  uint64_t end = 0;
  for (const Part& part : parts) {
    if (part.range.size == 0) continue;
    first = std::min(first, part.range.first);
    end = std::max(end, part.range.first + part.range.size);
  }
  return {first, end - first};
}

}  // namespace

FileResponse::FileResponse(Exchange& exchange, FilePointer file, std::vector<Part> parts)
    : exchange_(exchange), file_(std::move(file)), parts_(std::move(parts)) {
  if (file_->descriptor) promised_.emplace(file_, span_of(parts_));
  send_more();
}

void FileResponse::send_more() {
  while (next_ < parts_.size()) {
    if (!send_part(parts_[next_])) return;
    ++next_;
  }
  exchange_.end();
}

bool FileResponse::send_part(Part& part) {
  if (!part.preamble.empty()) exchange_.write(std::exchange(part.preamble, {}));
  while (part.range.size > 0) {
    const bool goes_on =
        file_->descriptor ? send_from_file(part.range) : send_from_memory(part.range);
    if (!goes_on) return false;
  }
  return true;
}

bool FileResponse::send_from_memory(ByteRange& range) {
  const uint64_t size = std::min(range.size, kBytesPerTurn);
  exchange_.write(std::string_view(file_->content).substr(range.first, size));
  range.first += size;
  range.size -= size;
  return range.size == 0 || !exchange_.response_unsent();
}

bool FileResponse::send_from_file(ByteRange& range) {
  if (!promised_->intact()) {
    exchange_.fail(Failure::kFileFailed, "the file was changed while it was sent");
    return false;
  }
  // Once the client has seen the head the file may be appended to.
  constexpr uint64_t kLeavesAtOnce = 64 * 1024;
  if (range.size > kLeavesAtOnce) promised_->before_waiting();
  const auto sent = exchange_.send_file(file_->descriptor.get(), range.first, range.size);
  range.first += sent.bytes;
  range.size -= sent.bytes;
  if (sent.error == 0) {
    if (range.size > 0) promised_->before_waiting();
    return range.size == 0;
  }
  exchange_.fail(Failure::kFileFailed, sent.error == ENODATA
                                           ? "the file was cut short while it was sent"
                                           : strerror(sent.error));
  return false;
}

std::unique_ptr<Invocation> send(Exchange& exchange, Plan plan) {
  exchange.head(plan.head);
  const FilePointer& file = plan.file;
  const bool one_write =
      file && !file->descriptor && file->size() <= File::kMostInMemory && plan.parts.size() == 1;
  if (file && !one_write) {
    return std::make_unique<FileResponse>(exchange, std::move(plan.file), std::move(plan.parts));
  }
  if (file) {
    const ByteRange& range = plan.parts[0].range;
    exchange.write(std::string_view(file->content).substr(range.first, range.size));
  } else if (!plan.text.empty()) {
    exchange.write(plan.text);
  }
  exchange.end();
  return nullptr;
}

CompressedResponse::CompressedResponse(Compressor& compressor, const std::string& name,
                                       FilePointer source, Respond respond)
    : respond_(std::move(respond)),
      wait_(compressor.compress(name, std::move(source), [this](FilePointer compressed) {
        response_ = respond_(std::move(compressed));
      })) {}

}  // namespace watchdog
