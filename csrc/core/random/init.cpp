#include "core/random/init.h"

#include <algorithm>

#include "core/memory/memory.h"
#include "core/scalar_math.h"

namespace ds {
namespace {

PhiloxBlock init_block(std::uint64_t seed, std::uint32_t stream, std::uint64_t block) {
    return philox4x32(seed, {{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), 0,
                              stream_word(RngPurpose::kInit, stream)}});
}

// values[e] = number e of the stream. draw() turns the words of a block into two numbers.
template <class T, class Draw>
void fill(T* values, Index n, std::uint64_t seed, std::uint32_t stream, Draw draw) {
    for (Index e = 0; e < n; e += 2) {
        const UniformPair pair = draw(init_block(seed, stream, static_cast<std::uint64_t>(e / 2)));
        values[e] = static_cast<T>(pair.a);
        if (e + 1 < n) values[e + 1] = static_cast<T>(pair.b);
    }
}

template <class T>
void fill_uniform(T* values, Index n, double limit, std::uint64_t seed, std::uint32_t stream) {
    fill(values, n, seed, stream, [limit](PhiloxBlock block) {
        const UniformPair u = uniform_pair(block);
        return UniformPair{(2.0 * u.a - 1.0) * limit, (2.0 * u.b - 1.0) * limit};
    });
}

template <class T>
void fill_normal(T* values, Index n, double stddev, std::uint64_t seed, std::uint32_t stream) {
    fill(values, n, seed, stream, [stddev](PhiloxBlock block) {
        const UniformPair z = normal_pair(block);
        return UniformPair{z.a * stddev, z.b * stddev};
    });
}

constexpr Index kPanel = 8;  // columns of Q per pass: their running sums stay in registers

// Two columns of a panel, in the register width that every CPU has. Compilers do not vectorise this loop by
// themselves.
typedef double Pair __attribute__((vector_size(16), may_alias));
constexpr Index kPairs = kPanel / 2;

// Applies reflection k, q -= v·t with t = beta·(vᵀq), to the rows from k on of a panel of kPanel columns. The
// same pass over the panel computes t of reflection k - 1. Columns are independent; rows ascend.
void reflect(Pair* q, const double* v, Pair* t, const double* next, double next_beta, Index k, Index rows) {
    Pair now[kPairs], next_t[kPairs];
    for (Index j = 0; j < kPairs; ++j) {
        now[j] = t[j];
        next_t[j] = 0.0 + next[k - 1] * q[(k - 1) * kPairs + j];
    }
    for (Index i = k; i < rows; ++i) {
        const double vi = v[i], ni = next[i];
#pragma GCC unroll 4
        for (Index j = 0; j < kPairs; ++j) {
            const Pair x = q[i * kPairs + j] - vi * now[j];
            q[i * kPairs + j] = x;
            next_t[j] += ni * x;
        }
    }
    for (Index j = 0; j < kPairs; ++j) t[j] = next_t[j] * next_beta;
}

// w = gain·Q or its transpose. Q (n, m) has m <= n orthonormal columns; it is the Q of Householder's QR of a
// matrix of normals, if R has a positive diagonal. The reflections of that QR are those of independent normal
// vectors (Stewart 1980), so no matrix is factored: column k draws numbers k·n + k … k·n + n - 1 of the
// stream.
template <class T>
void fill_orthogonal(T* w, Index inputs, Index outputs, double gain, std::uint64_t seed,
                     std::uint32_t stream) {
    const Index n = std::max(inputs, outputs), m = std::min(inputs, outputs);
    HostArray<double> vectors(checked_mul(n, m)), panel(checked_mul(n, kPanel)), beta(m), sign(m);
    fill_normal(vectors.data(), n * m, 1.0, seed, stream);
    for (Index k = 0; k < m; ++k) {
        double* v = vectors.data() + k * n;
        double squares = 0.0;
        for (Index i = k; i < n; ++i) squares += v[i] * v[i];
        const double norm = scalar_math::sqrt(squares);
        sign[k] = v[k] < 0.0 ? 1.0 : -1.0;  // the reflection takes v to sign·norm·e_k
        v[k] -= sign[k] * norm;
        const double denominator = norm * (v[k] < 0.0 ? -v[k] : v[k]);
        beta[k] = denominator > 0.0 ? 1.0 / denominator : 0.0;
    }
    const bool tall = outputs >= inputs;
    for (Index c = 0; c < m; c += kPanel) {
        const Index width = std::min(kPanel, m - c);
        std::fill_n(panel.data(), n * kPanel, 0.0);
        for (Index j = 0; j < width; ++j) panel[(c + j) * kPanel + j] = sign[c + j];
        // Reflection k leaves the columns before k unchanged. There is none above the last, so t begins at
        // zero.
        Pair t[kPairs] = {};
        for (Index k = c + width; k > 0; --k) {
            const double* v = vectors.data() + std::min(k, m - 1) * n;
            reflect(reinterpret_cast<Pair*>(panel.data()), v, t, vectors.data() + (k - 1) * n, beta[k - 1], k,
                    n);
        }
        for (Index i = 0; i < n; ++i)
            for (Index j = 0; j < width; ++j) {
                const double x = panel[i * kPanel + j] - vectors[i] * t[j / 2][j % 2];  // reflection 0
                w[tall ? i * m + c + j : (c + j) * n + i] = static_cast<T>(gain * x);
            }
    }
}

}  // namespace

