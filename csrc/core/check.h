// Errors and the arithmetic of sizes. Checks happen once, at the door, with the argument, its value and what
// was expected; kernels assume. The core throws, and never prints, exits or aborts. Python sees ValueError,
// TypeError and (for std::bad_alloc) MemoryError. Not for divergence, which is a status.
#pragma once
#include <cstddef>
#include <stdexcept>
#include <string>

#include "core/types.h"

namespace ds {

class ValueError : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

class TypeError : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

// Sizes are never negative, and a product or sum of them that leaves 64 bits is an argument that cannot be.
inline Index checked_mul(Index a, Index b, const char* what = "size") {
    Index r;
    if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &r))
        throw ValueError(std::string(what) + ": " + std::to_string(a) + " times " + std::to_string(b) +
                         " is not a possible size");
    return r;
}

inline Index checked_add(Index a, Index b, const char* what = "size") {
    Index r;
    if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &r))
        throw ValueError(std::string(what) + ": " + std::to_string(a) + " plus " + std::to_string(b) +
                         " is not a possible size");
    return r;
}

// n rounded up to a multiple of `grain`.
inline Index checked_round_up(Index n, Index grain, const char* what = "size") {
    return checked_add(n, grain - 1, what) / grain * grain;
}

// The value of an enumeration from its name: E counts from 0 in the order of `names`.
template <class E, std::size_t N>
E parse_name(const char* what, const std::string& name, const char* const (&names)[N]) {
    for (std::size_t i = 0; i < N; ++i)
        if (name == names[i]) return static_cast<E>(i);
    std::string known;
    for (std::size_t i = 0; i < N; ++i) {
        if (i > 0) known += i + 1 == N ? " or " : ", ";
        known += names[i];
    }
    throw ValueError(std::string(what) + ": unknown name \"" + name + "\"; expected " + known);
}

}  // namespace ds
