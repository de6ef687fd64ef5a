// The instruction set of this translation unit, and the namespace of its code. Everything in simd/, formulas/
// and kernels/ is in ds::<isa>::(anonymous), because the same text is compiled once per instruction set. With
// internal linkage the linker cannot keep the AVX-512 copy of a function for an older CPU. backend/
// dispatches at run time, through kernels/table.h.
#pragma once

#ifndef DS_ISA
#error "DS_ISA names the instruction set: avx512, avx2, baseline, neon or scalar"
#endif

#if defined(DS_ISA_AVX512) + defined(DS_ISA_AVX2) + defined(DS_ISA_BASELINE) + defined(DS_ISA_NEON) + \
        defined(DS_ISA_SCALAR) !=                                                                     \
    1
#error \
    "exactly one of DS_ISA_AVX512, DS_ISA_AVX2, DS_ISA_BASELINE, DS_ISA_NEON, DS_ISA_SCALAR must be defined"
#endif

#define DS_ISA_BEGIN   \
    namespace ds {     \
    namespace DS_ISA { \
    namespace {
#define DS_ISA_END \
    }              \
    }              \
    }

#define DS_INLINE inline __attribute__((always_inline))
