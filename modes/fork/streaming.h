#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "modes/fork/fork_mode.h"
#include "modes/gateway/accel_root.h"
#include "modes/gateway/cgi_response_reader.h"

namespace watchdog {

// Pipes the body of the request to the process as it comes, and its output to the client as it is
// printed. The status is held back until the first output or the exit, so that a function that
// fails without printing anything is a 500 and not a 200. With a CgiResponseReader the output
// itself has the head of the response.
class StreamingInvocation : public Invocation, private FunctionProcess::Handler {
 public:
  // `accel_root` has the files that a head may name; it is given with a reader, and only then.
  StreamingInvocation(ForkMode& mode, Exchange& exchange, std::optional<CgiResponseReader> reader,
                      AccelRoot* accel_root);

  // Starts the process, which reads from `file` where that is a descriptor. Returns false when the
  // exchange has failed.
  bool start(const CgiRequest* cgi = nullptr, int file = -1);

  void on_body(std::string_view bytes) override;
  void on_body_end() override;
  void on_response_drained() final;
  void on_stopping() final;
  bool outlives_client() const final { return !mode_.config().kill_on_disconnect.value_or(true); }

 protected:
  Exchange& exchange() { return exchange_; }
  // Returns the target that a local Location names (RFC 3875 6.2.2), as a client would have sent it
  // to us.
  virtual std::string local_target(std::string_view location) const {
    return std::string(location);
  }

 private:
  // FunctionProcess::Handler
  void on_output(std::string_view bytes) override;
  void on_input_drained() override;
  void on_finished(ExitStatus status) override;
  void on_not_started(int error) override;
  void on_started(Duration taken) override { exchange_.note_spawn(taken); }
  void on_fallback(Fallback reason) override { exchange_.note(info(reason).note); }

  // Returns whether to ask the reader again.
  bool handle(ReadEvent event);
  // Where the output has no head, all of it is the body: sent at once, or held back while the next
  // bytes may still decide its type.
  void write_body(std::string_view bytes);
  // To be called when the function has ended well.
  void end_body();
  void send_own_head(std::string_view type, std::optional<uint64_t> length = {});
  void send_cgi_head();
  // Sends the file that the head named in place of a body.
  void send_file();
  // Whether an exit with this status spoils the response.
  bool is_failure(ExitStatus status) const;
  void fail(Failure failure, std::string_view detail);

  ForkMode& mode_;
  Exchange& exchange_;
  std::optional<CgiResponseReader> reader_;
  AccelRoot* accel_root_;
  std::unique_ptr<AccelResponse> accel_;  // when the head has named a file
  std::string held_;  // of the body, until its type is known: less than kMostSniffed bytes
  std::unique_ptr<FunctionProcess> process_;
  bool over_ = false;  // the exchange has failed, or answers in another way
};

}  // namespace watchdog
