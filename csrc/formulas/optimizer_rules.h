// The optimizers, each a struct that is the only place where it is described: name, options, moments, the scalars of a
// fit and of a step, and the formula on a value type V (a register, a plain number, a number of a CUDA thread). The
// definitions are PyTorch's. How to add one: CONTRIBUTING.md.
//
// The order in a step: g·grad_scale, clipped to ±clip_value, plus l2·w + l1·sign(w) (prepared_gradient); the rule; then
// w = w·decay - step. The kernel decides which elements decay and checks that results are finite.
//
// Members of an optimizer:
//   kName, kOptions              its name and options; o[…] are the options' values in this order
//   has_first_moment(o), …       whether it keeps moments m and v
//   set_constants(o, a)          the scalars of a whole fit; A is UpdateArgs, or a struct with its scalars
//   advance(o, clock)            optional: the products over steps, after clock.steps has been incremented
//   set_step(o, rate, clock, a)  optional: the scalars of one step, after advance()
//   dispatch(a, run)             calls run with the formula that the scalars select
// Members of a formula:
//   kFirstMoment, kSecondMoment  the moments it reads and writes
//   kMomentMayOverflow           a moment may become infinite while w stays finite
//   apply(w, g, m, v, a)         changes the moments and returns the new w
#pragma once
#include <type_traits>

#include "core/option_traits.h"
#include "core/scalar_math.h"
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

// Moves m towards x by the share `rest` = 1 - beta.
template <class V>
DS_INLINE V lerp(V m, V x, V rest) {
    return fma(rest, x - m, m);
}

// The mean of the squared gradients.
template <class V, class A>
DS_INLINE V next_second_moment(V v, V g, const A& a) {
    return fma(V(a.beta2), v, V(a.one_minus_beta2) * g * g);
}

// w·decay - learning_rate·direction
template <class V, class A>
DS_INLINE V stepped(V w, V direction, const A& a) {
    return fnma(V(a.learning_rate), direction, w * V(a.decay));
}

// x / d by the processor's divider.
struct Divider {
    static constexpr bool kMomentMayOverflow = true;  // x / inf is 0

    template <class V>
    static DS_INLINE V quotient(V x, V d) {
        return x / d;
    }
};

// x / d for d in [2^-100, 2^100], while the divider computes the root that d comes from. A first guess at 1 / d
// from its bits (off by 5.1 % at most), two Newton steps, the first of third order, and the remainder's share
// (Markstein 1990). The result differs from the divider's for one quotient in millions.
struct Newton {
    static constexpr float kSmallest = 0x1p-100f;
    static constexpr bool kMomentMayOverflow = false;  // x / inf is infinite or NaN

    template <class V>
    static DS_INLINE V quotient(V x, V d) {
        static_assert(std::is_same_v<ScalarOf<V>, float>, "the number of steps is a float's");
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

// Formulas that divide by a root, which is at least eps: in float by Newton's steps, unless eps is very small.
template <template <class> class Formula, class A, class Run>
DS_INLINE bool select_division(const A& a, const Run& run) {
    if constexpr (std::is_same_v<std::remove_cv_t<decltype(a.eps)>, float>) {
        if (a.eps >= Newton::kSmallest) return run(Formula<Newton>{});
    }
    return run(Formula<Divider>{});
}

// A product over steps, without libm's pow: the same bits on every machine. 1 - product is 1 long before the product is
// this small; without the floor it would become subnormal, and every later multiplication would take a hundred cycles.
inline double next_product(double product, double factor) { return product < 1e-30 ? 0.0 : product * factor; }

// The shares of the old value that two means keep.
template <class A>
void set_betas(double beta1, double beta2, A& a) {
    a.beta1 = beta1;
    a.beta2 = beta2;
    a.one_minus_beta1 = 1.0 - beta1;
    a.one_minus_beta2 = 1.0 - beta2;
}

// SGD, with momentum and Nesterov's form of it. Sutskever et al. 2013,
// https://proceedings.mlr.press/v28/sutskever13.html
struct Sgd {
    enum { kMomentum, kNesterov };
    static constexpr const char* kName = "sgd";
    static constexpr OptionTraits kOptions[] = {{"momentum", 0.0, OptionRange::kUnit},
                                                {"nesterov", 0.0, OptionRange::kFlag}};
    static bool has_first_moment(const double* o) { return o[kMomentum] != 0.0; }
    static bool has_second_moment(const double*) { return false; }
    static const char* error(const double* o) {
        return o[kNesterov] != 0.0 && o[kMomentum] == 0.0 ? "nesterov: got momentum 0; expected momentum > 0"
                                                          : nullptr;
    }
    template <class A>
    static void set_constants(const double* o, A& a) {
        a.momentum = o[kMomentum];
        a.nesterov = o[kNesterov] != 0.0;
    }

    struct Plain {
        static constexpr bool kFirstMoment = false, kSecondMoment = false, kMomentMayOverflow = false;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V&, V&, const A& a) {
            return stepped(w, g, a);
        }
    };
    struct Momentum {
        static constexpr bool kFirstMoment = true, kSecondMoment = false, kMomentMayOverflow = false;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V& m, V&, const A& a) {
            m = fma(V(a.momentum), m, g);
            return stepped(w, m, a);
        }
    };
    struct Nesterov {
        static constexpr bool kFirstMoment = true, kSecondMoment = false, kMomentMayOverflow = false;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V& m, V&, const A& a) {
            m = fma(V(a.momentum), m, g);
            return stepped(w, fma(V(a.momentum), m, g), a);
        }
    };
    template <class A, class Run>
    static DS_INLINE bool dispatch(const A& a, const Run& run) {
        if (a.momentum == 0) return run(Plain{});
        return a.nesterov ? run(Nesterov{}) : run(Momentum{});
    }
};

