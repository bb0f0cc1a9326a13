#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "modes/static/compression.h"
#include "modes/static/file_store.h"
#include "modes/static/media_types.h"
#include "modes/static/representation.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// What static_cache is for one worker, in bytes.
uint64_t share_of_static_cache(const Config& config);

// A folder as a web site: GET and HEAD with conditions and ranges (RFC 9110 13, 14), codings by
// Accept-Encoding, from the cache where that is true. One per Worker.
class Site {
 public:
  // `policy`: null lets every file be sent that is not hidden. Both outlive the site.
  // `most_in_memory`: bytes of files that are kept in memory.
  Site(const ModeContext& context, ServedFolder& folder, const SendPolicy* policy,
       uint64_t most_in_memory);

  // Answers a request. Returns null when that is already done.
  std::unique_ptr<Invocation> serve(Exchange& exchange);
  // Answers with the file `name` for an application, which has said the fields `said` with it: they
  // stand in for those that the site would say, beside what follows from the file itself. The file
  // is sent as it is, in no other coding; conditions and ranges count where the method is GET or
  // HEAD. `asked`: what the application asked for, for the log. Returns null when that is already
  // done.
  std::unique_ptr<Invocation> serve_named(Exchange& exchange, const std::string& name,
                                          const Fields& said, std::string_view asked);

 private:
  std::unique_ptr<Invocation> serve_file(Exchange& exchange, const std::string& name,
                                         FilePointer file);
  std::unique_ptr<Invocation> serve_missing(Exchange& exchange, const std::string& name);
  std::unique_ptr<Invocation> serve_not_found(Exchange& exchange);
  std::unique_ptr<Invocation> serve_listing(Exchange& exchange, const std::string& name);
  std::unique_ptr<Invocation> send(Exchange& exchange, const Representation& representation);
  std::unique_ptr<Invocation> send_in_place(Exchange& exchange, int status,
                                            const Representation& representation);

  // As FileStore::find(), once more after room was made where no descriptor was left.
  FileLookup find(const std::string& name);
  Representation as_it_is(const std::string& name, FilePointer file) const;
  bool find_precompressed(const Fields& fields, const std::string& name,
                          Representation& representation);
  bool may_gzip(const RequestHead& request) const;

  void answer_options(Exchange& exchange) const;
  void answer_redirect(Exchange& exchange) const;
  void answer_error(Exchange& exchange, int status, const Fields* said = nullptr) const;
  void answer_not_modified(Exchange& exchange, const Representation& representation) const;
  void answer_unsatisfiable(Exchange& exchange, const Representation& representation) const;
  void answer_page(Exchange& exchange, ResponseHead response, std::string_view text,
                   const Fields* said = nullptr) const;
  void fail(Exchange& exchange, const std::string& name, int error) const;

  void add_fields(ResponseHead& response, const Representation& representation) const;
  void add_selection_fields(ResponseHead& response, const Representation& representation) const;
  static void add_said_fields(ResponseHead& response, const Fields& said);
  void add_origin_fields(ResponseHead& response) const;

  const Config& config_;
  const MediaTypes& types_;
  ServedFolder& folder_;
  FileStore store_;
  Compressor compressor_;
  Loop& loop_;
};

}  // namespace watchdog
