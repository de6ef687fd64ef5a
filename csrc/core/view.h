// Views: a matrix with its shape, a range of indices, and one worker's share of a job. They own nothing.
// Builds with assertions check that indices and slices lie within a view.
#pragma once
#include <cassert>
#include <cstring>
#include <type_traits>

#include "core/types.h"

namespace ds {

// Functions of views are always inlined: kernels, which call them too, must not leave copies compiled for
// their instruction set that the linker could keep for all others. constexpr, because device code calls them.

struct Range {
    Index begin = 0;
    Index end = 0;

    [[gnu::always_inline]] constexpr Index size() const { return end - begin; }
    [[gnu::always_inline]] constexpr bool empty() const { return end <= begin; }
};

// Row-major matrix: element (i, j) is p[i * ld + j], with ld >= cols. With ld = 0 all rows are the same
// memory.
template <class T>
struct Matrix {
    T* p = nullptr;
    Index rows = 0;
    Index cols = 0;
    Index ld = 0;

    [[gnu::always_inline]] constexpr Matrix() {
    }  // "= default" would leave a weak symbol without optimisation
    [[gnu::always_inline]] constexpr Matrix(T* data, Index row_count, Index col_count, Index leading)
        : p(data), rows(row_count), cols(col_count), ld(leading) {
        assert(rows >= 0 && cols >= 0 && (ld >= cols || ld == 0));
    }
    // Rows without padding.
    [[gnu::always_inline]] constexpr Matrix(T* data, Index row_count, Index col_count)
        : Matrix(data, row_count, col_count, col_count) {}

    [[gnu::always_inline]] constexpr explicit operator bool() const { return p != nullptr; }
    [[gnu::always_inline]] constexpr operator Matrix<const T>() const
        requires(!std::is_const_v<T>)
    {
        return {p, rows, cols, ld};
    }

    [[gnu::always_inline]] constexpr T* row(Index i) const {
        assert(p != nullptr && 0 <= i && i < rows);
        return p + i * ld;
    }
    // Some rows, some columns, some of both; of a null view a null view.
    [[gnu::always_inline]] constexpr Matrix row_slice(Range r) const {
        assert(p == nullptr || (0 <= r.begin && r.begin <= r.end && r.end <= rows));
        return {p != nullptr ? p + r.begin * ld : nullptr, r.end - r.begin, cols, ld};
    }
    [[gnu::always_inline]] constexpr Matrix rows_from(Index begin) const { return row_slice({begin, rows}); }
    [[gnu::always_inline]] constexpr Matrix col_slice(Range c) const {
        assert(p == nullptr || (0 <= c.begin && c.begin <= c.end && c.end <= cols));
        return {p != nullptr ? p + c.begin : nullptr, rows, c.end - c.begin, ld};
    }
    [[gnu::always_inline]] constexpr Matrix block(Range r, Range c) const {
        return row_slice(r).col_slice(c);
    }
};

template <class T, class U>
[[gnu::always_inline]] constexpr bool same_shape(const Matrix<T>& a, const Matrix<U>& b) {
    return a.rows == b.rows && a.cols == b.cols;
}

// One row of n elements, and `rows` times the same row.
template <class T>
[[gnu::always_inline]] constexpr Matrix<T> row_vector(T* p, Index n) {
    return {p, 1, n};
}
template <class T>
[[gnu::always_inline]] constexpr Matrix<T> repeated_row(T* p, Index rows, Index n) {
    return {p, rows, n, 0};
}

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
