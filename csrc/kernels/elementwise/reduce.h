// Sums, softmax and arg-max over rows. A row is read in sixteens into Lanes16, so that its bits depend on its
// own elements only: not on the register width, not on the other rows.
#pragma once
#include "formulas/elementary.h"
#include "kernels/elementwise/reduce_table.h"
#include "simd/lane_threads.h"

DS_ISA_BEGIN

// Runs f(register number, first column, columns present) over a row in sixteens. Columns present is W except
// at the end of the row, where it may be anything from 1; registers with none are left out.
template <class T, class F>
DS_INLINE void for_row(Index cols, F f) {
    constexpr int W = Vec<T>::W;
    Index j = 0;
    for (; j + kLanes <= cols; j += kLanes)
        for (int i = 0; i < Lanes16<T>::kRegs; ++i) f(i, j + i * W, Index(W));
    for (int i = 0; i < Lanes16<T>::kRegs; ++i) {
        const Index left = cols - j - i * W;
        if (left > 0) f(i, j + i * W, left < W ? left : Index(W));
    }
}
template <class T>
DS_INLINE Vec<T> load_part(const T* p, Index n) {
    return n == Vec<T>::W ? load(p) : loadn(p, n);
}
template <class T>
DS_INLINE void store_part(T* p, Vec<T> v, Index n) {
    if (n == Vec<T>::W)
        store(p, v);
    else
        storen(p, v, n);
}
// The first n lanes of v, `rest` beyond.
template <class T>
DS_INLINE Vec<T> keep_part(Vec<T> v, Index n, T rest) {
    return n == Vec<T>::W ? v : select(first_lanes<T>(n), v, Vec<T>(rest));
}

template <class T, class F>
DS_INLINE double sum_double(const T* x, const T* w, Index n, F f) {
    constexpr int W = Vec<double>::W;
    Lanes16<double> s;
    Index i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int k = 0; k < s.kRegs; ++k) s.r[k] = f(s.r[k], x + i + k * W, w + i + k * W);
    if (i < n) {
        alignas(64) T a[kLanes], b[kLanes];
        Lanes16<T>::loadn(x + i, n - i).store(a);
        Lanes16<T>::loadn(w + i, n - i).store(b);
        for (int k = 0; k < s.kRegs; ++k) s.r[k] = f(s.r[k], a + k * W, b + k * W);
    }
    return s.sum();
}
template <class T>
DS_KERNEL double array_sum(const T* x, Index n) {
    return sum_double(x, x, n,
                      [](Vec<double> s, const T* a, const T*) DS_LAMBDA { return s + load_double(a); });
}
template <class T>
DS_KERNEL double array_weighted_sum(const T* x, const T* w, Index n) {
    return sum_double(x, w, n, [](Vec<double> s, const T* a, const T* b) DS_LAMBDA {
        return fma(load_double(a), load_double(b), s);
    });
}

// kRegs registers of columns at a time; the last of them may be in part.
template <int kRegs, class T>
DS_INLINE void col_sum_block(T* out, const T* x, Index ld, Index rows, Index last) {
    constexpr int W = Vec<T>::W;
    Vec<T> total[kRegs] = {};
    for (Index row = 0; row < rows || row == 0; row += kSumChunk) {
        const Index end = rows - row < kSumChunk ? rows : row + kSumChunk;
        Vec<T> chunk[kRegs];
        for (int k = 0; k < kRegs; ++k) chunk[k] = Vec<T>(T(0));
        for (Index r = row; r < end; ++r)
            for (int k = 0; k < kRegs; ++k)
                chunk[k] += load_part(x + r * ld + k * W, k == kRegs - 1 ? last : Index(W));
        for (int k = 0; k < kRegs; ++k) total[k] = row == 0 ? chunk[k] : total[k] + chunk[k];
    }
    for (int k = 0; k < kRegs; ++k) store_part(out + k * W, total[k], k == kRegs - 1 ? last : Index(W));
}
template <class T>
DS_KERNEL void col_sum(T* out, const T* x, Index rows, Index cols, Index ld) {
    constexpr Index W = Vec<T>::W;
    Index j = 0;
    if (rows == 1) {  // its sums begin with 0, too
        for (; j + W <= cols; j += W) store(out + j, zero<T>() + load(x + j));
        if (j < cols) storen(out + j, zero<T>() + loadn(x + j, cols - j), cols - j);
        return;
    }
    for (; j + 4 * W <= cols; j += 4 * W) col_sum_block<4>(out + j, x + j, ld, rows, W);
    const Index left = cols - j;
    if (left > 3 * W) return col_sum_block<4>(out + j, x + j, ld, rows, left - 3 * W);
    if (left > 2 * W) return col_sum_block<3>(out + j, x + j, ld, rows, left - 2 * W);
    if (left > W) return col_sum_block<2>(out + j, x + j, ld, rows, left - W);
    if (left > 0) col_sum_block<1>(out + j, x + j, ld, rows, left);
}

