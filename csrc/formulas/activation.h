// The activations on a value type V, forward and backward side by side. backward takes dy, what forward saved
// and alpha, and returns dz. It reads the output y wherever the derivative follows from it, so that forward
// may work in place, and the input z otherwise; kSavesInput says which. second_derivative reads the saved
// value too; activations without one are piecewise linear. alpha is the slope of leaky_relu or the scale of
// elu, never negative; the others ignore it.
// Softmax is not here: it couples the elements of a row (kernels/elementwise/reduce.h).
#pragma once
#include "formulas/elementary.h"

DS_ISA_BEGIN

template <class V>
DS_INLINE V number(double x) {
    return V(ScalarOf<V>(x));
}

struct Identity {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return z;
    }
    template <class V>
    static DS_INLINE V backward(V dy, V, V) {
        return dy;
    }
};

struct Sigmoid {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return sigmoid(z);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V) {
        return dy * fnma(y, y, y);
    }
    template <class V>
    static DS_INLINE V second_derivative(V y, V) {
        return fnma(y, y, y) * fnma(number<V>(2), y, number<V>(1));
    }
};

struct Tanh {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return tanh(z);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V) {
        return dy * fnma(y, y, number<V>(1));
    }
    template <class V>
    static DS_INLINE V second_derivative(V y, V) {
        return number<V>(-2) * y * fnma(y, y, number<V>(1));
    }
};

struct Relu {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return max(number<V>(0), z);  // this order keeps NaN
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V) {
        return select(y > number<V>(0), dy, number<V>(0));
    }
};

struct LeakyRelu {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V alpha) {
        return select(z > number<V>(0), z, alpha * z);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V alpha) {
        return select(y > number<V>(0), dy, alpha * dy);
    }
};

struct Elu {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V alpha) {
        return select(z > number<V>(0), z, alpha * expm1(z));
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V alpha) {  // alpha e^z = y + alpha
        return select(y > number<V>(0), dy, dy * (y + alpha));
    }
    template <class V>
    static DS_INLINE V second_derivative(V y, V alpha) {
        return select(y > number<V>(0), number<V>(0), y + alpha);
    }
};

// Klambauer et al., Self-Normalizing Neural Networks (2017).
struct Selu {
    static constexpr bool kSavesInput = false;
    static constexpr double kScale = 1.0507009873554804934193349852946;
    static constexpr double kScaleAlpha = 1.7580993408473768599402175208123;  // times 1.6732632423543772848
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return select(z > number<V>(0), number<V>(kScale) * z, number<V>(kScaleAlpha) * expm1(z));
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V) {
        return dy * select(y > number<V>(0), number<V>(kScale), y + number<V>(kScaleAlpha));
    }
    template <class V>
    static DS_INLINE V second_derivative(V y, V) {
        return select(y > number<V>(0), number<V>(0), y + number<V>(kScaleAlpha));
    }
};

// z Phi(z) with the exact normal distribution function.
struct Gelu {
    static constexpr bool kSavesInput = true;
    template <class V>
    static DS_INLINE V distribution(V z) {
        return fma(number<V>(0.5), erf(z * number<V>(0.70710678118654752440)), number<V>(0.5));
    }
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return z * distribution(z);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V z, V) {
        const V density = number<V>(0.39894228040143267794) * exp_minus_abs(z * z * number<V>(0.5));
        return dy * fma(z, density, distribution(z));
    }
    template <class V>
    static DS_INLINE V second_derivative(V z, V) {
        const V density = number<V>(0.39894228040143267794) * exp_minus_abs(z * z * number<V>(0.5));
        return density * fnma(z, z, number<V>(2));
    }
};

struct Silu {
    static constexpr bool kSavesInput = true;
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return z * sigmoid(z);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V z, V) {
        const V s = sigmoid(z);
        return dy * fma(z, fnma(s, s, s), s);
    }
    template <class V>
    static DS_INLINE V second_derivative(V z, V) {
        const V s = sigmoid(z), slope = fnma(s, s, s);
        return slope * fma(z, fnma(number<V>(2), s, number<V>(1)), number<V>(2));
    }
};

