// Vec<T>, IVec<T>, Mask<T>: one register of the instruction set. The operations have the same names at every
// width and for plain float and double. So a formula on a value type V compiles for all of them.
//
// Every operation is IEEE, element by element, and rounds once: equal inputs give equal bits at any width.
// The only exception is the baseline build, which has no fused multiply-add. Division and square root are
// exact; there are no estimates. min(a, b) is a < b ? a : b, so it returns b if either is NaN, as on x86.
#pragma once
#include <cstdint>
#include <type_traits>

#include "simd/isa.h"

#if defined(DS_ISA_AVX512)
#include "simd/native_avx512.h"
#elif defined(DS_ISA_AVX2)
#include "simd/native_avx2.h"
#elif defined(DS_ISA_BASELINE) || defined(DS_ISA_NEON)
#include "simd/native_128.h"
#elif defined(DS_ISA_CUDA)
#include "simd/native_cuda.h"
#else
#include "simd/native_scalar.h"
#endif

DS_ISA_BEGIN

#if defined(DS_ISA_SCALAR)
template <class T>
struct Native : ScalarNative<T> {};
#endif

template <class T>
struct Mask {
    using N = Native<T>;
    typename N::Bits b;
    friend DS_INLINE Mask operator&(Mask a, Mask c) { return {N::mask_and(a.b, c.b)}; }
    friend DS_INLINE Mask operator|(Mask a, Mask c) { return {N::mask_or(a.b, c.b)}; }
    friend DS_INLINE Mask operator~(Mask a) { return {N::mask_not(a.b)}; }
    friend DS_INLINE Mask operator!(Mask a) { return {N::mask_not(a.b)}; }  // as for bool
    friend DS_INLINE bool any(Mask a) { return N::any(a.b); }
    friend DS_INLINE bool all(Mask a) { return N::all(a.b); }
};

// Integers of the width of T in the lanes of T. Addition and subtraction wrap.
template <class T>
struct IVec {
    using N = Native<T>;
    using Int = typename N::Int;
    typename N::IntReg r;
    IVec() = default;
    DS_INLINE IVec(Int x) : r(N::splat_int(x)) {}  // NOLINT: formulas write plain numbers
    static DS_INLINE IVec of(typename N::IntReg r) {
        IVec v;
        v.r = r;
        return v;
    }
    friend DS_INLINE IVec operator+(IVec a, IVec b) { return of(N::add(a.r, b.r)); }
    friend DS_INLINE IVec operator-(IVec a, IVec b) { return of(N::sub(a.r, b.r)); }
    friend DS_INLINE IVec operator&(IVec a, IVec b) { return of(a.r & b.r); }
    friend DS_INLINE IVec operator|(IVec a, IVec b) { return of(a.r | b.r); }
    friend DS_INLINE IVec operator^(IVec a, IVec b) { return of(a.r ^ b.r); }
    friend DS_INLINE IVec operator<<(IVec a, int n) { return of(N::shl(a.r, n)); }
    friend DS_INLINE IVec operator>>(IVec a, int n) { return of(N::sar(a.r, n)); }  // keeps the sign
    friend DS_INLINE IVec shift_right_logical(IVec a, int n) { return of(N::shr(a.r, n)); }
};

template <class T>
struct Vec {
    using N = Native<T>;
    using Scalar = T;
    using Int = IVec<T>;
    static constexpr int W = N::kLanes;
    typename N::Reg r;
    Vec() = default;
    DS_INLINE Vec(T x) : r(N::splat(x)) {}  // NOLINT: formulas write plain numbers
    static DS_INLINE Vec of(typename N::Reg r) {
        Vec v;
        v.r = r;
        return v;
    }
    friend DS_INLINE Vec operator+(Vec a, Vec b) { return of(a.r + b.r); }
    friend DS_INLINE Vec operator-(Vec a, Vec b) { return of(a.r - b.r); }
    friend DS_INLINE Vec operator*(Vec a, Vec b) { return of(a.r * b.r); }
    friend DS_INLINE Vec operator/(Vec a, Vec b) { return of(a.r / b.r); }
    friend DS_INLINE Vec operator-(Vec a) { return of(-a.r); }
    DS_INLINE Vec& operator+=(Vec b) { return *this = *this + b; }
    DS_INLINE Vec& operator-=(Vec b) { return *this = *this - b; }
    DS_INLINE Vec& operator*=(Vec b) { return *this = *this * b; }
    friend DS_INLINE Vec fma(Vec a, Vec b, Vec c) { return of(N::fma(a.r, b.r, c.r)); }    // a*b + c
    friend DS_INLINE Vec fnma(Vec a, Vec b, Vec c) { return of(N::fnma(a.r, b.r, c.r)); }  // c - a*b
    friend DS_INLINE Vec min(Vec a, Vec b) { return of(N::min(a.r, b.r)); }
    friend DS_INLINE Vec max(Vec a, Vec b) { return of(N::max(a.r, b.r)); }
    friend DS_INLINE Vec sqrt(Vec a) { return of(N::sqrt(a.r)); }
    friend DS_INLINE Vec round(Vec a) { return of(N::round(a.r)); }  // to nearest, ties to even
    friend DS_INLINE Mask<T> operator==(Vec a, Vec b) { return {N::eq(a.r, b.r)}; }
    friend DS_INLINE Mask<T> operator<(Vec a, Vec b) { return {N::lt(a.r, b.r)}; }
    friend DS_INLINE Mask<T> operator<=(Vec a, Vec b) { return {N::le(a.r, b.r)}; }
    friend DS_INLINE Mask<T> operator>(Vec a, Vec b) { return {N::lt(b.r, a.r)}; }
    friend DS_INLINE Mask<T> operator>=(Vec a, Vec b) { return {N::le(b.r, a.r)}; }
    friend DS_INLINE Vec select(Mask<T> m, Vec a, Vec b) { return of(N::select(m.b, a.r, b.r)); }
    friend DS_INLINE IVec<T> bits(Vec a) { return IVec<T>::of(N::bits(a.r)); }
    friend DS_INLINE IVec<T> to_int(Vec a) {
        return IVec<T>::of(N::to_int(a.r));
    }  // |a| < 2^31, 2^51; ties to even
};

