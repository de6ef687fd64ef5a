// The instruction set of this translation unit, and the namespace of its code. Everything in simd/, formulas/
// and kernels/ is in ds::<isa>::(anonymous), because the same text is compiled once per instruction set. With
// internal linkage the linker cannot keep the AVX-512 copy of a function for an older CPU. backend/
// dispatches at run time, through kernels/table.h.
//
// DS_ISA_CUDA is a GPU, or its emulator on a CPU (tests/cuda): sixteen threads run a kernel together, each with
// one lane of every register. They hold all plain numbers alike.
#pragma once

#ifndef DS_ISA
#error "DS_ISA names the instruction set: avx512, avx2, baseline, neon, scalar or cuda"
#endif

#if defined(DS_ISA_AVX512) + defined(DS_ISA_AVX2) + defined(DS_ISA_BASELINE) + defined(DS_ISA_NEON) + \
        defined(DS_ISA_SCALAR) + defined(DS_ISA_CUDA) !=                                              \
    1
#error "exactly one DS_ISA_<name> must be defined, the one that belongs to DS_ISA"
#endif

#define DS_ISA_BEGIN   \
    namespace ds {     \
    namespace DS_ISA { \
    namespace {
#define DS_ISA_END \
    }              \
    }              \
    }

// Before a function that is inlined everywhere, before a kernel, and after the parameters of a lambda in one.
#if defined(__CUDACC__)
#define DS_INLINE __device__ __forceinline__
#define DS_KERNEL __device__
#define DS_LAMBDA
#else
#define DS_INLINE inline __attribute__((always_inline))
#define DS_KERNEL
#define DS_LAMBDA __attribute__((always_inline))
#endif
