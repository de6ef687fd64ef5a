// Native operations of a GPU: a register is sixteen threads of a warp, one lane each. A thread's stores are
// visible to the other fifteen after sync(). nvcc or the emulator of tests/cuda provides CUDA's words.
#pragma once
#include "simd/native_scalar.h"

DS_ISA_BEGIN

DS_INLINE int lane_id() { return int(threadIdx.x) & 15; }
DS_INLINE unsigned half_warp_mask() { return 0xffffu << (threadIdx.x & 16); }
DS_INLINE void sync_half_warp() { __syncwarp(half_warp_mask()); }

template <class T>
struct Native : ScalarNative<T> {
    using Base = ScalarNative<T>;
    using typename Base::Bits;
    using typename Base::Reg;
    static constexpr int kLanes = 16;

    static DS_INLINE Reg iota() { return T(lane_id()); }
    static DS_INLINE Reg load(const T* p) { return p[lane_id()]; }
    static DS_INLINE Reg loadn(const T* p, std::int64_t n) { return lane_id() < n ? p[lane_id()] : T(0); }
    static DS_INLINE void store(T* p, Reg v) { p[lane_id()] = v; }
    static DS_INLINE void storen(T* p, Reg v, std::int64_t n) {
        if (lane_id() < n) p[lane_id()] = v;
    }
    static DS_INLINE bool any(Bits m) { return __any_sync(half_warp_mask(), m); }
    static DS_INLINE bool all(Bits m) { return __all_sync(half_warp_mask(), m); }
    static DS_INLINE Reg widen(const float* p) { return T(p[lane_id()]); }
    // The number of lane j xor `by`; of one lane, in all of them.
    static DS_INLINE Reg exchange(Reg v, int by) { return __shfl_xor_sync(half_warp_mask(), v, by, 16); }
    static DS_INLINE T broadcast(Reg v, int from) { return __shfl_sync(half_warp_mask(), v, from, 16); }
    static DS_INLINE T first(Reg v) { return broadcast(v, 0); }
};

DS_ISA_END
