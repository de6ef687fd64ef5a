// The LSTM cell on a value type V, with PyTorch's gate order i, f, g, o:
//   i, f, o = σ(·), g = tanh(·);  c' = f·c + i·g;  h' = o·tanh(c')
// Hochreiter & Schmidhuber (1997), https://doi.org/10.1162/neco.1997.9.8.1735, with the forget gate of Gers
// et al. (2000). The interface is RnnCell's.
#pragma once
#include "formulas/gate_double_backward.h"

DS_ISA_BEGIN

struct LstmCell {
    static constexpr int kGates = 4;
    static constexpr int kSaved = 2;  // c before the step and tanh(c')
    static constexpr bool kHasCellState = true;
    static constexpr bool kSeparateProduct = false;

    template <class V>
    static DS_INLINE V forward(V* g, V* saved, V, V& c) {
        g[0] = sigmoid(g[0]);
        g[1] = sigmoid(g[1]);
        g[2] = tanh(g[2]);
        g[3] = sigmoid(g[3]);
        saved[0] = c;
        c = fma(g[1], c, g[0] * g[2]);
        saved[1] = tanh(c);
        return g[3] * saved[1];
    }
    template <class V>
    static DS_INLINE V backward(V* g, V* saved, V dh, V& dc) {
        const V i = g[0], f = g[1], n = g[2], o = g[3], zeros(ScalarOf<V>(0));
        const V d = dc + Tanh::backward(dh * o, saved[1], zeros);
        g[0] = Sigmoid::backward(d * n, i, zeros);
        g[1] = Sigmoid::backward(d * saved[0], f, zeros);
        g[2] = Tanh::backward(d * i, n, zeros);
        g[3] = Sigmoid::backward(dh * saved[1], o, zeros);
        dc = d * f;
        return zeros;
    }
    // g, saved: after forward. g_dot: in the tangents of the pre-activations, out those of i, f, g, o.
    // saved_dot: out the tangents of saved. c_dot: in the tangent of c, out that of c'. Returns the tangent
    // of h'.
    template <class V>
    static DS_INLINE V tangent(const V* g, const V* saved, V* g_dot, V* saved_dot, V, V& c_dot) {
        const V zeros(ScalarOf<V>(0));
        g_dot[0] = Sigmoid::backward(g_dot[0], g[0], zeros);
        g_dot[1] = Sigmoid::backward(g_dot[1], g[1], zeros);
        g_dot[2] = Tanh::backward(g_dot[2], g[2], zeros);
        g_dot[3] = Sigmoid::backward(g_dot[3], g[3], zeros);
        saved_dot[0] = c_dot;
        c_dot = fma(g_dot[1], saved[0], fma(g[1], c_dot, fma(g_dot[0], g[2], g[0] * g_dot[2])));
        saved_dot[1] = Tanh::backward(c_dot, saved[1], zeros);
        return fma(g_dot[3], saved[1], g[3] * saved_dot[1]);
    }
    // dh_dot, dc_dot: the gradients with respect to the tangents of h' and c'.
    template <class V>
    static DS_INLINE V double_backward(V* g, V* saved, const V* g_dot, const V* saved_dot, V dh, V& dc,
                                       V dh_dot, V dc_dot) {
        const V i = g[0], f = g[1], n = g[2], o = g[3], c = saved[0], t = saved[1], zeros(ScalarOf<V>(0));
        const V d = dc + tanh_double_backward(fma(dh_dot, g_dot[3], dh * o), dh_dot * o, t, saved_dot[1]);
        const V d_dot = dc_dot + Tanh::backward(dh_dot * o, t, zeros);
        g[0] = sigmoid_double_backward(fma(d_dot, g_dot[2], d * n), d_dot * n, i, g_dot[0]);
        g[1] = sigmoid_double_backward(fma(d_dot, saved_dot[0], d * c), d_dot * c, f, g_dot[1]);
        g[2] = tanh_double_backward(fma(d_dot, g_dot[0], d * i), d_dot * i, n, g_dot[2]);
        g[3] = sigmoid_double_backward(fma(dh_dot, saved_dot[1], dh * t), dh_dot * t, o, g_dot[3]);
        dc = fma(d_dot, g_dot[1], d * f);
        return zeros;
    }
};

DS_ISA_END
