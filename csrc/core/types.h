// The integer every size, stride and index has. 64 bits everywhere, so that products are checked once, at the
// door.
#pragma once
#include <cstdint>

namespace ds {

using Index = std::int64_t;

// One k-chunk of the numerics contract: a matmul sum is one fma chain per 256 k's, and the chunk sums are
// added in ascending order. Part of the bits, so one constant for every ISA, shape and path.
inline constexpr Index kSumChunk = 256;

}  // namespace ds
