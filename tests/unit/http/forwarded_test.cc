#include "http/forwarded.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace watchdog;

namespace {

using List = std::vector<Field>;

RequestHead request_with(const List& fields) {
  RequestHead request{.method = "GET", .target = "/"};
  request.fields.add("Host", "a.example");
  for (const Field& field : fields) request.fields.add(field.name, field.value);
  return request;
}

// The fields of a settled request but for Host: "name=value name=value ".
std::string settled(const List& fields, bool trusted) {
  RequestHead request = request_with(fields);
  settle_forwarded_fields(request, "192.0.2.7", trusted);
  std::string text;
  for (const Field& field : request.fields) {
    if (field.name == "Host") continue;
    text.append(field.name).append("=").append(field.value) += ' ';
  }
  return text;
}

constexpr std::string_view kOurs =
    "X-Forwarded-For=192.0.2.7 X-Forwarded-Host=a.example X-Forwarded-Proto=http ";

std::string client(const List& fields, std::string_view trusted, std::string_view peer) {
  const RequestHead request = request_with(fields);
  return client_address(request.fields, *IpAddress::parse(peer), *AddressSet::parse(trusted))
      .text();
}

bool secure(const List& fields) {
  return came_over_tls(request_with(fields).fields);
}

}  // namespace

TEST_CASE("where a request came from is said where nobody has said it") {
  CHECK(settled({}, true) == kOurs);
  CHECK(settled({}, false) == kOurs);
  CHECK(settled({{"Accept", "x"}}, false) == "Accept=x " + std::string(kOurs));
}

TEST_CASE("what a peer that is not trusted says of it is taken off and made anew") {
  for (const std::string_view name :
       {"X-Forwarded-For", "x-forwarded-host", "X-FORWARDED-PROTO", "X-Forwarded-Prefix",
        "X-Forwarded-Port", "X-Forwarded-Ssl", "X-Forwarded-User", "X-Forwarded-", "Forwarded",
        "forwarded", "X-Real-IP", "X_Forwarded_For", "x-forwarded_for", "X_Real_IP"}) {
    CAPTURE(name);
    CHECK(settled({{name, "forged"}, {"Accept", "x"}, {name, "again"}}, false) ==
          "Accept=x " + std::string(kOurs));
  }
}

TEST_CASE("what only looks like it stays") {
  for (const std::string_view name : {"X-Forward", "Forward", "Forwarded-For", "X-Forwarded",
                                      "Y-Forwarded-For", "X-Real", "From", "X"}) {
    CAPTURE(name);
    CHECK(settled({{name, "v"}}, false) == std::string(name) + "=v " + std::string(kOurs));
  }
}

TEST_CASE("what a trusted peer says stays as it is, and what it leaves out is added") {
  CHECK(settled({{"X-Forwarded-For", "1.1.1.1"}, {"x-forwarded-for", "2.2.2.2"}}, true) ==
        "X-Forwarded-For=1.1.1.1 x-forwarded-for=2.2.2.2 X-Forwarded-Host=a.example "
        "X-Forwarded-Proto=http ");
  CHECK(settled({{"X-Forwarded-Proto", "https,http"},
                 {"X-Forwarded-Host", "shop.example"},
                 {"X-Forwarded-Prefix", "/p"},
                 {"X-Forwarded-For", "1.1.1.1"},
                 {"X-Real-IP", "1.1.1.1"}},
                true) ==
        "X-Forwarded-Proto=https,http X-Forwarded-Host=shop.example X-Forwarded-Prefix=/p "
        "X-Forwarded-For=1.1.1.1 X-Real-IP=1.1.1.1 ");
}

TEST_CASE("a trusted proxy lets names with underscores through, which no proxy writes") {
  CHECK(settled({{"X_Forwarded_For", "forged"}, {"X-Forwarded_Proto", "https"}}, true) == kOurs);
}

TEST_CASE("what Forwarded says is not contradicted by a field beside it") {
  CHECK(settled({{"Forwarded", "for=1.1.1.1;proto=https;host=shop.example"}}, true) ==
        "Forwarded=for=1.1.1.1;proto=https;host=shop.example ");
  CHECK(settled({{"Forwarded", "For=1.1.1.1"}}, true) ==
        "Forwarded=For=1.1.1.1 X-Forwarded-Host=a.example X-Forwarded-Proto=http ");
}

TEST_CASE("a peer without an address and a request without a Host add nothing of them") {
  RequestHead request{.method = "GET", .target = "/", .minor_version = 0};
  settle_forwarded_fields(request, "", false);
  REQUIRE(request.fields.size() == 1);
  CHECK(request.fields.begin()->name == "X-Forwarded-Proto");
}

