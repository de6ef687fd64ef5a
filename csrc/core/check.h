// Errors, and the arithmetic of sizes. Arguments are validated once, when they enter the library; kernels
// rely on it. A message reads "argument: got value; expected …". The core throws, and never prints, exits or
// aborts. Python sees ValueError, TypeError and (for std::bad_alloc) MemoryError. Divergence is a status, not
// an error.
#pragma once
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

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

// Products and sums of sizes; ValueError if a size is negative or the result needs more than 64 bits.
inline Index checked_mul(Index a, Index b, const char* what = "size") {
    Index r;
    if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &r))
        throw ValueError(std::string(what) + ": got " + std::to_string(a) + " times " + std::to_string(b) +
                         "; expected a size of at most 64 bits");
    return r;
}

inline Index checked_add(Index a, Index b, const char* what = "size") {
    Index r;
    if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &r))
        throw ValueError(std::string(what) + ": got " + std::to_string(a) + " plus " + std::to_string(b) +
                         "; expected a size of at most 64 bits");
    return r;
}

// n rounded up to a multiple of `grain`.
inline Index checked_round_up(Index n, Index grain, const char* what = "size") {
    return checked_add(n, grain - 1, what) / grain * grain;
}

// Returns the enumerator of a name. E counts from 0 in the order of `names`.
template <class E>
E parse_name(const std::string& what, const std::string& name, std::span<const char* const> names) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (name == names[i]) return static_cast<E>(i);
    std::string known;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0 && names[i] == std::string_view(names[i - 1])) continue;  // another form of the same name
        if (i > 0) known += i + 1 == names.size() ? " or " : ", ";
        known += names[i];
    }
    throw ValueError(what + ": got \"" + name + "\"; expected " + known);
}

}  // namespace ds
