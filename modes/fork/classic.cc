#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/line_splitter.h"
#include "base/log.h"
#include "base/text.h"
#include "modes/fork/collected.h"
#include "modes/fork/sniffed_type.h"

namespace watchdog {

namespace {

void log_lines(std::string_view text, size_t longest) {
  LineSplitter lines(log::Source::kOut, longest);
  lines.add(text);
  lines.finish();
}

// {"header":{"Accept":["*/*"]},"body":{"raw":"base64"}}
std::string marshal(const RequestHead& request, std::string_view body) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  for (const Field& field : request.fields) {
    if (equals_ignoring_case(field.name, "host")) continue;
    header[canonical_field_name(field.name)].push_back(field.value);
  }
  const nlohmann::ordered_json document = {{"header", std::move(header)},
                                           {"body", {{"raw", base64(body)}}}};
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// classic-watchdog's contract: the function's errors are part of its output (combine_output), its
// answer has the request's Content-Type, and a failure's page shows what the function printed.
class ClassicInvocation final : public CollectedInvocation {
 public:
  using CollectedInvocation::CollectedInvocation;

 private:
  FunctionProcess::Errors errors() const override {
    return config().combine_output ? FunctionProcess::Errors::kToOutput
                                   : FunctionProcess::Errors::kToLog;
  }

  std::string input() override {
    const RequestHead& request = exchange().request();
    if (config().debug_headers) {
      for (const Field& field : request.fields) log::info("[in] {}={}", field.name, field.value);
    }
    std::string body = take_body();
    if (config().write_debug) log::info("Query {} Path {}", request.query(), request.path());
    if (config().read_debug) log_lines(body, config().log_line_limit);
    return config().marshal_request ? marshal(request, body) : body;
  }

  void answer(ExitStatus status, const std::string& output) override {
    if (config().write_debug) log_lines(output, config().log_line_limit);
    if (!status.success()) {
      exchange().fail(failure_of_end(status), status.text(),
                      fmt::format("{}\n{}", status.text(), output));
      return;
    }
    ResponseHead head{.content_length = output.size(), .timed = true};
    if (const auto type = type_of(output); !type.empty()) head.fields.add("Content-Type", type);
    if (config().debug_headers) {
      for (const Field& field : head.fields) log::info("[out] {}={}", field.name, field.value);
      std::string seconds;
      append_seconds(seconds, exchange().elapsed(), 6);
      log::info("[out] X-Duration-Seconds={}", seconds);
    }
    exchange().head(head);
    exchange().write(output);
    exchange().end();
  }

  // What content_type says, else the request's own type, else what the output looks like.
  std::string_view type_of(std::string_view output) {
    if (!config().content_type.empty()) return content_type(output);
    const Field* field = exchange().request().fields.find("content-type");
    if (field != nullptr && !field->value.empty()) return field->value;
    return output.empty() ? std::string_view() : sniffed_type(output);
  }
};

class ClassicMode final : public ForkMode {
 public:
  explicit ClassicMode(const ModeContext& context)
      : ForkMode(context, FunctionEnvironment::Lengths::kAlways, context.config.combine_output) {}
  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    auto invocation = std::make_unique<ClassicInvocation>(*this, exchange);
    if (!invocation->accepts_length()) return nullptr;
    return invocation;
  }
  Failure exec_timeout_failure() const override { return Failure::kKilledProcess; }
};

}  // namespace

Result<std::unique_ptr<Mode>> make_classic_mode(const ModeContext& context) {
  return std::make_unique<ClassicMode>(context);
}

}  // namespace watchdog
