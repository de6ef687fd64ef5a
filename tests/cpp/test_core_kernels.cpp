// The optimizer, dropout and norm kernels of every instruction set here: equal bits on those with fused multiply-add, for
// every length, tail and cut into ranges; nothing touched beyond the ends; the numbers against plain loops.
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "core/cpu.h"
#include "core/random.h"
#include "kernels/table.h"

using namespace ds;

namespace {

constexpr double kCanary = -12345.0;

std::vector<const KernelTable*> tables() {
#if defined(__x86_64__)
    std::vector<const KernelTable*> all{kernel_table_baseline()};
    if (cpu_info().fma) all.insert(all.begin(), kernel_table_scalar());
    if (cpu_info().avx2) all.push_back(kernel_table_avx2());
    if (cpu_info().avx512) all.push_back(kernel_table_avx512());
    return all;
#else
    return {kernel_table_scalar(), kernel_table_neon()};
#endif
}

bool fused(const KernelTable* table) { return std::strcmp(table->name, "baseline") != 0; }

// n numbers with a canary before and after them.
template <class T>
struct Array {
    std::vector<T> all;
    explicit Array(Index n, T value = T(0)) : all(static_cast<std::size_t>(n) + 32, value) { guard(); }
    Array(Index n, std::uint32_t key, double scale) : Array(n) {
        RandomWords words(key, Stream::kInit, 0, 0);
        for (Index i = 0; i < n; ++i) data()[i] = static_cast<T>(scale * (words.next() * 0x1p-31 - 1.0));
    }
    void guard() {
        for (std::size_t i = 0; i < 16; ++i) all[i] = all[all.size() - 1 - i] = T(kCanary);
    }
    T* data() { return all.data() + 16; }
    Index size() const { return static_cast<Index>(all.size()) - 32; }
    bool guarded() const {
        for (std::size_t i = 0; i < 16; ++i)
            if (all[i] != T(kCanary) || all[all.size() - 1 - i] != T(kCanary)) return false;
        return true;
    }
    bool operator==(const Array& other) const {
        return all.size() == other.all.size() && same_bytes(all.data(), other.all.data(), all.size() * sizeof(T));
    }
};

template <class T>
bool close(double got, double want) {
    return std::fabs(got - want) <= 16 * std::numeric_limits<T>::epsilon() * (std::fabs(want) + 1.0);
}

template <class T>
void masks() {
    const std::uint32_t stream = stream_word(Stream::kDropout, 5), keep = keep_threshold(0.3);
    constexpr std::uint64_t kKey = 0x123456789abcdef0u;
    for (const KernelTable* table : tables()) {
        const auto& kernels = kernels_of<T>(*table).random;
        std::vector<std::uint32_t> counters, words(4 * 19);
        for (std::uint32_t i = 0; i < 4 * 19; ++i) counters.push_back(i * 0x9e3779b9u);
        kernels.philox(words.data(), counters.data(), 19, kKey);
        for (std::size_t i = 0; i < 19; ++i) {
            PhiloxBlock block;
            std::memcpy(&block, &counters[4 * i], sizeof block);
            block = philox4x32(kKey, block);
            CHECK(same_bytes(&block, &words[4 * i], sizeof block));
        }
        for (const Index cols : {1, 15, 16, 63, 64, 65, 130, 200}) {
            const Index ld = cols + 3, groups = (cols + 63) / 64, row0 = 70000000;  // the block index wraps
            Array<T> mask(3 * ld, T(9));
            kernels.dropout_mask(mask.data(), ld, row0, 3, cols, kKey, 7, 8, stream, keep, T(1.25));
            bool right = true;
            for (Index r = 0; r < 3; ++r)
                for (Index c = 0; c < ld; ++c) {
                    const auto block = static_cast<std::uint32_t>(((row0 + r) * groups + c / 64) * 16 + c % 16);
                    const std::uint32_t word = philox4x32(kKey, {{block, 7, 8, stream}}).word[c % 64 / 16];
                    right &= mask.data()[r * ld + c] == (c >= cols ? T(9) : word < keep ? T(1.25) : T(0));
                }
            CHECK(right && mask.guarded());
        }
    }
}

// One element in plain double.
void plain_update(Optimizer kind, const UpdateArgs<double>& a, double& w, double g, double& m, double& v) {
    g *= a.grad_scale;
    if (a.clip_value > 0) g = std::fmin(std::fmax(g, -a.clip_value), a.clip_value);
    g += a.l2 * w + a.l1 * ((w > 0) - (w < 0));
    const double shrunk = w * a.shrink;
    switch (kind) {
        case Optimizer::kSgd:
            m = a.momentum * m + g;
            w = shrunk - a.rate * (a.nesterov ? g + a.momentum * m : m);
            break;
        case Optimizer::kAdam:
        case Optimizer::kAdamW:
            m = a.beta1 * m + (1 - a.beta1) * g;
            v = a.beta2 * v + (1 - a.beta2) * g * g;
            w = shrunk - a.step_size * m / (std::sqrt(v) * a.inv_sqrt_bc2 + a.eps);
            break;
        case Optimizer::kRmsProp:
            v = a.beta2 * v + (1 - a.beta2) * g * g;
            m = a.momentum * m + g / (std::sqrt(v) + a.eps);
            w = shrunk - a.rate * m;
            break;
        case Optimizer::kAdagrad:
            v += g * g;
            w = shrunk - a.rate * g / (std::sqrt(v) + a.eps);
            break;
        case Optimizer::kLion: {
            const double c = a.beta1 * m + (1 - a.beta1) * g;
            w = shrunk - a.rate * ((c > 0) - (c < 0));
            m = a.beta2 * m + (1 - a.beta2) * g;
        }
    }
}

template <class T>
UpdateArgs<T> arguments(int variant) {
    UpdateArgs<T> a;
    a.rate = T(0.01);
    a.beta1 = T(0.9);
    a.beta2 = T(0.99);
    a.eps = T(1e-8);
    a.step_size = T(0.1);
    a.inv_sqrt_bc2 = T(10);
    if (variant & 1) a.momentum = T(0.8);
    a.nesterov = (variant & 3) == 3;
    if (variant & 4) {
        a.l1 = T(0.01);
        a.l2 = T(0.02);
        a.grad_scale = T(0.5);
        a.clip_value = T(0.6);
        a.shrink = T(0.99);
    }
    return a;
}

template <class T>
struct Slabs {
    Array<T> w, g, m, v;
    explicit Slabs(Index n) : w(n, 1, 1.0), g(n, 2, 2.0), m(n, 3, 1.0), v(n, 4, 1.0) {
        for (Index i = 0; i < n; ++i) v.data()[i] = std::fabs(v.data()[i]);
        if (n > 2) w.data()[2] = T(0);
    }
    bool step(const KernelTable* table, int kind, UpdateArgs<T> a) {
        a.w = w.data();
        a.g = g.data();
        a.m = m.data();
        a.v = v.data();
        a.n = w.size();
        return kernels_of<T>(*table).optim.update[kind](a);
    }
    bool operator==(const Slabs&) const = default;
};

template <class T>
void updates() {
    for (int kind = 0; kind < kOptimizers; ++kind)
        for (int variant = 0; variant < 8; ++variant)
            for (const Index n : {0, 1, 3, 7, 8, 15, 16, 17, 40, 133}) {
                const UpdateArgs<T> a = arguments<T>(variant);
                const UpdateArgs<double> wide = arguments<double>(variant);
                Slabs<T> first(n);
                CHECK(first.step(tables()[0], kind, a));
                const Slabs<T> before(n);
                for (const KernelTable* table : tables()) {
                    Slabs<T> now(n);
                    CHECK(now.step(table, kind, a));
                    CHECK(!fused(table) || now == first);
                    CHECK(now.w.guarded() && now.m.guarded() && now.v.guarded() && now.g == before.g);
                    Slabs<T> was(n);
                    for (Index i = 0; i < n; ++i) {
                        double w = was.w.data()[i], m = was.m.data()[i], v = was.v.data()[i];
                        const bool momentum = kind == 0 || kind == 3;
                        if (momentum && a.momentum == T(0)) m = 0;
                        plain_update(static_cast<Optimizer>(kind), wide, w, was.g.data()[i], m, v);
                        CHECK(close<T>(now.w.data()[i], w) && close<T>(now.v.data()[i], v));
                        CHECK(close<T>(now.m.data()[i], momentum && a.momentum == T(0) ? was.m.data()[i] : m) ||
                              kind == int(Optimizer::kAdagrad));
                    }
                }
            }
}

// A gradient that cannot be: that element stays, the others are updated, and the caller is told.
template <class T>
void broken_gradients() {
    constexpr Index n = 37;
    for (const KernelTable* table : tables())
        for (int kind = 0; kind < kOptimizers; ++kind)
            for (int variant = 0; variant < 8; ++variant)
                for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity(),
                                    -std::numeric_limits<T>::infinity()})
                    for (const Index at : {Index(0), Index(20), n - 1}) {
                        UpdateArgs<T> a = arguments<T>(variant);
                        Slabs<T> good(n), broken(n);
                        const Slabs<T> before(n);
                        good.step(table, kind, a);
                        broken.g.data()[at] = bad;
                        // A clipped infinity is a number again.
                        CHECK(broken.step(table, kind, a) == (std::isinf(bad) && a.clip_value > T(0)));
                        if (std::isinf(bad) && a.clip_value > T(0)) continue;
                        for (auto part : {&Slabs<T>::w, &Slabs<T>::m, &Slabs<T>::v})
                            for (std::size_t i = 0; i < (good.*part).all.size(); ++i)
                                CHECK((broken.*part).all[i] ==
                                      (Index(i) == at + 16 ? (before.*part).all[i] : (good.*part).all[i]));
                    }
}

