#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "modes/gateway/cgi_response_reader.h"

namespace watchdog {

// What a reader of answers says of bytes that come in these pieces, one line an event; pieces of
// the body are joined, so that however the bytes are cut, the transcript is the same.
class CgiTranscript {
 public:
  void add_head(const UpstreamResponse& head, bool headless, std::string_view local_redirect) {
    text_ += fmt::format("{} {}\n", head.status, head.reason);
    for (const Field& field : head.fields)
      text_ += fmt::format("{}: {}\n", field.name, field.value);
    if (head.content_length) text_ += fmt::format("length {}\n", *head.content_length);
    if (!head.file_field.value.empty())
      text_ += fmt::format("file {}: {}\n", head.file_field.name, head.file_field.value);
    if (headless) text_ += "headless\n";
    if (!local_redirect.empty()) text_ += fmt::format("local {}\n", local_redirect);
  }
  void add_body(std::string_view bytes) { body_ += bytes; }
  void add_end(std::string_view how) { text_ += fmt::format("body {}\n{}\n", body_, how); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string body_;
};

inline std::string cgi_transcript(const std::vector<std::string_view>& pieces,
                                  CgiResponseReader::Head kind = CgiResponseReader::Head::kRequired,
                                  std::string_view method = "GET") {
  CgiResponseReader reader(kind);
  reader.expect(method);
  CgiTranscript transcript;
  // Whether there is more to come of what has been fed.
  const auto note = [&](ReadEvent event) {
    if (event == ReadEvent::kHead) {
      transcript.add_head(reader.response(), reader.headless(), reader.local_redirect());
    } else if (event == ReadEvent::kBody) {
      transcript.add_body(reader.body());
    } else if (event == ReadEvent::kEnd) {
      transcript.add_end("end");
    } else if (event == ReadEvent::kError) {
      transcript.add_end("refused: " + reader.problem());
    }
    return event == ReadEvent::kHead || event == ReadEvent::kBody;
  };
  for (const std::string_view piece : pieces) {
    reader.feed(piece);
    ReadEvent event = reader.next();
    while (note(event)) event = reader.next();
    if (event == ReadEvent::kError) return transcript.text();
  }
  while (note(reader.finish())) {
  }
  return transcript.text();
}

}  // namespace watchdog
