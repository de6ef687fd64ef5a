// Layer normalisation (Ba et al. 2016) and batch normalisation (Ioffe & Szegedy 2015), forward and backward.
//   n = (x - mean)·scale, scale = 1/√(variance + eps), y = n·weight + bias
//   dx = scale·(dn - mean(dn) - n·mean(dn·n)), dn = dy·weight, means over what the statistics were taken over
// The variance is that of the centred values (a second pass), divided by the count. Sums along a row: 16
// lanes. Sums along a column: rows ascending, one chain per kSumChunk rows, the chunks added in ascending
// order. Which rows or columns a call has changes nothing.
#pragma once
#include "core/types.h"
#include "kernels/elementwise/reduce.h"
#include "kernels/norm/norm_table.h"
#include "simd/lanes.h"

DS_ISA_BEGIN

// Loads from p, or returns `otherwise` if p is null: a missing weight is 1, a missing bias 0.
template <class T>
DS_INLINE Vec<T> load_or(const T* p, Index j, Index n, T otherwise) {
    return p != nullptr ? load_part(p + j, n) : Vec<T>(otherwise);
}

// A sum along a row in 16 lanes: add(sum, column, columns) gives the sum with a register's columns in it.
template <class T, class F>
DS_INLINE T row_sum(Index cols, F add) {
    Lanes16<T> acc;
    for_row<T>(cols, [&](int i, Index j, Index n) DS_LAMBDA {
        const Vec<T> more = add(acc.r[i], j, n);
        acc.r[i] = n == Vec<T>::W ? more : select(first_lanes<T>(n), more, acc.r[i]);
    });
    return acc.sum();
}

template <class T>
DS_INLINE void layer_norm_row(const NormForward<T>& a, Index r) {
    const T* x = a.x.row(r);
    const Index cols = a.y.cols;
    const T count = T(cols);
    const T mean =
        row_sum<T>(cols, [=](Vec<T> s, Index j, Index n) DS_LAMBDA { return s + load_part(x + j, n); }) /
        count;
    const T variance = row_sum<T>(cols,
                                  [=](Vec<T> s, Index j, Index n) DS_LAMBDA {
                                      const Vec<T> d = load_part(x + j, n) - Vec<T>(mean);
                                      return fma(d, d, s);
                                  }) /
                       count;
    const T scale = T(1) / sqrt(variance + a.eps);
    if (a.row_scale != nullptr) store_lane0(a.row_scale + r, scale);
    T* y = a.y.row(r);
    T* out = a.n ? a.n.row(r) : nullptr;
    for_row<T>(cols, [=, &a](int, Index j, Index n) DS_LAMBDA {
        const Vec<T> v = (load_part(x + j, n) - Vec<T>(mean)) * Vec<T>(scale);
        if (out != nullptr) store_part(out + j, v, n);
        store_part(y + j, fma(v, load_or(a.weight, j, n, T(1)), load_or(a.bias, j, n, T(0))), n);
    });
}

template <class T>
DS_KERNEL void layer_norm_forward(const NormForward<T>& a) {
    for (Index r = 0; r < a.y.rows; ++r) layer_norm_row(a, r);
}

template <class T>
DS_KERNEL void layer_norm_backward(const NormBackward<T>& a) {
    const Index cols = a.dy.cols;
    const T count = T(cols);
    for (Index r = 0; r < a.dy.rows; ++r) {
        const T* dy = a.dy.row(r);
        const T* out = a.n.row(r);
        const auto dn = [=, &a](Index j, Index n)
                            DS_LAMBDA { return load_part(dy + j, n) * load_or(a.weight, j, n, T(1)); };
        const T mean =
            row_sum<T>(cols, [=](Vec<T> s, Index j, Index n) DS_LAMBDA { return s + dn(j, n); }) / count;
        const T slope = row_sum<T>(cols, [=](Vec<T> s, Index j, Index n)
                                             DS_LAMBDA { return fma(dn(j, n), load_part(out + j, n), s); }) /
                        count;
        const T scale = a.row_scale[r];
        T* dx = a.dx.row(r);
        for_row<T>(cols, [=](int, Index j, Index n) DS_LAMBDA {
            store_part(dx + j,
                       Vec<T>(scale) * fnma(load_part(out + j, n), Vec<T>(slope), dn(j, n) - Vec<T>(mean)),
                       n);
        });
    }
}

