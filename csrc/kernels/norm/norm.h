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

// Columns in groups of registers whose running values stay in registers; `body` is called with the number of
// registers (a constant), the first column, and the columns of the last register.
template <class T, class F>
DS_INLINE void each_column_group(Index cols, F body) {
    constexpr Index W = Vec<T>::W;
    constexpr int kRegisters = 4;
    Index j = 0;
    for (; j + kRegisters * W <= cols; j += kRegisters * W) body.template run<kRegisters>(j, W);
    for (; j < cols; j += W) body.template run<1>(j, cols - j < W ? cols - j : W);
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
struct StatisticsOfColumns {
    const BatchStatistics<T>& a;

    template <int V>
    DS_INLINE void run(Index j, Index last) const {
        constexpr Index W = Vec<T>::W;
        const auto lanes = [=](int v) DS_LAMBDA { return v == V - 1 ? last : W; };
        const T* x = a.x.p + j;
        const Index ld = a.x.ld;
        const Vec<T> count = Vec<T>(T(a.x.rows));
        Vec<T> mean[V], variance[V];
        column_sums<T, V>(mean, a.x.rows, [=](Vec<T> s, Index r, int v) DS_LAMBDA {
            return s + load_part(x + r * ld + v * W, lanes(v));
        });
        for (int v = 0; v < V; ++v) mean[v] = mean[v] / count;
        column_sums<T, V>(variance, a.x.rows, [=, &mean](Vec<T> s, Index r, int v) DS_LAMBDA {
            const Vec<T> d = load_part(x + r * ld + v * W, lanes(v)) - mean[v];
            return fma(d, d, s);
        });
        for (int v = 0; v < V; ++v) {
            variance[v] = variance[v] / count;
            store_part(a.mean + j + v * W, mean[v], lanes(v));
            store_part(a.variance + j + v * W, variance[v], lanes(v));
            store_part(a.scale + j + v * W, Vec<T>(T(1)) / sqrt(variance[v] + Vec<T>(a.eps)), lanes(v));
        }
    }
};

template <class T>
DS_KERNEL void batch_norm_statistics(const BatchStatistics<T>& a) {
    each_column_group<T>(a.x.cols, StatisticsOfColumns<T>{a});
}

template <class T>
struct NormaliseColumns {
    const NormForward<T>& a;

    template <int V>
    DS_INLINE void run(Index j, Index last) const {
        constexpr Index W = Vec<T>::W;
        const auto lanes = [=](int v) DS_LAMBDA { return v == V - 1 ? last : W; };
        Vec<T> mean[V], scale[V], weight[V], bias[V];
        for (int v = 0; v < V; ++v) {
            mean[v] = load_part(a.mean + j + v * W, lanes(v));
            scale[v] = load_part(a.column_scale + j + v * W, lanes(v));
            weight[v] = load_or(a.weight, j + v * W, lanes(v), T(1));
            bias[v] = load_or(a.bias, j + v * W, lanes(v), T(0));
        }
        for (Index r = 0; r < a.y.rows; ++r)
            for (int v = 0; v < V; ++v) {
                const Index c = j + v * W;
                const Vec<T> out = (load_part(a.x.row(r) + c, lanes(v)) - mean[v]) * scale[v];
                if (a.n) store_part(a.n.row(r) + c, out, lanes(v));
                store_part(a.y.row(r) + c, fma(out, weight[v], bias[v]), lanes(v));
            }
    }
};

template <class T>
DS_KERNEL void batch_norm_forward(const NormForward<T>& a) {
    each_column_group<T>(a.y.cols, NormaliseColumns<T>{a});
}

template <class T>
struct BackwardOfColumns {
    const NormBackward<T>& a;

    template <int V>
    DS_INLINE void run(Index j, Index last) const {
        constexpr Index W = Vec<T>::W;
        const auto lanes = [=](int v) DS_LAMBDA { return v == V - 1 ? last : W; };
        const Vec<T> count = Vec<T>(T(a.count));
        Vec<T> mean[V], slope[V], factor[V];
        for (int v = 0; v < V; ++v) {
            const Index c = j + v * W;
            mean[v] = load_part(a.dbias + c, lanes(v)) / count;
            slope[v] = load_part(a.dweight + c, lanes(v)) / count;
            factor[v] = load_part(a.column_scale + c, lanes(v)) * load_or(a.weight, c, lanes(v), T(1));
        }
        for (Index r = 0; r < a.dy.rows; ++r)
            for (int v = 0; v < V; ++v) {
                const Index c = j + v * W;
                const Vec<T> centred = load_part(a.dy.row(r) + c, lanes(v)) - mean[v];
                const Vec<T> out = load_part(a.n.row(r) + c, lanes(v));
                store_part(a.dx.row(r) + c, factor[v] * fnma(out, slope[v], centred), lanes(v));
            }
    }
};

template <class T>
DS_KERNEL void batch_norm_backward(const NormBackward<T>& a) {
    each_column_group<T>(a.dy.cols, BackwardOfColumns<T>{a});
}

template <class T>
struct WeightGradientOfColumns {
    const NormWeightGradient<T>& a;

    template <int V>
    DS_INLINE void run(Index j, Index last) const {
        constexpr Index W = Vec<T>::W;
        const auto lanes = [=](int v) DS_LAMBDA { return v == V - 1 ? last : W; };
        const T* dy = a.dy.p + j;
        const T* out = a.n.p + j;
        const Index ldd = a.dy.ld, ldn = a.n.ld;
        Vec<T> dweight[V], dbias[V];
        column_sums<T, V>(dbias, a.bias_rows, [=](Vec<T> s, Index r, int v) DS_LAMBDA {
            return s + load_part(dy + r * ldd + v * W, lanes(v));
        });
        column_sums<T, V>(dweight, a.dy.rows, [=](Vec<T> s, Index r, int v) DS_LAMBDA {
            return fma(load_part(dy + r * ldd + v * W, lanes(v)), load_part(out + r * ldn + v * W, lanes(v)),
                       s);
        });
        for (int v = 0; v < V; ++v) {
            store_part(a.dweight + j + v * W, dweight[v], lanes(v));
            if (a.dbias != nullptr) store_part(a.dbias + j + v * W, dbias[v], lanes(v));
        }
    }
};

template <class T>
DS_KERNEL void norm_weight_gradient(const NormWeightGradient<T>& a) {
    each_column_group<T>(a.dy.cols, WeightGradientOfColumns<T>{a});
}

template <class T>
DS_KERNEL void norm_running_statistics(const RunningStatistics<T>& a) {
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
