#include "modes/gateway/cgi_variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "base/version.h"
#include "http/forwarded.h"

namespace watchdog {

namespace {

constexpr std::string_view kFieldPrefix = "HTTP_";

constexpr std::array<std::string_view, 25> kVariables = {
    "AUTH_TYPE",         "CONTENT_LENGTH",  "CONTENT_TYPE",    "DOCUMENT_ROOT",   "DOCUMENT_URI",
    "GATEWAY_INTERFACE", "HTTPS",           "PATH_INFO",       "PATH_TRANSLATED", "QUERY_STRING",
    "REDIRECT_STATUS",   "REMOTE_ADDR",     "REMOTE_HOST",     "REMOTE_PORT",     "REQUEST_METHOD",
    "REQUEST_SCHEME",    "REQUEST_URI",     "SCRIPT_FILENAME", "SCRIPT_NAME",     "SERVER_NAME",
    "SERVER_PORT",       "SERVER_PROTOCOL", "SERVER_SOFTWARE", "REMOTE_USER",     "SERVER_ADDR"};

// What the name of a field becomes; empty for one that must not become a variable.
std::string_view variable_name(std::string_view field, std::string& space) {
  space = kFieldPrefix;
  for (const char c : field) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!lower && !plain && c != '-') return {};
    space += lower ? static_cast<char>(c - 32) : c == '-' ? '_' : c;
  }
  return space;
}

// Those that have a variable of their own, belong to the connection, or would be taken for the
// program's own settings (httpoxy).
bool has_no_variable(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNone = {
      "proxy", "content-length", "content-type",      "connection",      "keep-alive",
      "te",    "upgrade",        "transfer-encoding", "proxy-connection"};
  return std::ranges::any_of(
      kNone, [name](std::string_view one) { return equals_ignoring_case(one, name); });
}

// RFC 9110 5.3, RFC 9113 8.2.3: how the values of a repeated field are one.
std::string_view separator(std::string_view name) {
  return equals_ignoring_case(name, "cookie") ? "; " : ", ";
}

void add_fields(VariableSink& sink, const CgiRequest& cgi) {
  std::string name;
  std::string joined;
  const std::vector<const Field*> fields = cgi.request.fields.by_name();
  for (auto field = fields.begin(); field != fields.end();) {
    const auto first = field;
    const auto same = [first](const Field* other) {
      return equals_ignoring_case(other->name, (*first)->name);
    };
    field = std::find_if_not(first, fields.end(), same);
    if (has_no_variable((*first)->name) || is_withheld(cgi, (*first)->name)) continue;
    if (variable_name((*first)->name, name).empty()) continue;
    if (field - first == 1) {
      sink.add(name, (*first)->value);
      continue;
    }
    joined = (*first)->value;
    for (auto other = first + 1; other != field; ++other) {
      joined.append(separator((*first)->name)).append((*other)->value);
    }
    sink.add(name, joined);
  }
}

// The host and the port that the client used, as far as it says.
struct Authority {
  std::string_view host;
  std::string_view port;
};

Authority split_authority(std::string_view authority, bool secure) {
  const std::string_view usual = secure ? "443" : "80";
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.ends_with(']')) return {authority, usual};
  const std::string_view port = authority.substr(colon + 1);
  return {authority.substr(0, colon), port.empty() ? usual : port};
}

void add_body(VariableSink& sink, const CgiRequest& cgi) {
  const RequestHead& request = cgi.request;
  // Also of none: "Content-Length: 0".
  if (cgi.collected || request.fields.find("content-length") != nullptr) {
    sink.add("CONTENT_LENGTH",
             fmt::format_int(cgi.collected.value_or(request.content_length)).c_str());
  }
  if (const Field* type = request.fields.find("content-type")) {
    sink.add("CONTENT_TYPE", type->value);
  }
}