// Sums and differences that wrap. Those of IVec always do; plain signed integers would overflow.
template <class T>
DS_INLINE IVec<T> wrapping_add(IVec<T> a, IVec<T> b) {
    return a + b;
}
template <class T>
DS_INLINE IVec<T> wrapping_sub(IVec<T> a, IVec<T> b) {
    return a - b;
}
template <class T>
DS_INLINE Vec<T> from_bits(IVec<T> a) {
    return Vec<T>::of(Native<T>::from_bits(a.r));
}
template <class T>
DS_INLINE Vec<T> to_float(IVec<T> a) {  // exact for |a| <= 2^24, 2^51
    return Vec<T>::of(Native<T>::to_float(a.r));
}

// Memory. Addresses need no alignment. loadn and storen access only the first n lanes, 0 <= n <= W.
template <class T>
DS_INLINE Vec<T> load(const T* p) {
    return Vec<T>::of(Native<T>::load(p));
}
template <class T>
DS_INLINE Vec<T> loadn(const T* p, std::int64_t n) {
    return Vec<T>::of(Native<T>::loadn(p, n));
}
template <class T>
DS_INLINE void store(T* p, Vec<T> v) {
    Native<T>::store(p, v.r);
}
template <class T>
DS_INLINE void storen(T* p, Vec<T> v, std::int64_t n) {
    Native<T>::storen(p, v.r, n);
}
// load_rows reads the first n <= W / 4 elements of four rows, ld apart, into the quarters of one register;
// store_rows writes them. kQuarters: the instruction set has both.
#if defined(DS_ISA_AVX512)
inline constexpr bool kQuarters = true;
#else
inline constexpr bool kQuarters = false;
#endif
template <class T>
DS_INLINE Vec<T> load_rows(const T* p, std::int64_t ld, std::int64_t n) {
    return Vec<T>::of(Native<T>::load_rows(p, ld, n));
}
template <class T>
DS_INLINE void store_rows(T* p, std::int64_t ld, Vec<T> v, std::int64_t n) {
    Native<T>::store_rows(p, ld, v.r, n);
}
DS_INLINE void prefetch_for_store([[maybe_unused]] const void* p) {
#if !defined(DS_ISA_CUDA)
    __builtin_prefetch(p, 1);
#endif
}
template <class T>
DS_INLINE Vec<T> set1(T x) {
    return Vec<T>(x);
}
template <class T>
DS_INLINE IVec<T> set1i(typename Native<T>::Int x) {
    return IVec<T>(x);
}
template <class T>
DS_INLINE Vec<T> zero() {
    return Vec<T>(T(0));
}
template <class T>
DS_INLINE Vec<T> iota() {
    return Vec<T>::of(Native<T>::iota());
}

// The same operations on plain numbers.
template <class T>
using IfFloat = std::enable_if_t<std::is_floating_point_v<T>, T>;

