// Device code under the emulator, where more than half a warp runs: products by whole blocks, compared with
// their definition, and rows shared by several half-warps, compared with those of one. Headers only, so that
// it compiles under any sanitizer.
#include "tests/cuda/emulator.h"  // before all that needs CUDA's words

#include <cstdlib>
#include <vector>

#include "cuda/cuda_language.h"
#include "cuda/product.h"
#include "cuda/row_kernels.h"
#include "tests/cpp/check.h"

using namespace ds;
using namespace ds::cuda;

namespace {

template <class T>
std::vector<T> numbers(Index n, std::uint32_t key, double scale = 1.0) {
    std::vector<T> v(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < v.size(); ++i)
        v[i] = T(scale * (philox4x32(key, {{std::uint32_t(i), 1, 2, 3}}).word[0] * 0x1p-31 - 1.0));
    return v;
}

template <class T>
bool equal(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size() * sizeof(T));
}

// The numerics contract, element by element.
template <class T>
void multiply_by_definition(const GemmArgs<T>& g, bool transposed_a, bool transposed_b) {
    for (Index i = 0; i < g.m; ++i)
        for (Index j = 0; j < g.n; ++j) {
            T& c = g.c[i * g.ldc + j];
            T total = c;
            bool overwrite = !g.accumulate;
            Index k = 0;
            do {
                T sum = T(0);
                const Index end = k + kSumChunk < g.k ? k + kSumChunk : g.k;
                for (; k < end; ++k)
                    sum = fma(transposed_a ? g.a[k * g.lda + i] : g.a[i * g.lda + k],
                              transposed_b ? g.b[j * g.ldb + k] : g.b[k * g.ldb + j], sum);
                total = overwrite ? sum : total + sum;
                overwrite = false;
            } while (k < g.k);
            c = g.bias != nullptr ? total + g.bias[j] : total;
        }
}

template <bool kTransposedA, bool kTransposedB, class Tile, class T>
void test_product(Index m, Index n, Index k, bool accumulate, unsigned blocks) {
    const Index lda = (kTransposedA ? m : k) + 1, ldb = (kTransposedB ? k : n) + 2, ldc = n + 3;
    const auto a = numbers<T>((kTransposedA ? k : m) * lda + 1, 1);
    const auto b = numbers<T>((kTransposedB ? n : k) * ldb + 1, 2), bias = numbers<T>(n, 3);
    auto c = numbers<T>(m * ldc, 4), expected = c;
    GemmArgs<T> g{
        m, n, k, a.data(), lda, b.data(), ldb, c.data(), ldc, accumulate ? nullptr : bias.data(), accumulate};
    emulator::launch({blocks}, {Tile::kThreads}, sizeof(Tile), [&] {
        product<kTransposedA, kTransposedB>(g, *emulator::shared_memory<Tile>(), blockIdx.x, gridDim.x,
                                            NoEpilogue{});
    });
    g.c = expected.data();
    multiply_by_definition(g, kTransposedA, kTransposedB);
    CHECK(equal(c, expected));
}

template <class Tile, class T>
void test_products() {
    for (const bool accumulate : {false, true}) {
        test_product<false, false, Tile, T>(70, 67, 33, accumulate, 1);
        test_product<false, true, Tile, T>(5, 130, 300, accumulate, 2);
        test_product<true, false, Tile, T>(65, 10, 257, accumulate, 3);
        test_product<true, true, Tile, T>(3, 17, 16, accumulate, 1);
        test_product<false, false, Tile, T>(1, 1, 1, accumulate, 2);
        test_product<false, false, Tile, T>(4, 5, 0, accumulate, 1);
    }
}

// Runs kernel(first row, rows) on half-warps that share `rows` rows.
template <class F>
void share_rows(unsigned half_warps, Index rows, const F& kernel) {
    emulator::launch({}, {16 * half_warps}, 0, [&] {
        const Index worker = threadIdx.x / 16;
        const Index begin = rows * worker / half_warps, end = rows * (worker + 1) / half_warps;
        kernel(begin, end - begin);
    });
}

constexpr unsigned kHalfWarps = 5;  // the last warp is half empty