// Adam. Kingma & Ba 2015, https://arxiv.org/abs/1412.6980
struct Adam {
    enum { kBeta1, kBeta2, kEps };
    static constexpr const char* kName = "adam";
    static constexpr OptionTraits kOptions[] = {{"beta1", 0.9, OptionRange::kUnit},
                                                {"beta2", 0.999, OptionRange::kUnit},
                                                {"eps", 1e-8, OptionRange::kPositive}};
    static bool has_first_moment(const double*) { return true; }
    static bool has_second_moment(const double*) { return true; }
    template <class A>
    static void set_constants(const double* o, A& a) {
        set_betas(o[kBeta1], o[kBeta2], a);
        a.eps = o[kEps];
    }
    template <class Clock>
    static void advance(const double* o, Clock& clock) {
        clock.beta1_product = next_product(clock.beta1_product, o[kBeta1]);
        clock.beta2_product = next_product(clock.beta2_product, o[kBeta2]);
    }
    template <class Clock, class A>
    static void set_step(const double*, double learning_rate, const Clock& clock, A& a) {
        a.step_size = learning_rate / (1.0 - clock.beta1_product);
        a.inv_sqrt_bc2 = 1.0 / sqrt(1.0 - clock.beta2_product);
    }

    // Changes the moments and returns the step's denominator, the corrected root of v plus eps.
    template <class V, class A>
    static DS_INLINE V next_moments(V g, V& m, V& v, const A& a) {
        m = lerp(m, g, V(a.one_minus_beta1));
        v = next_second_moment(v, g, a);
        return fma(sqrt(v), V(a.inv_sqrt_bc2), V(a.eps));
    }
    template <class Division>
    struct Formula {
        static constexpr bool kFirstMoment = true, kSecondMoment = true;
        static constexpr bool kMomentMayOverflow = Division::kMomentMayOverflow;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V& m, V& v, const A& a) {
            const V denominator = next_moments(g, m, v, a);
            return fnma(V(a.step_size), Division::quotient(m, denominator), w * V(a.decay));
        }
    };
    template <class A, class Run>
    static DS_INLINE bool dispatch(const A& a, const Run& run) {
        return select_division<Formula>(a, run);
    }
};

// AdamW: Adam; every optimizer's weight decay is decoupled. Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101
struct AdamW : Adam {
    static constexpr const char* kName = "adamw";
};

// NAdam: Adam with Nesterov momentum. Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ The
// momentum mu rises from beta1/2 to beta1: mu_t = beta1·(1 - 0.96^(t·momentum_decay) / 2). The clock's
// beta1_product is the product of all mu. The step is (learning_rate·(1 - mu_t) / (1 - Π mu)·g + step_size·m) /
// denominator.
struct NAdam : Adam {
    enum { kMomentumDecay = 3 };
    static constexpr const char* kName = "nadam";
    static constexpr OptionTraits kOptions[] = {Adam::kOptions[0],
                                                Adam::kOptions[1],
                                                Adam::kOptions[2],
                                                {"momentum_decay", 4e-3, OptionRange::kNotNegative}};
    static double mu(const double* o, double t) {
        constexpr double kLog = -0.040821994520255166;  // log 0.96
        return o[kBeta1] * (1.0 - 0.5 * scalar_math::exp(t * o[kMomentumDecay] * kLog));
    }
    template <class Clock>
    static void advance(const double* o, Clock& clock) {
        clock.beta1_product = next_product(clock.beta1_product, mu(o, double(clock.steps)));
        clock.beta2_product = next_product(clock.beta2_product, o[kBeta2]);
    }
    template <class Clock, class A>
    static void set_step(const double* o, double learning_rate, const Clock& clock, A& a) {
        const double now = mu(o, double(clock.steps)), next = mu(o, double(clock.steps) + 1.0);
        a.grad_step = learning_rate * (1.0 - now) / (1.0 - clock.beta1_product);
        a.step_size = learning_rate * next / (1.0 - clock.beta1_product * next);
        a.inv_sqrt_bc2 = 1.0 / sqrt(1.0 - clock.beta2_product);
    }

