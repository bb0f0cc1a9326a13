#include "auth/token_verifier.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "contains.h"
#include "tests/unit/auth/foreign_tokens.h"
#include "tests/unit/auth/test_issuer.h"

namespace watchdog {

namespace {

using test_issuer::encode_base64url;
using test_issuer::es256;
using test_issuer::rs256;
using test_issuer::unsecured;

constexpr int64_t kTestTime = 1'700'000'000;
constexpr std::string_view kRs = R"({"alg":"RS256","typ":"JWT","kid":"rsa"})";
constexpr std::string_view kEs = R"({"alg":"ES256","typ":"JWT","kid":"ec"})";

// The claims of a token that opens the function, each as JSON; an empty one is left out.
struct TestClaims {
  std::string_view iss = R"("http://issuer.test")";
  std::string_view aud = R"("http://issuer.test")";
  std::string_view sub = R"("user-1")";
  std::string_view exp = "1700000060";
  std::string_view nbf{};
  std::string_view function = R"({"permissions":["openfaas-fn:env"]})";
  std::string_view more{};  // whole members
};

// A value to try, and the word for what is wrong with it.
struct TestRow {
  std::string_view text;
  std::string_view word;
};

std::string json(const TestClaims& claims) {
  std::string text = "{";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (text.size() > 1) text += ',';
    text.append(name).append(value);
  };
  add(R"("iss":)", claims.iss);
  add(R"("aud":)", claims.aud);
  add(R"("sub":)", claims.sub);
  add(R"("exp":)", claims.exp);
  add(R"("nbf":)", claims.nbf);
  add(R"("function":)", claims.function);
  add("", claims.more);
  return text + "}";
}

const KeySet& issuer_keys() {
  static const auto keys = KeySet::parse(
      test_issuer::jwk_set(test_issuer::rsa_jwk("rsa") + "," + test_issuer::ec_jwk("ec")));
  return *keys;
}

const TokenPolicy kOpenFaas{"http://issuer.test", "http://issuer.test", "openfaas-fn:env"};
const TokenPolicy kOidc{"http://issuer.test", "http://issuer.test", {}};

// The word for what is wrong with it, or "ok".
std::string_view verdict(std::string_view token, const TokenPolicy& policy = kOpenFaas,
                         int64_t now = kTestTime) {
  const auto verified = verify_token(token, issuer_keys(), policy, now);
  const auto* const problem = std::get_if<TokenProblem>(&verified);
  return problem == nullptr ? "ok" : info(*problem).word;
}

// Of claims that are signed as they should be.
std::string_view verdict_on(const TestClaims& claims, const TokenPolicy& policy = kOpenFaas,
                            int64_t now = kTestTime) {
  return verdict(es256(kEs, json(claims)), policy, now);
}

std::string_view verdict_on_header(std::string_view header) {
  return verdict(rs256(header, json({})));
}

// Of permissions for openfaas-fn:env.
std::string_view verdict_on_permissions(std::string_view permissions) {
  const std::string function = "{\"permissions\":" + std::string(permissions) + "}";
  return verdict_on({.function = function});
}

}  // namespace

TEST_CASE("RS256 and ES256 tokens of the issuer are taken, and tell subject and expiry") {
  for (const std::string& token : {rs256(kRs, json({})), es256(kEs, json({}))}) {
    const auto verified = verify_token(token, issuer_keys(), kOpenFaas, kTestTime);
    const auto* const good = std::get_if<VerifiedToken>(&verified);
    REQUIRE(good != nullptr);
    CHECK(good->subject == "user-1");
    CHECK(good->expires == 1700000060);
  }
}

TEST_CASE("tokens that python3-cryptography signed are taken, or refused for what they are") {
  const auto keys = KeySet::parse(foreign::kKeys);
  REQUIRE(keys);
  const auto word = [&](std::string_view token) -> std::string_view {
    const auto verified = verify_token(token, *keys, kOpenFaas, kTestTime);
    const auto* const problem = std::get_if<TokenProblem>(&verified);
    return problem == nullptr ? "ok" : info(*problem).word;
  };
  CHECK(word(foreign::kRsa2048) == "ok");
  CHECK(word(foreign::kRsa4096) == "ok");
  CHECK(word(foreign::kEc256) == "ok");
  CHECK(word(foreign::kRsa1024) == "unknown_key");
  CHECK(word(foreign::kEc384) == "algorithm");
  CHECK(word(foreign::kPss) == "algorithm");
  CHECK(word(foreign::kPssCalledRs256) == "signature");
  CHECK(word(foreign::kSha512CalledRs256) == "signature");
  CHECK(word(foreign::kEc256InDer) == "signature");
}

