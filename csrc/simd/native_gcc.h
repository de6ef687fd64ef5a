// Native operations in GCC's vector extensions, for any width in bytes. AVX2, SSE2 and NEON derive from this
// class and replace the operations for which they have better instructions. A lane of a mask is all ones or
// all zeros.
#pragma once
#include "simd/native_scalar.h"

DS_ISA_BEGIN

template <class T, int kBytes>
struct GccNative {
    static constexpr int kLanes = kBytes / int(sizeof(T));
    using Int = typename IntOfSize<T>::Signed;
    using Uint = typename IntOfSize<T>::Unsigned;
    typedef T Reg __attribute__((vector_size(kBytes)));
    typedef Int IntReg __attribute__((vector_size(kBytes)));
    typedef Uint UintReg __attribute__((vector_size(kBytes)));
    using Bits = IntReg;

    static DS_INLINE Reg splat(T x) { return x - Reg{}; }
    static DS_INLINE IntReg splat_int(Int x) { return x - IntReg{}; }
    static DS_INLINE Reg iota() {
        Reg v{};
        for (int i = 0; i < kLanes; ++i) v[i] = T(i);
        return v;
    }
    static DS_INLINE Reg load(const T* p) {
        Reg v;
        __builtin_memcpy(&v, p, kBytes);
        return v;
    }
    static DS_INLINE void store(T* p, Reg v) { __builtin_memcpy(p, &v, kBytes); }
    static DS_INLINE Reg loadn(const T* p, std::int64_t n) {
        Reg v{};
        for (int i = 0; i < kLanes; ++i)
            if (i < n) v[i] = p[i];
        return v;
    }
    static DS_INLINE void storen(T* p, Reg v, std::int64_t n) {
        for (int i = 0; i < kLanes; ++i)
            if (i < n) p[i] = v[i];
    }
    static DS_INLINE Reg min(Reg a, Reg b) { return a < b ? a : b; }
    static DS_INLINE Reg max(Reg a, Reg b) { return a > b ? a : b; }
    static DS_INLINE Bits eq(Reg a, Reg b) { return a == b; }
    static DS_INLINE Bits lt(Reg a, Reg b) { return a < b; }
    static DS_INLINE Bits le(Reg a, Reg b) { return a <= b; }
    static DS_INLINE Bits mask_and(Bits a, Bits b) { return a & b; }
    static DS_INLINE Bits mask_or(Bits a, Bits b) { return a | b; }
    static DS_INLINE Bits mask_not(Bits a) { return ~a; }
    static DS_INLINE Reg select(Bits m, Reg a, Reg b) { return m ? a : b; }
    static DS_INLINE IntReg bits(Reg a) { return (IntReg)a; }
    static DS_INLINE Reg from_bits(IntReg a) { return (Reg)a; }
    static DS_INLINE IntReg shl(IntReg a, int n) { return (IntReg)((UintReg)a << n); }
    static DS_INLINE IntReg sar(IntReg a, int n) { return a >> n; }
    static DS_INLINE IntReg shr(IntReg a, int n) { return (IntReg)((UintReg)a >> n); }
    static DS_INLINE IntReg add(IntReg a, IntReg b) { return (IntReg)((UintReg)a + (UintReg)b); }
    static DS_INLINE IntReg sub(IntReg a, IntReg b) { return (IntReg)((UintReg)a - (UintReg)b); }
    // Doubles only: converts as many floats.
    static DS_INLINE Reg widen(const float* p) {
        typedef float HalfReg __attribute__((vector_size(kLanes * sizeof(float))));
        HalfReg v;
        __builtin_memcpy(&v, p, sizeof v);
        return __builtin_convertvector(v, Reg);
    }
    // Doubles only: for 32-bit lanes every instruction set has an instruction.
    static DS_INLINE IntReg to_int(Reg a) {
        return sub(bits(a + splat(kRoundMagic<T>)), bits(splat(kRoundMagic<T>)));
    }
    static DS_INLINE Reg to_float(IntReg a) {
        return from_bits(add(a, bits(splat(kRoundMagic<T>)))) - splat(kRoundMagic<T>);
    }
};

DS_ISA_END