// With M(a) = scale·(a - mean a - n·mean(n a)), dn = dy·weight, dn_dot = dy_dot·weight and c = x_dot - mean
// x_dot:
// dx = M(dn - scale·(dn_dot·mean(n c) + c·mean(n dn_dot))) - scale·n·mean(dn_dot n_dot).
template <class T>
DS_KERNEL void layer_norm_double_backward_rows(const NormDoubleBackward<T>& a) {
    const NormBackward<T>& b = a.backward;
    const Index cols = b.dy.cols;
    const T count = T(cols);
    for (Index r = 0; r < b.dy.rows; ++r) {
        const T *dy = b.dy.row(r), *dy_dot = a.dy_dot.row(r), *out = b.n.row(r);
        const T *x_dot = a.x_dot.row(r), *n_dot = a.n_dot.row(r);
        T* dx = b.dx.row(r);
        const T scale = b.row_scale[r];
        const auto dn_dot = [=, &b](Index j, Index n) DS_LAMBDA {
            return load_part(dy_dot + j, n) * load_or(b.weight, j, n, T(1));
        };
        const auto mean_of = [&](auto f) DS_LAMBDA {
            return row_sum<T>(cols, [=](Vec<T> s, Index j, Index n) DS_LAMBDA { return s + f(j, n); }) /
                   count;
        };
        const T x_dot_mean = mean_of([=](Index j, Index n) DS_LAMBDA { return load_part(x_dot + j, n); });
        const auto c = [=](Index j, Index n)
                           DS_LAMBDA { return load_part(x_dot + j, n) - Vec<T>(x_dot_mean); };
        const T mean_nc =
            mean_of([=](Index j, Index n) DS_LAMBDA { return load_part(out + j, n) * c(j, n); });
        const T mean_n_dn_dot =
            mean_of([=](Index j, Index n) DS_LAMBDA { return load_part(out + j, n) * dn_dot(j, n); });
        const T mean_dn_dot_n_dot =
            mean_of([=](Index j, Index n) DS_LAMBDA { return dn_dot(j, n) * load_part(n_dot + j, n); });
        const auto inner = [=, &b](Index j, Index n) DS_LAMBDA {
            const Vec<T> dn = load_part(dy + j, n) * load_or(b.weight, j, n, T(1));
            return fnma(Vec<T>(scale), fma(dn_dot(j, n), Vec<T>(mean_nc), c(j, n) * Vec<T>(mean_n_dn_dot)),
                        dn);
        };
        const T mean = mean_of(inner);
        const T slope =
            mean_of([=](Index j, Index n) DS_LAMBDA { return load_part(out + j, n) * inner(j, n); });
        for_row<T>(cols, [=](int, Index j, Index n) DS_LAMBDA {
            const Vec<T> centred = inner(j, n) - Vec<T>(mean);
            store_part(
                dx + j,
                Vec<T>(scale) * fnma(load_part(out + j, n), Vec<T>(slope + mean_dn_dot_n_dot), centred), n);
        });
    }
}

// V registers of neighbouring columns, whose running values stay in registers.
template <class T, int V>
struct ColumnGroup {
    static constexpr int kRegisters = V;
    Index first, last_lanes;  // the first column; columns of the last register

    DS_INLINE Index lanes(int v) const { return v == V - 1 ? last_lanes : Index(Vec<T>::W); }
    DS_INLINE Vec<T> load(const T* row, int v) const {
        return load_part(row + first + v * Vec<T>::W, lanes(v));
    }
    DS_INLINE Vec<T> load_or(const T* row, int v, T otherwise) const {
        return row != nullptr ? load(row, v) : Vec<T>(otherwise);
    }
    DS_INLINE void store(T* row, int v, Vec<T> x) const {
        store_part(row + first + v * Vec<T>::W, x, lanes(v));
    }
};

// Calls body with every group of columns.
template <class T, class F>
DS_INLINE void each_column_group(Index cols, F body) {
    constexpr Index W = Vec<T>::W;
    constexpr int kRegisters = 4;
    Index j = 0;
    for (; j + kRegisters * W <= cols; j += kRegisters * W) body(ColumnGroup<T, kRegisters>{j, W});
    for (; j < cols; j += W) body(ColumnGroup<T, 1>{j, cols - j < W ? cols - j : W});
}

// total[v] = Σ over rows of add(sum, row, register), in chunks.
template <class T, int V, class F>
DS_INLINE void column_sums(Vec<T> (&total)[V], Index rows, F add) {
    for (int v = 0; v < V; ++v) total[v] = zero<T>();
    for (Index begin = 0; begin < rows; begin += kSumChunk) {
        const Index end = rows - begin < kSumChunk ? rows : begin + kSumChunk;
        Vec<T> sum[V];
        for (int v = 0; v < V; ++v) sum[v] = zero<T>();
        for (Index r = begin; r < end; ++r)
            for (int v = 0; v < V; ++v) sum[v] = add(sum[v], r, v);
        for (int v = 0; v < V; ++v) total[v] = begin == 0 ? sum[v] : total[v] + sum[v];
    }
}

template <class T>
DS_KERNEL void batch_norm_statistics(const BatchStatistics<T>& a) {
    each_column_group<T>(a.x.cols, [&a](auto group) DS_LAMBDA {
        constexpr int V = group.kRegisters;
        const Vec<T> count = Vec<T>(T(a.x.rows));
        Vec<T> mean[V], variance[V];
        column_sums<T, V>(mean, a.x.rows, [=, &a](Vec<T> s, Index r, int v) DS_LAMBDA {
            return s + group.load(a.x.row(r), v);
        });
        for (int v = 0; v < V; ++v) mean[v] = mean[v] / count;
        column_sums<T, V>(variance, a.x.rows, [=, &a, &mean](Vec<T> s, Index r, int v) DS_LAMBDA {
            const Vec<T> d = group.load(a.x.row(r), v) - mean[v];
            return fma(d, d, s);
        });
        for (int v = 0; v < V; ++v) {
            variance[v] = variance[v] / count;
            group.store(a.mean, v, mean[v]);
            group.store(a.variance, v, variance[v]);
            group.store(a.scale, v, Vec<T>(T(1)) / sqrt(variance[v] + Vec<T>(a.eps)));
        }
    });
}