// z tanh(softplus(z)). With w = e^-|z| the hyperbolic tangent is n / (n + rest), a quotient of polynomials in
// w:
//     z > 0: n = 1 + 2w, rest = 2w^2;   z <= 0: n = w^2 + 2w, rest = 2.
struct Mish {
    static constexpr bool kSavesInput = true;
    template <class V>
    struct Parts {
        V w, n, rest, positive_or_w;
    };
    template <class V>
    static DS_INLINE Parts<V> parts(V z) {
        const V w = exp_minus_abs(z), twice = w + w, square = w * w;
        const auto positive = z > number<V>(0);
        return {w, twice + select(positive, number<V>(1), square),
                select(positive, square + square, number<V>(2)), select(positive, number<V>(1), w)};
    }
    template <class V>
    static DS_INLINE V forward(V z, V) {
        const Parts<V> p = parts(z);
        return z * (p.n / (p.n + p.rest));
    }
    // t + z (1 - t^2) sigmoid(z) over one denominator, with t = n / d, 1 - t^2 = rest (d + n) / d^2.
    template <class V>
    static DS_INLINE V backward(V dy, V z, V) {
        const Parts<V> p = parts(z);
        const V d = p.n + p.rest, one_w = number<V>(1) + p.w;
        const V above = fma(z * p.positive_or_w, p.rest * (d + p.n), p.n * d * one_w);
        return dy * (above / (d * d * one_w));
    }
    template <class V>
    static DS_INLINE V second_derivative(V z, V) {
        const Parts<V> p = parts(z);
        const V t = p.n / (p.n + p.rest), s = sigmoid(z), slope = fnma(t, t, number<V>(1)) * s;  // of t
        const V inner = number<V>(1) - fma(number<V>(2) * t, s, s);
        return slope * fma(z, inner, number<V>(2));
    }
};

struct Softplus {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return softplus(z);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V) {  // sigmoid(z) = 1 - e^-y
        return dy * -expm1(-y);
    }
    template <class V>
    static DS_INLINE V second_derivative(V y, V) {
        const V above = -expm1(-y);  // sigmoid(z)
        return fnma(above, above, above);
    }
};

// relu6(z + 3) / 6
struct HardSigmoid {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V) {
        const V clipped = min(number<V>(6), max(number<V>(0), z + number<V>(3)));
        return clipped * number<V>(1.0 / 6.0);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V) {
        return select((y > number<V>(0)) & (y < number<V>(1)), dy * number<V>(1.0 / 6.0), number<V>(0));
    }
};

struct HardSwish {
    static constexpr bool kSavesInput = true;
    template <class V>
    static DS_INLINE V forward(V z, V alpha) {
        return z * HardSigmoid::forward(z, alpha);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V z, V) {
        const V middle = fma(z, number<V>(1.0 / 3.0), number<V>(0.5));
        const V upper = select(z < number<V>(3), middle, number<V>(1));
        return dy * select(z > number<V>(-3), upper, number<V>(0));
    }
    template <class V>
    static DS_INLINE V second_derivative(V z, V) {
        const auto quadratic = (z > number<V>(-3)) & (z < number<V>(3));
        return select(quadratic, number<V>(1.0 / 3.0), number<V>(0));
    }
};

struct Exp {
    static constexpr bool kSavesInput = false;
    template <class V>
    static DS_INLINE V forward(V z, V) {
        return exp(z);
    }
    template <class V>
    static DS_INLINE V backward(V dy, V y, V) {
        return dy * y;
    }
    template <class V>
    static DS_INLINE V second_derivative(V y, V) {
        return y;
    }
};

// Every activation but softmax, in the order of enum Activation.
template <template <class...> class Table>
using ForEachActivation = Table<Identity, Sigmoid, Tanh, Relu, LeakyRelu, Elu, Selu, Gelu, Silu, Mish,
                                Softplus, HardSigmoid, HardSwish, Exp>;

DS_ISA_END
