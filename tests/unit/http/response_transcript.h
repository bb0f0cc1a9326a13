#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/http_response_reader.h"

namespace watchdog {

// What a HttpResponseReader says to these pieces, as transcript.h does for requests; then whether the
// end of the connection would be the proper end of the message.
inline std::string response_transcript(std::string_view method,
                                       const std::vector<std::string_view>& pieces) {
  HttpResponseReader reader;
  reader.expect(method);
  std::string text;
  std::string body;
  for (const std::string_view piece : pieces) {
    const std::vector<char> bytes(piece.begin(), piece.end());  // gone before the next piece
    reader.feed({bytes.data(), bytes.size()});
    for (auto event = reader.next(); event != ReadEvent::kNeedMore; event = reader.next()) {
      const UpstreamResponse& head = reader.response();
      if (event == ReadEvent::kBody) {
        body += reader.body();
        continue;
      }
      if (!body.empty()) text += "body " + body + "\n";
      body.clear();
      if (event == ReadEvent::kEnd) {
        text.append("end ").append(reader.trailers()).append("\n");
      } else if (event == ReadEvent::kError) {
        return text.append("refused: ").append(reader.error().reason);
      } else {
        text += std::to_string(head.status);
        text.append(" ").append(head.reason).append(head.keep_alive ? " keep" : " close");
        if (head.framing == BodyFraming::kChunked) text += " chunked";
        if (head.framing == BodyFraming::kUntilClose) text += " until close";
        if (head.content_length) text += " length " + std::to_string(*head.content_length);
        text += "\n";
        for (const Field& field : head.fields) {
          text.append("  ").append(field.name).append("=").append(field.value).append("\n");
        }
      }
    }
  }
  if (!body.empty()) text += "body " + body + "\n";
  return text + (reader.ends_with_connection() ? "ends here" : "goes on");
}

}  // namespace watchdog
