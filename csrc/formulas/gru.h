// The GRU cell on a value type V, gates in PyTorch's order and form (reset after): r, z, n.
//   r, z = σ(a + u);  n = tanh(a_n + r·u_n);  h' = n + z·(h - n)
// Cho et al. (2014); the reset gate behind the product, as cuDNN has it.
#pragma once
#include "formulas/cell_bent.h"

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
    // g, u: after forward. m: in the tangents of a, out those of r, z, n; mu: in those of u, out that of h - n, unused,
    // that of u_n. moved: the tangent of h; returns that of h'.
    template <class V>
    static DS_INLINE V tangent(const V* g, const V* u, V* m, V* mu, V moved, V&) {
        const V zeros(ScalarOf<V>(0));
        m[0] = Sigmoid::backward(m[0] + mu[0], g[0], zeros);
        m[1] = Sigmoid::backward(m[1] + mu[1], g[1], zeros);
        m[2] = Tanh::backward(fma(m[0], u[2], fma(g[0], mu[2], m[2])), g[2], zeros);
        mu[0] = moved - m[2];
        return fma(m[1], u[0], fma(g[1], mu[0], m[2]));
    }
    // backward of the cell and its tangent: e is the gradient by the tangent of h'.
    template <class V>
    static DS_INLINE V bent(V* g, V* u, const V* m, const V* mu, V dh, V&, V e, V) {
        const V r = g[0], z = g[1], n = g[2], zeros(ScalarOf<V>(0));
        const V by_n = fnma(e, z, e),
                e_n = Tanh::backward(by_n, n, zeros);  // by the tangents of n and of its sum
        g[2] = tanh_bent(fnma(dh, z, fnma(e, m[1], dh)), by_n, n, m[2]);
        g[1] = sigmoid_bent(fma(e, mu[0], dh * u[0]), e * u[0], z, m[1]);
        g[0] = sigmoid_bent(fma(e_n, mu[2], g[2] * u[2]), e_n * u[2], r, m[0]);
        u[0] = g[0];
        u[1] = g[1];
        u[2] = fma(e_n, m[0], g[2] * r);
        return fma(e, m[1], dh * z);
    }
};

DS_ISA_END