UniformPair normal_pair(PhiloxBlock words) {
    const UniformPair u = uniform_pair(words);
    const double radius = scalar_math::sqrt(-2.0 * scalar_math::log(1.0 - u.a));
    double s, c;
    scalar_math::sincos_turns(u.b, s, c);
    return {radius * c, radius * s};
}

std::uint64_t RandomWords::below(std::uint64_t bound) {
    if (bound <= 0xffffffffu) {
        const auto b = static_cast<std::uint32_t>(bound);
        std::uint64_t m = std::uint64_t{next()} * b;
        if (static_cast<std::uint32_t>(m) < b) {
            const std::uint32_t reject = (0u - b) % b;
            while (static_cast<std::uint32_t>(m) < reject) m = std::uint64_t{next()} * b;
        }
        return m >> 32;
    }
    const std::uint64_t reject = (0u - bound) % bound;
    for (;;) {
        const std::uint64_t low = next();
        const std::uint64_t word = low | std::uint64_t{next()} << 32;
        const auto m = static_cast<unsigned __int128>(word) * bound;
        if (static_cast<std::uint64_t>(m) >= reject) return static_cast<std::uint64_t>(m >> 64);
    }
}

void shuffle(Index* items, Index n, std::uint64_t seed, std::uint32_t epoch) {
    RandomWords words(seed, RngPurpose::kShuffle, 0, epoch);
    for (Index i = n - 1; i > 0; --i)
        std::swap(items[i], items[words.below(static_cast<std::uint64_t>(i) + 1)]);
}

template <class T>
void init_weights(T* w, Index inputs, Index outputs, Init init, double gain, std::uint64_t seed,
                  std::uint32_t stream) {
    const Index n = checked_mul(inputs, outputs);
    if (n == 0) return;
    const auto in = static_cast<double>(inputs), out = static_cast<double>(outputs);
    const auto uniform = [&](double variance) {
        fill_uniform(w, n, gain * scalar_math::sqrt(3.0 * variance), seed, stream);
    };
    const auto normal = [&](double variance) {
        fill_normal(w, n, gain * scalar_math::sqrt(variance), seed, stream);
    };
    switch (init) {
        case Init::kGlorotUniform: return uniform(2.0 / (in + out));
        case Init::kGlorotNormal: return normal(2.0 / (in + out));
        case Init::kHeUniform: return uniform(2.0 / in);
        case Init::kHeNormal: return normal(2.0 / in);
        case Init::kLecunUniform: return uniform(1.0 / in);
        case Init::kLecunNormal: return normal(1.0 / in);
        case Init::kOrthogonal: return fill_orthogonal(w, inputs, outputs, gain, seed, stream);
        case Init::kNormal: return normal(1.0);
        case Init::kZeros: break;
    }
    std::fill_n(w, n, T(0));
}

template void init_weights(float*, Index, Index, Init, double, std::uint64_t, std::uint32_t);
template void init_weights(double*, Index, Index, Init, double, std::uint64_t, std::uint32_t);

}  // namespace ds
