// How far the elementary functions are from the truth: every float, and many doubles, in units of the last
// place. Stands alone: compile once per instruction set with its flags (see csrc/simd/isa.h) and run
//     ulp_sweep [function|all] [step] [doubles] [hash]
// It visits every step-th float bit pattern (step 1: all 2^32, some minutes a function) and the given number
// of doubles, prints the largest error and where, and a hash of all results. Equal hashes mean equal bits, so
// comparing two programs' output compares two instruction sets. Ends with status 1 if an error exceeds 2
// units (doubles: 2.2; baseline: 2.1), or if an infinity, a NaN or a sign of zero is wrong. The truth is
// libm in the next wider type; with "hash" it is not asked.
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "formulas/elementary.h"

namespace kernels = ds::DS_ISA;

namespace {

constexpr int kBlock = 4096;
constexpr double kAllowedDouble = 2.2;  // tanh comes to 2.1, all others stay under 2
#if defined(DS_ISA_BASELINE)
constexpr double kAllowedFloat = 2.1;  // no fused multiply-add
#else
constexpr double kAllowedFloat = 2.0;
#endif
bool hash_only = false;

template <class W>
W truth(const std::string& f, W x) {
    if (f == "exp") return std::exp(x);
    if (f == "expm1") return std::expm1(x);
    if (f == "log") return std::log(x);
    if (f == "log1p") return std::log1p(x);
    if (f == "tanh") return std::tanh(x);
    if (f == "erf") return std::erf(x);
    const W e = std::exp(-std::fabs(x));
    if (f == "sigmoid") return (x < 0 ? e : W(1)) / (1 + e);
    return std::fmax(x, W(0)) + std::log1p(e) + (x - x);  // softplus; x - x carries NaN
}

template <class T>
struct Wide;
template <>
struct Wide<float> {
    using Type = double;
    static constexpr int kDigits = FLT_MANT_DIG, kMinExponent = FLT_MIN_EXP;
};
template <>
struct Wide<double> {
    using Type = long double;
    static constexpr int kDigits = DBL_MANT_DIG, kMinExponent = DBL_MIN_EXP;
};

template <class T>
using Block = void (*)(T*, const T*);

template <class T, class F>
void block(T* y, const T* x, F f) {
    using V = kernels::Vec<T>;
    for (int i = 0; i < kBlock; i += V::W) kernels::store(y + i, f(kernels::load(x + i)));
}

template <class T>
Block<T> find(const std::string& name) {
    using V = kernels::Vec<T>;
#define DS_SWEEP(f) \
    if (name == #f) return [](T* y, const T* x) { block<T>(y, x, [](V v) { return kernels::f(v); }); }
    DS_SWEEP(exp);
    DS_SWEEP(expm1);
    DS_SWEEP(log);
    DS_SWEEP(log1p);
    DS_SWEEP(tanh);
    DS_SWEEP(sigmoid);
    DS_SWEEP(softplus);
    DS_SWEEP(erf);
#undef DS_SWEEP
    return nullptr;
}

template <class T>
struct Worst {
    double ulp = 0;
    T at = 0;
    long wrong = 0;  // NaN, infinity or sign not as it should be
    T wrong_at = 0;
    std::uint64_t hash = 1469598103934665603u;
};

template <class T>
void update_worst(Worst<T>& worst, const std::string& f, T x, T got) {
    using W = typename Wide<T>::Type;
    std::uint64_t bits = 0;
    if (!std::isnan(got)) std::memcpy(&bits, &got, sizeof(T));  // one NaN is as good as another
    worst.hash = (worst.hash ^ bits) * 1099511628211u;
    if (hash_only) return;
    const W want = (f == "softplus" && std::isinf(x)) ? (x > 0 ? W(x) : W(0)) : truth<W>(f, W(x));
    const T rounded = T(want);
    const bool same_kind = std::isnan(got) == std::isnan(rounded) &&
                           (std::isnan(got) || std::signbit(got) == std::signbit(rounded)) &&
                           (!std::isinf(want) || got == rounded);  // a finite want may round either way
    if (!same_kind) {
        if (worst.wrong++ == 0) worst.wrong_at = x;
        return;
    }
    if (std::isnan(got) || got == rounded) return;
    int e = 0;
    std::frexp(want, &e);
    if (e < Wide<T>::kMinExponent) e = Wide<T>::kMinExponent;
    const W value = std::isinf(got)
                        ? std::copysign(std::ldexp(W(1), Wide<T>::kDigits == 24 ? 128 : 1024), W(got))
                        : W(got);
    const double ulp = double(std::fabs(std::ldexp(value - want, Wide<T>::kDigits - e)));
    if (ulp > worst.ulp) {
        worst.ulp = ulp;
        worst.at = x;
    }
}

template <class T>
bool report(const std::string& f, const Worst<T>& w) {
    std::printf("%-8s %s  max %.4f ulp at %.17g  hash %016llx", f.c_str(),
                sizeof(T) == 4 ? "float " : "double", w.ulp, double(w.at),
                static_cast<unsigned long long>(w.hash));
    if (w.wrong != 0) std::printf("  WRONG %ld times, first at %.17g", w.wrong, double(w.wrong_at));
    std::printf("\n");
    std::fflush(stdout);
    return w.ulp <= (sizeof(T) == 4 ? kAllowedFloat : kAllowedDouble) && w.wrong == 0;
}

bool sweep_floats(const std::string& f, std::uint64_t step) {
    const Block<float> run = find<float>(f);
    alignas(64) float x[kBlock], y[kBlock];
    Worst<float> worst;
    for (std::uint64_t next = 0; next < (1ull << 32);) {
        for (int i = 0; i < kBlock; ++i, next += step) {
            const std::uint32_t bits = std::uint32_t(next);  // wraps in the last block
            std::memcpy(&x[i], &bits, 4);
        }
        run(y, x);
        for (int i = 0; i < kBlock; ++i) update_worst(worst, f, x[i], y[i]);
    }
    return report(f, worst);
}

std::uint64_t next_random(std::uint64_t& state) {  // splitmix64
    std::uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// A third any bit pattern, a third evenly in [-40, 40], a third with an exponent from -30 to 10.
double draw(std::uint64_t& state) {
    const std::uint64_t bits = next_random(state);
    const std::uint64_t kind = next_random(state);
    double x = 0;
    std::memcpy(&x, &bits, 8);
    if (kind % 3 == 0) return x;
    const double u = double(bits >> 11) * 0x1p-53;
    if (kind % 3 == 1) return 80.0 * u - 40.0;
    return std::ldexp(1 + u, int((kind >> 8) % 41) - 30) * (kind >> 63 ? -1 : 1);
}

bool sweep_doubles(const std::string& f, std::uint64_t count) {
    const Block<double> run = find<double>(f);
    alignas(64) double x[kBlock], y[kBlock];
    Worst<double> worst;
    std::uint64_t state = 1;
    static const double kEdges[] = {0.0,
                                    -0.0,
                                    1.0,
                                    -1.0,
                                    INFINITY,
                                    -INFINITY,
                                    NAN,
                                    DBL_MIN,
                                    -DBL_MIN,
                                    DBL_MAX,
                                    -DBL_MAX,
                                    DBL_TRUE_MIN,
                                    -DBL_TRUE_MIN,
                                    709.782712893384,
                                    709.7827128933841,
                                    -745.1332191019411,
                                    -745.1332191019412,
                                    -708.3964185322641,
                                    -36.7368005696771,
                                    36.7368005696771};
    for (std::uint64_t done = 0; done < count; done += kBlock) {
        for (double& v : x) v = draw(state);
        if (done == 0) std::memcpy(x, kEdges, sizeof kEdges);
        run(y, x);
        for (int i = 0; i < kBlock; ++i) update_worst(worst, f, x[i], y[i]);
    }
    return report(f, worst);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string which = argc > 1 ? argv[1] : "all";
    const std::uint64_t step = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1009;
    const std::uint64_t doubles = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1 << 20;
    hash_only = argc > 4 && std::strcmp(argv[4], "hash") == 0;
    bool good = true;
    for (const char* f : {"exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", "erf"}) {
        if (which != "all" && which != f) continue;
        if (step != 0) good &= sweep_floats(f, step);
        if (doubles != 0) good &= sweep_doubles(f, doubles);
    }
    return good ? 0 : 1;
}
