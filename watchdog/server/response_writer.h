#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "http/message.h"
#include "net/send_file.h"

namespace watchdog {

// The head of a response as a mode gives it. ResponseWriter adds the framing, Date and Connection.
struct ResponseHead {
  int status = 200;
  Fields fields{};
  std::optional<uint64_t> content_length{};  // unset: the length is not known yet
  // Set when the fields come from an upstream and already include its Date and Content-Length; then
  // neither is added.
  bool forwarded = false;
  std::string_view reason{};  // empty: the registered phrase
  // The response comes from the function: X-Duration-Seconds says how long it took.
  bool timed = false;
};

// Writes one response after another to an HTTP/1.x client (RFC 9112): the status line and the head,
// the framing of the body, whether the connection is kept, interim responses, chunks and trailers.
// It knows the request only by what decides the framing, and decides nothing else. Owned by an
// Exchange, which calls in this order:
//
//   start()  interim()*  head() | upgrade()  (write() | send_file())*  end()
class ResponseWriter {
 public:
  // Takes the bytes: the connection.
  class Client {
   public:
    virtual ~Client() = default;
    // Sends these pieces in their order; they are not used after the call.
    virtual void send(std::initializer_list<std::string_view> pieces) = 0;
    // As Stream::send_file().
    virtual FileSent send_file(int file, uint64_t offset, uint64_t size) = 0;
  };

  explicit ResponseWriter(Client& client) : client_(client) {}
  ResponseWriter(const ResponseWriter&) = delete;
  ResponseWriter& operator=(const ResponseWriter&) = delete;

  // Prepares for the response to `request`, which is not used after the call. Sends nothing.
  void start(const RequestHead& request);
  // Closes the connection after this response. Call it before head(), which announces it.
  void close_after() { now_.keep_alive = false; }

  // Sends an interim response (1xx). HTTP/1.0 clients get none.
  void interim(const ResponseHead& head);
  // `elapsed` is the time since the request came, for a timed response.
  void head(const ResponseHead& head, Duration elapsed);
  // Sends a 101 in place of head(). What is written from then on is sent as it is.
  void upgrade(const ResponseHead& head, std::string_view protocol);
  // Sends a part of the body; nothing where the response has no body.
  void write(std::string_view bytes);
  // Sends a part of a file in place of write(), for a response of known length.
  FileSent send_file(int file, uint64_t offset, uint64_t size);
  // Ends the body. `trailers` are field lines with their CRLFs; they are sent where the body is
  // chunked.
  void end(std::string_view trailers);

  // Sends once, for the kernel of a client that has gone to answer with a reset, the first bytes of
  // what comes in any case: of the status line, or of the next chunk. Sends nothing where the next
  // byte is the mode's.
  void sound_out();

  // Whether the head, and not an interim one, has been sent.
  bool begun() const { return now_.framing.has_value(); }
  // Whether the connection can serve another request after this response. Final once begun().
  bool keep_alive() const { return now_.keep_alive; }
  // Whether the client can tell a response that breaks off from a whole one: not where the body
  // ends with the connection.
  bool end_is_visible() const { return now_.framing != BodyFraming::kUntilClose; }
  // Of the head; 0 before it.
  int status() const { return now_.status; }
  // The bytes of the body so far, without their framing.
  uint64_t body_bytes() const { return now_.body_bytes; }

 private:
  // All that is known of one response.
  struct Response {
    bool to_head_request = false;
    bool takes_chunks = true;  // HTTP/1.1
    bool keep_alive = false;
    std::optional<BodyFraming> framing{};  // once begun
    int status = 0;
    uint64_t body_bytes = 0;
    bool sounded_out = false;
    bool protocol_sent = false;  // the first word of the next head
  };

  BodyFraming framing_of(const ResponseHead& head) const;
  void send_lines(std::string_view head);

  Client& client_;
  Response now_;
};

}  // namespace watchdog
