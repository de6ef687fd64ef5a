// What this machine can do at most: the floors that the benchmark divides by.
#pragma once
#include "core/types.h"

namespace ds {

template <class T>
struct MachineKernels {
    // Fused multiply-adds on registers alone. Returns the floating-point operations done; `sink` keeps them
    // alive.
    double (*fma_loop)(Index rounds, T* sink);
    // Reads n elements once, in order.
    void (*read_loop)(const T* x, Index n, T* sink);
};

}  // namespace ds
