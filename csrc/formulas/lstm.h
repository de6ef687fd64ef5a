// The LSTM cell on a value type V, gates in PyTorch's order: i, f, g, o.
//   i, f, o = σ(·), g = tanh(·);  c' = f·c + i·g;  h' = o·tanh(c')
// Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000).
#pragma once
#include "formulas/cell_bent.h"

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
    // g, extra: after forward. m: in the tangents of the sums, out those of i, f, g, o; mx: out those of the c
    // before and of tanh of the c after. moved: the tangent of c, in before and out after the step. Returns that of h'.
    template <class V>
    static DS_INLINE V tangent(const V* g, const V* extra, V* m, V* mx, V, V& moved) {
        const V zeros(ScalarOf<V>(0));
        m[0] = Sigmoid::backward(m[0], g[0], zeros);
        m[1] = Sigmoid::backward(m[1], g[1], zeros);
        m[2] = Tanh::backward(m[2], g[2], zeros);
        m[3] = Sigmoid::backward(m[3], g[3], zeros);
        mx[0] = moved;
        moved = fma(m[1], extra[0], fma(g[1], moved, fma(m[0], g[2], g[0] * m[2])));
        mx[1] = Tanh::backward(moved, extra[1], zeros);
        return fma(m[3], extra[1], g[3] * mx[1]);
    }
    // backward of the cell and its tangent: eh and ec are the gradients by the tangents of h' and c'.
    template <class V>
    static DS_INLINE V bent(V* g, V* extra, const V* m, const V* mx, V dh, V& dc, V eh, V ec) {
        const V i = g[0], f = g[1], n = g[2], o = g[3], c = extra[0], t = extra[1], zeros(ScalarOf<V>(0));
        const V d = dc + tanh_bent(fma(eh, m[3], dh * o), eh * o, t, mx[1]);
        const V e = ec + Tanh::backward(eh * o, t, zeros);
        g[0] = sigmoid_bent(fma(e, m[2], d * n), e * n, i, m[0]);
        g[1] = sigmoid_bent(fma(e, mx[0], d * c), e * c, f, m[1]);
        g[2] = tanh_bent(fma(e, m[0], d * i), e * i, n, m[2]);
        g[3] = sigmoid_bent(fma(eh, mx[1], dh * t), eh * t, o, m[3]);
        dc = fma(e, m[1], d * f);
        return zeros;
    }
};

DS_ISA_END
