// The GRU cell on a value type V, gates in PyTorch's order and form (reset after): r, z, n.
//   r, z = σ(a + u);  n = tanh(a_n + r·u_n);  h' = n + z·(h - n)
// Cho et al. (2014); the reset gate behind the product, as cuDNN has it.
#pragma once
#include "formulas/activation.h"

DS_ISA_BEGIN

struct GruCell {
    static constexpr int kGates = 3;
    static constexpr int kExtra =
        3;  // u: in three gates' parts; kept h - n, unused, u_n; out the gradients by u
    static constexpr bool kMemory = false;
    static constexpr bool kSplit = true;

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
};

DS_ISA_END