template <class T>
void squares_and_transposes() {
    for (const Index n : {0, 1, 15, 16, 17, 4095, 4096, 4097, 10000}) {
        Array<T> x(n, 5, 3.0);
        double plain = 0.0, blocks = 0.0;
        for (Index i = 0; i < n; ++i) plain += double(x.data()[i]) * x.data()[i];
        for (const KernelTable* table : tables()) {
            const auto sum = kernels_of<T>(*table).optim.sum_squares;
            const double got = sum(x.data(), n);
            blocks = 0.0;
            for (Index b = 0; b < n; b += kSquareBlock) blocks += sum(x.data() + b, std::min(n - b, kSquareBlock));
            CHECK(std::fabs(got - plain) <= 1e-13 * plain && got == blocks);
            CHECK(!fused(table) || got == kernels_of<T>(*tables()[0]).optim.sum_squares(x.data(), n));
        }
    }
    for (const auto& [rows, cols] : {std::pair<Index, Index>{1, 1}, {3, 50}, {50, 3}, {16, 16}, {17, 33}, {40, 64}})
        for (const KernelTable* table : tables()) {
            const Index lds = cols + 2, ldd = rows + 1;
            Array<T> src(rows * lds, 6, 1.0), dst(cols * ldd, T(kCanary));
            kernels_of<T>(*table).optim.transpose(dst.data(), ldd, src.data(), lds, rows, cols);
            bool right = dst.guarded();
            for (Index j = 0; j < cols; ++j)
                for (Index i = 0; i < ldd; ++i)
                    right &= dst.data()[j * ldd + i] == (i < rows ? src.data()[i * lds + j] : T(kCanary));
            CHECK(right);
        }
}

