#include "modes/gateway/cgi_variables.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <string>

#include "http/forwarded.h"

using namespace watchdog;

namespace {

struct Collected final : VariableSink {
  void add(std::string_view name, std::string_view value) override {
    CHECK_FALSE(all.contains(std::string(name)));
    all[std::string(name)] = value;
  }
  std::map<std::string, std::string> all;
};

PeerAddress peer() {
  sockaddr_storage address{};
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(54321);
  four.sin_addr.s_addr = htonl(0x0a010203);
  std::memcpy(&address, &four, sizeof four);
  return PeerAddress(address);
}

std::map<std::string, std::string> variables(const RequestHead& request, const Script& script,
                                             std::string_view prefix = {},
                                             std::optional<uint64_t> collected = {}) {
  Collected sink;
  const PeerAddress from = peer();
  add_cgi_variables(sink, {.request = request,
                           .script = script,
                           .peer = from,
                           .client = from.ip(),
                           .document_root = "/srv",
                           .prefix = prefix,
                           .collected = collected});
  for (const auto& [name, value] : sink.all) {
    CAPTURE(name);
    CHECK(is_cgi_variable(name));
  }
  return sink.all;
}

RequestHead get(std::string_view target) {
  RequestHead request;
  request.method = "GET";
  request.target = target;
  return request;
}

const Script kIndex{"/index.php", "/srv/index.php", "/a b"};

}  // namespace

TEST_CASE("a request is told as RFC 3875 names it") {
  RequestHead request = get("/a%20b?c=%20d");
  request.fields.add("Host", "example.com:8443");
  const auto all = variables(request, kIndex);
  CHECK(all.at("GATEWAY_INTERFACE") == "CGI/1.1");
  CHECK(all.at("SERVER_PROTOCOL") == "HTTP/1.1");
  CHECK(all.at("SERVER_SOFTWARE").starts_with("fwatchdog/"));
  CHECK(all.at("REQUEST_METHOD") == "GET");
  CHECK(all.at("SCRIPT_NAME") == "/index.php");
  CHECK(all.at("SCRIPT_FILENAME") == "/srv/index.php");
  CHECK(all.at("PATH_INFO") == "/a b");
  CHECK(all.at("PATH_TRANSLATED") == "/srv/a b");
  CHECK(all.at("QUERY_STRING") == "c=%20d");
  CHECK(all.at("REQUEST_URI") == "/a%20b?c=%20d");
  CHECK(all.at("DOCUMENT_ROOT") == "/srv");
  CHECK(all.at("REDIRECT_STATUS") == "200");
  CHECK(all.at("SERVER_NAME") == "example.com");
  CHECK(all.at("SERVER_PORT") == "8443");
  CHECK(all.at("REMOTE_ADDR") == "10.1.2.3");
  CHECK(all.at("REMOTE_PORT") == "54321");
  CHECK(all.at("HTTP_HOST") == "example.com:8443");
  CHECK_FALSE(all.contains("CONTENT_LENGTH"));
  CHECK_FALSE(all.contains("HTTPS"));
}

TEST_CASE("a body's length and type have variables of their own") {
  RequestHead request = get("/");
  request.framing = BodyFraming::kSized;
  request.content_length = 42;
  request.fields.add("Content-Length", "42");
  request.fields.add("Content-Type", "text/plain");
  const auto all = variables(request, kIndex);
  CHECK(all.at("CONTENT_LENGTH") == "42");
  CHECK(all.at("CONTENT_TYPE") == "text/plain");
  CHECK_FALSE(all.contains("HTTP_CONTENT_LENGTH"));
  CHECK_FALSE(all.contains("HTTP_CONTENT_TYPE"));
}

TEST_CASE("a chunked body has the length that was collected, and no transfer coding") {
  RequestHead request = get("/");
  request.framing = BodyFraming::kChunked;
  request.fields.add("Transfer-Encoding", "chunked");
  const auto all = variables(request, kIndex, {}, 7);
  CHECK(all.at("CONTENT_LENGTH") == "7");
  CHECK_FALSE(all.contains("HTTP_TRANSFER_ENCODING"));
}

TEST_CASE("fields become HTTP_ variables, repeated ones joined") {
  RequestHead request = get("/");
  request.fields.add("User-Agent", "curl");
  request.fields.add("Accept", "a/b");
  request.fields.add("cookie", "a=1");
  request.fields.add("accept", "c/d");
  request.fields.add("Cookie", "b=2");
  const auto all = variables(request, kIndex);
  CHECK(all.at("HTTP_USER_AGENT") == "curl");
  CHECK(all.at("HTTP_ACCEPT") == "a/b, c/d");
  CHECK(all.at("HTTP_COOKIE") == "a=1; b=2");
}

TEST_CASE("no field passes for the program's proxy, another field or a setting") {
  RequestHead request = get("/");
  for (const std::string_view name :
       {"Proxy", "X_Forwarded_For", "X.Real.Ip", "a$b", "Connection"}) {
    request.fields.add(name, "forged");
  }
  for (const auto& [name, value] : variables(request, kIndex)) {
    CAPTURE(name);
    CHECK(value != "forged");
  }
}

