// Optimizers, one formula each on a value type V: a register, a number, a CUDA thread's number. PyTorch's
// definitions.
//   SGD, momentum: Sutskever et al. 2013 · Adam: Kingma & Ba 2015 · AdamW: Loshchilov & Hutter 2019 (Adam;
//   the shrink is every rule's) · RMSProp: Hinton 2012 · Adagrad: Duchi et al. 2011 · Lion: Chen et al. 2023
// Order: g·grad_scale, clipped to ±clip_value, plus l2·w + l1·sign(w) (prepared_gradient); then the rule; and
// w = w·shrink - step. Which elements decay, and whether a result is finite, is the kernel's business.
// A is UpdateArgs, or any struct with its scalars.
#pragma once
#include <type_traits>

#include "simd/vec.h"

DS_ISA_BEGIN

template <class V>
DS_INLINE V sign_of(V x) {
    using T = ScalarOf<V>;
    return select(x == V(T(0)), V(T(0)), copysign(V(T(1)), x));
}

// clip_value is infinite when off. NaN passes: min and max give their second operand then.
template <class V, class A>
DS_INLINE V prepared_gradient(V g, V w, const A& a) {
    g = max(V(-a.clip_value), min(V(a.clip_value), g * V(a.grad_scale)));
    return fma(V(a.l1), sign_of(w), fma(V(a.l2), w, g));
}

// A moving average: m towards x by rest = 1 - beta.
template <class V>
DS_INLINE V towards(V m, V x, V rest) {
    return fma(rest, x - m, m);
}

// w·shrink - rate·direction
template <class V, class A>
DS_INLINE V stepped(V w, V direction, const A& a) {
    return fnma(V(a.rate), direction, w * V(a.shrink));
}

// x / d. Divider: the processor's.
struct Divider {
    static constexpr bool kHides = true;  // x / inf is 0

    template <class V>
    static DS_INLINE V quotient(V x, V d) {
        return x / d;
    }
};

// x / d for d in [2^-100, 2^100], while the divider is at the root that d comes from: a first guess at 1 / d by its
// bits (off by 5.1 % at most), two of Newton's steps, the first of third order, and the remainder's share (Markstein
// 1990). Rounded as the divider rounds, but for one quotient in millions.
struct Newton {
    static constexpr float kLeast = 0x1p-100f;
    static constexpr bool kHides = false;  // x / inf is infinite, or no number

    template <class V>
    static DS_INLINE V quotient(V x, V d) {
        static_assert(std::is_same_v<ScalarOf<V>, float>, "as many steps as a float needs");
        const V one(1.0f);
        V r = from_bits(wrapping_sub(IntOf<V>(0x7ef31000), bits(d)));
        V left = fnma(d, r, one);
        r = fma(r, fma(left, left, left), r);
        left = fnma(d, r, one);
        r = fma(r, left, r);
        const V q = x * r;
        return fma(fnma(d, q, x), r, q);
    }
};

// Each rule takes w, the prepared gradient g and its moments, changes the moments and returns the new w.
// kHides: a moment may overflow while w stays finite.
struct SgdRule {
    static constexpr bool kFirst = false, kSecond = false, kHides = false;
    template <class V, class A>
    static DS_INLINE V apply(V w, V g, V&, V&, const A& a) {
        return stepped(w, g, a);
    }
};

struct MomentumRule {
    static constexpr bool kFirst = true, kSecond = false, kHides = false;
    template <class V, class A>
    static DS_INLINE V apply(V w, V g, V& m, V&, const A& a) {
        m = fma(V(a.momentum), m, g);
        return stepped(w, m, a);
    }
};

struct NesterovRule {
    static constexpr bool kFirst = true, kSecond = false, kHides = false;
    template <class V, class A>
    static DS_INLINE V apply(V w, V g, V& m, V&, const A& a) {
        m = fma(V(a.momentum), m, g);
        return stepped(w, fma(V(a.momentum), m, g), a);
    }
};

template <class Division>
struct AdamRule {
    static constexpr bool kFirst = true, kSecond = true, kHides = Division::kHides;
    template <class V, class A>
    static DS_INLINE V apply(V w, V g, V& m, V& v, const A& a) {
        m = towards(m, g, V(a.rest1));
        v = fma(V(a.beta2), v, V(a.rest2) * g * g);
        const V denominator = fma(sqrt(v), V(a.inv_sqrt_bc2), V(a.eps));
        return fnma(V(a.step_size), Division::quotient(m, denominator), w * V(a.shrink));
    }
};

template <class Division>
struct RmsPropRule {
    static constexpr bool kFirst = false, kSecond = true, kHides = Division::kHides;
    template <class V, class A>
    static DS_INLINE V apply(V w, V g, V&, V& v, const A& a) {
        v = fma(V(a.beta2), v, V(a.rest2) * g * g);
        return stepped(w, Division::quotient(g, sqrt(v) + V(a.eps)), a);
    }
};

template <class Division>
struct RmsPropMomentumRule {
    static constexpr bool kFirst = true, kSecond = true, kHides = Division::kHides;
    template <class V, class A>
    static DS_INLINE V apply(V w, V g, V& m, V& v, const A& a) {
        v = fma(V(a.beta2), v, V(a.rest2) * g * g);
        m = fma(V(a.momentum), m, Division::quotient(g, sqrt(v) + V(a.eps)));
        return stepped(w, m, a);
    }
};

template <class Division>
struct AdagradRule {
    static constexpr bool kFirst = false, kSecond = true, kHides = Division::kHides;
    template <class V, class A>
    static DS_INLINE V apply(V w, V g, V&, V& v, const A& a) {
        v = fma(g, g, v);
        return stepped(w, Division::quotient(g, sqrt(v) + V(a.eps)), a);
    }
};

struct LionRule {
    static constexpr bool kFirst = true, kSecond = false, kHides = true;
    template <class V, class A>
    static DS_INLINE V apply(V w, V g, V& m, V&, const A& a) {
        const V direction = sign_of(towards(m, g, V(a.rest1)));
        m = towards(m, g, V(a.rest2));
        return stepped(w, direction, a);
    }
};

DS_ISA_END
