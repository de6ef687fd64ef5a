// Elman's cell on a value type V: h' = act(a + u), a the input's part of the pre-activation, u the state's.
// One gate, no second state. Elman, Finding structure in time (1990).
#pragma once
#include "formulas/activation.h"

DS_ISA_BEGIN

template <class Act>
struct RnnCell {
    static constexpr int kGates = 1;
    static constexpr int kExtra = 0;        // values a unit that the way back needs besides the gates
    static constexpr bool kMemory = false;  // c
    static constexpr bool kSplit = false;   // u apart from a

    // g: in a + u, out what backward reads. Returns h'.
    template <class V>
    static DS_INLINE V forward(V* g, V*, V, V&) {
        g[0] = Act::forward(g[0], V(ScalarOf<V>(0)));
        return g[0];
    }
    // g: out the gradient by a + u. Returns the part of the gradient by h that does not pass W_hh.
    template <class V>
    static DS_INLINE V backward(V* g, V*, V dh, V&) {
        g[0] = Act::backward(dh, g[0], V(ScalarOf<V>(0)));
        return V(ScalarOf<V>(0));
    }
    // g: after forward; m: in the tangent of a + u, and so it stays. Returns that of h'.
    template <class V>
    static DS_INLINE V tangent(const V* g, const V*, V* m, V*, V, V&) {
        return Act::backward(m[0], g[0], V(ScalarOf<V>(0)));
    }
    // backward of the cell and its tangent: e is the gradient by the tangent of h'.
    template <class V>
    static DS_INLINE V bent(V* g, V*, const V* m, const V*, V dh, V&, V e, V) {
        const V zeros(ScalarOf<V>(0)), d = Act::backward(dh, g[0], zeros);
        if constexpr (requires { Act::curvature(g[0], zeros); })
            g[0] = fma(Act::curvature(g[0], zeros) * m[0], e, d);
        else
            g[0] = d;
        return zeros;
    }
};

DS_ISA_END
