#include "auth/base64url.h"

#include <doctest/doctest.h>

#include "tests/unit/auth/test_issuer.h"

namespace watchdog {

TEST_CASE("base64url is decoded, whatever its length") {
  CHECK(decode_base64url("") == "");
  CHECK(decode_base64url("Zg") == "f");
  CHECK(decode_base64url("Zm8") == "fo");
  CHECK(decode_base64url("Zm9v") == "foo");
  CHECK(decode_base64url("Zm9vYg") == "foob");
  CHECK(decode_base64url("-_-_") == "\xfb\xff\xbf");
  CHECK(decode_base64url("A-z_4ME") == "\x03\xec\xff\xe0\xc1");  // RFC 7515 appendix C
}

TEST_CASE("every byte comes back from base64url") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    CHECK(decode_base64url(test_issuer::encode_base64url(bytes)) == bytes);
    bytes += static_cast<char>(i);
  }
}

TEST_CASE("padding, white space, and the digits of plain base64 are refused") {
  for (const char* text : {"Zg==", "Zm8=", "=", "Zm9v====", " Zm9v", "Zm9v\n", "Zm 9v", "Zm9v\r\n",
                           "+/+/", "Zm9+", "Zm9.", "Zm9v\x80", "Zm9%"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64url(text));
  }
  CHECK_FALSE(decode_base64url(std::string_view("Zm9v\0\0\0\0", 8)));
}

TEST_CASE("a length that no bytes have is refused") {
  CHECK_FALSE(decode_base64url("Z"));
  CHECK_FALSE(decode_base64url("Zm9vZ"));
}

TEST_CASE("bits behind the last byte must be 0, so that there is one text for any bytes") {
  int accepted = 0;
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const char digit : kDigits) {
    accepted += decode_base64url(std::string("Z") + digit).has_value() ? 1 : 0;
  }
  CHECK(accepted == 4);
  accepted = 0;
  for (const char digit : kDigits) {
    accepted += decode_base64url(std::string("Zm") + digit).has_value() ? 1 : 0;
  }
  CHECK(accepted == 16);
}

}  // namespace watchdog
