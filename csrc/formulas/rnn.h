// The Elman cell on a value type V: h' = act(a + u), where a = x·W_ih + b_ih and u = h·W_hh + b_hh. It has
// one gate and no cell state. Elman, Finding structure in time (1990),
// https://doi.org/10.1207/s15516709cog1402_1
//
// All cells have this interface. g: the gates. u: the state's part of the pre-activations, or the saved state.
// A suffix _dot marks a tangent; dx_dot is the gradient with respect to the tangent x_dot.
#pragma once
#include "formulas/activation.h"

DS_ISA_BEGIN

template <class Act>
struct RnnCell {
    static constexpr int kGates = 1;
    static constexpr int kSaved = 0;                 // values per unit that backward needs besides the gates
    static constexpr bool kHasCellState = false;     // a second state, c
    static constexpr bool kSeparateProduct = false;  // u is not added to a

    // g: in a + u, out what backward reads. Returns h'.
    template <class V>
    static DS_INLINE V forward(V* g, V*, V, V&) {
        g[0] = Act::forward(g[0], V(ScalarOf<V>(0)));
        return g[0];
    }
    // g: out the gradient with respect to a + u. Returns the part of the gradient with respect to h that does
    // not pass W_hh.
    template <class V>
    static DS_INLINE V backward(V* g, V*, V dh, V&) {
        g[0] = Act::backward(dh, g[0], V(ScalarOf<V>(0)));
        return V(ScalarOf<V>(0));
    }
    // g: the gates after forward. g_dot: the tangent of a + u, unchanged. Returns the tangent of h'.
    template <class V>
    static DS_INLINE V tangent(const V* g, const V*, V* g_dot, V*, V, V&) {
        return Act::backward(g_dot[0], g[0], V(ScalarOf<V>(0)));
    }
    // The backward pass of the cell together with its tangent. dh_dot: the gradient with respect to the
    // tangent of h'.
    template <class V>
    static DS_INLINE V double_backward(V* g, V*, const V* g_dot, const V*, V dh, V&, V dh_dot, V) {
        const V zeros(ScalarOf<V>(0)), d = Act::backward(dh, g[0], zeros);
        if constexpr (requires { Act::second_derivative(g[0], zeros); })
            g[0] = fma(Act::second_derivative(g[0], zeros) * g_dot[0], dh_dot, d);
        else
            g[0] = d;
        return zeros;
    }
};

DS_ISA_END
