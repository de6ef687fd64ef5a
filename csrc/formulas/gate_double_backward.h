// A gate's double backward: the backward pass of y = φ(p) together with its tangent ẏ = φ'(p)·ṗ. From the
// gradients dy and dẏ follows dp = φ'(p)·dy + φ''(p)·ṗ·dẏ. The gradient dṗ is the activation's backward of
// dẏ. For both gates φ''(p)·ṗ is a multiple of ẏ, so these functions read y and y_dot only.
#pragma once
#include "formulas/activation.h"

DS_ISA_BEGIN

template <class V>
DS_INLINE V sigmoid_double_backward(V dy, V dy_dot, V y, V y_dot) {
    return fma(fnma(number<V>(2), y, number<V>(1)) * y_dot, dy_dot, Sigmoid::backward(dy, y, number<V>(0)));
}
template <class V>
DS_INLINE V tanh_double_backward(V dy, V dy_dot, V y, V y_dot) {
    return fma(number<V>(-2) * y * y_dot, dy_dot, Tanh::backward(dy, y, number<V>(0)));
}

DS_ISA_END
