#include "modes/fork/function_environment.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "trace/trace_context.h"

namespace watchdog {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

void append_canonical(std::string& out, std::string_view name, char dash) {
  bool first = true;
  for (const char c : name) {
    out += c == '-' ? dash : (first ? upper(c) : lower(c));
    first = c == '-';
  }
}

// Fields whose variables would mean something else, or that the request line and framing set.
bool reserved(std::string_view name) {
  for (const std::string_view other : {"Proxy", "Method", "Path", "Query", "Host", "Content-Length",
                                       "ContentLength", "Transfer-Encoding"}) {
    if (equals_ignoring_case(name, other)) return true;
  }
  return false;
}

// Two fields must not have one variable, or a client could put its own beside that of a proxy.
bool has_plain_name(const Field& field) {
  return std::ranges::all_of(field.name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

constexpr std::string_view kPrefix = "Http_";

}  // namespace

Result<char* const*> FunctionEnvironment::build(const RequestHead& request,
                                                std::optional<uint64_t> collected,
                                                const CgiRequest* cgi) {
  text_.clear();
  offsets_.clear();
  pointers_.clear();
  if (http_variables_ || cgi != nullptr) {
    const auto path = percent_decode(request.path());
    if (!path) return Error{path.error()};
    if (http_variables_)
      add_http_variables(request, *path, cgi != nullptr ? cgi->collected : collected, cgi);
    if (cgi != nullptr) add_cgi_variables(*this, *cgi);
  }
  add_trace(request.fields);
  if (offsets_.empty()) return environ;

  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (is_inherited(*entry, cgi != nullptr)) pointers_.push_back(*entry);
  }
  for (const size_t offset : offsets_) pointers_.push_back(text_.data() + offset);
  pointers_.push_back(nullptr);
  return pointers_.data();
}

std::vector<char*> FunctionEnvironment::inherited() const {
  std::vector<char*> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (is_inherited(*entry, false)) all.push_back(*entry);
  }
  all.push_back(nullptr);
  return all;
}

// What we were started with does not pass for the request's.
bool FunctionEnvironment::is_inherited(std::string_view entry, bool with_cgi) const {
  if (http_variables_ && entry.starts_with(kPrefix)) return false;
  const std::string_view name = entry.substr(0, entry.find('='));
  if (name == "TRACEPARENT" || name == "TRACESTATE" || name == "BAGGAGE") return false;
  return !with_cgi || !is_cgi_variable(name);
}

void FunctionEnvironment::add_http_variables(const RequestHead& request, const std::string& path,
                                             std::optional<uint64_t> collected,
                                             const CgiRequest* cgi) {
  const Fields& fields = request.fields;
  std::string_view before;
  for (const Field* field : fields.by_name()) {
    const bool first = !equals_ignoring_case(field->name, before);
    before = field->name;
    if (!first || reserved(field->name) || !has_plain_name(*field)) continue;
    if (cgi == nullptr || !is_withheld(*cgi, field->name)) add_field(*field);
  }
  add("Http_Method", request.method);
  if (!path.empty()) add("Http_Path", path);
  if (!request.query().empty()) add("Http_Query", request.query());
  if (!request.authority().empty()) add("Http_Host", request.authority());
  add_lengths(request, collected);
}

// A tracestate means nothing without the traceparent that it came with.
void FunctionEnvironment::add_trace(const Fields& fields) {
  context_ = received_context(fields);
  if (context_) {
    const Traceparent text = write_traceparent(*context_);
    add("TRACEPARENT", {text.data(), text.size()});
    if (const std::string state = combined_tracestate(fields); !state.empty()) {
      add("TRACESTATE", state);
    }
  }
  if (const std::string baggage = combined_baggage(fields); !baggage.empty()) {
    add("BAGGAGE", baggage);
  }
}

// Http_Transfer_Encoding says how the body came, also where its length is known by now.
void FunctionEnvironment::add_lengths(const RequestHead& request,
                                      std::optional<uint64_t> collected) {
  const bool chunked = request.framing == BodyFraming::kChunked;
  const bool has_length = request.fields.find("content-length") != nullptr;
  if (lengths_ == Lengths::kWithBody && !chunked && !has_length) return;
  std::string length = "-1";
  if (!chunked) length = fmt::format("{}", request.content_length);
  if (chunked && collected) length = fmt::format("{}", *collected);
  add("Http_Content_Length", length);
  add("Http_ContentLength", length);
  if (chunked) add("Http_Transfer_Encoding", "chunked");
}

void FunctionEnvironment::add(std::string_view name, std::string_view value) {
  offsets_.push_back(text_.size());
  text_.append(name).append(1, '=').append(value).append(1, '\0');
}

void FunctionEnvironment::add_field(const Field& field) {
  std::string name(kPrefix);
  append_canonical(name, field.name, '_');
  add(name, field.value);
}

std::string canonical_field_name(std::string_view name) {
  std::string canonical;
  append_canonical(canonical, name, '-');
  return canonical;
}

}  // namespace watchdog
