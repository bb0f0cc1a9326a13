#pragma once

#include <cstddef>

namespace watchdog {

// Whether a table has a row per enumerator, in the order of the enumeration, so that a value is the
// index of its row. `key` is the member that names a row's enumerator. For static_assert.
template <typename Row, size_t kSize, typename Enum>
constexpr bool has_row_per_enumerator(const Row (&rows)[kSize], Enum Row::*key, Enum last) {
  for (size_t i = 0; i < kSize; ++i) {
    if (rows[i].*key != static_cast<Enum>(i)) return false;
  }
  return kSize == static_cast<size_t>(last) + 1;
}

}  // namespace watchdog
