#include "base/address_set.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace watchdog;

namespace {

bool contains(std::string_view set, std::string_view address) {
  const auto parsed = AddressSet::parse(set);
  REQUIRE(parsed);
  const auto one = IpAddress::parse(address);
  REQUIRE(one);
  return parsed->contains(*one);
}

}  // namespace

TEST_CASE("an address is what it prints as, and an IPv4 address in IPv6 clothes is IPv4") {
  for (const std::string_view text : {"10.1.2.3", "0.0.0.0", "::", "::1", "2001:db8::1"}) {
    CAPTURE(text);
    CHECK(IpAddress::parse(text)->text() == text);
  }
  CHECK(IpAddress::parse("::ffff:10.1.2.3") == IpAddress::parse("10.1.2.3"));
  CHECK(IpAddress::parse("::ffff:10.1.2.3")->text() == "10.1.2.3");
  CHECK(IpAddress().text().empty());
  for (const std::string_view bad :
       {"", "10.1.2", "10.1.2.3.4", "010.1.2.3.", "[::1]", "::1%lo", "10.1.2.3:80", "localhost",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222"}) {
    CAPTURE(bad);
    CHECK_FALSE(IpAddress::parse(bad));
  }
}

TEST_CASE("a network holds the addresses whose first bits are its own") {
  const std::string_view list = "10.0.0.0/8,192.0.2.64/26\t203.0.113.9 , 2001:db8::/33";
  for (const std::string_view in : {"10.0.0.0", "10.255.255.255", "192.0.2.64", "192.0.2.127",
                                    "203.0.113.9", "2001:db8::1", "2001:db8:7fff::"}) {
    CAPTURE(in);
    CHECK(contains(list, in));
  }
  for (const std::string_view out :
       {"9.255.255.255", "11.0.0.0", "192.0.2.63", "192.0.2.128", "203.0.113.8", "203.0.113.10",
        "2001:db8:8000::", "2001:db9::", "::", "::a00:0"}) {
    CAPTURE(out);
    CHECK_FALSE(contains(list, out));
  }
}

TEST_CASE("the bits behind a network's length do not count, and 0 of them are every address") {
  CHECK(contains("10.9.8.7/8", "10.1.1.1"));
  CHECK(contains("0.0.0.0/0", "203.0.113.1"));
  CHECK_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  CHECK(contains("::/0", "2001:db8::1"));
  CHECK_FALSE(contains("::/0", "203.0.113.1"));
}

TEST_CASE("IPv4 and the same in IPv6 clothes are one, on either side") {
  CHECK(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
  CHECK(contains("::ffff:10.1.2.3", "10.1.2.3"));
  CHECK_FALSE(contains("::ffff:10.0.0.0/104", "11.1.2.3"));
}

TEST_CASE("private is what cannot come from the Internet, to the bit") {
  for (const std::string_view in :
       {"127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.0", "172.31.255.255", "192.168.0.1",
        "169.254.1.1", "100.64.0.0", "100.127.255.255", "::1", "fc00::1", "fdff::1", "fe80::1",
        "febf::1", "::ffff:192.168.3.4"}) {
    CAPTURE(in);
    CHECK(contains("private", in));
    CHECK(contains("203.0.113.0/24, private", in));
  }
  for (const std::string_view out :
       {"126.255.255.255", "128.0.0.0",   "9.1.1.1",     "11.1.1.1",    "172.15.255.255",
        "172.32.0.0",      "192.167.1.1", "192.169.1.1", "169.253.1.1", "169.255.1.1",
        "100.63.255.255",  "100.128.0.0", "::",          "::2",         "fbff::1",
        "fe00::1",         "fe7f::1",     "fec0::1",     "2001:db8::1", "8.8.8.8",
        "::ffff:8.8.8.8"}) {
    CAPTURE(out);
    CHECK_FALSE(contains("private", out));
  }
}

TEST_CASE("all is everybody, none is nobody, and who has no address is in all alone") {
  CHECK(contains("all", "8.8.8.8"));
  CHECK_FALSE(contains("none", "127.0.0.1"));
  CHECK_FALSE(AddressSet().contains(*IpAddress::parse("127.0.0.1")));
  CHECK(AddressSet::parse("all")->contains(IpAddress()));
  CHECK_FALSE(AddressSet::parse("private")->contains(IpAddress()));
  CHECK_FALSE(AddressSet::parse("0.0.0.0/0, ::/0")->contains(IpAddress()));
}

TEST_CASE("what is no address is named in the refusal") {
  for (const std::string_view bad :
       {"localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "::/129",
        "10.0.0/8", "::ffff:10.0.0.0/95", "::ffff:10.0.0.0/129", "proxy.example", "private/8"}) {
    const auto set = AddressSet::parse(std::string("10.0.0.0/8,").append(bad));
    CAPTURE(bad);
    REQUIRE_FALSE(set);
    CHECK(set.error().starts_with(std::string(bad) + " is not an address"));
  }
  CHECK_FALSE(AddressSet::parse(","));
  CHECK_FALSE(AddressSet::parse("none, private"));
}
