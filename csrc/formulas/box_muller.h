// Two standard normal numbers from two uniform ones (Box & Muller 1958), on a value type V. The angle comes as a share
// of a turn.
#pragma once
#include "formulas/sin_cos.h"

DS_ISA_BEGIN

template <class V>
struct NormalPair {
    V first, second;
};

// radius * cos and radius * sin of 2 pi turns, radius = sqrt(-2 log u); u and turns in (0, 1), u not subnormal.
template <class V>
DS_INLINE NormalPair<V> normal_pair(V u, V turns) {
    const SinCos<V> angle = sin_cos(turns);
    const V radius = sqrt(V(ScalarOf<V>(-2)) * log_in_range(u));
    return {radius * angle.cos, radius * angle.sin};
}

DS_ISA_END