template <class T>
DS_INLINE T row_max(const T* z, Index cols) {
    constexpr T kLowest = -T(__builtin_inff());
    Lanes16<T> top(kLowest);
    for_row<T>(cols, [&](int i, Index j, Index n)
                         DS_LAMBDA { top.r[i] = max(top.r[i], keep_part(load_part(z + j, n), n, kLowest)); });
    return top.reduce_max();
}

// e = exp(z - top), and its sum. e may be z, or null for the sum only.
template <class T>
DS_INLINE T row_exp(T* e, const T* z, T top, Index cols) {
    Lanes16<T> total;
    const Vec<T> shift(top);
    for_row<T>(cols, [&](int i, Index j, Index n) DS_LAMBDA {
        const Vec<T> v = exp(load_part(z + j, n) - shift);
        if (e != nullptr) store_part(e + j, v, n);
        total.r[i] += keep_part(v, n, T(0));
    });
    return total.sum();
}

template <class T>
DS_KERNEL void softmax_rows(const Matrix<T>& y, const Matrix<const T>& z) {
    const Index cols = y.cols;
    for (Index row = 0; row < y.rows; ++row) {
        T* e = y.row(row);
        const T total = row_exp(e, z.row(row), row_max(z.row(row), cols), cols);
        const Vec<T> share(T(1) / total);
        for_row<T>(cols, [&](int, Index j, Index n)
                             DS_LAMBDA { store_part(e + j, load_part(e + j, n) * share, n); });
    }
}

template <class T>
DS_KERNEL void softmax_backward_rows(const Matrix<T>& dz, const Matrix<const T>& dy,
                                     const Matrix<const T>& y) {
    const Index cols = y.cols;
    for (Index row = 0; row < y.rows; ++row) {
        const T *d = dy.row(row), *p = y.row(row);
        T* const out = dz.row(row);
        Lanes16<T> dot;
        for_row<T>(cols, [&](int i, Index j, Index n) DS_LAMBDA {
            dot.r[i] = fma(load_part(d + j, n), load_part(p + j, n), dot.r[i]);
        });
        const Vec<T> mean(dot.sum());
        for_row<T>(cols, [&](int, Index j, Index n) DS_LAMBDA {
            store_part(out + j, load_part(p + j, n) * (load_part(d + j, n) - mean), n);
        });
    }
}

template <class T>
DS_INLINE Index argmax_row(const T* p, Index cols) {
    const T top = row_max(p, cols);
    Index j = 0;
    while (j + 1 < cols && !(p[j] == top)) ++j;
    return j;
}
template <class T>
DS_KERNEL void argmax_rows(std::int64_t* out, const Matrix<const T>& x) {
    for (Index row = 0; row < x.rows; ++row)
        store_lane0(out + row, std::int64_t(argmax_row(x.row(row), x.cols)));
}
template <class T>
DS_KERNEL void one_hot_rows(const Matrix<T>& y, const Matrix<const T>& x) {
    for (Index row = 0; row < x.rows; ++row) {
        T* const out = y.row(row);
        const Index top = argmax_row(x.row(row), x.cols);
        sync();
        for_row<T>(x.cols, [=](int, Index j, Index n) DS_LAMBDA { store_part(out + j, Vec<T>(T(0)), n); });
        sync();
        store_lane0(out + top, T(1));
    }
}

template <class T>
constexpr ReduceKernels<T> reduce_kernels() {
    return {array_sum<T>,   array_weighted_sum<T>, col_sum<T>, softmax_rows<T>, softmax_backward_rows<T>,
            argmax_rows<T>, one_hot_rows<T>};
}

DS_ISA_END
