#include "config/options.h"

namespace watchdog {

namespace {

using namespace std::string_view_literals;

constexpr OptionGroup kAccessGroup{"Who may call"};

std::string_view without_jwt_auth(const Config& config) {
  return config.jwt_auth ? ""sv : "it is for jwt_auth"sv;
}

std::string_view without_tokens(const Config& config) {
  return config.auth_issuer.empty() ? without_jwt_auth(config) : ""sv;
}

constexpr Option kAccessOptions[] = {
    {.name = "jwt_auth",
     .group = &kAccessGroup,
     .value = bind<&Config::jwt_auth, kBoolean>(),
     .usual = {"false"},
     .meaning = "let only those call who have an OpenFaaS function token"},
    {.name = "jwt_auth_local",
     .group = &kAccessGroup,
     .value = bind<&Config::jwt_auth_local, kBoolean>(),
     .usual = {"false"},
     .no_effect = without_jwt_auth,
     .meaning = "the gateway that has their keys is http://127.0.0.1:8000"},
    {.name = "jwt_auth_url",
     .group = &kAccessGroup,
     .value = bind<&Config::jwt_auth_url, kHttpUrl>(),
     .usual = {"http://gateway.openfaas:8080", true},
     .meaning = "the gateway that has their keys, or its OpenID configuration"},
    {.name = "jwt_auth_debug",
     .group = &kAccessGroup,
     .value = bind<&Config::jwt_auth_debug, kBoolean>(),
     .usual = {"false"},
     .no_effect = without_tokens,
     .meaning = "log what comes of each token, never the token"},
    {.name = "auth_issuer",
     .group = &kAccessGroup,
     .value = bind<&Config::auth_issuer, kFieldValue>(),
     .meaning = "let only those call who have a token (JWT) of this issuer"},
    {.name = "auth_audience",
     .group = &kAccessGroup,
     .value = bind<&Config::auth_audience, kFieldValue>(),
     .meaning = "whom the token must be for"},
    {.name = "auth_jwks",
     .group = &kAccessGroup,
     .value = bind<&Config::auth_jwks, kKeys>(),
     .meaning = "the issuer's keys (JWK Set): a file, read again when it changes, or http://...; "
                "unset: where an issuer without TLS says"},
    {.name = "auth_hmac",
     .group = &kAccessGroup,
     .value = bind<&Config::auth_hmac, kSignatureScheme>(),
     .meaning = "let only those call who sign the body (webhooks): github, stripe, slack or "
                "HEADER:ALGORITHM:ENCODING:PREFIX"},
    {.name = "auth_hmac_secret_file",
     .group = &kAccessGroup,
     .value = bind<&Config::auth_hmac_secret_file, kFile>(),
     .meaning = "the secret that they sign with; several, one a line, while it is replaced"},
};

}  // namespace

std::span<const Option> access_options() {
  return kAccessOptions;
}

}  // namespace watchdog
