// A cell's gate on the way back over its value and its tangent: y = φ(p) with the tangent ẏ = φ'(p)·ṗ. From the
// gradients d by y and e by ẏ comes that by p, φ'(p)·d + φ''(p)·ṗ·e; that by ṗ is the activation's own backward of e.
#pragma once
#include "formulas/activation.h"

DS_ISA_BEGIN

template <class V>
DS_INLINE V sigmoid_bent(V d, V e, V y, V moved) {
    return fma(fnma(number<V>(2), y, number<V>(1)) * moved, e, Sigmoid::backward(d, y, number<V>(0)));
}
template <class V>
DS_INLINE V tanh_bent(V d, V e, V y, V moved) {
    return fma(number<V>(-2) * y * moved, e, Tanh::backward(d, y, number<V>(0)));
}

DS_ISA_END
