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
};

DS_ISA_END
