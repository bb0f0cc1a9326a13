#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/response_reader.h"
#include "modes/gateway/cgi_response_reader.h"

namespace watchdog {

// Reads the answers of a FastCGI server: records, and in those of STDOUT what a CGI program prints.
// An answer ends with END_REQUEST and with nothing else; only records with the id of the
// connection's current request belong to it.
class FastcgiResponseReader final : public ResponseReader {
 public:
  void expect(std::string_view method) override;
  void feed(std::string_view bytes) override {
    input_.bytes = bytes;
    input_.used = 0;
  }
  ReadEvent next() override;
  size_t consumed() const override { return input_.used; }

  const UpstreamResponse& response() const override { return answer_.response(); }
  std::string_view body() const override { return answer_.body(); }
  std::string_view local_redirect() const override { return answer_.local_redirect(); }
  std::string take_errors() override;

  std::string problem() const override { return problem_; }
  bool overloaded() const override { return overloaded_; }

  bool begun() const override { return begun_; }
  bool says_its_end() const override { return true; }  // END_REQUEST
  bool ends_with_connection() const override { return false; }

 private:
  enum class State {
    kHeader,   // of a record, gathered in gathered_
    kStdout,   // content
    kStderr,   // content
    kEnd,      // content of END_REQUEST, gathered in gathered_
    kPadding,  // behind any content
    kEnded,
    kRefused,
  };

  ReadEvent step();
  bool gather(size_t size);
  ReadEvent read_header();
  ReadEvent read_stdout();
  ReadEvent read_stderr();
  ReadEvent read_end();
  ReadEvent read_padding();
  ReadEvent end_response();
  ReadEvent refuse(std::string problem);
  void end_content() { state_ = padding_ > 0 ? State::kPadding : State::kHeader; }

  State state_ = State::kEnded;
  uint64_t requests_ = 0;  // that were expected so far
  Input input_;
  std::string gathered_;
  size_t content_ = 0;  // bytes of the record that are still to come
  size_t padding_ = 0;
  bool fed_ = false;   // answer_ has bytes that it has not finished with
  bool last_ = false;  // this record is END_REQUEST
  bool begun_ = false;
  bool overloaded_ = false;
  uint32_t exit_status_ = 0;
  CgiResponseReader answer_;
  std::string errors_;
  std::string problem_;
};

}  // namespace watchdog
