#include "modes/fastcgi/fastcgi_records.h"

#include <algorithm>

namespace watchdog::fastcgi {

namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kResponder = 1;

char byte(size_t value) {
  return static_cast<char>(static_cast<unsigned char>(value));
}

uint8_t at(std::string_view bytes, size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

uint16_t two_bytes(std::string_view bytes, size_t index) {
  return static_cast<uint16_t>(at(bytes, index) << 8 | at(bytes, index + 1));
}

// 3.4: one byte up to 127, else four with the highest bit set.
constexpr size_t kMostInOneByte = 127;

size_t length_size(size_t length) {
  return length > kMostInOneByte ? 4 : 1;
}

void append_length(std::string& out, size_t length) {
  if (length > kMostInOneByte) {
    out += byte(length >> 24 | 0x80);
    out += byte(length >> 16);
    out += byte(length >> 8);
  }
  out += byte(length);
}

}  // namespace

Header parse_header(std::string_view bytes) {
  return {.version = at(bytes, 0),
          .type = at(bytes, 1),
          .request_id = two_bytes(bytes, 2),
          .content_length = two_bytes(bytes, 4),
          .padding_length = at(bytes, 6)};
}

void append_header(std::string& out, Type type, uint16_t request_id, size_t content_length) {
  const std::array<char, kHeaderSize> header = {byte(kVersion),
                                                byte(static_cast<size_t>(type)),
                                                byte(request_id >> 8),
                                                byte(request_id),
                                                byte(content_length >> 8),
                                                byte(content_length),
                                                0,
                                                0};
  out.append(header.data(), header.size());
}

void append_begin_request(std::string& out, uint16_t request_id, AfterRequest after) {
  append_header(out, Type::kBeginRequest, request_id, 8);
  const std::array<char, 8> body = {0, kResponder, static_cast<char>(after), 0, 0, 0, 0, 0};
  out.append(body.data(), body.size());
}

std::string abort_request(uint16_t request_id) {
  std::string record;
  append_header(record, Type::kAbortRequest, request_id, 0);
  return record;
}

ParamsWriter::ParamsWriter(std::string& out, uint16_t request_id)
    : out_(out), request_id_(request_id) {
  start_record();
}

void ParamsWriter::add(std::string_view name, std::string_view value) {
  const size_t size =
      length_size(name.size()) + length_size(value.size()) + name.size() + value.size();
  if (size > kMostContent) {
    if (too_large_.empty()) too_large_ = name;
    return;
  }
  if (out_.size() - record_start_ - kHeaderSize + size > kMostContent) {
    finish_record();
    start_record();
  }
  append_length(out_, name.size());
  append_length(out_, value.size());
  out_.append(name).append(value);
}

void ParamsWriter::start_record() {
  record_start_ = out_.size();
  append_header(out_, Type::kParams, request_id_, 0);
}

void ParamsWriter::finish_record() {
  const size_t content = out_.size() - record_start_ - kHeaderSize;
  out_[record_start_ + 4] = byte(content >> 8);
  out_[record_start_ + 5] = byte(content);
}

void ParamsWriter::end() {
  finish_record();
  append_header(out_, Type::kParams, request_id_, 0);  // an empty record ends the stream
}

}  // namespace watchdog::fastcgi