TEST_CASE("TLS that ended at a gateway is told") {
  RequestHead request = get("/");
  request.fields.add("Host", "[::1]");
  request.fields.add("X-Forwarded-Proto", "https");
  const auto all = variables(request, kIndex);
  CHECK(all.at("HTTPS") == "on");
  CHECK(all.at("REQUEST_SCHEME") == "https");
  CHECK(all.at("SERVER_NAME") == "[::1]");
  CHECK(all.at("SERVER_PORT") == "443");
}

TEST_CASE("a prefix comes before the script's name and the request's path") {
  const auto all = variables(get("/a?b"), kIndex, "/function/shop");
  CHECK(all.at("SCRIPT_NAME") == "/function/shop/index.php");
  CHECK(all.at("REQUEST_URI") == "/function/shop/a?b");
  CHECK(all.at("SCRIPT_FILENAME") == "/srv/index.php");
}

TEST_CASE("who is told of a prefix by SCRIPT_NAME is not told again") {
  RequestHead request = get("/");
  request.fields.add("x-forwarded-prefix", "/shop");
  CHECK(variables(request, kIndex).at("HTTP_X_FORWARDED_PREFIX") == "/shop");
  Collected sink;
  const PeerAddress from = peer();
  add_cgi_variables(sink, {.request = request,
                           .script = kIndex,
                           .peer = from,
                           .client = from.ip(),
                           .document_root = "",
                           .prefix = "/shop",
                           .prefix_told = true});
  CHECK(sink.all.at("SCRIPT_NAME") == "/shop/index.php");
  CHECK_FALSE(sink.all.contains("HTTP_X_FORWARDED_PREFIX"));
}

TEST_CASE("a client behind a proxy has an address, and a port that nobody knows") {
  Collected sink;
  const RequestHead request = get("/");
  const PeerAddress from = peer();
  add_cgi_variables(sink, {.request = request,
                           .script = kIndex,
                           .peer = from,
                           .client = *IpAddress::parse("2001:db8::1"),
                           .document_root = "",
                           .prefix = ""});
  CHECK(sink.all.at("REMOTE_ADDR") == "2001:db8::1");
  CHECK(sink.all.at("REMOTE_HOST") == "2001:db8::1");
  CHECK_FALSE(sink.all.contains("REMOTE_PORT"));
}

TEST_CASE("OPTIONS of the server itself has no prefix") {
  RequestHead request = get("*");
  request.method = "OPTIONS";
  CHECK(variables(request, kIndex, "/shop").at("REQUEST_URI") == "*");
  request.target = "http://a.example";
  CHECK(variables(request, kIndex, "/shop").at("REQUEST_URI") == "*");
}

TEST_CASE("a path that climbs is not translated") {
  const auto all = variables(get("/../etc/passwd"), {"", "/bin/x", "/../etc/passwd"});
  CHECK(all.at("PATH_INFO") == "/../etc/passwd");
  CHECK_FALSE(all.contains("PATH_TRANSLATED"));
}

TEST_CASE("the prefix is what is configured, or what a gateway says where that is asked for") {
  RequestHead request = get("/");
  const std::string by_field(kPrefixField);
  CHECK(url_prefix(request, "").empty());
  CHECK(url_prefix(request, by_field).empty());
  CHECK(url_prefix(request, "/a/") == "/a");
  request.fields.add("X-Forwarded-Prefix", "/from/gateway/");
  CHECK(url_prefix(request, by_field) == "/from/gateway");
  CHECK(url_prefix(request, "").empty());
  CHECK(url_prefix(request, "/a") == "/a");
  for (const std::string_view bad :
       {"//evil.example", "https://evil", "a", "", "/a?b", "/a b", "/\"><"}) {
    RequestHead other = get("/");
    other.fields.add("X-Forwarded-Prefix", bad);
    CAPTURE(bad);
    CHECK(url_prefix(other, by_field).empty());
  }
}

TEST_CASE("a path that an application redirects to is given its prefix once") {
  CHECK(without_prefix("/shop/cart?a=b", "/shop") == "/cart?a=b");
  CHECK(without_prefix("/shop", "/shop") == "/");
  CHECK(without_prefix("/shop?a=b", "/shop") == "/?a=b");
  CHECK(without_prefix("/shopping", "/shop") == "/shopping");
  CHECK(without_prefix("/cart", "/shop") == "/cart");
  CHECK(without_prefix("/shop/shop/x", "/shop") == "/shop/x");
  CHECK(without_prefix("/cart", "") == "/cart");
}

TEST_CASE("that files are sent for the program is told where it is so, and by nobody else") {
  RequestHead request = get("/");
  request.fields.add("X-Sendfile-Type", "X-Accel-Redirect");
  request.fields.add("x-accel-mapping", "/=/");
  CHECK(variables(request, kIndex).count("HTTP_X_SENDFILE_TYPE") == 0);
  CHECK(variables(request, kIndex).count("HTTP_X_ACCEL_MAPPING") == 0);
  Collected sink;
  const PeerAddress from = peer();
  add_cgi_variables(sink, {.request = request,
                           .script = kIndex,
                           .peer = from,
                           .document_root = "",
                           .prefix = "",
                           .sends_files = true});
  CHECK(sink.all["HTTP_X_SENDFILE_TYPE"] == "X-Sendfile");
}
