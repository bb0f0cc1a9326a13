#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/request_reader.h"

namespace watchdog {

inline std::string describe(const RequestHead& head) {
  std::string text(head.method);
  text.append(" ")
      .append(head.target)
      .append(" HTTP/1.")
      .append(std::to_string(head.minor_version));
  text += head.keep_alive ? " keep-alive" : " close";
  if (head.framing == BodyFraming::kSized) text += " sized " + std::to_string(head.content_length);
  if (head.framing == BodyFraming::kChunked) text += " chunked";
  if (head.expects_continue) text += " continue";
  text += "\n";
  for (const Field& field : head.fields) {
    text.append("  ").append(field.name).append("=").append(field.value).append("\n");
  }
  return text;
}

// What a RequestReader says to these pieces, one after another: heads, bodies joined, ends, and the
// refusal, after which it is asked no more. Says so, too, when the RequestReader breaks one of its
// promises.
inline std::string transcript(const std::vector<std::string_view>& pieces) {
  RequestReader reader;
  std::string text;
  bool in_body = false;
  const auto line = [&](const std::string& words) {
    if (in_body) text += "\n";
    in_body = false;
    text += words;
  };
  for (const std::string_view piece : pieces) {
    const std::vector<char> bytes(piece.begin(), piece.end());  // gone before the next piece
    reader.feed({bytes.data(), bytes.size()});
    for (auto event = reader.next(); event != RequestReader::Event::kNeedMore;
         event = reader.next()) {
      switch (event) {
        case RequestReader::Event::kHead:
          line(describe(reader.request()));
          break;
        case RequestReader::Event::kBody:
          if (!in_body) text += "body ";
          in_body = true;
          text += reader.body();
          if (reader.body().empty()) line("an empty piece of body\n");
          break;
        case RequestReader::Event::kEnd:
          line("end\n");
          if (!reader.between_messages()) line("an end within a message\n");
          break;
        case RequestReader::Event::kError:
          line("refused " + std::to_string(reader.error().status) + " " +
               std::string(reader.error().reason) + "\n");
          if (reader.next() != RequestReader::Event::kError) line("an event after the refusal\n");
          return text;
        case RequestReader::Event::kNeedMore:
          break;
      }
    }
    if (reader.consumed() != piece.size()) line("not all was consumed\n");
  }
  if (in_body) text += "\n";
  return text;
}

inline std::vector<std::string_view> in_pieces_of(size_t size, std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < bytes.size(); at += size) pieces.push_back(bytes.substr(at, size));
  return pieces;
}

}  // namespace watchdog
