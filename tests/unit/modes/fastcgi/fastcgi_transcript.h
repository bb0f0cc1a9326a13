#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modes/fastcgi/fastcgi_records.h"
#include "modes/fastcgi/fastcgi_response_reader.h"
#include "tests/unit/modes/gateway/cgi_transcript.h"

namespace watchdog {

// What the reader says of a server's bytes that come in these pieces.
inline std::string fastcgi_transcript(const std::vector<std::string_view>& pieces,
                                      std::string_view method = "GET") {
  FastcgiResponseReader reader;
  reader.expect(method);
  CgiTranscript transcript;
  std::string errors;
  for (const std::string_view piece : pieces) {
    reader.feed(piece);
    for (ReadEvent event = reader.next(); event != ReadEvent::kNeedMore; event = reader.next()) {
      errors += reader.take_errors();
      if (event == ReadEvent::kHead) {
        transcript.add_head(reader.response(), false, reader.local_redirect());
      } else if (event == ReadEvent::kBody) {
        transcript.add_body(reader.body());
      } else {
        transcript.add_end(event == ReadEvent::kEnd ? "end" : "refused: " + reader.problem());
        return transcript.text() + (errors.empty() ? "" : "errors " + errors + "\n");
      }
    }
    errors += reader.take_errors();
  }
  return transcript.text() + "waits\n";
}

}  // namespace watchdog
