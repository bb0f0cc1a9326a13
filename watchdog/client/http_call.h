#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/http_response_reader.h"
#include "http/http_url.h"
#include "net/dial.h"
#include "net/name_lookup.h"
#include "net/stream.h"
#include "net/timer.h"

namespace watchdog {

// A request of our own over HTTP/1.1, or one after the other, on a connection of its own, without
// TLS and without following redirects. Destroying it gives up.
class HttpCall final : private Stream::Handler {
 public:
  struct Request {
    HttpUrl url;
    std::string_view method = "GET";
    std::string fields{};  // beside Host, User-Agent and Content-Length, with CRLFs
    // Sent where the method is POST, one piece after the other; views that outlive its response.
    std::vector<std::string_view> body{};
  };
  struct Limits {
    size_t response_bytes;  // of the body
    Duration time;          // of the whole
  };
  struct Response {
    int status = 0;
    std::string retry_after{};  // the field's value; empty where there is none
    std::string body{};
  };
  // The response, or why there is none, for a person: no such host, no connection, too many bytes,
  // or nothing complete in time.
  using OnDone = std::function<void(Result<Response> response)>;

  // `on_done` runs once, never inside the constructor, and also after a Loop::retire() while the
  // turn lasts. It may itself destroy the HttpCall only through Loop::retire().
  HttpCall(Loop& loop, Request request, const Limits& limits, OnDone on_done);
  ~HttpCall() override;

  // Asks once more, with another body; `on_done` has run, or is running. It goes on the connection
  // that the last response left open. Where that is closed before a byte of a response has come,
  // all is sent again on a new one: the server may have seen it twice.
  void ask_again(std::vector<std::string_view> body);

  // "http://host/target: what", as errors are told.
  static std::string explain(const HttpUrl& url, std::string_view what);

 private:
  // Stream::Handler
  size_t on_data(std::string_view bytes) override;
  void on_end() override;
  void on_error(int error) override;
  void on_drained() override { send_body(); }
  bool reads_on_after_write_error() const override { return true; }

  void look_up();
  void connect(NameLookup::Addresses found);
  void on_connected(Fd socket, int error);
  void ask();
  void send_body();
  bool stays_open() const;
  void on_closed(std::string_view why);
  void finish(Result<Response> response);
  void fail(std::string_view what);

  Loop& loop_;
  Request request_;
  const Limits limits_;
  const OnDone on_done_;
  Timer deadline_;
  std::vector<SocketAddress> addresses_;
  std::unique_ptr<NameLookup> lookup_;
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<Stream> stream_;
  size_t pieces_sent_ = 0;
  HttpResponseReader reader_;
  Response response_;
  bool used_before_ = false;  // the connection, by another request
  bool done_ = false;
};

}  // namespace watchdog
