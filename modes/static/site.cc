#include "modes/static/site.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/log.h"
#include "modes/static/file_response.h"
#include "server/worker.h"

namespace watchdog {

namespace {

std::unique_ptr<Invocation> fail(Exchange& exchange, const std::string& name, int error) {
  const bool exhausted = error == EMFILE || error == ENFILE || error == ENOMEM;
  exchange.fail(exhausted ? Failure::kOutOfResources : Failure::kFileFailed,
                fmt::format("{}: {}", name, strerror(error)));
  return nullptr;
}

Representation compressed_form(Representation original, FilePointer compressed) {
  original.file = std::move(compressed);
  original.coding = "gzip";
  original.made_here = true;
  return original;
}

}  // namespace

uint64_t share_of_static_cache(const Config& config) {
  return config.static_cache / worker_count(config);
}

Site::Site(const ModeContext& context, ServedFolder& folder, const SendPolicy* policy,
           uint64_t most_in_memory)
    : config_(context.config),
      folder_(folder),
      files_(context.loop, context.config, folder, policy, most_in_memory),
      compressor_(context.loop, files_.cache()) {}

std::unique_ptr<Invocation> Site::serve(Exchange& exchange) {
  const RequestHead& request = exchange.request();
  if (!request.reads()) return send(exchange, plan_other_method(request, config_));
  const Lookup found = files_.resolve(request);
  switch (found.kind) {
    case Lookup::Kind::kFile:
      break;
    case Lookup::Kind::kErrorPage:
      return send(exchange, plan_error_page(request, found.status,
                                            as_it_is(found.name, found.file, config_), config_));
    case Lookup::Kind::kFailed:
      return fail(exchange, found.name, found.error);
    default:
      return send(exchange, plan_without_file(request, found, config_));
  }
  const Representation chosen = negotiate(request, found, files_, config_);
  return chosen.gzip_wanted ? send_compressed(exchange, found.name, chosen)
                            : send_file(exchange, chosen);
}

std::unique_ptr<Invocation> Site::serve_named(Exchange& exchange, const std::string& name,
                                              const Fields& said, std::string_view asked) {
  FileLookup found = files_.find(name);
  if (found.kind == FileLookup::Kind::kFailed) return fail(exchange, name, found.error);
  if (!found.file) {
    log::event(
        log::Level::kWarning, "no_such_file",
        fmt::format("{}: there is no such file in {} that can be sent", asked, folder_.real_path()),
        {{"path", asked}});
    const int status = found.kind == FileLookup::Kind::kForbidden ? 403 : 404;
    return send(exchange, plan_error(status, &said, config_));
  }
  const Field* const said_type = said.find("content-type");
  const MediaType type{said_type != nullptr ? std::string(said_type->value)
                                            : MediaTypes::of_this_system().find(name).text};
  return send_file(exchange, {.file = std::move(found.file), .type = &type, .said = &said});
}

std::unique_ptr<Invocation> Site::send_compressed(Exchange& exchange, const std::string& name,
                                                  const Representation& original) {
  if (auto known = compressor_.find(name, original.file->identity)) {
    return send_file(
        exchange, known->incompressible ? original : compressed_form(original, std::move(known)));
  }
  if (!compressor_.can_compress(name, *original.file)) return send_file(exchange, original);
  return std::make_unique<CompressedResponse>(
      compressor_, name, original.file, [this, &exchange, original](FilePointer compressed) {
        return send_file(exchange,
                         compressed ? compressed_form(original, std::move(compressed)) : original);
      });
}

std::unique_ptr<Invocation> Site::send_file(Exchange& exchange,
                                            const Representation& representation) {
  return send(exchange, evaluate(exchange.request(), representation, config_, std::time(nullptr)));
}

}  // namespace watchdog