void add_path(VariableSink& sink, const CgiRequest& cgi) {
  const Script& script = cgi.script;
  const std::string name = std::string(cgi.prefix) + script.name;
  sink.add("SCRIPT_NAME", name);
  sink.add("SCRIPT_FILENAME", script.file);
  sink.add("DOCUMENT_URI", name);
  if (!script.path_info.empty()) sink.add("PATH_INFO", script.path_info);
  if (!cgi.document_root.empty()) {
    sink.add("DOCUMENT_ROOT", cgi.document_root);
    // A path that climbs names no file below it.
    if (!script.path_info.empty() && script.path_info.find("/..") == std::string::npos) {
      sink.add("PATH_TRANSLATED", std::string(cgi.document_root) + script.path_info);
    }
  }
  const RequestHead& request = cgi.request;
  std::string uri;
  if (request.target.starts_with('/')) {
    uri.append(cgi.prefix).append(request.target);
  } else {
    const std::string_view path = request.path();
    uri.append(path == "*" ? std::string_view() : cgi.prefix).append(path);
    if (!request.query().empty()) uri.append("?").append(request.query());
  }
  sink.add("REQUEST_URI", uri);
  sink.add("QUERY_STRING", request.query());
}

void add_parties(VariableSink& sink, const CgiRequest& cgi) {
  const Fields& fields = cgi.request.fields;
  const bool secure = came_over_tls(fields);
  const Authority authority = split_authority(cgi.request.authority(), secure);
  sink.add("SERVER_NAME", authority.host.empty() ? "localhost" : authority.host);
  sink.add("SERVER_PORT", authority.port);
  sink.add("REQUEST_SCHEME", secure ? "https" : "http");
  if (secure) sink.add("HTTPS", "on");
  if (const std::string local = cgi.local.text(); !local.empty()) sink.add("SERVER_ADDR", local);
  const std::string client = cgi.client.text();
  sink.add("REMOTE_ADDR", client);
  sink.add("REMOTE_HOST", client);
  // The port of a client behind a proxy is not known.
  if (cgi.client == cgi.peer.ip()) {
    sink.add("REMOTE_PORT", fmt::format_int(cgi.peer.port()).c_str());
  }
  if (const Field* authorization = fields.find("authorization")) {
    const std::string_view value = authorization->value;
    sink.add("AUTH_TYPE", value.substr(0, value.find(' ')));
  }
}

}  // namespace

void add_cgi_variables(VariableSink& sink, const CgiRequest& cgi) {
  sink.add("GATEWAY_INTERFACE", "CGI/1.1");
  sink.add("SERVER_SOFTWARE", cgi.software.empty() ? kProduct : cgi.software);
  sink.add("SERVER_PROTOCOL", cgi.request.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1");
  sink.add("REQUEST_METHOD", cgi.request.method);
  sink.add("REDIRECT_STATUS", "200");  // php-cgi refuses to run without it
  add_path(sink, cgi);
  add_body(sink, cgi);
  add_parties(sink, cgi);
  if (cgi.sends_files) sink.add("HTTP_X_SENDFILE_TYPE", "X-Sendfile");
  add_fields(sink, cgi);
}

bool is_cgi_variable(std::string_view name) {
  // What a container's own HTTP_PROXY is for, everybody knows; no request can set it.
  if (name.starts_with(kFieldPrefix)) return name != "HTTP_PROXY";
  return std::ranges::find(kVariables, name) != kVariables.end();
}

bool is_withheld(const CgiRequest& cgi, std::string_view field) {
  // How files are sent is the server's to say: a client's word would be an empty download, or one
  // of another file.
  if (equals_ignoring_case(field, "x-sendfile-type")) return true;
  if (equals_ignoring_case(field, "x-accel-mapping")) return true;
  return cgi.prefix_told && equals_ignoring_case(field, kPrefixField);
}

bool is_url_prefix(std::string_view text) {
  return text.starts_with('/') && !text.starts_with("//") && std::ranges::all_of(text, [](char c) {
           return c > 0x20 && c < 0x7f && std::string_view("?#\"\\<>").find(c) == std::string::npos;
         });
}

std::string without_prefix(std::string_view target, std::string_view prefix) {
  if (prefix.empty() || !target.starts_with(prefix)) return std::string(target);
  const std::string_view rest = target.substr(prefix.size());
  if (rest.starts_with('/')) return std::string(rest);
  // "/shop" and "/shop?a=b" are the application's "/", "/shopping" is somebody else's path.
  if (!rest.empty() && rest.front() != '?') return std::string(target);
  return "/" + std::string(rest);
}

std::string url_prefix(const RequestHead& request, const std::string& configured) {
  std::string prefix = configured;
  if (configured == kPrefixField) {
    const Field* field = request.fields.find(kPrefixField);
    if (field == nullptr || !is_url_prefix(field->value)) return {};
    prefix = field->value;
  }
  while (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

}  // namespace watchdog
