#include "modes/static/plan.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

using namespace watchdog;

namespace {

constexpr std::time_t kModified = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT
constexpr std::time_t kNow = kModified + 1000;

RequestHead request(std::string_view method, std::vector<Field> fields = {}) {
  RequestHead head{.method = method, .target = "/folder"};
  for (const Field& field : fields) head.fields.add(field.name, field.value);
  return head;
}

FilePointer ten_bytes() {
  struct stat status {};
  status.st_mtim.tv_sec = kModified;
  return std::make_shared<const File>(File{.identity = FileIdentity(status),
                                           .etag = "\"e\"",
                                           .last_modified = "Tue, 14 Nov 2023 22:13:20 GMT",
                                           .modified = kModified,
                                           .content = "0123456789"});
}

const MediaType kText{.text = "text/css"};
const MediaType kCompressible{.text = "text/css", .compressible = true};

std::string fields_of(const Plan& plan) {
  std::string out;
  for (const Field& field : plan.head.fields) {
    out.append(field.name).append(": ").append(field.value).append("\n");
  }
  return out;
}

// The body as the client gets it: the text, or the parts of the file.
std::string body_of(const Plan& plan) {
  std::string out = plan.text;
  if (!plan.file) return out;
  for (const Part& part : plan.parts) {
    out += part.preamble + plan.file->content.substr(part.range.first, part.range.size);
  }
  return out;
}

constexpr std::string_view kUsual =
    "Content-Type: text/css\n"
    "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\n"
    "Accept-Ranges: bytes\n"
    "X-Content-Type-Options: nosniff\n"
    "ETag: \"e\"\n"
    "Cache-Control: no-cache\n";

struct Planned {
  const char* what;
  std::string_view method;
  std::vector<Field> fields;
  int status;
  std::string_view body;
};

}  // namespace

