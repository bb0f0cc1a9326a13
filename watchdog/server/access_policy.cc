#include "server/access_policy.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "base/whole_file.h"

namespace watchdog {

namespace {

constexpr const char* kNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
constexpr std::string_view kGateway = "http://gateway.openfaas:8080";
constexpr std::string_view kLocalGateway = "http://127.0.0.1:8000";
constexpr std::string_view kWellKnown = "/.well-known/openid-configuration";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string function_namespace() {
  std::string named = variable("OPENFAAS_NAMESPACE");
  if (!named.empty()) return named;
  const auto file = read_whole_file(kNamespaceFile, 1000);
  return file ? std::string(trim(*file)) : std::string();
}

// The configuration of an OpenID provider, whose address may be given without its path.
HttpUrl discovery_at(std::string_view text) {
  HttpUrl url = *parse_http_url(text);
  if (url.target == "/") url.target = kWellKnown;
  return url;
}

Result<AccessPolicy::Tokens> openfaas_tokens(const Config& config) {
  const std::string name = variable("OPENFAAS_NAME");
  const std::string space = function_namespace();
  if (name.empty() || space.empty()) {
    return Error{
        fmt::format("jwt_auth=true: {} is not set; tokens name the functions that they are for as "
                    "NAMESPACE:NAME, so say what this one is called",
                    name.empty() ? "OPENFAAS_NAME" : "OPENFAAS_NAMESPACE")};
  }
  const std::string_view usual = config.jwt_auth_local ? kLocalGateway : kGateway;
  AccessPolicy::Tokens tokens;
  tokens.place.discovery = discovery_at(config.jwt_auth_url.empty() ? usual : config.jwt_auth_url);
  tokens.function = space + ":" + name;
  tokens.debug = config.jwt_auth_debug;
  return tokens;
}

Result<AccessPolicy::Tokens> issuer_tokens(const Config& config) {
  AccessPolicy::Tokens tokens;
  tokens.place.issuer = config.auth_issuer;
  tokens.audience = config.auth_audience;
  tokens.debug = config.jwt_auth_debug;
  if (config.auth_jwks.empty()) {
    std::string_view issuer = config.auth_issuer;
    if (issuer.ends_with('/')) issuer.remove_suffix(1);
    tokens.place.discovery = *parse_http_url(std::string(issuer) + std::string(kWellKnown));
  } else if (config.auth_jwks.starts_with('/')) {
    tokens.place.file = config.auth_jwks;
    const auto text = read_whole_file(config.auth_jwks, KeySet::kMostBytes);
    if (!text) return Error{fmt::format("auth_jwks={}", text.error())};
    const auto keys = KeySet::parse(*text);
    if (!keys) return Error{fmt::format("auth_jwks={}: {}", config.auth_jwks, keys.error())};
  } else {
    tokens.place.keys = *parse_http_url(config.auth_jwks);
  }
  return tokens;
}

Result<AccessPolicy::Webhook> webhook(const Config& config) {
  const auto text = read_whole_file(config.auth_hmac_secret_file, kMostSecretBytes);
  if (!text) return Error{fmt::format("auth_hmac_secret_file={}", text.error())};
  const auto secrets = parse_webhook_secrets(*text);
  if (!secrets) {
    return Error{
        fmt::format("auth_hmac_secret_file={}: {}", config.auth_hmac_secret_file, secrets.error())};
  }
  return AccessPolicy::Webhook{*WebhookScheme::parse(config.auth_hmac),
                               config.auth_hmac_secret_file};
}

}  // namespace

Result<AccessPolicy> access_policy(const Config& config) {
  AccessPolicy policy;
  if (config.jwt_auth || !config.auth_issuer.empty()) {
    auto tokens = config.jwt_auth ? openfaas_tokens(config) : issuer_tokens(config);
    if (!tokens) return Error{tokens.error()};
    policy.tokens = std::move(*tokens);
  }
  if (!config.auth_hmac.empty()) {
    auto signed_by = webhook(config);
    if (!signed_by) return Error{signed_by.error()};
    policy.webhook = std::move(*signed_by);
  }
  return policy;
}

}  // namespace watchdog
