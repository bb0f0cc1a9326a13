#include "modes/static/site.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "http/conditional.h"
#include "http/content_coding.h"
#include "modes/static/file_response.h"
#include "modes/static/fingerprint.h"
#include "modes/static/listing.h"
#include "modes/static/site_path.h"
#include "server/worker.h"

namespace watchdog {

namespace {

constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kAskFirst = "no-cache";

// A file beside another that holds the same in a coding, best first.
struct Sibling {
  std::string_view coding;
  std::string_view suffix;
};
constexpr std::array<Sibling, 3> kSiblings = {{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}};
// A sibling that is older than its file by more than this is of an older state.
constexpr int64_t kSiblingLag = 2'000'000'000;

bool is_read(const RequestHead& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// Whether a person follows a link, rather than a page asking for one of its parts.
bool is_navigation(const RequestHead& request, const std::string& name) {
  if (request.fields.lists("accept", "text/html")) return true;
  const size_t start = name.rfind('/') + 1;
  const size_t extension = name.find('.', start);
  // A dot in front is none: "/u/.bob".
  return (extension == start ? name.find('.', start + 1) : extension) == std::string::npos;
}

}  // namespace

uint64_t share_of_static_cache(const Config& config) {
  return config.static_cache / worker_count(config);
}

Site::Site(const ModeContext& context, ServedFolder& folder, const SendPolicy* policy,
           uint64_t most_in_memory)
    : config_(context.config),
      types_(MediaTypes::of_this_system()),
      folder_(folder),
      store_(folder, policy, most_in_memory),
      compressor_(context.loop, store_.cache()),
      loop_(context.loop) {}

FileLookup Site::find(const std::string& name) {
  FileLookup found = store_.find(name);
  while (found.kind == FileLookup::Kind::kFailed && loop_.made_room(found.error)) {
    found = store_.find(name);
  }
  return found;
}

std::unique_ptr<Invocation> Site::serve(Exchange& exchange) {
  const RequestHead& request = exchange.request();
  if (!is_read(request)) {
    answer_options(exchange);
    return nullptr;
  }
  const SitePath path = parse_site_path(request.path());
  switch (path.kind) {
    case SitePath::Kind::kMalformed:
      answer_error(exchange, 400);
      return nullptr;
    case SitePath::Kind::kHidden:
      // Whether there is such a file or not: it is the application's path, as far as anybody can see.
      return path.climbs ? serve_not_found(exchange) : serve_missing(exchange, path.name);
    case SitePath::Kind::kNowhere:
      return serve_missing(exchange, path.name);
    case SitePath::Kind::kFile:
    case SitePath::Kind::kFolder:
      break;
  }
  const bool folder = path.kind == SitePath::Kind::kFolder;
  const std::string name = !folder             ? path.name
                           : path.name.empty() ? "index.html"
                                               : path.name + "/index.html";
  FileLookup found = find(name);
  // Perhaps only because the folder has gone since it was looked up.
  if (found.kind == FileLookup::Kind::kMissing && folder_.look_up_now()) found = find(name);
  switch (found.kind) {
    case FileLookup::Kind::kFile:
      return serve_file(exchange, name, std::move(found.file));
    case FileLookup::Kind::kFolder:
      if (folder) return serve_missing(exchange, name);
      answer_redirect(exchange);
      return nullptr;
    case FileLookup::Kind::kMissing:
      if (folder && config_.static_listing) return serve_listing(exchange, path.name);
      return serve_missing(exchange, path.name);
    case FileLookup::Kind::kForbidden:
      answer_error(exchange, 403);
      return nullptr;
    case FileLookup::Kind::kFailed:
      break;
  }
  fail(exchange, name, found.error);
  return nullptr;
}

std::unique_ptr<Invocation> Site::serve_named(Exchange& exchange, const std::string& name,
                                              const Fields& said, std::string_view asked) {
  FileLookup found = find(name);
  if (found.kind == FileLookup::Kind::kFailed) {
    fail(exchange, name, found.error);
    return nullptr;
  }
  if (!found.file) {
    log::warn("{}: there is no such file in {} that can be sent", asked, folder_.real_path());
    answer_error(exchange, found.kind == FileLookup::Kind::kForbidden ? 403 : 404, &said);
    return nullptr;
  }
  const Field* const type = said.find("content-type");
  const MediaType media{type != nullptr ? std::string(type->value) : types_.find(name).text};
  return send(exchange, {.file = std::move(found.file), .type = &media, .said = &said});
}

void Site::fail(Exchange& exchange, const std::string& name, int error) const {
  const bool exhausted = error == EMFILE || error == ENFILE || error == ENOMEM;
  exchange.fail(exhausted ? Failure::kOutOfResources : Failure::kFileFailed,
                fmt::format("{}: {}", name, strerror(error)));
}

std::unique_ptr<Invocation> Site::serve_file(Exchange& exchange, const std::string& name,
                                             FilePointer file) {
  const RequestHead& request = exchange.request();
  Representation representation = as_it_is(name, std::move(file));
  if (!representation.type->compressible ||
      find_precompressed(request.fields, name, representation) || !may_gzip(request)) {
    return send(exchange, representation);
  }
  const auto as_compressed = [this, &exchange, representation](FilePointer compressed) {
    Representation sent = representation;
    if (compressed) {
      sent.file = std::move(compressed);
      sent.coding = "gzip";
      sent.made_here = true;
    }
    return send(exchange, sent);
  };
  if (auto known = compressor_.find(name, representation.file->identity)) {
    return as_compressed(known->incompressible ? nullptr : std::move(known));
  }
  if (!compressor_.can_compress(name, *representation.file)) return as_compressed(nullptr);
  auto response = std::make_unique<CompressedResponse>(exchange, as_compressed);
  response->wait(compressor_, name, representation.file);
  return response;
}

std::unique_ptr<Invocation> Site::serve_missing(Exchange& exchange, const std::string& name) {
  if (!config_.static_fallback.empty() && is_navigation(exchange.request(), name)) {
    const std::string fallback = config_.static_fallback.substr(1);
    FileLookup found = find(fallback);
    if (found.file) return serve_file(exchange, fallback, std::move(found.file));
  }
  return serve_not_found(exchange);
}

std::unique_ptr<Invocation> Site::serve_not_found(Exchange& exchange) {
  if (!config_.static_404.empty()) {
    const std::string page = config_.static_404.substr(1);
    FileLookup found = find(page);
    if (found.file) return send_in_place(exchange, 404, as_it_is(page, std::move(found.file)));
  }
  answer_error(exchange, 404);
  return nullptr;
}

std::unique_ptr<Invocation> Site::serve_listing(Exchange& exchange, const std::string& name) {
  const auto page = listing_page(store_.folder(), name);
  if (!page) return serve_missing(exchange, name);
  ResponseHead response{.content_length = page->size()};
  response.fields.add("Content-Type", "text/html; charset=utf-8");
  response.fields.add("Cache-Control", kAskFirst);
  response.fields.add("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  add_origin_fields(response);
  exchange.head(response);
  exchange.write(*page);
  exchange.end();
  return nullptr;
}

Representation Site::as_it_is(const std::string& name, FilePointer file) const {
  return {.file = std::move(file),
          .type = &types_.find(name),
          .fingerprinted = caches_by_name(config_) && is_fingerprinted(name)};
}

// Takes the sibling that the client likes best, if it likes one better than the file itself.
bool Site::find_precompressed(const Fields& fields, const std::string& name,
                              Representation& representation) {
  if (fields.find("accept-encoding") == nullptr) return false;
  const int64_t modified = representation.file->identity.modified;
  int best = coding_quality(fields, "identity");
  bool found_one = false;
  for (const Sibling& sibling : kSiblings) {
    const int quality = coding_quality(fields, sibling.coding);
    if (quality == 0 || quality < best || (found_one && quality == best)) continue;
    FileLookup found = find(name + std::string(sibling.suffix));
    if (!found.file) continue;
    if (modified - found.file->identity.modified > kSiblingLag) continue;
    representation.file = std::move(found.file);
    representation.coding = sibling.coding;
    best = quality;
    found_one = true;
  }
  return found_one;
}

bool Site::may_gzip(const RequestHead& request) const {
  if (!config_.static_gzip || !wanted_range(request).empty()) return false;
  const int quality = coding_quality(request.fields, "gzip");
  return quality > 0 && quality >= coding_quality(request.fields, "identity");
}

std::unique_ptr<Invocation> Site::send(Exchange& exchange, const Representation& representation) {
  const RequestHead& request = exchange.request();
  const Validators validators = representation.file->validators();
  // What an application was asked to do by another method is done.
  const Precondition precondition =
      is_read(request) ? check_preconditions(request, validators, std::time(nullptr))
                       : Precondition::kMet;
  switch (precondition) {
    case Precondition::kMet:
      break;
    case Precondition::kNotModified:
      answer_not_modified(exchange, representation);
      return nullptr;
    case Precondition::kFailed:
      answer_error(exchange, 412, representation.said);
      return nullptr;
  }
  Selection selection = select_parts(request, representation);
  if (selection.status == 416) {
    answer_unsatisfiable(exchange, representation);
    return nullptr;
  }
  ResponseHead response{.status = selection.status, .content_length = length_of(selection.parts)};
  response.fields.add("Content-Type", selection.type);
  if (!selection.range.empty()) response.fields.add("Content-Range", selection.range);
  add_fields(response, representation);
  exchange.head(response);
  return send_parts(exchange, representation.file, std::move(selection.parts));
}

// Neither conditions nor ranges are about a page that stands for another one.
std::unique_ptr<Invocation> Site::send_in_place(Exchange& exchange, int status,
                                                const Representation& representation) {
  ResponseHead response{.status = status, .content_length = representation.file->size()};
  response.fields.add("Content-Type", representation.type->text);
  response.fields.add("Cache-Control", kAskFirst);
  add_origin_fields(response);
  exchange.head(response);
  return send_parts(exchange, representation.file, {{{}, {0, representation.file->size()}}});
}

// Neither GET nor HEAD.
void Site::answer_options(Exchange& exchange) const {
  const RequestHead& request = exchange.request();
  const bool shared = !config_.static_cors.empty();
  ResponseHead response{.status = 405};
  response.fields.add("Allow", shared ? "GET, HEAD, OPTIONS" : "GET, HEAD");
  if (!shared || request.method != "OPTIONS") {
    return answer_page(exchange, response, "405: only GET and HEAD are answered here\n");
  }
  response.status = 204;
  add_origin_fields(response);
  response.fields.add("Access-Control-Allow-Methods", "GET, HEAD");
  const Field* wanted = request.fields.find("access-control-request-headers");
  if (wanted != nullptr) response.fields.add("Access-Control-Allow-Headers", wanted->value);
  response.fields.add("Access-Control-Max-Age", "86400");
  exchange.head(response);
  exchange.end();
}

void Site::answer_redirect(Exchange& exchange) const {
  const RequestHead& request = exchange.request();
  const std::string location = folder_location(request.path(), request.query());
  ResponseHead response{.status = 301};
  response.fields.add("Location", location);
  answer_page(exchange, response, {});
}

void Site::answer_error(Exchange& exchange, int status, const Fields* said) const {
  const std::string page = fmt::format("{}: {}\n", status, reason_phrase(status));
  answer_page(exchange, {.status = status}, page, said);
}

void Site::answer_unsatisfiable(Exchange& exchange, const Representation& representation) const {
  const std::string range = fmt::format("bytes */{}", representation.file->size());
  ResponseHead response{.status = 416};
  response.fields.add("Content-Range", range);
  answer_page(exchange, response, "416: Range Not Satisfiable\n", representation.said);
}

// A short text of ours. Of what an application has said cookies count all the same.
void Site::answer_page(Exchange& exchange, ResponseHead response, std::string_view text,
                       const Fields* said) const {
  response.content_length = text.size();
  response.fields.add("Content-Type", "text/plain; charset=utf-8");
  response.fields.add("Cache-Control", kAskFirst);
  if (said == nullptr) {
    add_origin_fields(response);
  } else {
    for (const Field& field : *said) {
      if (equals_ignoring_case(field.name, "set-cookie"))
        response.fields.add(field.name, field.value);
    }
  }
  exchange.head(response);
  exchange.write(text);
  exchange.end();
}

void Site::answer_not_modified(Exchange& exchange, const Representation& representation) const {
  ResponseHead response{.status = 304};
  add_selection_fields(response, representation);
  exchange.head(response);
  exchange.end();
}

void Site::add_fields(ResponseHead& response, const Representation& representation) const {
  if (!representation.coding.empty()) {
    response.fields.add("Content-Encoding", representation.coding);
  }
  const std::string& last_modified = representation.file->last_modified;
  if (!last_modified.empty()) response.fields.add("Last-Modified", last_modified);
  if (!representation.made_here) response.fields.add("Accept-Ranges", "bytes");
  if (representation.said == nullptr) response.fields.add("X-Content-Type-Options", "nosniff");
  add_selection_fields(response, representation);
}

// Those that a 304 repeats (RFC 9110 15.4.5).
void Site::add_selection_fields(ResponseHead& response,
                                const Representation& representation) const {
  response.fields.add("ETag", representation.file->etag);
  if (representation.said != nullptr) return add_said_fields(response, *representation.said);
  const std::string_view otherwise = representation.fingerprinted ? kForEver : kAskFirst;
  const bool by_name = config_.static_cache_control.empty() || caches_by_name(config_);
  response.fields.add("Cache-Control",
                      by_name ? otherwise : std::string_view(config_.static_cache_control));
  if (representation.type->compressible) response.fields.add("Vary", "Accept-Encoding");
  add_origin_fields(response);
}

void Site::add_said_fields(ResponseHead& response, const Fields& said) {
  for (const Field& field : said) {
    const bool is_type = equals_ignoring_case(field.name, "content-type");
    if (!is_type) response.fields.add(field.name, field.value);
  }
  const bool has_policy = said.find("cache-control") != nullptr || said.find("expires") != nullptr;
  if (!has_policy) response.fields.add("Cache-Control", kAskFirst);
}

void Site::add_origin_fields(ResponseHead& response) const {
  if (config_.static_cors.empty()) return;
  response.fields.add("Access-Control-Allow-Origin", config_.static_cors);
  response.fields.add("Access-Control-Expose-Headers", "Accept-Ranges, Content-Range, ETag");
  if (config_.static_cors != "*") response.fields.add("Vary", "Origin");
}

}  // namespace watchdog
