#include "http/connection_options.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "http/message.h"

using namespace watchdog;

namespace {

ConnectionOptions options(std::string_view list, std::string_view more = "") {
  Fields fields;
  fields.add("connection", list);
  fields.add("X", "unrelated");
  if (!more.empty()) fields.add("Connection", more);
  ConnectionOptions options;
  REQUIRE(options.read(fields));
  return options;
}

}  // namespace

TEST_CASE("the options of all Connection fields are one list, case and white space ignored") {
  const ConnectionOptions all = options(" Close ,X-Gone,", "\tUPGRADE,keep-alive");
  CHECK(all.close());
  CHECK(all.upgrade());
  CHECK(all.keep_alive());
  CHECK(all.name("x-gone"));
  CHECK_FALSE(all.name("x-gon"));
  CHECK_FALSE(all.name("x"));
  const ConnectionOptions none = options("closed, x-upgrade");
  CHECK_FALSE(none.close());
  CHECK_FALSE(none.upgrade());
  CHECK_FALSE(none.keep_alive());
}

TEST_CASE("no option takes away what is meant for the far end") {
  for (const std::string_view field : {"X-Forwarded-For",
                                       "X-Forwarded-Host",
                                       "X-Forwarded-Proto",
                                       "X-Forwarded-Prefix",
                                       "x-forwarded-anything",
                                       "X-Real-IP",
                                       "Forwarded",
                                       "Host",
                                       "Content-Length",
                                       "Content-Type",
                                       "Content-Encoding",
                                       "Authorization",
                                       "Cookie",
                                       "Set-Cookie",
                                       "Expect",
                                       "traceparent",
                                       "tracestate",
                                       "baggage",
                                       "b3",
                                       "X-B3-TraceId",
                                       "X-Request-Id",
                                       "X-Call-Id",
                                       "X-Timeout",
                                       "Via",
                                       "Origin",
                                       "Cache-Control",
                                       "Range"}) {
    CAPTURE(field);
    CHECK_FALSE(options(field).name(field));
    CHECK(is_end_to_end(field));
  }
  CHECK_FALSE(is_end_to_end("x-gone"));
  CHECK_FALSE(is_end_to_end("content"));
}

TEST_CASE("so many options and no more; empty ones do not count") {
  std::string list = std::string(1000, ',') + "x-last";
  for (size_t i = 1; i < ConnectionOptions::kMost; ++i) list += ", x";
  Fields fields;
  fields.add("Connection", list);
  ConnectionOptions options;
  CHECK(options.read(fields));
  CHECK(options.name("x-last"));
  fields.add("Connection", "close");
  CHECK_FALSE(options.read(fields));
}

TEST_CASE("nothing is left of the message before") {
  ConnectionOptions options;
  Fields fields;
  fields.add("Connection", "close, x");
  REQUIRE(options.read(fields));
  REQUIRE(options.read(Fields()));
  CHECK_FALSE(options.close());
  CHECK_FALSE(options.name("x"));
}