    template <class Division>
    struct Formula {
        static constexpr bool kFirstMoment = true, kSecondMoment = true;
        static constexpr bool kMomentMayOverflow = Division::kMomentMayOverflow;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V& m, V& v, const A& a) {
            const V denominator = next_moments(g, m, v, a);
            const V step = fma(V(a.grad_step), g, V(a.step_size) * m);
            return w * V(a.decay) - Division::quotient(step, denominator);
        }
    };
    template <class A, class Run>
    static DS_INLINE bool dispatch(const A& a, const Run& run) {
        return select_division<Formula>(a, run);
    }
};

// RMSProp, with momentum. Hinton 2012, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf;
// momentum: Graves 2013, https://arxiv.org/abs/1308.0850
struct RmsProp {
    enum { kRho, kMomentum, kEps };
    static constexpr const char* kName = "rmsprop";
    static constexpr OptionTraits kOptions[] = {{"rho", 0.9, OptionRange::kUnit},
                                                {"momentum", 0.0, OptionRange::kUnit},
                                                {"eps", 1e-8, OptionRange::kPositive}};
    static bool has_first_moment(const double* o) { return o[kMomentum] != 0.0; }
    static bool has_second_moment(const double*) { return true; }
    template <class A>
    static void set_constants(const double* o, A& a) {
        a.beta2 = o[kRho];
        a.one_minus_beta2 = 1.0 - o[kRho];
        a.momentum = o[kMomentum];
        a.eps = o[kEps];
    }

    template <class Division>
    struct Plain {
        static constexpr bool kFirstMoment = false, kSecondMoment = true;
        static constexpr bool kMomentMayOverflow = Division::kMomentMayOverflow;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V&, V& v, const A& a) {
            v = next_second_moment(v, g, a);
            return stepped(w, Division::quotient(g, sqrt(v) + V(a.eps)), a);
        }
    };
    template <class Division>
    struct Momentum {
        static constexpr bool kFirstMoment = true, kSecondMoment = true;
        static constexpr bool kMomentMayOverflow = Division::kMomentMayOverflow;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V& m, V& v, const A& a) {
            v = next_second_moment(v, g, a);
            m = fma(V(a.momentum), m, Division::quotient(g, sqrt(v) + V(a.eps)));
            return stepped(w, m, a);
        }
    };
    template <class A, class Run>
    static DS_INLINE bool dispatch(const A& a, const Run& run) {
        return a.momentum == 0 ? select_division<Plain>(a, run) : select_division<Momentum>(a, run);
    }
};

// Adagrad. Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html
struct Adagrad {
    enum { kEps };
    static constexpr const char* kName = "adagrad";
    static constexpr OptionTraits kOptions[] = {{"eps", 1e-10, OptionRange::kPositive}};
    static bool has_first_moment(const double*) { return false; }
    static bool has_second_moment(const double*) { return true; }
    template <class A>
    static void set_constants(const double* o, A& a) {
        a.eps = o[kEps];
    }

    template <class Division>
    struct Formula {
        static constexpr bool kFirstMoment = false, kSecondMoment = true;
        static constexpr bool kMomentMayOverflow = Division::kMomentMayOverflow;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V&, V& v, const A& a) {
            v = fma(g, g, v);
            return stepped(w, Division::quotient(g, sqrt(v) + V(a.eps)), a);
        }
    };
    template <class A, class Run>
    static DS_INLINE bool dispatch(const A& a, const Run& run) {
        return select_division<Formula>(a, run);
    }
};

// Lion. Chen et al. 2023, https://arxiv.org/abs/2302.06675
struct Lion {
    enum { kBeta1, kBeta2 };
    static constexpr const char* kName = "lion";
    static constexpr OptionTraits kOptions[] = {{"beta1", 0.9, OptionRange::kUnit},
                                                {"beta2", 0.99, OptionRange::kUnit}};
    static bool has_first_moment(const double*) { return true; }
    static bool has_second_moment(const double*) { return false; }
    template <class A>
    static void set_constants(const double* o, A& a) {
        set_betas(o[kBeta1], o[kBeta2], a);
    }

    struct Formula {
        static constexpr bool kFirstMoment = true, kSecondMoment = false, kMomentMayOverflow = true;
        template <class V, class A>
        static DS_INLINE V apply(V w, V g, V& m, V&, const A& a) {
            const V direction = sign_of(lerp(m, g, V(a.one_minus_beta1)));
            m = lerp(m, g, V(a.one_minus_beta2));
            return stepped(w, direction, a);
        }
    };
    template <class A, class Run>
    static DS_INLINE bool dispatch(const A&, const Run& run) {
        return run(Formula{});
    }
};

// Every optimizer. Its position is its index in tables of kernels and of traits; the first is the default.
template <template <class...> class Table>
using ForEachOptimizer = Table<Adam, AdamW, NAdam, Sgd, RmsProp, Adagrad, Lion>;

DS_ISA_END
