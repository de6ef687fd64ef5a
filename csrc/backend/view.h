// Views: a pointer with its leading dimension, a range of rows, and one worker's share of a job. They own
// nothing.
#pragma once
#include <cstring>

#include "core/types.h"

namespace ds {

// Row-major matrix: element (i, j) is p[i * ld + j].
template <class T>
struct Matrix {
    T* p = nullptr;
    Index ld = 0;

    T* row(Index i) const { return p + i * ld; }
    explicit operator bool() const { return p != nullptr; }
    operator Matrix<const T>() const { return {p, ld}; }
};

struct Range {
    Index begin = 0;
    Index end = 0;

    Index size() const { return end - begin; }
    bool empty() const { return end <= begin; }
};

// Rows are often a single number, which is not worth a call.
template <class T>
void copy_row(T* to, const T* from, Index n) {
    if (n == 1)
        *to = *from;
    else
        std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
}

// Worker `worker` of `workers`. Who does what never changes the arithmetic, only who does it.
struct Share {
    int worker = 0;
    int workers = 1;

    // This worker's part of n items, in whole groups of `grain` (the last group may be short).
    Range of(Index n, Index grain = 1) const {
        if (workers == 1) return {0, n};
        const Index groups = (n + grain - 1) / grain;
        const Index begin = groups * worker / workers * grain;
        const Index end = groups * (worker + 1) / workers * grain;
        return {begin < n ? begin : n, end < n ? end : n};
    }
};

}  // namespace ds
