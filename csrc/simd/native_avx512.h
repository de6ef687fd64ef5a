// Native operations on 512-bit registers. Masks are mask registers; a partial load or store is one
// instruction. The maskz intrinsics with all lanes set compile to the plain instructions. They avoid a false
// warning of gcc 12 about the unmasked intrinsics.
#pragma once
#include "simd/native_scalar.h"

DS_ISA_BEGIN

template <class T>
struct Native;

template <>
struct Native<float> {
    static constexpr int kLanes = 16;
    using Int = std::int32_t;
    using Uint = std::uint32_t;
    typedef float Reg __attribute__((vector_size(64)));
    typedef Int IntReg __attribute__((vector_size(64)));
    typedef Uint UintReg __attribute__((vector_size(64)));
    using Bits = __mmask16;
    static constexpr Bits kAll = 0xffff;

    static DS_INLINE Bits first_mask(std::int64_t n) { return Bits((1u << n) - 1u); }
    static DS_INLINE Reg splat(float x) { return (Reg)_mm512_set1_ps(x); }
    static DS_INLINE IntReg splat_int(Int x) { return (IntReg)_mm512_set1_epi32(x); }
    static DS_INLINE Reg iota() { return Reg{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }
    static DS_INLINE Reg load(const float* p) { return (Reg)_mm512_loadu_ps(p); }
    static DS_INLINE Reg loadn(const float* p, std::int64_t n) {
        return (Reg)_mm512_maskz_loadu_ps(first_mask(n), p);
    }
    static DS_INLINE void store(float* p, Reg v) { _mm512_storeu_ps(p, v); }
    static DS_INLINE void storen(float* p, Reg v, std::int64_t n) {
        _mm512_mask_storeu_ps(p, first_mask(n), v);
    }
    static DS_INLINE Reg load_rows(const float* p, std::int64_t ld, std::int64_t n) {
        const __mmask8 k = __mmask8(first_mask(n));
        __m512 v = _mm512_zextps128_ps512(_mm_maskz_loadu_ps(k, p));
        v = _mm512_maskz_insertf32x4(kAll, v, _mm_maskz_loadu_ps(k, p + ld), 1);
        v = _mm512_maskz_insertf32x4(kAll, v, _mm_maskz_loadu_ps(k, p + 2 * ld), 2);
        return (Reg)_mm512_maskz_insertf32x4(kAll, v, _mm_maskz_loadu_ps(k, p + 3 * ld), 3);
    }
    static DS_INLINE void store_rows(float* p, std::int64_t ld, Reg v, std::int64_t n) {
        const __mmask8 k = __mmask8(first_mask(n));
        _mm_mask_storeu_ps(p, k, (__m128)__builtin_shufflevector(v, v, 0, 1, 2, 3));
        _mm_mask_storeu_ps(p + ld, k, _mm512_maskz_extractf32x4_ps(0xf, (__m512)v, 1));
        _mm_mask_storeu_ps(p + 2 * ld, k, _mm512_maskz_extractf32x4_ps(0xf, (__m512)v, 2));
        _mm_mask_storeu_ps(p + 3 * ld, k, _mm512_maskz_extractf32x4_ps(0xf, (__m512)v, 3));
    }
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) { return (Reg)_mm512_fmadd_ps(a, b, c); }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) { return (Reg)_mm512_fnmadd_ps(a, b, c); }
    static DS_INLINE Reg min(Reg a, Reg b) { return (Reg)_mm512_maskz_min_ps(kAll, a, b); }
    static DS_INLINE Reg max(Reg a, Reg b) { return (Reg)_mm512_maskz_max_ps(kAll, a, b); }
    static DS_INLINE Reg sqrt(Reg a) { return (Reg)_mm512_maskz_sqrt_ps(kAll, a); }
    static DS_INLINE Reg round(Reg a) { return (Reg)_mm512_maskz_roundscale_ps(kAll, a, 0); }
    static DS_INLINE Bits eq(Reg a, Reg b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
    static DS_INLINE Bits lt(Reg a, Reg b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
    static DS_INLINE Bits le(Reg a, Reg b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
    static DS_INLINE Bits mask_and(Bits a, Bits b) { return Bits(a & b); }
    static DS_INLINE Bits mask_or(Bits a, Bits b) { return Bits(a | b); }
    static DS_INLINE Bits mask_not(Bits a) { return Bits(~a); }
    static DS_INLINE Reg select(Bits m, Reg a, Reg b) { return (Reg)_mm512_mask_blend_ps(m, b, a); }
    static DS_INLINE bool any(Bits m) { return m != 0; }
    static DS_INLINE bool all(Bits m) { return m == kAll; }
    static DS_INLINE IntReg bits(Reg a) { return (IntReg)a; }
    static DS_INLINE Reg from_bits(IntReg a) { return (Reg)a; }
    static DS_INLINE IntReg shl(IntReg a, int n) { return (IntReg)((UintReg)a << n); }
    static DS_INLINE IntReg sar(IntReg a, int n) { return a >> n; }
    static DS_INLINE IntReg shr(IntReg a, int n) { return (IntReg)((UintReg)a >> n); }
    static DS_INLINE IntReg add(IntReg a, IntReg b) { return (IntReg)((UintReg)a + (UintReg)b); }
    static DS_INLINE IntReg sub(IntReg a, IntReg b) { return (IntReg)((UintReg)a - (UintReg)b); }
    static DS_INLINE IntReg to_int(Reg a) { return (IntReg)_mm512_maskz_cvtps_epi32(kAll, a); }
    static DS_INLINE Reg to_float(IntReg a) { return (Reg)_mm512_maskz_cvtepi32_ps(kAll, (__m512i)a); }
    static DS_INLINE Reg scale(Reg a, Reg n) { return (Reg)_mm512_maskz_scalef_ps(kAll, a, n); }
};

template <>
struct Native<double> {
    static constexpr int kLanes = 8;
    using Int = std::int64_t;
    using Uint = std::uint64_t;
    typedef double Reg __attribute__((vector_size(64)));
    typedef Int IntReg __attribute__((vector_size(64)));
    typedef Uint UintReg __attribute__((vector_size(64)));
    using Bits = __mmask8;
    static constexpr Bits kAll = 0xff;

    static DS_INLINE Bits first_mask(std::int64_t n) { return Bits((1u << n) - 1u); }
    static DS_INLINE Reg splat(double x) { return (Reg)_mm512_set1_pd(x); }
    static DS_INLINE IntReg splat_int(Int x) { return (IntReg)_mm512_set1_epi64(x); }
    static DS_INLINE Reg iota() { return Reg{0, 1, 2, 3, 4, 5, 6, 7}; }
    static DS_INLINE Reg load(const double* p) { return (Reg)_mm512_loadu_pd(p); }
    static DS_INLINE Reg loadn(const double* p, std::int64_t n) {
        return (Reg)_mm512_maskz_loadu_pd(first_mask(n), p);
    }
    static DS_INLINE void store(double* p, Reg v) { _mm512_storeu_pd(p, v); }
    static DS_INLINE void storen(double* p, Reg v, std::int64_t n) {
        _mm512_mask_storeu_pd(p, first_mask(n), v);
    }
    static DS_INLINE Reg load_rows(const double* p, std::int64_t ld, std::int64_t n) {
        const Bits k = first_mask(n);
        __m512d v = _mm512_zextpd128_pd512(_mm_maskz_loadu_pd(k, p));
        v = _mm512_maskz_insertf64x2(kAll, v, _mm_maskz_loadu_pd(k, p + ld), 1);
        v = _mm512_maskz_insertf64x2(kAll, v, _mm_maskz_loadu_pd(k, p + 2 * ld), 2);
        return (Reg)_mm512_maskz_insertf64x2(kAll, v, _mm_maskz_loadu_pd(k, p + 3 * ld), 3);
    }
    static DS_INLINE void store_rows(double* p, std::int64_t ld, Reg v, std::int64_t n) {
        const Bits k = first_mask(n);
        _mm_mask_storeu_pd(p, k, (__m128d)__builtin_shufflevector(v, v, 0, 1));
        _mm_mask_storeu_pd(p + ld, k, _mm512_maskz_extractf64x2_pd(0x3, (__m512d)v, 1));
        _mm_mask_storeu_pd(p + 2 * ld, k, _mm512_maskz_extractf64x2_pd(0x3, (__m512d)v, 2));
        _mm_mask_storeu_pd(p + 3 * ld, k, _mm512_maskz_extractf64x2_pd(0x3, (__m512d)v, 3));
    }
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) { return (Reg)_mm512_fmadd_pd(a, b, c); }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) { return (Reg)_mm512_fnmadd_pd(a, b, c); }
    static DS_INLINE Reg min(Reg a, Reg b) { return (Reg)_mm512_maskz_min_pd(kAll, a, b); }
    static DS_INLINE Reg max(Reg a, Reg b) { return (Reg)_mm512_maskz_max_pd(kAll, a, b); }
    static DS_INLINE Reg sqrt(Reg a) { return (Reg)_mm512_maskz_sqrt_pd(kAll, a); }
    static DS_INLINE Reg round(Reg a) { return (Reg)_mm512_maskz_roundscale_pd(kAll, a, 0); }
    static DS_INLINE Bits eq(Reg a, Reg b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
    static DS_INLINE Bits lt(Reg a, Reg b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
    static DS_INLINE Bits le(Reg a, Reg b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
    static DS_INLINE Bits mask_and(Bits a, Bits b) { return Bits(a & b); }
    static DS_INLINE Bits mask_or(Bits a, Bits b) { return Bits(a | b); }
    static DS_INLINE Bits mask_not(Bits a) { return Bits(~a); }
    static DS_INLINE Reg select(Bits m, Reg a, Reg b) { return (Reg)_mm512_mask_blend_pd(m, b, a); }
    static DS_INLINE bool any(Bits m) { return m != 0; }
    static DS_INLINE bool all(Bits m) { return m == kAll; }
    static DS_INLINE IntReg bits(Reg a) { return (IntReg)a; }
    static DS_INLINE Reg from_bits(IntReg a) { return (Reg)a; }
    static DS_INLINE IntReg shl(IntReg a, int n) { return (IntReg)((UintReg)a << n); }
    static DS_INLINE IntReg sar(IntReg a, int n) { return a >> n; }
    static DS_INLINE IntReg shr(IntReg a, int n) { return (IntReg)((UintReg)a >> n); }
    static DS_INLINE IntReg add(IntReg a, IntReg b) { return (IntReg)((UintReg)a + (UintReg)b); }
    static DS_INLINE IntReg sub(IntReg a, IntReg b) { return (IntReg)((UintReg)a - (UintReg)b); }
    static DS_INLINE IntReg to_int(Reg a) { return (IntReg)_mm512_maskz_cvtpd_epi64(kAll, a); }
    static DS_INLINE Reg to_float(IntReg a) { return (Reg)_mm512_maskz_cvtepi64_pd(kAll, (__m512i)a); }
    static DS_INLINE Reg widen(const float* p) {
        return (Reg)_mm512_maskz_cvtps_pd(kAll, _mm256_loadu_ps(p));
    }
    static DS_INLINE Reg scale(Reg a, Reg n) { return (Reg)_mm512_maskz_scalef_pd(kAll, a, n); }
};

DS_ISA_END
