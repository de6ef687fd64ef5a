// Optimizer and dropout kernels of every instruction set here: equal bits on those with fused multiply-add,
// for every length and tail; nothing touched beyond the ends; the numbers against plain loops and the scalar
// Philox.
#include "tables.h"

using namespace ds;

namespace {

template <class T>
bool close(double got, double want) {
    return std::fabs(got - want) <= 16 * std::numeric_limits<T>::epsilon() * (std::fabs(want) + 1.0);
}

template <class T>
void masks() {
    const std::uint32_t stream = stream_word(RngPurpose::kDropout, 5), keep = keep_threshold(0.3);
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
        for (const Index cols : {1, 15, 16, 32, 33, 63, 64, 65, 130, 200}) {
            constexpr Index kRows = 6, row0 = 70000002;  // the block index of wide rows wraps
            const Index ld = cols + 3, groups = (cols + 63) / 64, each = cols < 64 ? 64 / cols : 1;
            Array<T> mask(kRows * ld, T(9));
            const RandomRows rows{.key = kKey, .step = 7, .epoch = 8, .stream = stream, .first = row0};
            kernels.dropout_mask({mask.data(), kRows, cols, ld}, rows, keep, T(1.25));
            bool right = true;
            for (Index r = 0; r < kRows; ++r)
                for (Index c = 0; c < ld; ++c) {
                    const Index at = (row0 + r) % each * cols + c;  // in the group that rows share
                    const auto block =
                        static_cast<std::uint32_t>(((row0 + r) / each * groups + at / 64) * 16 + at % 16);
                    const std::uint32_t word = philox4x32(kKey, {{block, 7, 8, stream}}).word[at % 64 / 16];
                    right &= mask.data()[r * ld + c] == (c >= cols ? T(9) : word < keep ? T(1.25) : T(0));
                }
            CHECK(right && mask.guarded());
        }
    }
}

const int kOptimizers = static_cast<int>(optimizers().size());

std::string_view name_of(int kind) { return traits_of(static_cast<Optimizer>(kind)).name; }
bool has_optional_momentum(int kind) { return name_of(kind) == "sgd" || name_of(kind) == "rmsprop"; }
bool squares(int kind) {
    const double no_options[kMaxOptions] = {};
    return traits_of(static_cast<Optimizer>(kind)).has_second_moment(no_options);
}

// One element in plain double. False for an optimizer that only tests/parity compares with its definition.
bool plain_update(std::string_view name, const UpdateArgs<double>& a, double& w, double g, double& m,
                  double& v) {
    g *= a.grad_scale;
    if (a.clip_value > 0) g = std::fmin(std::fmax(g, -a.clip_value), a.clip_value);
    g += a.l2 * w + a.l1 * ((w > 0) - (w < 0));
    const double decayed = w * a.decay;
    if (name == "sgd") {
        m = a.momentum * m + g;
        w = decayed - a.learning_rate * (a.nesterov ? g + a.momentum * m : m);
    } else if (name == "adam" || name == "adamw") {
        m = a.beta1 * m + (1 - a.beta1) * g;
        v = a.beta2 * v + (1 - a.beta2) * g * g;
        w = decayed - a.step_size * m / (std::sqrt(v) * a.inv_sqrt_bc2 + a.eps);
    } else if (name == "rmsprop") {
        v = a.beta2 * v + (1 - a.beta2) * g * g;
        m = a.momentum * m + g / (std::sqrt(v) + a.eps);
        w = decayed - a.learning_rate * m;
    } else if (name == "adagrad") {
        v += g * g;
        w = decayed - a.learning_rate * g / (std::sqrt(v) + a.eps);
    } else if (name == "lion") {
        const double c = a.beta1 * m + (1 - a.beta1) * g;
        w = decayed - a.learning_rate * ((c > 0) - (c < 0));
        m = a.beta2 * m + (1 - a.beta2) * g;
    } else {
        return false;
    }
    return true;
}

template <class T>
UpdateArgs<T> arguments(int variant) {
    UpdateArgs<T> a;
    a.learning_rate = T(0.01);
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
        a.decay = T(0.99);
    }
    return a;
}

template <class T>
struct State {
    Array<T> w, g, m, v;
    explicit State(Index n) : w(n, 1, 1.0), g(n, 2, 2.0), m(n, 3, 1.0), v(n, 4, 1.0) {
        for (Index i = 0; i < n; ++i) v.data()[i] = std::fabs(v.data()[i]);
        if (n > 2) w.data()[2] = T(0);
    }
    bool step(const KernelTable* table, int kind, UpdateArgs<T> a) {
        a.w = w.data();
        a.g = g.data();
        a.m = m.data();
        a.v = v.data();
        a.n = w.size();
        return kernels_of<T>(*table).optimizer.update[kind](a);
    }
    bool operator==(const State&) const = default;
};

