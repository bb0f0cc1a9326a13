#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "net/listener.h"

namespace watchdog {

// The program that responds to a request, as CGI names it (RFC 3875 4.1).
struct Script {
  std::string name;       // SCRIPT_NAME, without any prefix: "/index.php"; may be empty
  std::string file;       // SCRIPT_FILENAME
  std::string path_info;  // what follows the name in the path, percent-decoded; may be empty
};

// A request as a CGI program sees it. The views are of what outlives the call.
struct CgiRequest {
  const RequestHead& request;
  const Script& script;
  const PeerAddress& peer;
  PeerAddress local{};             // our end of the connection
  IpAddress client{};              // the peer, or, where proxies are told of, whom they name
  std::string_view document_root;  // empty: none
  std::string_view prefix;         // of the application's URLs; script_name_prefix
  // The length of a body that was collected; else Content-Length counts.
  std::optional<uint64_t> collected{};
  std::string folder{};         // that the program runs in; empty: ours
  std::string_view software{};  // SERVER_SOFTWARE; empty: ours
  // script_name_prefix is set: the program learns of a prefix by SCRIPT_NAME, and not a second time
  // by X-Forwarded-Prefix.
  bool prefix_told = false;
  bool sends_files = false;  // accel_root is set
};

// Takes variables one by one. The views live during the call.
class VariableSink {
 public:
  virtual void add(std::string_view name, std::string_view value) = 0;

 protected:
  ~VariableSink() = default;
};

// Gives `sink` the meta-variables of a request (RFC 3875 4.1), those that Apache and nginx add
// (REQUEST_URI, SCRIPT_FILENAME, DOCUMENT_ROOT, REDIRECT_STATUS, HTTPS), and its fields as HTTP_*.
// HTTP_X_SENDFILE_TYPE says that we send files for the program, where we do: Symfony's responses go
// by it. Fields that could be taken for others are left out: Proxy, X-Sendfile-Type and
// X-Accel-Mapping, and names with more in them than letters, digits and hyphens.
void add_cgi_variables(VariableSink& sink, const CgiRequest& cgi);

// Whether add_cgi_variables() may set the variable of this name.
bool is_cgi_variable(std::string_view name);

// Whether this field must not reach the program under any name.
bool is_withheld(const CgiRequest& cgi, std::string_view field);

// Returns what to put before every path of the application: `configured` or, where that is
// kPrefixField, the value of that field if it is a path. Without a slash at its end; often empty.
std::string url_prefix(const RequestHead& request, const std::string& configured);
// Returns `target` as it reaches us, whether or not `prefix` stands before it: programs put
// SCRIPT_NAME, and so the prefix, before the paths that they redirect to.
std::string without_prefix(std::string_view target, std::string_view prefix);
// Whether a text can be such a prefix: "/function/name".
bool is_url_prefix(std::string_view text);

}  // namespace watchdog
