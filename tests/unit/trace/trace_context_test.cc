#include "trace/trace_context.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using namespace watchdog;

namespace {

constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kSpan = "00f067aa0ba902b7";
constexpr std::string_view kWhole = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string traceparent(std::string_view version, std::string_view trace, std::string_view span,
                        std::string_view flags) {
  return fmt::format("{}-{}-{}-{}", version, trace, span, flags);
}

std::string text_of(const TraceContext& context) {
  const Traceparent text = write_traceparent(context);
  return {text.data(), text.size()};
}

std::string tracestate(std::initializer_list<std::string_view> values) {
  Fields fields;
  for (const std::string_view value : values) fields.add("TraceState", value);
  return combined_tracestate(fields);
}

// "a1=1,a2=1,..." of so many members.
std::string members(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{}a{}=1", i == 0 ? "" : ",", i);
  return text;
}

}  // namespace

TEST_CASE("a traceparent is read, and written as it was") {
  const auto context = parse_traceparent(kWhole);
  REQUIRE(context);
  CHECK(context->ids.trace_id() == kTrace);
  CHECK(context->ids.span_id() == kSpan);
  CHECK(context->sampled);
  CHECK_FALSE(context->random_id);
  CHECK(text_of(*context) == kWhole);
}

TEST_CASE("of the flags of a traceparent those that are defined are kept, and the others zeroed") {
  for (const auto& [received, sent] : {std::pair{"00", "00"},
                                       {"01", "01"},
                                       {"02", "02"},
                                       {"03", "03"},
                                       {"fe", "02"},
                                       {"ff", "03"},
                                       {"08", "00"}}) {
    const auto context = parse_traceparent(traceparent("00", kTrace, kSpan, received));
    REQUIRE(context);
    CHECK(text_of(*context) == traceparent("00", kTrace, kSpan, sent));
  }
}

TEST_CASE("a traceparent of an unknown version is read as one of version 00, and may be longer") {
  for (const std::string_view version : {"01", "cc", "fe"}) {
    const std::string known = traceparent(version, kTrace, kSpan, "01");
    for (const std::string_view rest : {"", "-", "-what-the-future-will-be-like"}) {
      const auto context = parse_traceparent(known + std::string(rest));
      REQUIRE(context);
      CHECK(text_of(*context) == kWhole);
    }
    CHECK_FALSE(parse_traceparent(known + "."));
    CHECK_FALSE(parse_traceparent(known + "00"));
  }
}

TEST_CASE("a traceparent of version ff is none") {
  CHECK_FALSE(parse_traceparent(traceparent("ff", kTrace, kSpan, "01")));
}

TEST_CASE("a traceparent of version 00 has nothing behind its flags") {
  CHECK_FALSE(parse_traceparent(std::string(kWhole) + "-"));
  CHECK_FALSE(parse_traceparent(std::string(kWhole) + "-00"));
  CHECK_FALSE(parse_traceparent(std::string(kWhole) + "0"));
}

TEST_CASE("an id that is all zeros makes a traceparent none") {
  CHECK_FALSE(parse_traceparent(traceparent("00", std::string(32, '0'), kSpan, "01")));
  CHECK_FALSE(parse_traceparent(traceparent("00", kTrace, std::string(16, '0'), "01")));
}

TEST_CASE("upper-case digits make a traceparent none, wherever they stand") {
  CHECK_FALSE(parse_traceparent(traceparent("0A", kTrace, kSpan, "01")));
  CHECK_FALSE(
      parse_traceparent(traceparent("00", "4BF92F3577B34DA6A3CE929D0E0E4736", kSpan, "01")));
  CHECK_FALSE(parse_traceparent(traceparent("00", kTrace, "00F067AA0BA902B7", "01")));
  CHECK_FALSE(parse_traceparent(traceparent("00", kTrace, kSpan, "0A")));
}

TEST_CASE("a byte that is no digit or no hyphen makes a traceparent none, wherever it stands") {
  for (size_t i = 0; i < kWhole.size(); ++i) {
    for (const char wrong : {'g', '.', ' ', '_'}) {
      std::string text(kWhole);
      text[i] = wrong;
      CHECK_FALSE(parse_traceparent(text));
    }
  }
}

