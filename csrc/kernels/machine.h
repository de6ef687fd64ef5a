// Loops that measure an instruction set's peak of multiply-adds and its memory bandwidth.
#pragma once
#include "kernels/gemm/gemm_micropanel.h"
#include "kernels/machine_table.h"
#include "simd/vec.h"

DS_ISA_BEGIN

// 12 chains hide the latency of all FMA units to date (2 units, 4 to 6 cycles).
template <class T>
double fma_loop(Index rounds, T* sink) {
    constexpr int kChains = 12;
    Vec<T> acc[kChains];
    for (int i = 0; i < kChains; ++i) acc[i] = Vec<T>(T(1) + T(i) * T(0.125));
    const Vec<T> a(T(0.9990234375)), b(T(0.0009765625));
    for (Index r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (int i = 0; i < kChains; ++i) acc[i] = fma(acc[i], a, b);
    Vec<T> sum = acc[0];
    for (int i = 1; i < kChains; ++i) sum += acc[i];
    store(sink, sum);
    return 2.0 * static_cast<double>(rounds) * kChains * Vec<T>::W;
}

// The loop of a product's tile alone: for each value of k it loads NR elements of B and MR elements of A from
// the L1 cache.
template <class T>
double tile_loop(Index rounds, const T* x, T* sink) {
    constexpr Index W = Vec<T>::W, kStep = kNRVectors * W + kTileLoopMaxRows,
                    kSteps = kTileLoopElements / kStep;
    static_assert(kMR <= kTileLoopMaxRows);
    Vec<T> acc[kMR][kNRVectors];
#pragma GCC unroll 12
    for (int i = 0; i < kMR; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < kNRVectors; ++v) acc[i][v] = zero<T>();
    for (Index r = 0; r < rounds; ++r) {
        const T* at = x;
        for (Index k = 0; k < kSteps; ++k, at = opaque(at + kStep)) {
            Vec<T> b[kNRVectors];
#pragma GCC unroll 2
            for (int v = 0; v < kNRVectors; ++v) b[v] = load(at + v * W);
#pragma GCC unroll 12
            for (int i = 0; i < kMR; ++i) {
                const Vec<T> a = set1<T>(at[kNRVectors * W + i]);
#pragma GCC unroll 2
                for (int v = 0; v < kNRVectors; ++v) accumulate(acc[i][v], a, b[v]);
            }
        }
    }
    Vec<T> sum = zero<T>();
#pragma GCC unroll 12
    for (int i = 0; i < kMR; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < kNRVectors; ++v) sum += acc[i][v];
    store(sink, sum);
    return 2.0 * static_cast<double>(rounds * kSteps) * kMR * kNRVectors * W;
}

template <class T>
void read_loop(const T* x, Index n, T* sink) {
    constexpr int kChains = 8;
    constexpr Index kStep = kChains * Vec<T>::W;
    Vec<T> acc[kChains];
    for (int i = 0; i < kChains; ++i) acc[i] = Vec<T>(T(0));
    for (Index i = 0; i + kStep <= n; i += kStep)
#pragma GCC unroll 8
        for (int c = 0; c < kChains; ++c) acc[c] += load(x + i + c * Vec<T>::W);
    Vec<T> sum = acc[0];
    for (int i = 1; i < kChains; ++i) sum += acc[i];
    store(sink, sum);
}

template <class T>
constexpr MachineKernels<T> machine_kernels() {
    return {fma_loop<T>, tile_loop<T>, read_loop<T>};
}

DS_ISA_END
