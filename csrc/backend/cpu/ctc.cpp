// Losses of connectionist temporal classification on the CPU, sequence by sequence.
#include <algorithm>
#include <limits>

#include "backend/cpu/cpu_backend.h"
#include "core/scalar_math.h"

namespace ds {
namespace {

constexpr double kLogZero = -std::numeric_limits<double>::infinity();  // log 0

double log_add(double a, double b) {
    const double high = std::max(a, b), low = std::min(a, b);
    if (low == kLogZero) return high;
    return high + scalar_math::log(1.0 + scalar_math::exp(low - high));
}

// The labels with blanks before, between and after them: 2·count + 1 symbols.
struct Extended {
    CtcLabels labels;
    Index size() const { return 2 * labels.count + 1; }
    Index operator[](Index s) const { return s % 2 == 0 ? 0 : labels.label[s / 2]; }
    // Whether s may follow s - 2: s is a label, and not the same one.
    bool skips(Index s) const {
        return s % 2 == 1 && s >= 2 && labels.label[s / 2] != labels.label[s / 2 - 1];
    }
};

template <class T>
void log_softmax(double* out, const T* z, Index classes) {
    double most = z[0];
    for (Index k = 1; k < classes; ++k) most = std::max(most, static_cast<double>(z[k]));
    double sum = 0.0;
    for (Index k = 0; k < classes; ++k) sum += scalar_math::exp(static_cast<double>(z[k]) - most);
    const double shift = most + scalar_math::log(sum);
    for (Index k = 0; k < classes; ++k) out[k] = static_cast<double>(z[k]) - shift;
}

// alpha[t][s]: log of the probability that the first t + 1 steps end in s.
void compute_alpha(double* alpha, const double* log_p, const Extended& e, Index steps, Index classes) {
    const Index size = e.size();
    std::fill_n(alpha, size, kLogZero);
    for (Index s = 0; s < std::min<Index>(2, size); ++s) alpha[s] = log_p[e[s]];
    for (Index t = 1; t < steps; ++t) {
        const double *previous = alpha + (t - 1) * size, *p = log_p + t * classes;
        double* now = alpha + t * size;
        for (Index s = 0; s < size; ++s) {
            double sum = previous[s];
            if (s >= 1) sum = log_add(sum, previous[s - 1]);
            if (e.skips(s)) sum = log_add(sum, previous[s - 2]);
            now[s] = sum + p[e[s]];
        }
    }
}

// beta[s]: log of the probability of the steps after t, given that step t is in s. Computed from beta of t +
// 1, in place.
void step_beta(double* beta, double* scratchpad, const double* next_p, const Extended& e) {
    const Index size = e.size();
    for (Index s = 0; s < size; ++s) scratchpad[s] = beta[s] + next_p[e[s]];
    for (Index s = 0; s < size; ++s) {
        double sum = scratchpad[s];
        if (s + 1 < size) sum = log_add(sum, scratchpad[s + 1]);
        if (s + 2 < size && e.skips(s + 2)) sum = log_add(sum, scratchpad[s + 2]);
        beta[s] = sum;
    }
}

// The loss of one row, and its gradient unless d is null.
template <class T>
double ctc_row(const CtcArgs<T>& a, Index row) {
    const Index steps = a.length[row], classes = a.z.cols;
    const Extended e{a.labels(row)};
    const Index size = e.size();
    const Matrix<T>& d = a.d;
    const auto packed = [&](Index t) { return a.offset[t] + row; };
    if (ctc_steps(e.labels) > steps) {
        for (Index t = 0; d && t < steps; ++t) std::fill_n(d.row(packed(t)), classes, T(0));
        return 0.0;
    }
    double *log_p = a.scratchpad, *alpha = log_p + steps * classes, *beta = alpha + steps * size,
           *next_beta = beta + size, *share = next_beta + size;
    for (Index t = 0; t < steps; ++t) log_softmax(log_p + t * classes, a.z.row(packed(t)), classes);
    compute_alpha(alpha, log_p, e, steps, classes);
    const double* end = alpha + (steps - 1) * size;
    const double total = size > 1 ? log_add(end[size - 1], end[size - 2]) : end[0];
    if (!d) return -total;
    const double scale = static_cast<double>(a.scale[row]);
    std::fill_n(beta, size, kLogZero);
    for (Index s = std::max<Index>(0, size - 2); s < size; ++s) beta[s] = 0.0;
    for (Index t = steps; t-- > 0;) {
        if (t + 1 < steps) step_beta(beta, next_beta, log_p + (t + 1) * classes, e);
        std::fill_n(share, classes, 0.0);  // probability of the paths through class k at step t
        for (Index s = 0; s < size; ++s) {
            const double path = alpha[t * size + s] + beta[s];
            if (path > kLogZero) share[e[s]] += scalar_math::exp(path - total);
        }
        T* out = d.row(packed(t));
        for (Index k = 0; k < classes; ++k)
            out[k] = static_cast<T>(scale * (scalar_math::exp(log_p[t * classes + k]) - share[k]));
    }
    return -total;
}

}  // namespace

template <class T>
void CpuBackend<T>::ctc(const CtcArgs<T>& args) const {
    for (Index row = args.rows.begin; row < args.rows.end; ++row) {
        const double loss = ctc_row(args, row);
        if (args.loss) args.loss[row] = static_cast<T>(loss);
        if (args.exact_loss) args.exact_loss[row] = loss;
    }
}

template void CpuBackend<float>::ctc(const CtcArgs<float>&) const;
template void CpuBackend<double>::ctc(const CtcArgs<double>&) const;

}  // namespace ds