template <class T>
DS_KERNEL void batch_norm_forward(const NormForward<T>& a) {
    each_column_group<T>(a.y.cols, [&a](auto group) DS_LAMBDA {
        constexpr int V = group.kRegisters;
        Vec<T> mean[V], scale[V], weight[V], bias[V];
        for (int v = 0; v < V; ++v) {
            mean[v] = group.load(a.mean, v);
            scale[v] = group.load(a.column_scale, v);
            weight[v] = group.load_or(a.weight, v, T(1));
            bias[v] = group.load_or(a.bias, v, T(0));
        }
        for (Index r = 0; r < a.y.rows; ++r)
            for (int v = 0; v < V; ++v) {
                const Vec<T> out = (group.load(a.x.row(r), v) - mean[v]) * scale[v];
                if (a.n) group.store(a.n.row(r), v, out);
                group.store(a.y.row(r), v, fma(out, weight[v], bias[v]));
            }
    });
}

template <class T>
DS_KERNEL void batch_norm_backward(const NormBackward<T>& a) {
    each_column_group<T>(a.dy.cols, [&a](auto group) DS_LAMBDA {
        constexpr int V = group.kRegisters;
        const Vec<T> count = Vec<T>(T(a.count));
        Vec<T> mean[V], slope[V], factor[V];
        for (int v = 0; v < V; ++v) {
            mean[v] = group.load(a.dbias, v) / count;
            slope[v] = group.load(a.dweight, v) / count;
            factor[v] = group.load(a.column_scale, v) * group.load_or(a.weight, v, T(1));
        }
        for (Index r = 0; r < a.dy.rows; ++r)
            for (int v = 0; v < V; ++v) {
                const Vec<T> centred = group.load(a.dy.row(r), v) - mean[v];
                const Vec<T> out = group.load(a.n.row(r), v);
                group.store(a.dx.row(r), v, factor[v] * fnma(out, slope[v], centred));
            }
    });
}

template <class T>
DS_KERNEL void norm_weight_gradient(const NormWeightGradient<T>& a) {
    each_column_group<T>(a.dy.cols, [&a](auto group) DS_LAMBDA {
        constexpr int V = group.kRegisters;
        Vec<T> dweight[V], dbias[V];
        column_sums<T, V>(dbias, a.bias_rows, [=, &a](Vec<T> s, Index r, int v) DS_LAMBDA {
            return s + group.load(a.dy.row(r), v);
        });
        column_sums<T, V>(dweight, a.dy.rows, [=, &a](Vec<T> s, Index r, int v) DS_LAMBDA {
            return fma(group.load(a.dy.row(r), v), group.load(a.n.row(r), v), s);
        });
        for (int v = 0; v < V; ++v) {
            group.store(a.dweight, v, dweight[v]);
            if (a.dbias != nullptr) group.store(a.dbias, v, dbias[v]);
        }
    });
}

template <class T>
DS_KERNEL void norm_running_statistics(const RunningStatistics<T>& a) {
    if (a.status != nullptr && a.status->diverged != 0) return;
    const Vec<T> momentum(a.momentum);
    const Vec<T> unbiased = Vec<T>(T(a.count)) / Vec<T>(T(a.count > 1 ? a.count - 1 : 1));
    for_row<T>(a.cols, [=](int, Index j, Index n) DS_LAMBDA {
        const Vec<T> mean = load_part(a.mean + j, n), variance = load_part(a.variance + j, n);
        store_part(a.mean + j, fma(momentum, load_part(a.batch_mean + j, n) - mean, mean), n);
        store_part(a.variance + j,
                   fma(momentum, load_part(a.batch_variance + j, n) * unbiased - variance, variance), n);
    });
}

template <class T>
DS_KERNEL void norm_inverse_stddev(T* scale, const T* variance, T eps, Index cols) {
    for_row<T>(cols, [=](int, Index j, Index n) DS_LAMBDA {
        store_part(scale + j, Vec<T>(T(1)) / sqrt(load_part(variance + j, n) + Vec<T>(eps)), n);
    });
}

template <class T>
constexpr NormKernels<T> norm_kernels() {
    return {layer_norm_forward<T>,    layer_norm_backward<T>,     layer_norm_double_backward_rows<T>,
            batch_norm_statistics<T>, batch_norm_forward<T>,      batch_norm_backward<T>,
            norm_weight_gradient<T>,  norm_running_statistics<T>, norm_inverse_stddev<T>};
}

DS_ISA_END
