// The table "cost of one message of N bytes" for every parser that sees bytes from outside, at two
// sizes, the larger eight times the smaller. Ends with an error where the larger costs more than
// kMostGrowth times as much: linear is 8, and 25 where memory comes from the kernel; quadratic is 64.

#include "parser_cost.h"

#include <algorithm>
#include <cstdio>

#include "clock.h"

namespace bench {

namespace {

constexpr size_t kLarger = 8;
constexpr double kMostGrowth = 32;
constexpr double kLeastTime = 0.02;  // seconds a measurement
constexpr int kRounds = 5;

// Seconds of one call, the best of some rounds.
double cost(const Parser& parser, const std::string& message) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    size_t calls = 0;
    const double start = now();
    double taken = 0;
    do {
      parser.parse(message);
      ++calls;
      taken = now() - start;
    } while (taken < kLeastTime);
    best = std::min(best, taken / static_cast<double>(calls));
  }
  return best;
}

// Whether it grows as it should.
bool print_row(const Parser& parser) {
  const std::string small = parser.make(parser.largest / kLarger);
  const std::string large = parser.make(parser.largest);
  const double of_small = cost(parser, small);
  const double of_large = cost(parser, large);
  const double bytes = static_cast<double>(large.size()) / static_cast<double>(small.size());
  const double growth = of_large / of_small;
  const bool linear = growth < kMostGrowth * bytes / kLarger;
  std::printf("| %.*s | %.*s | %zu | %.1f | %zu | %.1f | %.1f |%s\n",
              static_cast<int>(parser.name.size()), parser.name.data(),
              static_cast<int>(parser.message.size()), parser.message.data(), small.size(),
              of_small * 1e6, large.size(), of_large * 1e6, growth, linear ? "" : " NOT LINEAR");
  return linear;
}

}  // namespace

}  // namespace bench

int main() {
  std::puts("Cost of one message of N bytes, in microseconds:\n");
  std::puts("| parser | large in it | bytes | us | bytes | us | grows by |");
  std::puts("|---|---|---|---|---|---|---|");
  bool linear = true;
  for (const bench::Parser& parser : bench::http_parsers()) {
    linear = bench::print_row(parser) && linear;
  }
  return linear ? 0 : 1;
}