// Everything the norm kernels make of one batch, cut into ranges of rows and columns.
template <class T>
struct Norms {
    Index rows, cols, ld = cols + 5;
    Array<T> x{rows * ld, 7, 2.0}, dy{rows * ld, 8, 1.0}, weight{cols, 9, 1.0}, bias{cols, 10, 1.0};
    Array<T> y{rows * ld}, n{rows * ld}, dx{rows * ld}, row_scale{rows}, mean{cols}, variance{cols}, scale{cols},
            dweight{cols}, dbias{cols};
    T eps = T(1e-5);

    Norms(Index r, Index c) : rows(r), cols(c) {}

    template <class F>
    static void ranges(Index size, int parts, F f) {
        for (int p = 0; p < parts; ++p) {
            const Index begin = size * p / parts, end = size * (p + 1) / parts;
            if (begin < end) f(begin, end - begin);
        }
    }
    NormForward<T> forward(Index r, Index count) {
        return {count, cols, y.data() + r * ld, ld, n.data() + r * ld, ld, x.data() + r * ld, ld, weight.data(),
                bias.data(), mean.data(), scale.data(), row_scale.data() + r, eps};
    }
    NormBackward<T> backward(Index r, Index count) {
        return {count, cols, dx.data() + r * ld, ld, dy.data() + r * ld, ld, n.data() + r * ld, ld, weight.data(),
                row_scale.data() + r, scale.data(), dweight.data(), dbias.data(), rows};
    }
    void sums(const NormKernels<T>& k, int parts) {
        ranges(cols, parts, [&](Index c, Index count) {
            k.weight_gradient({rows, count, dweight.data() + c, dbias.data() + c, dy.data() + c, ld, n.data() + c, ld});
        });
    }
    void layer(const NormKernels<T>& k, int parts) {
        ranges(rows, parts, [&](Index r, Index count) { k.layer_forward(forward(r, count)); });
        ranges(rows, parts, [&](Index r, Index count) { k.layer_backward(backward(r, count)); });
        sums(k, parts);
    }
    void batch(const NormKernels<T>& k, int parts) {
        ranges(cols, parts, [&](Index c, Index count) {
            k.batch_statistics({rows, count, mean.data() + c, variance.data() + c, scale.data() + c, x.data() + c, ld, eps});
        });
        ranges(rows, parts, [&](Index r, Index count) { k.batch_forward(forward(r, count)); });
        sums(k, parts);
        ranges(rows, parts, [&](Index r, Index count) { k.batch_backward(backward(r, count)); });
    }
    bool guarded() const {
        for (const Array<T>* a : {&y, &n, &dx, &row_scale, &mean, &variance, &scale, &dweight, &dbias})
            if (!a->guarded()) return false;
        return true;
    }
    bool same(const Norms& o) const {
        return y == o.y && n == o.n && dx == o.dx && row_scale == o.row_scale && mean == o.mean &&
               variance == o.variance && scale == o.scale && dweight == o.dweight && dbias == o.dbias;
    }
};