TEST_CASE("the client spoke TLS where the first of the proxies says so") {
  CHECK(secure({{"X-Forwarded-Proto", "https"}}));
  CHECK(secure({{"X-Forwarded-Proto", "HTTPS"}}));
  CHECK(secure({{"X-Forwarded-Proto", "https,http"}}));
  CHECK(secure({{"X-Forwarded-Proto", "https , http"}}));
  CHECK(secure({{"Forwarded", "for=1.1.1.1; proto=https, for=2.2.2.2;proto=http"}}));
  CHECK(secure({{"Forwarded", "for=\"a,;\\\"b\";Proto=\"https\""}}));
  for (const std::string_view proto : {"http", "http,https", "", ",https", "httpsx", "wss"}) {
    CAPTURE(proto);
    CHECK_FALSE(secure({{"X-Forwarded-Proto", proto}}));
    CHECK_FALSE(secure({{"X-Forwarded-Proto", proto}, {"Forwarded", "proto=https"}}));
  }
  for (const std::string_view bad :
       {"proto=https;for=\"", "proto=https x", "proto=http,proto=https", "=https", "proto = https",
        "proto=https;\""}) {
    CAPTURE(bad);
    CHECK_FALSE(secure({{"Forwarded", bad}}));
  }
  CHECK_FALSE(secure({}));
}

TEST_CASE("the client is the rightmost address that is not trusted") {
  const std::string_view trusted = "10.0.0.0/8, 2001:db8::/32";
  CHECK(client({}, trusted, "10.0.0.1") == "10.0.0.1");
  CHECK(client({{"X-Forwarded-For", "1.1.1.1"}}, trusted, "10.0.0.1") == "1.1.1.1");
  CHECK(client({{"X-Forwarded-For", "9.9.9.9, 1.1.1.1, 10.0.0.2"}}, trusted, "10.0.0.1") ==
        "1.1.1.1");
  CHECK(client({{"X-Forwarded-For", "9.9.9.9, 1.1.1.1"}, {"X-Forwarded-For", "10.0.0.2"}}, trusted,
               "10.0.0.1") == "1.1.1.1");
  CHECK(client({{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}, trusted, "10.0.0.1") == "10.0.0.3");
  CHECK(client({{"X-Forwarded-For", "1.1.1.1"}}, "all", "10.0.0.1") == "1.1.1.1");
  CHECK(client({{"X-Forwarded-For", "1.1.1.1"}}, trusted, "8.8.8.8") == "8.8.8.8");
  CHECK(client({{"X-Forwarded-For", "::ffff:1.1.1.1"}}, trusted, "10.0.0.1") == "1.1.1.1");
  CHECK(client({{"X-Forwarded-For", "1.1.1.1:4711"}}, trusted, "10.0.0.1") == "1.1.1.1");
  CHECK(client({{"X-Forwarded-For", "[2001:db9::1]:4711"}}, trusted, "10.0.0.1") == "2001:db9::1");
  CHECK(client({{"X-Forwarded-For", "2001:db9::1"}}, trusted, "10.0.0.1") == "2001:db9::1");
}

TEST_CASE("beyond one that is not named nobody is believed") {
  for (const std::string_view bad :
       {"unknown", "", "1.1.1", "_hidden", "[::1", "1.1.1.1:2:3", "a.example"}) {
    const std::string list = "9.9.9.9, " + std::string(bad);
    CAPTURE(bad);
    CHECK(client({{"X-Forwarded-For", list + ", 10.0.0.2"}}, "10.0.0.0/8", "10.0.0.1") ==
          "10.0.0.2");
  }
}

TEST_CASE("Forwarded names the client where X-Forwarded-For does not") {
  const std::string_view trusted = "10.0.0.0/8";
  CHECK(client({{"Forwarded", "for=9.9.9.9, for=\"[2001:db9::1]:80\";proto=https, FOR=10.0.0.2"}},
               trusted, "10.0.0.1") == "2001:db9::1");
  CHECK(client({{"Forwarded", "for=9.9.9.9"}, {"X-Forwarded-For", "1.1.1.1"}}, trusted,
               "10.0.0.1") == "1.1.1.1");
  // A proxy that does not say for whom, and what cannot be taken apart, end the chain.
  CHECK(client({{"Forwarded", "for=9.9.9.9, proto=https"}}, trusted, "10.0.0.1") == "10.0.0.1");
  CHECK(client({{"Forwarded", "for=9.9.9.9"}, {"Forwarded", "by=x"}}, trusted, "10.0.0.1") ==
        "10.0.0.1");
  for (const std::string_view bad : {"for=9.9.9.9, \", for=1.1.1.1", "for=9.9.9.9, x, for=1.1.1.1",
                                     "for=9.9.9.9, for=\"1.1.1.1", "for=9.9.9.9 1.1.1.1"}) {
    CAPTURE(bad);
    CHECK(client({{"Forwarded", bad}}, trusted, "10.0.0.1") == "10.0.0.1");
  }
}