template <class T>
void updates() {
    for (int kind = 0; kind < kOptimizers; ++kind)
        for (int variant = 0; variant < 8; ++variant)
            for (const Index n : {0, 1, 3, 7, 8, 15, 16, 17, 40, 133}) {
                const UpdateArgs<T> a = arguments<T>(variant);
                const UpdateArgs<double> wide = arguments<double>(variant);
                State<T> first(n);
                CHECK(first.step(tables()[0], kind, a));
                const State<T> before(n);
                for (const KernelTable* table : tables()) {
                    State<T> now(n);
                    CHECK(now.step(table, kind, a));
                    CHECK(!fused(table) || now == first);
                    CHECK(now.w.guarded() && now.m.guarded() && now.v.guarded() && now.g == before.g);
                    State<T> was(n);
                    for (Index i = 0; i < n; ++i) {
                        double w = was.w.data()[i], m = was.m.data()[i], v = was.v.data()[i];
                        const bool momentum = has_optional_momentum(kind);
                        if (momentum && a.momentum == T(0)) m = 0;
                        if (!plain_update(name_of(kind), wide, w, was.g.data()[i], m, v)) continue;
                        CHECK(close<T>(now.w.data()[i], w) && close<T>(now.v.data()[i], v));
                        CHECK(
                            close<T>(now.m.data()[i], momentum && a.momentum == T(0) ? was.m.data()[i] : m) ||
                            name_of(kind) == "adagrad");
                    }
                }
            }
}

// A gradient that cannot be, or whose square cannot: that element stays, the others are updated, and the caller is
// told.
template <class T>
void broken_gradients() {
    constexpr Index n = 77;
    constexpr T kInf = std::numeric_limits<T>::infinity(), kLarge = std::numeric_limits<T>::max() / 4;
    for (const KernelTable* table : tables())
        for (int kind = 0; kind < kOptimizers; ++kind)
            for (int variant = 0; variant < 8; ++variant)
                for (const T bad : {std::numeric_limits<T>::quiet_NaN(), kInf, -kInf, kLarge, -kLarge})
                    for (const Index at : {Index(0), Index(20), n - 1}) {
                        UpdateArgs<T> a = arguments<T>(variant);
                        if (std::isfinite(bad) && !squares(kind)) continue;
                        State<T> good(n), broken(n);
                        const State<T> before(n);
                        good.step(table, kind, a);
                        broken.g.data()[at] = bad;
                        // Clipped, all but NaN are small numbers again.
                        const bool clipped = !std::isnan(bad) && a.clip_value > T(0);
                        CHECK(broken.step(table, kind, a) == clipped);
                        if (clipped) continue;
                        for (auto part : {&State<T>::w, &State<T>::m, &State<T>::v})
                            for (std::size_t i = 0; i < (good.*part).all.size(); ++i)
                                CHECK((broken.*part).all[i] ==
                                      (Index(i) == at + 16 ? (before.*part).all[i] : (good.*part).all[i]));
                    }
}

// Padding: zeros stay zeros under every rule; an eps of 0 makes no 0/0.
template <class T>
void zeros_stay() {
    for (const KernelTable* table : tables())
        for (int kind = 0; kind < kOptimizers; ++kind)
            for (int variant = 0; variant < 8; ++variant) {
                UpdateArgs<T> a = arguments<T>(variant);
                a.eps = T(0);
                State<T> state(19);
                state.w = state.g = state.m = state.v = Array<T>(19);
                CHECK(state.step(table, kind, a));
                for (const T w : state.w.all) CHECK(w == T(0) || w == T(kCanary));
            }
}

template <class T>
void squares_and_transposes() {
    for (const Index n : {0, 1, 15, 16, 17, 4095, 4096, 4097, 10000}) {
        Array<T> x(n, 5, 3.0);
        double plain = 0.0, blocks = 0.0;
        for (Index i = 0; i < n; ++i) plain += double(x.data()[i]) * x.data()[i];
        for (const KernelTable* table : tables()) {
            const auto sum = kernels_of<T>(*table).optimizer.sum_squares;
            const double got = sum(x.data(), n);
            blocks = 0.0;
            for (Index b = 0; b < n; b += kSquareBlock)
                blocks += sum(x.data() + b, std::min(n - b, kSquareBlock));
            CHECK(std::fabs(got - plain) <= 1e-13 * plain && got == blocks);
            CHECK(!fused(table) || got == kernels_of<T>(*tables()[0]).optimizer.sum_squares(x.data(), n));
        }
    }
    for (const auto& [rows, cols] :
         {std::pair<Index, Index>{1, 1}, {3, 50}, {50, 3}, {16, 16}, {17, 33}, {40, 64}})
        for (const KernelTable* table : tables()) {
            const Index lds = cols + 2, ldd = rows + 1;
            Array<T> src(rows * lds, 6, 1.0), dst(cols * ldd, T(kCanary));
            kernels_of<T>(*table).gemm.transpose(dst.data(), ldd, src.data(), lds, rows, cols);
            bool right = dst.guarded();
            for (Index j = 0; j < cols; ++j)
                for (Index i = 0; i < ldd; ++i)
                    right &= dst.data()[j * ldd + i] == (i < rows ? src.data()[i * lds + j] : T(kCanary));
            CHECK(right);
        }
}

template <class T>
void all() {
    masks<T>();
    updates<T>();
    broken_gradients<T>();
    zeros_stay<T>();
    squares_and_transposes<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return report();
}
