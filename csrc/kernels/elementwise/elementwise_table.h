// The element-by-element kernels as the layers see them: names, and one function pointer each. No instruction
// set.
#pragma once
#include <optional>
#include <string_view>

#include "core/view.h"

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

// Whether backward reads the layer's input z. Otherwise it reads the output y, and forward may work in place.
constexpr bool activation_saves_input(Activation a) {
    return a == Activation::kGelu || a == Activation::kSilu || a == Activation::kMish ||
           a == Activation::kHardSwish;
}

// Whether the activation has a second derivative other than 0. Gradient penalties need it.
constexpr bool activation_has_second_derivative(Activation a) {
    return a != Activation::kIdentity && a != Activation::kRelu && a != Activation::kLeakyRelu &&
           a != Activation::kHardSigmoid;
}

// An activation of all elements of y. alpha: the slope of leaky_relu, the scale of elu; must not be negative.
template <class T>
using Activate = void (*)(const Matrix<T>& y, const Matrix<const T>& z, T alpha);
template <class T>
using ActivateBack = void (*)(const Matrix<T>& dz, const Matrix<const T>& dy, const Matrix<const T>& saved,
                              T alpha, const Matrix<const T>& times);

template <class T>
struct PointwiseKernels {
    // y may be z. Null for softmax.
    Activate<T> forward[kActivationCount];
    // dz = dy * activation'(z), from saved = y or z (activation_saves_input). dz may be dy. Null for softmax.
    // `times`, unless null, is a column of factors for the rows of dy: with dy.ld = 0, its product with one
    // row.
    ActivateBack<T> backward[kActivationCount];
    // d *= z_dot * activation''(z), from saved = y or z. Null without a second derivative, and for softmax.
    void (*double_backward[kActivationCount])(T* d, const T* z_dot, const T* saved, Index n, T alpha);
    void (*elementary[kFunctionCount])(T* y, const T* x, Index n);  // y may be x
    void (*add)(T* y, const T* x, Index n);                         // y += x
    void (*scale)(T* y, Index n, T factor);                         // y *= factor
    void (*mul)(T* y, const T* x, Index n);                         // y *= x
    bool (*finite)(const T* x, Index n);                            // no NaN, no infinity
};

}  // namespace ds
