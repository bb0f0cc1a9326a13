#include "server/response_writer.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "http/date.h"

namespace watchdog {

namespace {

constexpr std::string_view kProtocol = "HTTP/1.1 ";  // every head begins with it
constexpr std::string_view kLastChunk = "0\r\n";

void append_fields(std::string& out, const Fields& fields) {
  for (const Field& field : fields) append_field(out, field.name, field.value);
}

}  // namespace

void ResponseWriter::start(const RequestHead& request) {
  now_ = {.to_head_request = request.method == "HEAD",
          .takes_chunks = request.minor_version >= 1,
          .keep_alive = request.keep_alive};
}

void ResponseWriter::interim(const ResponseHead& head) {
  if (!now_.takes_chunks) return;
  std::string text;
  append_status_line(text, head.status, head.reason);
  append_fields(text, head.fields);
  text += "\r\n";
  send_lines(text);
}

BodyFraming ResponseWriter::framing_of(const ResponseHead& head) const {
  if (!response_has_body(now_.to_head_request ? "HEAD" : "GET", head.status)) {
    return BodyFraming::kNone;
  }
  if (head.content_length) return BodyFraming::kSized;
  return now_.takes_chunks ? BodyFraming::kChunked : BodyFraming::kUntilClose;
}

void ResponseWriter::head(const ResponseHead& head, Duration elapsed) {
  now_.framing = framing_of(head);
  now_.status = head.status;
  if (!end_is_visible()) now_.keep_alive = false;

  std::string text;
  text.reserve(256);
  append_status_line(text, head.status, head.reason);
  if (!head.forwarded || head.fields.find("date") == nullptr) {
    append_field(text, "Date", http_date());
  }
  append_fields(text, head.fields);
  if (head.timed) {
    append_seconds(text.append("X-Duration-Seconds: "), elapsed, 6);
    text += "\r\n";
  }
  const bool length_allowed = head.status >= 200 && head.status != 204 && head.status != 304;
  if (head.content_length && length_allowed && !head.forwarded) {
    append_number(text.append("Content-Length: "), *head.content_length);
    text += "\r\n";
  } else if (now_.framing == BodyFraming::kChunked) {
    append_field(text, "Transfer-Encoding", "chunked");
  }
  if (!now_.keep_alive) {
    append_field(text, "Connection", "close");
  } else if (!now_.takes_chunks) {
    append_field(text, "Connection", "keep-alive");
  }
  text += "\r\n";
  send_lines(text);
}

void ResponseWriter::upgrade(const ResponseHead& head, std::string_view protocol) {
  now_.framing = BodyFraming::kUntilClose;
  now_.status = head.status;
  now_.keep_alive = false;
  std::string text;
  append_status_line(text, head.status, head.reason);
  append_fields(text, head.fields);
  append_field(text, "Connection", "Upgrade");
  append_field(text, "Upgrade", protocol);
  text += "\r\n";
  send_lines(text);
}

void ResponseWriter::send_lines(std::string_view head) {
  if (std::exchange(now_.protocol_sent, false)) head.remove_prefix(kProtocol.size());
  client_.send({head});
}

void ResponseWriter::write(std::string_view bytes) {
  if (bytes.empty() || now_.framing == BodyFraming::kNone) return;
  now_.body_bytes += bytes.size();
  if (now_.framing == BodyFraming::kChunked) {
    std::string size;
    append_chunk_header(size, bytes.size());
    client_.send({size, bytes, "\r\n"});
  } else {
    client_.send({bytes});
  }
}

FileSent ResponseWriter::send_file(int file, uint64_t offset, uint64_t size) {
  if (now_.framing == BodyFraming::kNone) return {.bytes = size};
  const FileSent sent = client_.send_file(file, offset, size);
  now_.body_bytes += sent.bytes;
  return sent;
}

void ResponseWriter::end(std::string_view trailers) {
  if (now_.framing == BodyFraming::kChunked) client_.send({kLastChunk, trailers, "\r\n"});
}

void ResponseWriter::sound_out() {
  if (std::exchange(now_.sounded_out, true)) return;
  if (!begun()) {
    now_.protocol_sent = true;
    client_.send({kProtocol});
  } else if (now_.framing == BodyFraming::kChunked) {
    client_.send({"0"});  // the next chunk's size may begin with it (RFC 9112 7.1)
  }
}

}  // namespace watchdog
