// The integer type of every size, stride and index. It has 64 bits everywhere, so that products of sizes are
// checked once, when arguments are validated.
#pragma once
#include <cstdint>

namespace ds {

using Index = std::int64_t;

// Length of a k-chunk (docs/design/numerics.md): a matmul sum is one fma chain per 256 k's, and the chunk
// sums are added in ascending order. It decides bits, so it is one constant for every ISA, shape and path.
inline constexpr Index kSumChunk = 256;

}  // namespace ds
