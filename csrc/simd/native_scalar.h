// Native operations at width 1, for Vec of the scalar build and for plain float and double in every build.
// With FMA hardware the bits equal those of the wide builds. The baseline build has none; it multiplies and
// then adds.
#pragma once
#include <cstdint>

#include "simd/isa.h"

#if defined(__SSE2__) && !defined(DS_ISA_CUDA)
#include <immintrin.h>
#endif

DS_ISA_BEGIN

template <class T>
struct IntOfSize;
template <>
struct IntOfSize<float> {
    using Signed = std::int32_t;
    using Unsigned = std::uint32_t;
};
template <>
struct IntOfSize<double> {
    using Signed = std::int64_t;
    using Unsigned = std::uint64_t;
};

// 1.5 * 2^(mantissa bits). After adding it, the low bits hold the rounded integer.
template <class T>
inline constexpr T kRoundMagic = sizeof(T) == 4 ? T(12582912.0) : T(6755399441055744.0);
// Every number of at least this magnitude is an integer.
template <class T>
inline constexpr T kIntegerThreshold = sizeof(T) == 4 ? T(8388608.0) : T(4503599627370496.0);

template <class T>
struct ScalarNative {
    static constexpr int kLanes = 1;
    using Reg = T;
    using Int = typename IntOfSize<T>::Signed;
    using Uint = typename IntOfSize<T>::Unsigned;
    using IntReg = Int;
    using Bits = bool;

    static DS_INLINE Reg splat(T x) { return x; }
    static DS_INLINE IntReg splat_int(Int x) { return x; }
    static DS_INLINE Reg iota() { return T(0); }
    static DS_INLINE Reg load(const T* p) { return *p; }
    static DS_INLINE Reg loadn(const T* p, std::int64_t n) { return n > 0 ? *p : T(0); }
    static DS_INLINE void store(T* p, Reg v) { *p = v; }
    static DS_INLINE void storen(T* p, Reg v, std::int64_t n) {
        if (n > 0) *p = v;
    }
    static DS_INLINE Reg fma(Reg a, Reg b, Reg c) {
#if defined(DS_ISA_BASELINE)
        return a * b + c;
#elif defined(__CUDA_ARCH__)
        if constexpr (sizeof(T) == 4)
            return __fmaf_rn(a, b, c);
        else
            return __fma_rn(a, b, c);
#else
        if constexpr (sizeof(T) == 4)
            return __builtin_fmaf(a, b, c);
        else
            return __builtin_fma(a, b, c);
#endif
    }
    static DS_INLINE Reg fnma(Reg a, Reg b, Reg c) { return fma(-a, b, c); }
    static DS_INLINE Reg min(Reg a, Reg b) { return a < b ? a : b; }
    static DS_INLINE Reg max(Reg a, Reg b) { return a > b ? a : b; }
    static DS_INLINE Reg sqrt(Reg a) {
#if defined(__CUDA_ARCH__)
        if constexpr (sizeof(T) == 4)
            return __fsqrt_rn(a);
        else
            return __dsqrt_rn(a);
#else
        if constexpr (sizeof(T) == 4)
            return __builtin_sqrtf(a);
        else
            return __builtin_sqrt(a);
#endif
    }
    static DS_INLINE Reg round(Reg a) {
        const T mag = a < T(0) ? -a : a;
        const T r = (mag + kIntegerThreshold<T>)-kIntegerThreshold<T>;
        const T s = from_bits(bits(r) | (bits(a) & Int(Uint(1) << (8 * sizeof(T) - 1))));
        return mag < kIntegerThreshold<T> ? s : a;
    }
    static DS_INLINE Bits eq(Reg a, Reg b) { return a == b; }
    static DS_INLINE Bits lt(Reg a, Reg b) { return a < b; }
    static DS_INLINE Bits le(Reg a, Reg b) { return a <= b; }
    static DS_INLINE Bits mask_and(Bits a, Bits b) { return a && b; }
    static DS_INLINE Bits mask_or(Bits a, Bits b) { return a || b; }
    static DS_INLINE Bits mask_not(Bits a) { return !a; }
    static DS_INLINE Reg select(Bits m, Reg a, Reg b) { return m ? a : b; }
    static DS_INLINE bool any(Bits m) { return m; }
    static DS_INLINE bool all(Bits m) { return m; }
    static DS_INLINE IntReg bits(Reg a) { return __builtin_bit_cast(Int, a); }
    static DS_INLINE Reg from_bits(IntReg a) { return __builtin_bit_cast(T, a); }
    static DS_INLINE IntReg shl(IntReg a, int n) { return Int(Uint(a) << n); }
    static DS_INLINE IntReg sar(IntReg a, int n) { return a >> n; }
    static DS_INLINE IntReg shr(IntReg a, int n) { return Int(Uint(a) >> n); }
    static DS_INLINE IntReg add(IntReg a, IntReg b) { return Int(Uint(a) + Uint(b)); }
    static DS_INLINE IntReg sub(IntReg a, IntReg b) { return Int(Uint(a) - Uint(b)); }
    static DS_INLINE IntReg to_int(Reg a) {
#if defined(__SSE2__) && !defined(DS_ISA_CUDA)
        if constexpr (sizeof(T) == 4) return _mm_cvtss_si32(_mm_set_ss(a));
#else
        if constexpr (sizeof(T) == 4) return Int(round(a));
#endif
        return sub(bits(a + kRoundMagic<T>), bits(kRoundMagic<T>));
    }
    static DS_INLINE Reg widen(const float* p) { return T(*p); }
    static DS_INLINE Reg to_float(IntReg a) { return T(a); }
};

DS_ISA_END
