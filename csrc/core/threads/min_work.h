// The least work per worker (useful_workers). Below it, waking and synchronising a worker costs more than it
// computes.
#pragma once

namespace ds {

// Floating-point operations of a training step: its workers are awake, but pass several barriers and read
// what the others wrote.
inline constexpr double kMinStepFlops = 4e6;
// Of an inference call: about 30 µs, the time of waking a sleeping worker.
inline constexpr double kMinInferenceFlops = 5e6;
// Of a single kernel: two workers synchronise in about 1 µs. Streaming a byte takes as long as six
// operations.
inline constexpr double kMinKernelFlops = 2e6, kFlopsPerByte = 6;
inline constexpr double kMinKernelElements = 32768;
// Bytes of weights that a single recurrent step reads: about 5 µs from the second-level cache, by awake
// workers.
inline constexpr double kMinStepBytes = 1 << 19;

}  // namespace ds