TEST_CASE("the algorithm is RS256 or ES256, and its key's") {
  for (const TestRow& row : std::vector<TestRow>{
           {R"({"alg":"none","kid":"rsa"})", "algorithm"},
           {R"({"alg":"None","kid":"rsa"})", "algorithm"},
           {R"({"alg":"nOnE","kid":"rsa"})", "algorithm"},
           {R"({"alg":"","kid":"rsa"})", "algorithm"},
           {R"({"alg":null,"kid":"rsa"})", "algorithm"},
           {R"({"alg":["RS256"],"kid":"rsa"})", "algorithm"},
           {R"({"alg":"rs256","kid":"rsa"})", "algorithm"},
           {R"({"alg":"RS256 ","kid":"rsa"})", "algorithm"},
           {R"({"alg":"RS256\u0000","kid":"rsa"})", "algorithm"},
           {R"({"alg":"HS256","kid":"rsa"})", "algorithm"},
           {R"({"alg":"RS384","kid":"rsa"})", "algorithm"},
           {R"({"alg":"PS256","kid":"rsa"})", "algorithm"},
           {R"({"alg":"ES256","kid":"rsa"})", "algorithm"},
           {R"({"alg":"RS256","kid":"ec"})", "algorithm"},
           {R"({"Alg":"RS256","kid":"rsa"})", "algorithm"},
           {R"({"kid":"rsa"})", "algorithm"},
           {R"({"\u0061lg":"RS256","kid":"rsa"})", "ok"},
           {R"({"kid":"rsa","alg":"RS256","typ":"at+jwt","cty":"x","jku":"http://x/"})", "ok"}}) {
    CAPTURE(row.text);
    CHECK(verdict_on_header(row.text) == row.word);
  }
}

TEST_CASE("an unsecured token is refused, whatever it says") {
  const std::string claims = json({});
  CHECK(verdict(unsecured(R"({"alg":"none","kid":"rsa"})", claims)) == "algorithm");
  CHECK(verdict(unsecured(R"({"alg":"none"})", claims)) == "algorithm");
  CHECK(verdict(unsecured(kRs, claims)) == "signature");
  CHECK(verdict(unsecured(kEs, claims)) == "signature");
}

TEST_CASE("a public key is no secret for HS256") {
  const std::string claims = json({});
  for (const std::string_view header :
       {std::string_view(R"({"alg":"HS256","kid":"rsa"})"), kRs, kEs}) {
    for (const std::string& secret :
         {std::string(test_issuer::kModulus), *decode_base64url(test_issuer::kModulus),
          std::string(test_issuer::kX), *decode_base64url(test_issuer::kX), std::string()}) {
      const std::string text = test_issuer::signed_text(header, claims);
      const std::string token = text + "." + encode_base64url(test_issuer::hmac(secret, text));
      CHECK(verdict(token) == (contains(header, "HS256") ? "algorithm" : "signature"));
    }
  }
}

TEST_CASE("the key is the one that kid names, whole") {
  for (const TestRow& row :
       std::vector<TestRow>{{R"({"alg":"RS256"})", "no_key_id"},
                            {R"({"alg":"RS256","kid":""})", "no_key_id"},
                            {R"({"alg":"RS256","kid":1})", "no_key_id"},
                            {R"({"alg":"RS256","kid":null})", "no_key_id"},
                            {R"({"alg":"RS256","kid":["rsa"]})", "no_key_id"},
                            {R"({"alg":"RS256","kid":"RSA"})", "unknown_key"},
                            {R"({"alg":"RS256","kid":"rsa2"})", "unknown_key"},
                            {R"({"alg":"RS256","kid":"rs"})", "unknown_key"},
                            {R"({"alg":"RS256","kid":"rsa\u0000"})", "unknown_key"},
                            {R"({"alg":"RS256","kid":"../../dev/null"})", "unknown_key"},
                            {R"({"alg":"RS256","kid":"' OR 1=1 --"})", "unknown_key"},
                            {R"({"alg":"RS256","kid":"http://evil.test/keys"})", "unknown_key"},
                            {R"({"alg":"RS256","kid":"*"})", "unknown_key"}}) {
    CAPTURE(row.text);
    CHECK(verdict_on_header(row.text) == row.word);
  }
}

TEST_CASE("a key that the token brings along is not looked at") {
  const std::string header =
      R"({"alg":"RS256","kid":"mine","jwk":)" + test_issuer::rsa_jwk("mine") + "}";
  CHECK(verdict(rs256(header, json({}))) == "unknown_key");
}

TEST_CASE("any critical extension is refused") {
  for (const char* crit : {R"(["exp"])", R"(["b64"],"b64":false)", "[]", "null", R"("exp")"}) {
    CAPTURE(crit);
    CHECK(verdict_on_header(R"({"alg":"RS256","kid":"rsa","crit":)" + std::string(crit) + "}") ==
          "critical_extension");
  }
}

TEST_CASE("a name that stands twice in header or claims is refused") {
  CHECK(verdict_on_header(R"({"alg":"none","alg":"RS256","kid":"rsa"})") == "malformed");
  CHECK(verdict_on_header(R"({"alg":"RS256","kid":"rsa","\u0061lg":"none"})") == "malformed");
  CHECK(verdict_on_header(R"({"alg":"RS256","kid":"rsa","kid":"rsa"})") == "malformed");
  CHECK(verdict_on({.more = R"("exp":1700000060)"}) == "malformed");
  CHECK(verdict_on({.more = R"("\u0069ss":"http://issuer.test")"}) == "malformed");
  CHECK(verdict_on({.function = R"({"permissions":[],"permissions":["*"]})"}) == "malformed");
}

TEST_CASE("a token has three segments, each of base64url that stands for its bytes alone") {
  const std::string token = es256(kEs, json({}));
  const size_t dot = token.find('.');
  const std::string flipped = token.substr(0, token.size() - 1) + (token.back() == 'A' ? 'B' : 'A');
  for (const std::string& malformed : {token + ".",
                                       token + ".e30",
                                       "." + token,
                                       token.substr(0, dot),
                                       token.substr(dot),
                                       token.substr(0, token.rfind('.')),
                                       std::string("a.b.c.d.e"),
                                       token + ".e30.e30",
                                       std::string("."),
                                       std::string(".."),
                                       std::string("..."),
                                       token + "=",
                                       token + "==",
                                       token + " ",
                                       token + "\n",
                                       " " + token,
                                       token.substr(0, dot) + "=" + token.substr(dot),
                                       token.substr(0, dot) + "\n" + token.substr(dot),
                                       token + std::string(1, '\0'),
                                       std::string("Bearer ") + token,
                                       test_issuer::signed_text("", "{}") + ".AAAA",
                                       test_issuer::signed_text("[]", "{}") + ".AAAA",
                                       test_issuer::signed_text("\"RS256\"", "{}") + ".AAAA"}) {
    CAPTURE(malformed);
    CHECK(verdict(malformed) == "malformed");
  }
  CHECK(verdict("") == "missing");
  CHECK(verdict(flipped) != "ok");
}

TEST_CASE("an encrypted token (JWE) is malformed, whatever its header says") {
  for (const std::string_view header :
       {std::string_view(R"({"alg":"RSA-OAEP","enc":"A128GCM","kid":"rsa"})"), kRs, kEs}) {
    CAPTURE(header);
    CHECK(verdict(encode_base64url(header) + ".QUFB.QUFB.QUFB.QUFB") == "malformed");
  }
}

TEST_CASE("the bits behind the last byte of a segment are a part of the signature") {
  // 64 bytes leave four bits of the last digit, which are 0.
  std::string token = es256(kEs, json({}));
  REQUIRE(contains("AQgw", token.substr(token.size() - 1)));
  ++token.back();
  CHECK(verdict(token) == "malformed");
}

TEST_CASE("no change of a token by one character passes") {
  const std::string token = es256(kEs, json({}));
  // Every seventh, for each costs a verification; the last one, too.
  for (size_t at = 0; at < token.size(); at += at + 7 < token.size() ? 7 : 1) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'E' : 'A';
    if (changed == token) continue;
    CAPTURE(at);
    CHECK(verdict(changed) != "ok");
  }
}

TEST_CASE("the signature of another token does not fit") {
  const std::string other = es256(kEs, json({.sub = R"("user-2")"}));
  const std::string token = es256(kEs, json({}));
  CHECK(verdict(token.substr(0, token.rfind('.')) + other.substr(other.rfind('.'))) == "signature");
}

TEST_CASE("a token is at most 16 KB large") {
  const auto of_size = [](size_t size) {
    std::string token;
    for (size_t fill = size * 3 / 4 - 400; token.size() < size; ++fill) {
      const std::string more = R"("x":")" + std::string(fill, 'x') + "\"";
      token = es256(kEs, json({.more = more}));
    }
    return token;
  };
  const std::string largest = of_size(kMostTokenSize - 1);
  CHECK(largest.size() <= kMostTokenSize);
  CHECK(verdict(largest) == "ok");
  CHECK(verdict(of_size(kMostTokenSize + 1)) == "too_long");
  CHECK(verdict(std::string(kMostTokenSize, '.')) == "malformed");
  CHECK(verdict(std::string(kMostTokenSize + 1, '.')) == "too_long");
  CHECK(verdict(std::string(1'000'000, 'a')) == "too_long");
}

TEST_CASE("the claims are a JSON object") {
  for (const char* claims :
       {"", "[]", "null", "\"x\"", "{", "{}x", "{}{}", "\xef\xbb\xbf{}", "{\"iss\":\"\xff\"}"}) {
    CAPTURE(claims);
    CHECK(verdict(es256(kEs, claims)) == "malformed");
  }
  // A token in a token ("cty" is "JWT").
  CHECK(verdict(es256(kEs, es256(kEs, json({})))) == "malformed");
  CHECK(verdict(es256(kEs, json({}) + std::string(1, '\0') + "x")) == "malformed");
}

TEST_CASE("the signature is looked at before the claims are") {
  CHECK(verdict(unsecured(kEs, "not JSON")) == "signature");
  CHECK(verdict(unsecured(kEs, json({.exp = "1"}))) == "signature");
}

TEST_CASE("the issuer is the one that is trusted, as a whole") {
  for (const char* iss :
       {"", R"("http://issuer.test/")", R"("http://issuer.tes")", R"("HTTP://issuer.test")",
        R"("http://issuer.test.evil.test")", R"("")", "null", "1", R"(["http://issuer.test"])",
        R"("http://issuer.test\u0000")", R"("*")"}) {
    CAPTURE(iss);
    CHECK(verdict_on({.iss = iss}) == "issuer");
  }
}

TEST_CASE("the audience is a string or a list that has it") {
  for (const TestRow& row : std::vector<TestRow>{{R"(["http://issuer.test"])", "ok"},
                                                 {R"(["a","http://issuer.test","b"])", "ok"},
                                                 {"", "audience"},
                                                 {R"("")", "audience"},
                                                 {R"("http://issuer.test/")", "audience"},
                                                 {R"("http://issuer.tes")", "audience"},
                                                 {R"("a http://issuer.test")", "audience"},
                                                 {R"("*")", "audience"},
                                                 {"[]", "audience"},
                                                 {R"(["a","b"])", "audience"},
                                                 {"null", "malformed"},
                                                 {"1", "malformed"},
                                                 {R"({"http://issuer.test":1})", "malformed"},
                                                 {R"(["http://issuer.test",1])", "malformed"},
                                                 {R"([["http://issuer.test"]])", "malformed"}}) {
    CAPTURE(row.text);
    CHECK(verdict_on({.aud = row.text}) == row.word);
  }
}

TEST_CASE("the audience need not be the issuer") {
  const TokenPolicy policy{"http://issuer.test", "my-api", {}};
  CHECK(verdict_on({.aud = R"("my-api")"}, policy) == "ok");
  CHECK(verdict_on({}, policy) == "audience");
}

TEST_CASE("an empty issuer or audience of the policy is no wildcard") {
  CHECK(verdict_on({.iss = R"("")"}, {"", "http://issuer.test", {}}) == "issuer");
  CHECK(verdict_on({.aud = R"("")"}, {"http://issuer.test", "", {}}) == "audience");
  CHECK(verdict_on({.iss = ""}, {"", "http://issuer.test", {}}) == "issuer");
}

TEST_CASE("a token expires one second after exp") {
  for (const TestRow& row : std::vector<TestRow>{{"1700000001", "ok"},
                                                 {"1700000000", "ok"},
                                                 {"1699999999", "expired"},
                                                 {"1699999999.5", "ok"},
                                                 {"1699999999.001", "ok"},
                                                 {"1699999998.999", "expired"},
                                                 {"1.7e9", "ok"},
                                                 {"0", "expired"},
                                                 {"1", "expired"},
                                                 {"-0", "expired"},
                                                 {"253402300799", "ok"},
                                                 {"", "no_expiry"}}) {
    CAPTURE(row.text);
    CHECK(verdict_on({.exp = row.text}) == row.word);
  }
}

TEST_CASE("a token whose exp has a fraction is remembered for as long as it is taken") {
  const std::string token = es256(kEs, json({.exp = "1699999999.5"}));
  const auto verified = verify_token(token, issuer_keys(), kOpenFaas, kTestTime);
  const auto* const good = std::get_if<VerifiedToken>(&verified);
  REQUIRE(good != nullptr);
  CHECK(good->expires == 1700000000);
  CHECK(verdict_on({.exp = "1699999999.5"}, kOpenFaas, good->expires + 1) == "expired");
}

TEST_CASE("exp is a number of this calendar's years") {
  for (const char* exp : {"-1", "-1700000000", "-1e300", "253402300800", "253402300799.5", "1e12",
                          "9223372036854775807", "9223372036854775808", "-9223372036854775808",
                          "18446744073709551615", "18446744073709551616", "1e300", "1e999", "null",
                          "true", R"("1700000060")", "[1700000060]", "{}"}) {
    CAPTURE(exp);
    CHECK(verdict_on({.exp = exp}) == "malformed");
  }
}

TEST_CASE("a token is valid from one second before nbf") {
  for (const TestRow& row : std::vector<TestRow>{{"0", "ok"},
                                                 {"1700000000", "ok"},
                                                 {"1700000001", "ok"},
                                                 {"1700000002", "not_yet_valid"},
                                                 {"1700000001.5", "not_yet_valid"},
                                                 {"1700000000.5", "ok"},
                                                 {"253402300799", "not_yet_valid"},
                                                 {"-1", "malformed"},
                                                 {"1e300", "malformed"},
                                                 {"null", "malformed"},
                                                 {R"("1700000000")", "malformed"}}) {
    CAPTURE(row.text);
    CHECK(verdict_on({.nbf = row.text}) == row.word);
  }
}

TEST_CASE("a clock that is far off overflows nowhere") {
  CHECK(verdict_on({}, kOpenFaas, INT64_MAX) == "expired");
  CHECK(verdict_on({}, kOpenFaas, INT64_MIN) == "ok");
  CHECK(verdict_on({.nbf = "0"}, kOpenFaas, INT64_MIN) == "not_yet_valid");
}

TEST_CASE("iat and unknown claims say nothing") {
  CHECK(verdict_on({.more = R"("iat":99999999999,"jti":1,"scope":"none","azp":null)"}) == "ok");
}

TEST_CASE("patterns of permissions match the whole name of the function") {
  for (const TestRow& row : std::vector<TestRow>{{R"(["openfaas-fn:env"])", "ok"},
                                                 {R"(["*"])", "ok"},
                                                 {R"(["openfaas-fn:*"])", "ok"},
                                                 {R"(["*:env"])", "ok"},
                                                 {R"(["openfaas-fn:en*"])", "ok"},
                                                 {R"(["openfaas-fn:env*"])", "ok"},
                                                 {R"(["a:b","openfaas-fn:env"])", "ok"},
                                                 {R"(["openfaas-fn:e*v","nothing"])", "ok"},
                                                 {R"([])", "permissions"},
                                                 {R"([""])", "permissions"},
                                                 {R"(["env"])", "permissions"},
                                                 {R"(["openfaas-fn"])", "permissions"},
                                                 {R"(["openfaas-fn:"])", "permissions"},
                                                 {R"(["n:e"])", "permissions"},
                                                 {R"(["openfaas-fn:en"])", "permissions"},
                                                 {R"(["openfaas-fn:env2"])", "permissions"},
                                                 {R"(["penfaas-fn:env"])", "permissions"},
                                                 {R"(["OPENFAAS-FN:ENV"])", "permissions"},
                                                 {R"(["dev:*"])", "permissions"},
                                                 {R"(["*:en"])", "permissions"},
                                                 {R"(["openfaas-fn:.*"])", "permissions"},
                                                 {R"([".*"])", "permissions"},
                                                 {R"(["^openfaas-fn:env$"])", "permissions"},
                                                 {R"(["openfaas.fn:env"])", "permissions"},
                                                 {R"(["openfaas-fn:[e]nv"])", "permissions"},
                                                 {R"(["openfaas-fn:env|x"])", "permissions"},
                                                 {R"(["openfaas-fn:en?"])", "permissions"},
                                                 {R"(["openfaas-fn:env\n"])", "permissions"},
                                                 {R"(["openfaas-fn:env\u0000"])", "permissions"},
                                                 {R"("openfaas-fn:env")", "permissions"},
                                                 {R"("*")", "permissions"},
                                                 {"null", "permissions"},
                                                 {"true", "permissions"},
                                                 {R"({"0":"*"})", "permissions"},
                                                 {R"([["*"]])", "permissions"},
                                                 {R"(["*",1])", "permissions"}}) {
    CAPTURE(row.text);
    CHECK(verdict_on_permissions(row.text) == row.word);
  }
}

TEST_CASE("a permission for one function does not open another one that begins like it") {
  const TokenPolicy longer{"http://issuer.test", "http://issuer.test", "openfaas-fn:env2"};
  CHECK(verdict_on({}, longer) == "permissions");
  CHECK(verdict_on({.function = R"({"permissions":["openfaas-fn:env*"]})"}, longer) == "ok");
  const TokenPolicy prefixed{"http://issuer.test", "http://issuer.test", "my-openfaas-fn:env"};
  CHECK(verdict_on({}, prefixed) == "permissions");
}

TEST_CASE("a token without permissions opens nothing") {
  for (const char* function :
       {"", "{}", "null", "[]", "1", R"("openfaas-fn:env")", R"(["openfaas-fn:env"])",
        R"({"Permissions":["*"]})", R"({"audience":["*"]})"}) {
    CAPTURE(function);
    CHECK(verdict_on({.function = function}) == "permissions");
  }
  CHECK(verdict_on({.function = "", .more = R"("permissions":["*"])"}) == "permissions");
}

TEST_CASE("the function's audience narrows what the permissions open") {
  for (const TestRow& row : std::vector<TestRow>{{"[]", "ok"},
                                                 {"null", "ok"},
                                                 {R"(["openfaas-fn:env"])", "ok"},
                                                 {R"(["a:b","openfaas-fn:*"])", "ok"},
                                                 {R"(["openfaas-fn:env2"])", "permissions"},
                                                 {R"(["env"])", "permissions"},
                                                 {R"([""])", "permissions"},
                                                 {R"("*")", "permissions"},
                                                 {"1", "permissions"},
                                                 {"{}", "permissions"},
                                                 {R"(["*",1])", "permissions"}}) {
    CAPTURE(row.text);
    const std::string function =
        R"({"permissions":["*"],"audience":)" + std::string(row.text) + "}";
    CHECK(verdict_on({.function = function}) == row.word);
  }
}

TEST_CASE("without a function to open the claim function is not looked at") {
  CHECK(verdict_on({.function = ""}, kOidc) == "ok");
  CHECK(verdict_on({.function = "1"}, kOidc) == "ok");
}

TEST_CASE("a subject can stand in a field: without control characters, or blanks around it") {
  for (const TestRow& row : std::vector<TestRow>{{"", "ok"},
                                                 {R"("")", "ok"},
                                                 {R"("fed:user 1, \"x\"")", "ok"},
                                                 {R"("\u00e9\ud83d\ude00")", "ok"},
                                                 {R"("a\r\nX-Admin: 1")", "malformed"},
                                                 {R"("a\nb")", "malformed"},
                                                 {R"("a\tb")", "malformed"},
                                                 {R"("a\u0000b")", "malformed"},
                                                 {R"("a\u007f")", "malformed"},
                                                 {R"(" a")", "malformed"},
                                                 {R"("a ")", "malformed"},
                                                 {"null", "malformed"},
                                                 {"1", "malformed"}}) {
    CAPTURE(row.text);
    CHECK(verdict_on({.sub = row.text}) == row.word);
  }
}

TEST_CASE("what is forbidden is told from what is not known") {
  std::set<std::string_view> words;
  for (const TokenProblemInfo& row : kTokenProblems) {
    CAPTURE(row.word);
    CHECK(row.status == (row.problem == TokenProblem::kPermissions ? 403 : 401));
    CHECK_FALSE(row.sentence.empty());
    CHECK(row.word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK(words.insert(row.word).second);
  }
}

}  // namespace watchdog
