// What device code needs of CUDA besides its built-in words: nvcc's, or those of the emulator
// (tests/cuda/emulator.h), which must have been included before.
#pragma once
#define DS_ISA cuda
#define DS_ISA_CUDA 1

#if defined(__CUDACC__)
#define DS_GLOBAL __global__
#else
#define DS_GLOBAL inline
#endif
