#pragma once

#include <bearssl.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "auth/base64url.h"

// An issuer with the keys of RFC 7515 A.2 and A.3, for tests, fuzz targets and benches: it signs
// whatever header and claims it is given.

namespace watchdog::test_issuer {

// RFC 7515 A.2.1.
inline constexpr std::string_view kModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
// RFC 7515 A.3.1.
inline constexpr std::string_view kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
inline constexpr std::string_view kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

inline std::string encode_base64url(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    unsigned bits = 0;
    for (size_t j = i; j < i + 3; ++j) {
      bits = bits << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
    }
    const size_t digits = i + 3 <= bytes.size() ? 4 : bytes.size() - i + 1;
    for (size_t j = 0; j < digits; ++j) text += kDigits[bits >> (18 - 6 * j) & 63];
  }
  return text;
}

inline std::array<unsigned char, 32> sha256(std::string_view text) {
  br_sha256_context context;
  br_sha256_init(&context);
  br_sha256_update(&context, text.data(), text.size());
  std::array<unsigned char, 32> hash;
  br_sha256_out(&context, hash.data());
  return hash;
}

// The signature of RSASSA-PKCS1-v1_5 with SHA-256.
inline std::string rsa_signature(std::string_view text) {
  std::string p = *decode_base64url(
      "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_"
      "Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc");
  std::string q = *decode_base64url(
      "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7Tje"
      "LQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc");
  std::string dp = *decode_base64url(
      "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOK"
      "nu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0");
  std::string dq = *decode_base64url(
      "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U"
      "0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU");
  std::string qi = *decode_base64url(
      "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5"
      "cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U");
  const auto bytes = [](std::string& number) {
    return reinterpret_cast<unsigned char*>(number.data());
  };
  const br_rsa_private_key key{2048,      bytes(p),  p.size(),  bytes(q),  q.size(), bytes(dp),
                               dp.size(), bytes(dq), dq.size(), bytes(qi), qi.size()};
  const auto hash = sha256(text);
  std::string signature(256, '\0');
  br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA256, hash.data(), hash.size(), &key,
                                  bytes(signature));
  return signature;
}

// The signature of ECDSA on P-256 with SHA-256, as r and s.
inline std::string ec_signature(std::string_view text) {
  std::string d = *decode_base64url("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
  const br_ec_private_key key{BR_EC_secp256r1, reinterpret_cast<unsigned char*>(d.data()),
                              d.size()};
  const auto hash = sha256(text);
  std::string signature(64, '\0');
  br_ecdsa_i31_sign_raw(&br_ec_p256_m31, &br_sha256_vtable, hash.data(), &key, signature.data());
  return signature;
}

// HMAC with SHA-256.
inline std::string hmac(std::string_view key, std::string_view text) {
  br_hmac_key_context key_context;
  br_hmac_key_init(&key_context, &br_sha256_vtable, key.data(), key.size());
  br_hmac_context context;
  br_hmac_init(&context, &key_context, 0);
  br_hmac_update(&context, text.data(), text.size());
  std::string code(32, '\0');
  br_hmac_out(&context, code.data());
  return code;
}

// What is signed: the two first segments.
inline std::string signed_text(std::string_view header, std::string_view claims) {
  return encode_base64url(header) + "." + encode_base64url(claims);
}

inline std::string rs256(std::string_view header, std::string_view claims) {
  const std::string text = signed_text(header, claims);
  return text + "." + encode_base64url(rsa_signature(text));
}

inline std::string es256(std::string_view header, std::string_view claims) {
  const std::string text = signed_text(header, claims);
  return text + "." + encode_base64url(ec_signature(text));
}

inline std::string unsecured(std::string_view header, std::string_view claims) {
  return signed_text(header, claims) + ".";
}

// An RSA key as a JWK. `more` are further members, each with a comma before it.
inline std::string rsa_jwk(std::string_view kid, std::string_view more = "") {
  return "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"kid\":\"" + std::string(kid) + "\",\"n\":\"" +
         std::string(kModulus) + "\"" + std::string(more) + "}";
}

inline std::string ec_jwk(std::string_view kid, std::string_view more = "") {
  return "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"" + std::string(kid) + "\",\"x\":\"" +
         std::string(kX) + "\",\"y\":\"" + std::string(kY) + "\"" + std::string(more) + "}";
}

// `keys` are JWKs with commas between them.
inline std::string jwk_set(std::string_view keys) {
  return "{\"keys\":[" + std::string(keys) + "]}";
}

}  // namespace watchdog::test_issuer
