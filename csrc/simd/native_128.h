// Native operations on 128-bit registers: SSE2 and NEON. SSE2, the x86-64 baseline, has no fused
// multiply-add; it multiplies and then adds, so its bits differ. All other operations are GCC's vector
// extensions (native_gcc.h).
#pragma once
#include "simd/native_gcc.h"

#if defined(DS_ISA_NEON)
#include <arm_neon.h>
#endif

DS_ISA_BEGIN

template <class T>
struct Native;

#if defined(DS_ISA_NEON)

template <>
struct Native<float> : GccNative<float, 16> {
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) {
        return (Reg)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
    }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) {
        return (Reg)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
    }
    static DS_INLINE Reg sqrt(Reg a) { return (Reg)vsqrtq_f32((float32x4_t)a); }
    static DS_INLINE Reg round(Reg a) { return (Reg)vrndnq_f32((float32x4_t)a); }
    static DS_INLINE bool any(Bits m) { return vmaxvq_u32((uint32x4_t)m) != 0; }
    static DS_INLINE bool all(Bits m) { return vminvq_u32((uint32x4_t)m) != 0; }
    static DS_INLINE IntReg to_int(Reg a) { return (IntReg)vcvtnq_s32_f32((float32x4_t)a); }
    static DS_INLINE Reg to_float(IntReg a) { return (Reg)vcvtq_f32_s32((int32x4_t)a); }
};

template <>
struct Native<double> : GccNative<double, 16> {
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) {
        return (Reg)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
    }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) {
        return (Reg)vfmsq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
    }
    static DS_INLINE Reg sqrt(Reg a) { return (Reg)vsqrtq_f64((float64x2_t)a); }
    static DS_INLINE Reg round(Reg a) { return (Reg)vrndnq_f64((float64x2_t)a); }
    static DS_INLINE bool any(Bits m) { return vmaxvq_u32((uint32x4_t)m) != 0; }
    static DS_INLINE bool all(Bits m) { return vminvq_u32((uint32x4_t)m) != 0; }
    static DS_INLINE IntReg to_int(Reg a) { return (IntReg)vcvtnq_s64_f64((float64x2_t)a); }
    static DS_INLINE Reg to_float(IntReg a) { return (Reg)vcvtq_f64_s64((int64x2_t)a); }
};

#else

// Rounds to the nearest integer, ties to even, by adding and subtracting 2^(mantissa bits). Keeps the sign of
// zero.
template <class N>
DS_INLINE typename N::Reg round_by_adding(typename N::Reg a) {
    using T = decltype(a[0] + a[0]);
    const typename N::IntReg sign = N::bits(a) & N::bits(N::splat(T(-0.0)));
    const typename N::Reg big = N::splat(kIntegerThreshold<T>);
    const typename N::Reg mag = N::from_bits(N::bits(a) ^ sign);
    const typename N::Reg near = N::from_bits(N::bits((mag + big) - big) | sign);
    return N::select(N::lt(mag, big), near, a);
}

template <>
struct Native<float> : GccNative<float, 16> {
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) { return a * b + c; }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) { return c - a * b; }
    static DS_INLINE Reg min(Reg a, Reg b) { return (Reg)_mm_min_ps(a, b); }
    static DS_INLINE Reg max(Reg a, Reg b) { return (Reg)_mm_max_ps(a, b); }
    static DS_INLINE Reg sqrt(Reg a) { return (Reg)_mm_sqrt_ps(a); }
    static DS_INLINE Reg round(Reg a) { return round_by_adding<GccNative<float, 16>>(a); }
    static DS_INLINE bool any(Bits m) { return _mm_movemask_ps((__m128)m) != 0; }
    static DS_INLINE bool all(Bits m) { return _mm_movemask_ps((__m128)m) == 0xf; }
    static DS_INLINE IntReg to_int(Reg a) { return (IntReg)_mm_cvtps_epi32(a); }
    static DS_INLINE Reg to_float(IntReg a) { return (Reg)_mm_cvtepi32_ps((__m128i)a); }
};

template <>
struct Native<double> : GccNative<double, 16> {
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) { return a * b + c; }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) { return c - a * b; }
    static DS_INLINE Reg min(Reg a, Reg b) { return (Reg)_mm_min_pd(a, b); }
    static DS_INLINE Reg max(Reg a, Reg b) { return (Reg)_mm_max_pd(a, b); }
    static DS_INLINE Reg sqrt(Reg a) { return (Reg)_mm_sqrt_pd(a); }
    static DS_INLINE Reg round(Reg a) { return round_by_adding<GccNative<double, 16>>(a); }
    static DS_INLINE bool any(Bits m) { return _mm_movemask_pd((__m128d)m) != 0; }
    static DS_INLINE bool all(Bits m) { return _mm_movemask_pd((__m128d)m) == 0x3; }
};

#endif

DS_ISA_END
