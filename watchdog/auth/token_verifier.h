#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/key_set.h"
#include "auth/token_problem.h"

// Whether a token (a JWT, RFC 7519, signed as RFC 7515 says) opens this function. Everything that
// decides it is here and in the files that are named below, and has no state, clock or input but
// its arguments. In this order, ended by the first thing that is wrong:
//
//   1. size, three segments    4. the signature, over the bytes as they came
//   2. the header              5. the claims, which nobody has read until now
//   3. the key of its kid      6. the permissions
//
// What is done about each threat (those of RFC 8725, and ours):
//
//   alg "none", of any case      public_key.h: two exact words name an Algorithm, every other is
//                                kAlgorithm.
//   HS256, with a public key as  The same. There is no code for HMAC here, and key_set.h skips
//   its secret                   symmetric keys ("oct").
//   ES256 with an RSA key,       A key serves one algorithm, which its own type says. It is looked
//   PS256 with RS256's           up by kid and algorithm: kAlgorithm when only the kid fits.
//   kid missing                  kNoKeyId. Keys are not tried one after another.
//   kid as a path, URL, query    It is compared with the kids in memory, whole, and used for
//                                nothing else. "jku", "x5u", "jwk" and "x5c" are not looked at.
//   crit                         Any at all is kCritical, for no extension is understood (RFC 7515
//                                4.1.11), "b64" among them.
//   duplicated names             json_object.h refuses them in the header and in the claims, at
//                                every depth: another reader may take the other value.
//   two texts for one token      base64url.h takes one text for any bytes; json_object.h refuses
//                                NUL bytes, a byte order mark and whatever is behind the JSON.
//   another signature (ES256)    (r, -s) verifies as (r, s) does. Nothing here takes a token's text
//                                for who it is: the same token in other words is verified again.
//   overlong token, deep or      kMostTokenSize is looked at first. The header's time is linear
//   wide JSON                    in its size; the claims are parsed after the signature was right.
//   four segments; five (JWE)    kMalformed: two dots, no more.
//   an ES256 signature of zeros  public_key.cc: r and s are from 1 to the order less 1.
//   RSA padding read loosely     public_key.cc writes what must have been signed, and compares.
//   small RSA keys, e = 1,       public_key.h refuses them when the key set is read.
//   points off the curve
//   exp missing                  kNoExpiry.
//   exp, nbf as text, negative,  kMalformed: they are numbers from 0 to the end of the year 9999.
//   huge                         Fractions count (RFC 7519 2).
//   clocks that differ           kTokenLeeway, no more: valid while nbf - 1 <= now < exp + 1.
//   another issuer's token       iss is compared whole, as bytes; a slash at its end counts.
//   another service's token      aud must be there, and be or contain the audience, whole.
//   another function's token     name_pattern.h: patterns match the whole name. A claim of another
//                                shape than it should have opens nothing: kPermissions.
//   response splitting by sub    A subject with a control character, or blanks around it, is
//                                kMalformed: VerifiedToken::subject is a field's value as it is.
//   two tokens in a request      bearer.h refuses a second Authorization field.
//   use after it expired         verified_tokens.h looks at the time in every look-up, and forgets
//                                everything when the keys change.
//   a token in a log             token_problem.h has all texts there are: none has a piece of it.
//
// Not defended against: a token that was stolen is good until it expires ("jti" and revocation are
// not looked at), and what "iat" and "typ" say is not asked.

namespace watchdog {

// In bytes, of the whole token.
inline constexpr size_t kMostTokenSize = 16 * 1024;
// In seconds.
inline constexpr int64_t kTokenLeeway = 1;

// What a token must say. An empty issuer or audience is no wildcard: nothing fits it.
struct TokenPolicy {
  std::string issuer;
  std::string audience;
  // "NAMESPACE:NAME" of an OpenFaaS function: one of the patterns in the claim
  // `function.permissions` must match it, and one of those in `function.audience`, unless that is
  // absent, null or empty.
  // Nothing: the claim is not looked at, as for any OIDC issuer.
  std::optional<std::string> function;
};

struct VerifiedToken {
  std::string subject;  // the claim "sub"; empty where there is none
  int64_t expires;      // the claim "exp", in seconds since 1970, rounded up
};

// Verifies a token. `now` is in seconds since 1970. kUnknownKey is the one problem that reading the
// issuer's keys again may solve.
std::variant<VerifiedToken, TokenProblem> verify_token(std::string_view token, const KeySet& keys,
                                                       const TokenPolicy& policy, int64_t now);

}  // namespace watchdog
