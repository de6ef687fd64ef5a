// The element-by-element kernels as the layers see them: names, and one function pointer each. No instruction
// set.
#pragma once
#include <optional>
#include <string_view>

#include "core/types.h"

namespace ds {

enum class Activation : int {
    kIdentity,
    kSigmoid,
    kTanh,
    kRelu,
    kLeakyRelu,
    kElu,
    kSelu,
    kGelu,
    kSilu,
    kMish,
    kSoftplus,
    kHardSigmoid,
    kHardSwish,
    kExp,      // output layers only: the rate of a Poisson model
    kSoftmax,  // output layers only: couples the elements of a row, so it is ReduceKernels::softmax_rows
};
inline constexpr int kActivationCount = 15;
inline constexpr const char* kActivationNames[kActivationCount] = {
    "identity", "sigmoid", "tanh",     "relu",         "leaky_relu", "elu", "selu",   "gelu",
    "silu",     "mish",    "softplus", "hard_sigmoid", "hard_swish", "exp", "softmax"};

enum class Function : int { kExp, kExpm1, kLog, kLog1p, kTanh, kSigmoid, kSoftplus, kErf };
inline constexpr int kFunctionCount = 8;
inline constexpr const char* kFunctionNames[kFunctionCount] = {"exp",  "expm1",   "log",      "log1p",
                                                               "tanh", "sigmoid", "softplus", "erf"};

inline const char* to_string(Activation a) { return kActivationNames[int(a)]; }
inline const char* to_string(Function f) { return kFunctionNames[int(f)]; }

inline std::optional<Activation> parse_activation(std::string_view name) {
    for (int i = 0; i < kActivationCount; ++i)
        if (name == kActivationNames[i]) return Activation(i);
    return std::nullopt;
}
inline std::optional<Function> parse_function(std::string_view name) {
    for (int i = 0; i < kFunctionCount; ++i)
        if (name == kFunctionNames[i]) return Function(i);
    return std::nullopt;
}

// What backward wants: the layer's output y (then forward may work in place), or its input z.
constexpr bool activation_saves_input(Activation a) {
    return a == Activation::kGelu || a == Activation::kSilu || a == Activation::kMish ||
           a == Activation::kHardSwish;
}

// Whether the derivative changes along a piece: what a gradient penalty has to know.
constexpr bool activation_is_curved(Activation a) {
    return a != Activation::kIdentity && a != Activation::kRelu && a != Activation::kLeakyRelu &&
           a != Activation::kHardSigmoid;
}

// Rows of a matrix, `ld` elements apart.
template <class T>
struct Rows {
    T* p = nullptr;
    Index ld = 0;
};

// An activation over rows of n elements each. alpha: the slope of leaky_relu, the scale of elu; must not be negative.
template <class T>
using Activate = void (*)(Rows<T> y, Rows<const T> z, Index rows, Index n, T alpha);
template <class T>
using ActivateBack = void (*)(Rows<T> dz, Rows<const T> dy, Rows<const T> saved, Index rows, Index n, T alpha,
                              Rows<const T> times);

template <class T>
struct PointwiseKernels {
    // y may be z. Null for softmax.
    Activate<T> forward[kActivationCount];
    // dz = dy * activation'(z), from saved = y or z (activation_saves_input). dz may be dy. Null for softmax.
    // `times`, unless null, is a column of factors for the rows of dy: with dy.ld = 0, its product with one row.
    ActivateBack<T> backward[kActivationCount];
    // e *= dz * activation''(z), from saved = y or z. Null for those that are not curved, and for softmax.
    void (*curvature[kActivationCount])(T* e, const T* dz, const T* saved, Index n, T alpha);
    void (*elementary[kFunctionCount])(T* y, const T* x, Index n);  // y may be x
    void (*add)(T* y, const T* x, Index n);                         // y += x
    void (*scale)(T* y, Index n, T factor);                         // y *= factor
    void (*mul)(T* y, const T* x, Index n);                         // y *= x
    bool (*finite)(const T* x, Index n);                            // no NaN, no infinity
};

}  // namespace ds
