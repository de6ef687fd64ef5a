// What device code needs of CUDA besides its built-in words: nvcc's, or those of the emulator
// (tests/cuda/emulator.h), which must have been included before.
#pragma once
#define DS_ISA cuda
#define DS_ISA_CUDA 1

#if defined(__CUDACC__)
#define DS_SHARED(type, name) __shared__ type name
#else
#define DS_SHARED(type, name) type& name = *ds::emulator::shared_memory<type>()
#endif

namespace ds {

// Rows and columns of a tile of a product. The emulator, for which every thread costs time, has smaller blocks.
#if defined(__CUDACC__)
inline constexpr int kTileSize = 64;
#else
inline constexpr int kTileSize = 16;
#endif

}  // namespace ds