template <class T, class L>
void test_loss(Index cols, bool labels) {
    const Index rows = 37, ld = cols + 2;
    const auto target = numbers<T>(rows * ld, 7, 0.5);
    std::vector<std::int64_t> label(rows);
    for (Index i = 0; i < rows; ++i) label[i] = cols == 1 ? i % 2 : i * 7 % cols;
    std::vector<T> d[2], row_loss[2];
    for (const bool shared : {false, true}) {
        d[shared] = numbers<T>(rows * ld, 8, 4.0);  // the gradient replaces x
        row_loss[shared] = numbers<T>(rows, 9);
        share_rows(shared ? kHalfWarps : 1, rows, [&](Index row, Index count) {
            LossArgs<T> a{};
            a.x = a.d = {d[shared].data() + row * ld, count, cols, ld};
            if (labels)
                a.label = label.data() + row;
            else
                a.target = {target.data() + row * ld, count, cols, ld};
            a.scale = T(0.1);
            a.row_loss = row_loss[shared].data() + row;
            a.option[0] = T(0.25);
            a.option[1] = T(0.5);
            loss_kernel<T, L>(a);
        });
    }
    CHECK(equal(d[0], d[1]) && equal(row_loss[0], row_loss[1]));
}

template <class T>
void test_rows(Index cols) {
    const Index rows = 21;
    const auto x = numbers<T>(rows * cols, 1, 4.0), weight = numbers<T>(cols, 2);
    std::vector<T> y[2], n[2], scale[2], e[2];
    std::vector<std::int64_t> largest[2];
    for (const bool shared : {false, true}) {
        y[shared] = n[shared] = e[shared] = std::vector<T>(rows * cols);
        scale[shared].resize(rows);
        largest[shared].resize(rows);
        share_rows(shared ? kHalfWarps : 1, rows, [&](Index row, Index count) {
            const Matrix<const T> xs(x.data() + row * cols, count, cols);
            softmax_rows<T>({e[shared].data() + row * cols, count, cols}, xs);
            ds::cuda::sync();
            argmax_rows<T>(largest[shared].data() + row, {e[shared].data() + row * cols, count, cols});
            NormForward<T> f;
            f.x = xs;
            f.y = {y[shared].data() + row * cols, count, cols};
            f.n = {n[shared].data() + row * cols, count, cols};
            f.weight = weight.data();
            f.row_scale = scale[shared].data() + row;
            f.eps = T(1e-5);
            layer_norm_forward(f);
            ds::cuda::sync();
            NormBackward<T> b;
            b.dx = f.y;
            b.dy = xs;
            b.n = f.n;
            b.weight = weight.data();
            b.row_scale = f.row_scale;
            layer_norm_backward(b);
        });
    }
    CHECK(equal(y[0], y[1]) && equal(n[0], n[1]) && equal(scale[0], scale[1]) && equal(e[0], e[1]));
    CHECK(equal(largest[0], largest[1]));
}

template <class T>
void test_minibatch_stddev() {
    const Index group = 3, groups = 4, cols = 19, rows = group * groups;
    const auto x = numbers<T>(rows * (cols + 1), 1);
    std::vector<T> dx[2];
    for (const bool shared : {false, true}) {
        std::vector<T> y(rows * (cols + 1)), c(rows * cols), t(groups * cols);
        dx[shared].resize(rows * (cols + 1));
        share_rows(shared ? kHalfWarps : 1, groups, [&](Index g, Index count) {
            MinibatchStddevArgs<T> a{};
            a.group = group;
            a.x = {x.data() + g * group * cols, count * group, cols};
            a.y = {y.data() + g * group * (cols + 1), count * group, cols + 1};
            a.c = {c.data() + g * group * cols, count * group, cols};
            a.t = {t.data() + g * cols, count, cols};
            minibatch_stddev_forward(a);
            ds::cuda::sync();
            a.x = a.y;
            a.y = {dx[shared].data() + g * group * (cols + 1), count * group, cols + 1};
            minibatch_stddev_backward(a);
        });
    }
    CHECK(equal(dx[0], dx[1]));
}

