// Sine and cosine of an angle that comes as a share of a turn, so that it is reduced without rounding. |error|
// is below 1 unit of the last place of 1.
#pragma once
#include "formulas/elementary.h"

DS_ISA_BEGIN

template <class T>
struct Turn;
// sin(x) / x - 1 over x^2, and (cos(x) - 1 + x^2 / 2) over x^4: Taylor's series, in x^2, for |x| <= pi / 4.
template <>
struct Turn<float> {
    static constexpr float kSin[] = {-1.0f / 6, 1.0f / 120, -1.0f / 5040, 1.0f / 362880};
    static constexpr float kCos[] = {1.0f / 24, -1.0f / 720, 1.0f / 40320, -1.0f / 3628800};
};
template <>
struct Turn<double> {
    static constexpr double kSin[] = {-1.0 / 6,        1.0 / 120,        -1.0 / 5040,         1.0 / 362880,
                                      -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000};
    static constexpr double kCos[] = {
        1.0 / 24,        -1.0 / 720,         1.0 / 40320,         -1.0 / 3628800,
        1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000};
};

template <class V>
struct SinCos {
    V sin, cos;
};

// Of 2 pi turns, |turns| < 2^28.
template <class V>
DS_INLINE SinCos<V> sin_cos(V turns) {
    using T = ScalarOf<V>;
    constexpr int kSign = sizeof(T) == 4 ? 30 : 62;  // takes bit 1 to the sign
    const V quarters = turns * V(T(4)), nearest = round(quarters);
    const V x = (quarters - nearest) * V(T(1.5707963267948966192)), square = x * x;
    const V sin = fma(x * square, polynomial<Turn<T>::kSin>(square), x);
    const V tail = fma(square * square, polynomial<Turn<T>::kCos>(square), V(T(1)));
    const V cos = fnma(square, V(T(0.5)), tail);
    const IntOf<V> quadrant = to_int(nearest);
    const auto rotated = to_float(quadrant & IntOf<V>(1)) > V(T(0.5));
    const IntOf<V> two(2), one(1);
    return {flip_sign(select(rotated, cos, sin), (quadrant & two) << kSign),
            flip_sign(select(rotated, sin, cos), ((quadrant + one) & two) << kSign)};
}

DS_ISA_END
