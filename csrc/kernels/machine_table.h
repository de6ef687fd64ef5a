// The peak rates of this machine, which the benchmark compares products and bandwidth with.
#pragma once
#include "core/types.h"

namespace ds {

// Elements that tile_loop() reads, which fit every L1 cache, and the most elements of A per step.
inline constexpr Index kTileLoopElements = 3072, kTileLoopMaxRows = 16;

template <class T>
struct MachineKernels {
    // Fused multiply-adds on registers alone. Returns the number of floating-point operations. Writing the
    // result to `sink` keeps the compiler from removing the loop.
    double (*fma_loop)(Index rounds, T* sink);
    // Fused multiply-adds with the loads of a product's tile. x: kTileLoopElements elements, aligned to a
    // cache line.
    double (*tile_loop)(Index rounds, const T* x, T* sink);
    // Reads n elements once, in order.
    void (*read_loop)(const T* x, Index n, T* sink);
};

}  // namespace ds
