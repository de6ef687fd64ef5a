// The GRU cell on a value type V, with PyTorch's gate order r, z, n and its form with the reset after the
// product:
//   r, z = σ(a + u);  n = tanh(a_n + r·u_n);  h' = n + z·(h - n)
// Cho et al. (2014), https://arxiv.org/abs/1406.1078; the reset gate stands after the product, as in cuDNN.
// The interface is RnnCell's.
#pragma once
#include "formulas/gate_double_backward.h"

DS_ISA_BEGIN

struct GruCell {
    static constexpr int kGates = 3;
    // u: in the three gates' state parts; saved for backward h - n, unused, u_n; out of backward the
    // gradients du.
    static constexpr int kSaved = 3;
    static constexpr bool kHasCellState = false;
    static constexpr bool kSeparateProduct = true;

    template <class V>
    static DS_INLINE V forward(V* g, V* u, V h, V&) {
        g[0] = sigmoid(g[0] + u[0]);
        g[1] = sigmoid(g[1] + u[1]);
        g[2] = tanh(fma(g[0], u[2], g[2]));
        u[0] = h - g[2];
        return fma(g[1], u[0], g[2]);
    }
    template <class V>
    static DS_INLINE V backward(V* g, V* u, V dh, V&) {
        const V r = g[0], z = g[1], zeros(ScalarOf<V>(0));
        const V through = dh * z;
        g[2] = Tanh::backward(dh - through, g[2], zeros);
        g[1] = Sigmoid::backward(dh * u[0], z, zeros);
        g[0] = Sigmoid::backward(g[2] * u[2], r, zeros);
        u[0] = g[0];
        u[1] = g[1];
        u[2] = g[2] * r;
        return through;
    }
    // g, u: after forward. g_dot: in the tangents of a, out those of r, z, n.
    // u_dot: in the tangents of u, out that of h - n, unused, that of u_n. Returns the tangent of h'.
    template <class V>
    static DS_INLINE V tangent(const V* g, const V* u, V* g_dot, V* u_dot, V h_dot, V&) {
        const V zeros(ScalarOf<V>(0));
        g_dot[0] = Sigmoid::backward(g_dot[0] + u_dot[0], g[0], zeros);
        g_dot[1] = Sigmoid::backward(g_dot[1] + u_dot[1], g[1], zeros);
        g_dot[2] = Tanh::backward(fma(g_dot[0], u[2], fma(g[0], u_dot[2], g_dot[2])), g[2], zeros);
        u_dot[0] = h_dot - g_dot[2];
        return fma(g_dot[1], u[0], fma(g[1], u_dot[0], g_dot[2]));
    }
    template <class V>
    static DS_INLINE V double_backward(V* g, V* u, const V* g_dot, const V* u_dot, V dh, V&, V dh_dot, V) {
        const V r = g[0], z = g[1], n = g[2], zeros(ScalarOf<V>(0));
        const V dn_dot = fnma(dh_dot, z, dh_dot);
        const V dp_dot = Tanh::backward(dn_dot, n, zeros);  // p: the pre-activation of n
        g[2] = tanh_double_backward(fnma(dh, z, fnma(dh_dot, g_dot[1], dh)), dn_dot, n, g_dot[2]);
        g[1] = sigmoid_double_backward(fma(dh_dot, u_dot[0], dh * u[0]), dh_dot * u[0], z, g_dot[1]);
        g[0] = sigmoid_double_backward(fma(dp_dot, u_dot[2], g[2] * u[2]), dp_dot * u[2], r, g_dot[0]);
        u[0] = g[0];
        u[1] = g[1];
        u[2] = fma(dp_dot, g_dot[0], g[2] * r);
        return fma(dh_dot, g_dot[1], dh * z);
    }
};

DS_ISA_END
