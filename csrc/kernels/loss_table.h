// The losses as the layers see them: names, arguments, one function pointer each. No instruction set.
#pragma once
#include <optional>
#include <string_view>

#include "core/types.h"

namespace ds {

enum class Loss : int {
    kSquaredError,        // mean_j (y - t)^2 / 2
    kAbsoluteError,       // mean_j |y - t|
    kHuber,               // mean_j (y - t)^2 / 2 within delta, delta * (|y - t| - delta / 2) beyond
    kQuantile,            // mean_j max(q * (t - y), (q - 1) * (t - y))
    kPoisson,             // mean_j exp(z) - t * z
    kBinaryCrossEntropy,  // mean_j softplus(z) - t * z
    kCrossEntropy,        // sum_k t_k * (logsumexp(z) - z_k)
    kFocal,               // -a_t * (1 - p_t)^gamma * log(p_t), p = softmax(z), one label a row
    kFocalBinary,         // mean_j of the same with p = sigmoid(z_j), t_j in {0, 1}
};
inline constexpr int kLossCount = 9;
inline constexpr const char* kLossNames[kLossCount] = {
    "squared_error",        "absolute_error", "huber", "quantile",    "poisson",
    "binary_cross_entropy", "cross_entropy",  "focal", "focal_binary"};

inline const char* to_string(Loss l) { return kLossNames[int(l)]; }

inline std::optional<Loss> parse_loss(std::string_view name) {
    for (int i = 0; i < kLossCount; ++i)
        if (name == kLossNames[i]) return Loss(i);
    return std::nullopt;
}

// Fused: d is the gradient at the output layer's pre-activation z, and y is not read. Otherwise d is the
// gradient at its output y, z is not read, and the activation's backward follows.
constexpr bool loss_is_fused(Loss l) { return int(l) >= int(Loss::kPoisson); }

template <class T>
struct LossArgs {
    Index rows;
    Index cols;
    const T* y;  // [rows][cols] outputs; may be null when fused
    Index ldy;
    const T* z;  // [rows][cols] pre-activations; may be null when not fused
    Index ldz;
    const T* target;  // [rows][cols], or null
    Index ldt;
    const std::int64_t*
        label;           // [rows], or null; one of target and label. Binary forms with one column take 0 or 1
    const T* row_scale;  // [rows]: w_i / sum(w), or null
    T scale;             // used for every row when row_scale is null
    T* row_loss;         // [rows]: the unscaled l_i, or null
    T* d;                // [rows][cols]: d(row's scale * l_i); null for the loss only. May be y or z
    Index ldd;
    T delta;     // huber: > 0
    T quantile;  // quantile: in (0, 1)
    T gamma;     // focal: >= 0
    T alpha;     // focal: weight of class 1 in the binary form (1 - alpha for class 0), of every class in the
                 // softmax form; negative: off
    T smoothing;  // cross entropies: the target becomes (1 - smoothing) * t + smoothing / K (K = 2 in the
                  // binary form)
};

template <class T>
struct LossKernels {
    void (*rows[kLossCount])(const LossArgs<T>&);
};

}  // namespace ds
