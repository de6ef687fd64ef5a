// What this machine can do at most: the floors that the benchmark divides by.
#pragma once
#include "core/types.h"

namespace ds {

// What fed_loop() reads, within any first-level cache; and of each step, the room for numbers beside registers.
inline constexpr Index kFedElements = 3072, kFedRows = 16;

template <class T>
struct MachineKernels {
    // Fused multiply-adds on registers alone. Returns the floating-point operations done; `sink` keeps them
    // alive.
    double (*fma_loop)(Index rounds, T* sink);
    // The same with the loads of a product's tile, from kFedElements elements on a cache line.
    double (*fed_loop)(Index rounds, const T* x, T* sink);
    // Reads n elements once, in order.
    void (*read_loop)(const T* x, Index n, T* sink);
};

}  // namespace ds