TEST_CASE("a traceparent that is too short is none, at every length") {
  for (size_t size = 0; size < kWhole.size(); ++size) {
    CHECK_FALSE(parse_traceparent(kWhole.substr(0, size)));
  }
  CHECK_FALSE(parse_traceparent(traceparent("00", kTrace.substr(1), kSpan, "01")));
  CHECK_FALSE(parse_traceparent(traceparent("00", kTrace, kSpan.substr(1), "01")));
  CHECK_FALSE(parse_traceparent(traceparent("0", kTrace, kSpan, "01")));
}

TEST_CASE("a request with one traceparent, of whatever case its name is, is part of that trace") {
  Fields fields;
  fields.add("TraceParent", kWhole);
  REQUIRE(received_context(fields));
  CHECK(received_context(fields)->ids.trace_id() == kTrace);
}

TEST_CASE("a request with two traceparents, or a malformed one, is part of no trace") {
  Fields twice;
  twice.add("traceparent", kWhole);
  twice.add("Traceparent", kWhole);
  CHECK_FALSE(received_context(twice));
  Fields malformed;
  malformed.add("traceparent", "00-1-2-01");
  CHECK_FALSE(received_context(malformed));
  CHECK_FALSE(received_context({}));
}

TEST_CASE("several tracestate fields become one, in their order, without empty members") {
  CHECK(tracestate({"rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"}) ==
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  CHECK(tracestate({"a=1 , ,b=2,", "", "\tc=3"}) == "a=1,b=2,c=3");
  CHECK(tracestate({"a=1"}) == "a=1");
  CHECK(tracestate({}).empty());
}

TEST_CASE("the keys of tracestate may be those of several tenants, and begin with digits") {
  CHECK(tracestate({"fw529a3039@dt=FfUlS,0key=x,a-b_c*d/e=y"}) ==
        "fw529a3039@dt=FfUlS,0key=x,a-b_c*d/e=y");
}

TEST_CASE("a tracestate with a malformed member is dropped whole") {
  for (const std::string_view member :
       {"a", "a=", "=1", "A=1", "a b=1", "a=1=2", "@a=1", "a=\x01", "a=caf\xc3\xa9", "a\xff=1"}) {
    CHECK(tracestate({"good=1", member}).empty());
  }
  CHECK(tracestate({std::string(256, 'a') + "=1"}).empty() ==
        false);  // short of 512 bytes, a long member stays
  CHECK(tracestate({std::string(257, 'a') + "=1"}).empty());
  CHECK(tracestate({"a=" + std::string(257, 'b')}).empty());
}

TEST_CASE("a tracestate that names a key twice is dropped whole") {
  CHECK(tracestate({"a=1,b=2", "a=3"}).empty());
}

TEST_CASE("a tracestate of 32 members is passed on, one of 33 dropped") {
  CHECK(tracestate({members(32)}) == members(32));
  CHECK(tracestate({members(33)}).empty());
}

TEST_CASE("of a tracestate of more than 512 bytes long members are left out first, then the last") {
  const std::string large = "large=" + std::string(200, 'x');
  std::string some;
  for (int i = 0; i < 4; ++i) some += fmt::format("k{}={},", i, std::string(90, 'v'));
  some.pop_back();
  CHECK(tracestate({large + "," + some}) == some);

  std::string many;
  for (int i = 0; i < 10; ++i) many += fmt::format("k{}={},", i, std::string(97, 'v'));
  const std::string kept = tracestate({many});
  CHECK(kept.size() <= 512);
  CHECK(kept == many.substr(0, 5 * 101 - 1));
}

TEST_CASE("several baggage fields become one") {
  Fields fields;
  fields.add("Baggage", "user=alice;p=1, tenant=%20a");
  fields.add("baggage", "x=1");
  CHECK(combined_baggage(fields) == "user=alice;p=1,tenant=%20a,x=1");
  CHECK(combined_baggage({}).empty());
}
