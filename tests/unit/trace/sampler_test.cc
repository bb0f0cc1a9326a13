#include "trace/sampler.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "trace/id_source.h"

using namespace watchdog;

namespace {

using Kind = Sampler::Kind;

std::vector<TraceIds> ten_thousand_traces() {
  IdSource source;
  std::vector<TraceIds> all(10'000);
  for (TraceIds& ids : all) source.begin_trace(ids, Instant());
  return all;
}

size_t sampled(const Sampler& sampler, const std::vector<TraceIds>& traces,
               const TraceContext* parent = nullptr) {
  size_t count = 0;
  for (const TraceIds& ids : traces) count += sampler.samples(ids.trace_id(), parent) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("always_on samples all of 10,000 requests, always_off none, whatever the parent says") {
  const auto traces = ten_thousand_traces();
  TraceContext parent;
  for (const bool flag : {false, true}) {
    parent.sampled = flag;
    for (const TraceContext* given :
         {static_cast<const TraceContext*>(nullptr), static_cast<const TraceContext*>(&parent)}) {
      CHECK(sampled(Sampler(Kind::kAlwaysOn), traces, given) == 10'000);
      CHECK(sampled(Sampler(Kind::kAlwaysOff), traces, given) == 0);
    }
  }
}

TEST_CASE("traceidratio samples its share of 10,000 requests") {
  const auto traces = ten_thousand_traces();
  CHECK(sampled(Sampler(Kind::kTraceIdRatio, 0), traces) == 0);
  CHECK(sampled(Sampler(Kind::kTraceIdRatio, 1), traces) == 10'000);
  // Six standard deviations around the share.
  const size_t quarter = sampled(Sampler(Kind::kTraceIdRatio, 0.25), traces);
  CHECK(quarter > 2500 - 260);
  CHECK(quarter < 2500 + 260);
  const size_t hundredth = sampled(Sampler(Kind::kTraceIdRatio, 0.01), traces);
  CHECK(hundredth > 40);
  CHECK(hundredth < 160);
}

TEST_CASE("a trace that is sampled at a ratio is sampled at every larger one") {
  const Sampler tenth(Kind::kTraceIdRatio, 0.1);
  const Sampler half(Kind::kTraceIdRatio, 0.5);
  for (const TraceIds& ids : ten_thousand_traces()) {
    if (tenth.samples(ids.trace_id(), nullptr)) CHECK(half.samples(ids.trace_id(), nullptr));
  }
}

TEST_CASE("traceidratio compares the last eight bytes of the id with the ratio") {
  const Sampler half(Kind::kTraceIdRatio, 0.5);
  CHECK(half.samples("ffffffffffffffff7fffffffffffffff", nullptr));
  CHECK_FALSE(half.samples("00000000000000008000000000000000", nullptr));
}

// opentelemetry-go's: the last eight bytes, halved, are less than the ratio of 2^63;
// opentelemetry-python's: they are less than the ratio of 2^64, rounded.
TEST_CASE("traceidratio decides as the SDKs of Go and Python do, for all of 10,000 traces") {
  for (const double ratio : {0.001, 0.1, 0.25, 1.0 / 3, 0.5, 0.999}) {
    const Sampler ours(Kind::kTraceIdRatio, ratio);
    for (const TraceIds& ids : ten_thousand_traces()) {
      const uint64_t last = std::stoull(std::string(ids.trace_id().substr(16)), nullptr, 16);
      const bool go = (last >> 1) < static_cast<uint64_t>(ratio * 9223372036854775808.0);
      const bool python = static_cast<double>(last) < std::round(ratio * 18446744073709551616.0);
      REQUIRE(ours.samples(ids.trace_id(), nullptr) == go);
      REQUIRE(ours.samples(ids.trace_id(), nullptr) == python);
    }
  }
}

TEST_CASE("traceidratio does not ask the parent") {
  TraceContext parent;
  parent.sampled = true;
  CHECK_FALSE(Sampler(Kind::kTraceIdRatio, 0).samples("4bf92f3577b34da6a3ce929d0e0e4736", &parent));
}

TEST_CASE("a sampler that is based on the parent does as the parent says for all of 10,000") {
  const auto traces = ten_thousand_traces();
  TraceContext parent;
  for (const Kind kind :
       {Kind::kParentBasedAlwaysOn, Kind::kParentBasedAlwaysOff, Kind::kParentBasedTraceIdRatio}) {
    parent.sampled = true;
    CHECK(sampled(Sampler(kind, 0.25), traces, &parent) == 10'000);
    parent.sampled = false;
    CHECK(sampled(Sampler(kind, 0.25), traces, &parent) == 0);
  }
}

TEST_CASE("a sampler that is based on the parent decides itself where there is none") {
  const auto traces = ten_thousand_traces();
  CHECK(sampled(Sampler(Kind::kParentBasedAlwaysOn), traces) == 10'000);
  CHECK(sampled(Sampler(Kind::kParentBasedAlwaysOff), traces) == 0);
  CHECK(sampled(Sampler(Kind::kParentBasedTraceIdRatio, 0.25), traces) ==
        sampled(Sampler(Kind::kTraceIdRatio, 0.25), traces));
}

TEST_CASE("a ratio is a number from 0 to 1") {
  CHECK(*parse_ratio("0") == 0);
  CHECK(*parse_ratio("1") == 1);
  CHECK(*parse_ratio("0.25") == 0.25);
  CHECK(*parse_ratio(".5") == 0.5);
  CHECK(*parse_ratio("1e-3") == 0.001);
  for (const std::string_view wrong : {"", "-0.1", "1.1", "half", "nan", "inf", "0.5x", " 0.5"}) {
    CHECK_FALSE(parse_ratio(wrong));
  }
}