// Kernels that read in plain what lanes have stored: one-hot rows in place, penalties, projections, pooling.
template <class T>
void test_row_kernels(Index cols) {
    const Index rows = 13;
    const auto x = numbers<T>(rows * cols, 1, 4.0), weight = numbers<T>(cols, 2),
               embedding = numbers<T>(3 * cols, 3);
    const std::vector<Index> length(rows, 1), offset{0};
    std::vector<std::int64_t> labels(rows);
    for (Index i = 0; i < rows; ++i) labels[i] = i % 3;
    std::vector<T> one_hot[2], z[2], w[2], dg[2], penalty[2], pooled[2];
    for (const bool shared : {false, true}) {
        one_hot[shared] = x;
        z[shared] = penalty[shared] = std::vector<T>(rows);
        w[shared] = dg[shared] = pooled[shared] = std::vector<T>(rows * cols);
        std::vector<Index> best(rows * cols);
        share_rows(shared ? kHalfWarps : 1, rows, [&](Index row, Index count) {
            const auto part = [&](std::vector<T>& v) {
                return Matrix<T>(v.data() + row * cols, count, cols);
            };
            const Matrix<const T> xs(x.data() + row * cols, count, cols);
            one_hot_rows<T>(part(one_hot[shared]), part(one_hot[shared]));
            projection_forward<T>({.z = {z[shared].data() + row, count, 1},
                                   .weights = part(w[shared]),
                                   .x = xs,
                                   .weight = weight.data(),
                                   .embedding = {embedding.data(), 3, cols},
                                   .labels = labels.data() + row,
                                   .classes = 3,
                                   .pac = 1});
            PenaltyArgs<T> p;
            p.rows = {row, row + count};
            p.g = {x.data(), rows, cols};
            p.dg = {dg[shared].data(), rows, cols};
            p.penalty = penalty[shared].data();
            p.weight = T(0.5);
            p.one_centred = true;
            penalty_rows(p);
            PoolArgs<T> a;
            a.rows = p.rows;
            a.length = length.data();
            a.offset = offset.data();
            a.y = {const_cast<T*>(x.data()), rows, cols};
            a.pooled = {pooled[shared].data(), rows, cols};
            a.best = best.data();
            for (const Pool kind : {Pool::kMean, Pool::kMax}) {
                a.kind = kind;
                pool_forward(a);
            }
        });
    }
    CHECK(equal(one_hot[0], one_hot[1]) && equal(z[0], z[1]) && equal(w[0], w[1]) && equal(dg[0], dg[1]));
    CHECK(equal(penalty[0], penalty[1]) && equal(pooled[0], pooled[1]) && equal(pooled[0], x));
}

// A half-warp reads the vectors that its lanes, or lane 0, have stored.
template <class T>
void test_spectral() {
    const Index rows = 7, cols = 21;
    auto w = numbers<T>(rows * cols, 1), dw = numbers<T>(rows * cols, 2), u = numbers<T>(rows, 3),
         v = numbers<T>(cols, 4), products = numbers<T>(rows, 5);
    T sigma = T(0);
    emulator::launch({}, {16}, 0, [&] {
        const SpectralArgs<T> a{.w = {w.data(), rows, cols},
                                .by_row = u.data(),
                                .by_col = v.data(),
                                .rows_first = true,
                                .sigma = &sigma,
                                .products = products.data(),
                                .dw = {dw.data(), rows, cols}};
        power_iteration(a);
        spectral_normalize(a);
        ds::cuda::sync();
        spectral_backward(a);
    });
    double squares = 0.0;
    for (const T x : u) squares += double(x) * double(x);
    CHECK(squares > 0.999 && squares < 1.001 && sigma > T(0));
}

void test_emulator() {
#if !defined(__SANITIZE_THREAD__)  // it would report what the threads leave behind
    CHECK_THROWS(std::logic_error, emulator::launch({}, {32}, 0, [] {
                     if (threadIdx.x < 16) __syncwarp(~0u);
                 }));
    CHECK_THROWS(std::logic_error, emulator::launch({}, {32}, 0, [] { __syncwarp(0xffffu); }));
#endif
    int left = 0;
    emulator::launch({}, {4}, 0, [&] {
        if (threadIdx.x == 3) return;  // who has left is not waited for
        __syncthreads();
        if (threadIdx.x == 0) ++left;
    });
    CHECK(left == 1);
    emulator::launch({}, {1}, sizeof(float), [] {
        const float unset = *emulator::shared_memory<float>();
        CHECK(unset != unset);
    });
}

template <class T>
void test_all() {
    test_products<ProductTile<T, 16, 16>, T>();
    test_products<ProductTile<T, 64, 64>, T>();
    for (const Index cols : {1, 2, 16, 19, 40}) {
        test_rows<T>(cols);
        test_loss<T, SquaredError>(cols, false);
        test_loss<T, BinaryCrossEntropy>(cols, cols == 1);
        if (cols == 1) continue;
        for (const bool labels : {false, true}) test_loss<T, CrossEntropy>(cols, labels);
        test_loss<T, Focal>(cols, true);
    }
    for (const Index cols : {1, 16, 37}) test_row_kernels<T>(cols);
    test_minibatch_stddev<T>();
    test_spectral<T>();
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1) emulator::device().seed = std::uint32_t(std::atoi(arguments[1]));
    test_all<float>();
    test_all<double>();
    test_emulator();
    return report();
}