TEST_CASE("a plan says the status and the body by method, conditions and ranges") {
  const Planned rows[] = {
      {"no condition", "GET", {}, 200, "0123456789"},
      {"HEAD", "HEAD", {}, 200, ""},
      {"the tag is known", "GET", {{"If-None-Match", "\"e\""}}, 304, ""},
      {"the tag is known to HEAD", "HEAD", {{"If-None-Match", "\"e\""}}, 304, ""},
      {"another tag is known", "GET", {{"If-None-Match", "\"f\""}}, 200, "0123456789"},
      {"not modified since",
       "GET",
       {{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"}},
       304,
       ""},
      {"another tag must match", "GET", {{"If-Match", "\"f\""}}, 412, "412: Precondition Failed\n"},
      {"conditions are not about other methods",
       "POST",
       {{"If-None-Match", "*"}},
       200,
       "0123456789"},
      {"one range", "GET", {{"Range", "bytes=2-4"}}, 206, "234"},
      {"the last bytes", "GET", {{"Range", "bytes=-3"}}, 206, "789"},
      {"a range to HEAD", "HEAD", {{"Range", "bytes=2-4"}}, 200, ""},
      {"a range of another method", "POST", {{"Range", "bytes=2-4"}}, 200, "0123456789"},
      {"two Range fields",
       "GET",
       {{"Range", "bytes=2-4"}, {"Range", "bytes=5-6"}},
       200,
       "0123456789"},
      {"no such range", "GET", {{"Range", "bytes=10-"}}, 416, "416: Range Not Satisfiable\n"},
      {"a range of the same file",
       "GET",
       {{"Range", "bytes=2-4"}, {"If-Range", "\"e\""}},
       206,
       "234"},
      {"a range of another file",
       "GET",
       {{"Range", "bytes=2-4"}, {"If-Range", "\"f\""}},
       200,
       "0123456789"},
      {"the condition comes before the range",
       "GET",
       {{"Range", "bytes=10-"}, {"If-None-Match", "\"e\""}},
       304,
       ""},
  };
  const Config config;
  for (const Planned& row : rows) {
    CAPTURE(row.what);
    const RequestHead head = request(row.method, row.fields);
    const Plan plan = evaluate(head, {.file = ten_bytes(), .type = &kText}, config, kNow);
    CHECK(plan.head.status == row.status);
    CHECK(body_of(plan) == row.body);
    if (row.status == 304) {
      CHECK_FALSE(plan.head.content_length.has_value());
    } else {
      const size_t length = row.method == "HEAD" ? 10 : row.body.size();
      CHECK(plan.head.content_length == length);
    }
  }
}

TEST_CASE("a whole file has its type, validators and policy, a 304 what RFC 9110 15.4.5 repeats") {
  const Config config;
  const Representation file{.file = ten_bytes(), .type = &kText};
  CHECK(fields_of(evaluate(request("GET"), file, config, kNow)) == kUsual);
  CHECK(fields_of(evaluate(request("HEAD"), file, config, kNow)) == kUsual);
  CHECK(fields_of(evaluate(request("GET", {{"If-None-Match", "\"e\""}}), file, config, kNow)) ==
        "ETag: \"e\"\nCache-Control: no-cache\n");
}

TEST_CASE("a plan that is moved keeps the values that were made for it") {
  Plan first = evaluate(request("GET", {{"Range", "bytes=2-4"}}),
                        {.file = ten_bytes(), .type = &kText}, {}, kNow);
  const Plan plan = std::move(first);
  CHECK(fields_of(plan).starts_with("Content-Type: text/css\nContent-Range: bytes 2-4/10\n"));
}

TEST_CASE("two ranges are sent as multipart/byteranges, its length is that of all parts") {
  const Plan plan = evaluate(request("GET", {{"Range", "bytes=0-1,8-9"}}),
                             {.file = ten_bytes(), .type = &kText}, {}, kNow);
  CHECK(plan.head.status == 206);
  const std::string fields = fields_of(plan);
  constexpr std::string_view kType = "Content-Type: multipart/byteranges; boundary=";
  REQUIRE(fields.starts_with(kType));
  const std::string boundary = fields.substr(kType.size(), fields.find('\n') - kType.size());
  const std::string head = "\r\n--" + boundary + "\r\nContent-Type: text/css\r\nContent-Range: ";
  CHECK(body_of(plan) == head + "bytes 0-1/10\r\n\r\n01" + head + "bytes 8-9/10\r\n\r\n89\r\n--" +
                             boundary + "--\r\n");
  CHECK(plan.head.content_length == body_of(plan).size());
}

TEST_CASE("the policy is for ever where the name says the content, or what was configured") {
  Config config;
  Representation file{.file = ten_bytes(), .type = &kText, .fingerprinted = true};
  const auto policy = [&] { return fields_of(evaluate(request("GET"), file, config, kNow)); };
  CHECK(policy().ends_with("Cache-Control: public, max-age=31536000, immutable\n"));
  config.static_cache_control = "max-age=60";
  CHECK(policy().ends_with("Cache-Control: max-age=60\n"));
}

TEST_CASE("what is compressed here has its coding and no ranges") {
  const Plan plan = evaluate(
      request("GET", {{"Range", "bytes=2-4"}}),
      {.file = ten_bytes(), .type = &kCompressible, .coding = "gzip", .made_here = true}, {}, kNow);
  CHECK(plan.head.status == 200);
  CHECK(fields_of(plan) ==
        "Content-Type: text/css\n"
        "Content-Encoding: gzip\n"
        "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\n"
        "X-Content-Type-Options: nosniff\n"
        "ETag: \"e\"\n"
        "Cache-Control: no-cache\n"
        "Vary: Accept-Encoding\n");
}

TEST_CASE("an application's fields stand in for the site's, its cookies are in its errors, too") {
  Fields said;
  said.add("Content-Type", "text/plain");
  said.add("Set-Cookie", "a=b");
  said.add("Expires", "0");
  const Representation file{.file = ten_bytes(), .type = &kText, .said = &said};
  CHECK(fields_of(evaluate(request("GET"), file, {}, kNow)) ==
        "Content-Type: text/css\n"
        "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\n"
        "Accept-Ranges: bytes\n"
        "ETag: \"e\"\n"
        "Set-Cookie: a=b\n"
        "Expires: 0\n");
  CHECK(fields_of(evaluate(request("GET", {{"If-Match", "\"f\""}}), file, {}, kNow)) ==
        "Content-Type: text/plain; charset=utf-8\n"
        "Cache-Control: no-cache\n"
        "Set-Cookie: a=b\n");
}

TEST_CASE("other methods are refused, but a preflight where other origins may read") {
  Config config;
  CHECK(plan_other_method(request("OPTIONS"), config).head.status == 405);
  CHECK(fields_of(plan_other_method(request("POST"), config)).starts_with("Allow: GET, HEAD\n"));
  config.static_cors = "https://other.example";
  CHECK(plan_other_method(request("POST"), config).head.status == 405);
  const Plan preflight =
      plan_other_method(request("OPTIONS", {{"Access-Control-Request-Headers", "range"}}), config);
  CHECK(preflight.head.status == 204);
  CHECK(fields_of(preflight) ==
        "Allow: GET, HEAD, OPTIONS\n"
        "Access-Control-Allow-Origin: https://other.example\n"
        "Access-Control-Expose-Headers: Accept-Ranges, Content-Range, ETag\n"
        "Vary: Origin\n"
        "Access-Control-Allow-Methods: GET, HEAD\n"
        "Access-Control-Allow-Headers: range\n"
        "Access-Control-Max-Age: 86400\n");
}

TEST_CASE("a path without a file is a redirect, a listing or an error") {
  const Config config;
  const RequestHead head = request("GET");
  const Plan redirect = plan_without_file(head, {.kind = Lookup::Kind::kRedirect}, config);
  CHECK(redirect.head.status == 301);
  CHECK(fields_of(redirect).starts_with("Location: ./folder/\n"));
  const Plan listing =
      plan_without_file(head, {.kind = Lookup::Kind::kListing, .page = "<p>"}, config);
  CHECK(listing.head.status == 200);
  CHECK(body_of(listing) == "<p>");
  const Plan refused =
      plan_without_file(head, {.kind = Lookup::Kind::kRefused, .status = 403}, config);
  CHECK(refused.head.status == 403);
  CHECK(body_of(refused) == "403: Forbidden\n");
}

TEST_CASE("a page that stands for another one is whole, whatever the request's conditions are") {
  const RequestHead head = request("GET", {{"If-None-Match", "\"e\""}, {"Range", "bytes=2-4"}});
  const Plan plan = plan_error_page(head, 404, {.file = ten_bytes(), .type = &kText}, {});
  CHECK(plan.head.status == 404);
  CHECK(fields_of(plan) == "Content-Type: text/css\nCache-Control: no-cache\n");
  CHECK(body_of(plan) == "0123456789");
}