template <class T>
DS_INLINE IfFloat<T> fma(T a, T b, T c) {
    return ScalarNative<T>::fma(a, b, c);
}
template <class T>
DS_INLINE IfFloat<T> fnma(T a, T b, T c) {
    return ScalarNative<T>::fnma(a, b, c);
}
template <class T>
DS_INLINE IfFloat<T> min(T a, T b) {
    return a < b ? a : b;
}
template <class T>
DS_INLINE IfFloat<T> max(T a, T b) {
    return a > b ? a : b;
}
template <class T>
DS_INLINE IfFloat<T> sqrt(T a) {
    return ScalarNative<T>::sqrt(a);
}
template <class T>
DS_INLINE IfFloat<T> round(T a) {
    return ScalarNative<T>::round(a);
}
template <class T>
DS_INLINE IfFloat<T> select(bool m, T a, T b) {
    return m ? a : b;
}
DS_INLINE bool any(bool m) { return m; }
DS_INLINE bool all(bool m) { return m; }
DS_INLINE std::int32_t bits(float a) { return ScalarNative<float>::bits(a); }
DS_INLINE std::int64_t bits(double a) { return ScalarNative<double>::bits(a); }
DS_INLINE float from_bits(std::int32_t a) { return ScalarNative<float>::from_bits(a); }
DS_INLINE double from_bits(std::int64_t a) { return ScalarNative<double>::from_bits(a); }
DS_INLINE std::int32_t to_int(float a) { return ScalarNative<float>::to_int(a); }
DS_INLINE std::int64_t to_int(double a) { return ScalarNative<double>::to_int(a); }
DS_INLINE float to_float(std::int32_t a) { return float(a); }
DS_INLINE double to_float(std::int64_t a) { return double(a); }
DS_INLINE std::int32_t wrapping_add(std::int32_t a, std::int32_t b) { return ScalarNative<float>::add(a, b); }
DS_INLINE std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return ScalarNative<double>::add(a, b);
}
DS_INLINE std::int32_t wrapping_sub(std::int32_t a, std::int32_t b) { return ScalarNative<float>::sub(a, b); }
DS_INLINE std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
    return ScalarNative<double>::sub(a, b);
}
DS_INLINE std::int32_t shift_right_logical(std::int32_t a, int n) { return ScalarNative<float>::shr(a, n); }
DS_INLINE std::int64_t shift_right_logical(std::int64_t a, int n) { return ScalarNative<double>::shr(a, n); }

// The types that belong to a value type V of a formula.
template <class V>
struct VecTraits {
    using Scalar = typename V::Scalar;
    using Int = typename V::Int;
};
template <>
struct VecTraits<float> {
    using Scalar = float;
    using Int = std::int32_t;
};
template <>
struct VecTraits<double> {
    using Scalar = double;
    using Int = std::int64_t;
};
template <class V>
using ScalarOf = typename VecTraits<V>::Scalar;
template <class V>
using IntOf = typename VecTraits<V>::Int;

template <class T>
inline constexpr int kMantissaBits = sizeof(T) == 4 ? 23 : 52;
template <class T>
inline constexpr int kExponentBias = sizeof(T) == 4 ? 127 : 1023;

// Functions of the operations above, for every V.
template <class V>
DS_INLINE auto isnan(V a) {
    return !(a == a);
}
template <class V>
DS_INLINE V abs(V a) {
    using T = ScalarOf<V>;
    return from_bits(bits(a) & IntOf<V>(~bits(T(-0.0))));
}
template <class V>
DS_INLINE V minus_abs(V a) {
    using T = ScalarOf<V>;
    return from_bits(bits(a) | IntOf<V>(bits(T(-0.0))));
}
template <class V>
DS_INLINE IntOf<V> sign_bit(V a) {
    using T = ScalarOf<V>;
    return bits(a) & IntOf<V>(bits(T(-0.0)));
}
// a with its sign flipped where s (from sign_bit) has it set.
template <class V>
DS_INLINE V flip_sign(V a, IntOf<V> s) {
    return from_bits(bits(a) ^ s);
}
// `positive`, whose sign bit is clear, with the sign of `sign`.
template <class V>
DS_INLINE V with_sign_of(V sign, V positive) {
    return from_bits(bits(positive) | sign_bit(sign));
}
template <class V>
DS_INLINE V copysign(V magnitude, V sign) {
    return with_sign_of(sign, abs(magnitude));
}
// 2^n as a number, for n in the normal range.
template <class V>
DS_INLINE V exp2_of(IntOf<V> n) {
    using T = ScalarOf<V>;
    return from_bits((n + IntOf<V>(kExponentBias<T>)) << kMantissaBits<T>);
}

// a * 2^n with one rounding, also if the result is subnormal, zero or infinite. 1/4 <= |a| <= 4, and n is
// within twice the exponent range (|n| <= 250, 2000). NaN in a stays NaN.
template <class V>
DS_INLINE V ldexp(V a, IntOf<V> n) {
    const IntOf<V> half = to_int(V(to_float(n)) * ScalarOf<V>(0.5));
    return (a * exp2_of<V>(half)) * exp2_of<V>(n - half);
}

DS_ISA_END