template <class T>
void norms_bits() {
    for (const auto& [rows, cols] : {std::pair<Index, Index>{1, 1}, {3, 5}, {4, 16}, {2, 77}, {300, 9}, {260, 130}})
        for (const bool batch : {false, true}) {
            const auto run = [batch](Norms<T>& norms, const KernelTable* table, int parts) {
                const auto& k = kernels_of<T>(*table).norm;
                batch ? norms.batch(k, parts) : norms.layer(k, parts);
            };
            Norms<T> want(rows, cols);
            run(want, tables()[0], 1);
            for (const KernelTable* table : tables()) {
                Norms<T> whole(rows, cols);
                run(whole, table, 1);
                CHECK(whole.guarded() && (!fused(table) || whole.same(want)));
                for (const int parts : {2, 3, 7}) {
                    Norms<T> cut(rows, cols);
                    run(cut, table, parts);
                    CHECK(cut.same(whole));
                }
            }
        }
}

// Σ dy·y by central differences against dx, dweight and dbias, in double.
void norms_gradients() {
    for (const KernelTable* table : tables())
        for (const bool batch : {false, true}) {
            const auto& k = table->f64.norm;
            Norms<double> base(5, 7);
            base.eps = 1e-3;
            batch ? base.batch(k, 1) : base.layer(k, 1);
            const auto value = [&](Norms<double>& at) {
                batch ? at.batch(k, 1) : at.layer(k, 1);
                double sum = 0.0;
                for (Index r = 0; r < at.rows; ++r)
                    for (Index c = 0; c < at.cols; ++c)
                        sum += at.y.data()[r * at.ld + c] * base.dy.data()[r * at.ld + c];
                return sum;
            };
            double worst = 0.0;
            const auto probe = [&](Array<double> Norms<double>::*what, Array<double> Norms<double>::*gradient, Index i) {
                constexpr double kStep = 1e-5;
                Norms<double> up(5, 7), down(5, 7);
                up.eps = down.eps = base.eps;
                (up.*what).data()[i] += kStep;
                (down.*what).data()[i] -= kStep;
                const double slope = (value(up) - value(down)) / (2 * kStep);
                worst = std::max(worst, std::fabs(slope - (base.*gradient).data()[i]));
            };
            for (Index r = 0; r < 5; ++r)
                for (Index c = 0; c < 7; ++c) probe(&Norms<double>::x, &Norms<double>::dx, r * base.ld + c);
            for (Index c = 0; c < 7; ++c) {
                probe(&Norms<double>::weight, &Norms<double>::dweight, c);
                probe(&Norms<double>::bias, &Norms<double>::dbias, c);
            }
            CHECK(worst < 1e-8);
        }
}

void norms_rest() {
    for (const KernelTable* table : tables()) {
        const auto& k = table->f64.norm;
        double mean[3] = {1, 2, 3}, variance[3] = {1, 1, 1}, scale[3];
        const double batch_mean[3] = {2, 2, 2}, batch_variance[3] = {3, 3, 3};
        k.running_statistics({3, mean, variance, batch_mean, batch_variance, 0.5, 4});
        CHECK(mean[0] == 1.5 && mean[1] == 2.0 && mean[2] == 2.5 && variance[1] == 2.5);
        k.running_statistics({3, mean, variance, batch_mean, batch_variance, 1.0, 1});
        CHECK(mean[0] == 2.0 && variance[2] == 3.0);
        k.inverse_deviation(scale, variance, 1.0, 3);
        CHECK(scale[0] == 0.5 && scale[2] == 0.5);
        // Without weight, bias and a place for n, and in place.
        double x[4] = {1, 3, 1, 3};
        k.layer_forward({.rows = 1, .cols = 4, .y = x, .ldy = 4, .x = x, .ldx = 4, .eps = 0.0});
        CHECK(x[0] == -1.0 && x[1] == 1.0 && x[3] == 1.0);
    }
}

template <class T>
void all() {
    masks<T>();
    updates<T>();
    broken_gradients<T>();
    squares_and_transposes<T>();
    norms_bits<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    norms_gradients();
    norms_rest();
    return report();
}
