// Native operations on 256-bit registers with FMA. All other operations are GCC's vector extensions
// (native_gcc.h).
#pragma once
#include "simd/native_gcc.h"

DS_ISA_BEGIN

// kFirstMasks + 8 - n is a mask of the first n of eight 32-bit lanes.
alignas(64) inline constexpr std::int32_t kFirstMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                             0,  0,  0,  0,  0,  0,  0,  0};

template <class T>
struct Native;

template <>
struct Native<float> : GccNative<float, 32> {
    static DS_INLINE __m256i first_mask(std::int64_t n) {
        return _mm256_loadu_si256((const __m256i*)(kFirstMasks + 8 - n));
    }
    static DS_INLINE Reg splat(float x) { return (Reg)_mm256_set1_ps(x); }
    static DS_INLINE IntReg splat_int(Int x) { return (IntReg)_mm256_set1_epi32(x); }
    static DS_INLINE Reg loadn(const float* p, std::int64_t n) {
        return (Reg)_mm256_maskload_ps(p, first_mask(n));
    }
    static DS_INLINE void storen(float* p, Reg v, std::int64_t n) {
        _mm256_maskstore_ps(p, first_mask(n), v);
    }
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) { return (Reg)_mm256_fmadd_ps(a, b, c); }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) { return (Reg)_mm256_fnmadd_ps(a, b, c); }
    static DS_INLINE Reg min(Reg a, Reg b) { return (Reg)_mm256_min_ps(a, b); }
    static DS_INLINE Reg max(Reg a, Reg b) { return (Reg)_mm256_max_ps(a, b); }
    static DS_INLINE Reg sqrt(Reg a) { return (Reg)_mm256_sqrt_ps(a); }
    static DS_INLINE Reg round(Reg a) {
        return (Reg)_mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    }
    static DS_INLINE Reg select(Bits m, Reg a, Reg b) { return (Reg)_mm256_blendv_ps(b, a, (__m256)m); }
    static DS_INLINE bool any(Bits m) { return _mm256_movemask_ps((__m256)m) != 0; }
    static DS_INLINE bool all(Bits m) { return _mm256_movemask_ps((__m256)m) == 0xff; }
    static DS_INLINE IntReg to_int(Reg a) { return (IntReg)_mm256_cvtps_epi32(a); }
    static DS_INLINE Reg to_float(IntReg a) { return (Reg)_mm256_cvtepi32_ps((__m256i)a); }
};

template <>
struct Native<double> : GccNative<double, 32> {
    static DS_INLINE __m256i first_mask(std::int64_t n) {
        return _mm256_loadu_si256((const __m256i*)(kFirstMasks + 8 - 2 * n));
    }
    static DS_INLINE Reg splat(double x) { return (Reg)_mm256_set1_pd(x); }
    static DS_INLINE IntReg splat_int(Int x) { return (IntReg)_mm256_set1_epi64x(x); }
    static DS_INLINE Reg loadn(const double* p, std::int64_t n) {
        return (Reg)_mm256_maskload_pd(p, first_mask(n));
    }
    static DS_INLINE void storen(double* p, Reg v, std::int64_t n) {
        _mm256_maskstore_pd(p, first_mask(n), v);
    }
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) { return (Reg)_mm256_fmadd_pd(a, b, c); }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) { return (Reg)_mm256_fnmadd_pd(a, b, c); }
    static DS_INLINE Reg min(Reg a, Reg b) { return (Reg)_mm256_min_pd(a, b); }
    static DS_INLINE Reg max(Reg a, Reg b) { return (Reg)_mm256_max_pd(a, b); }
    static DS_INLINE Reg sqrt(Reg a) { return (Reg)_mm256_sqrt_pd(a); }
    static DS_INLINE Reg round(Reg a) {
        return (Reg)_mm256_round_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    }
    static DS_INLINE Reg select(Bits m, Reg a, Reg b) { return (Reg)_mm256_blendv_pd(b, a, (__m256d)m); }
    static DS_INLINE Reg widen(const float* p) { return (Reg)_mm256_cvtps_pd(_mm_loadu_ps(p)); }
    static DS_INLINE bool any(Bits m) { return _mm256_movemask_pd((__m256d)m) != 0; }
    static DS_INLINE bool all(Bits m) { return _mm256_movemask_pd((__m256d)m) == 0xf; }
};

DS_ISA_END
