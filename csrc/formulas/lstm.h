// The LSTM cell on a value type V, gates in PyTorch's order: i, f, g, o.
//   i, f, o = σ(·), g = tanh(·);  c' = f·c + i·g;  h' = o·tanh(c')
// Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000).
#pragma once
#include "formulas/activation.h"

DS_ISA_BEGIN

struct LstmCell {
    static constexpr int kGates = 4;
    static constexpr int kExtra = 2;  // the c before, tanh of the c after
    static constexpr bool kMemory = true;
    static constexpr bool kSplit = false;

    template <class V>
    static DS_INLINE V forward(V* g, V* extra, V, V& c) {
        g[0] = sigmoid(g[0]);
        g[1] = sigmoid(g[1]);
        g[2] = tanh(g[2]);
        g[3] = sigmoid(g[3]);
        extra[0] = c;
        c = fma(g[1], c, g[0] * g[2]);
        extra[1] = tanh(c);
        return g[3] * extra[1];
    }
    template <class V>
    static DS_INLINE V backward(V* g, V* extra, V dh, V& dc) {
        const V i = g[0], f = g[1], n = g[2], o = g[3], zeros(ScalarOf<V>(0));
        const V d = dc + Tanh::backward(dh * o, extra[1], zeros);
        g[0] = Sigmoid::backward(d * n, i, zeros);
        g[1] = Sigmoid::backward(d * extra[0], f, zeros);
        g[2] = Tanh::backward(d * i, n, zeros);
        g[3] = Sigmoid::backward(dh * extra[1], o, zeros);
        dc = d * f;
        return zeros;
    }
};

DS_ISA_END
