// SquareTranspose: N x N elements transposed in registers of at most 256 bits, for packing and matrix-vector
// products. Half of the elements move while they are loaded, because a 128-bit load into the upper half of a
// register needs no shuffle. Two rounds of in-lane shuffles move the rest. 512-bit registers would not be
// faster: their shuffles use one port.
#pragma once
#include "simd/vec.h"

DS_ISA_BEGIN

template <class T>
inline constexpr int kSquareBytes = Vec<T>::W * int(sizeof(T)) > 32 ? 32 : Vec<T>::W * int(sizeof(T));
// Rows and columns of a square, and the register that holds one of its columns.
template <class T>
inline constexpr int kSquareDim = kSquareBytes<T> / int(sizeof(T));
template <class T>
struct SquareReg {
    typedef T Type __attribute__((vector_size(kSquareBytes<T>)));
};

#if defined(DS_ISA_SCALAR)

template <class T>
struct SquareTranspose {
    using Reg = T;
    Reg col[1];
    DS_INLINE void load(const T* p, std::int64_t) { col[0] = *p; }
    static DS_INLINE Reg zero() { return T(0); }
    static DS_INLINE Reg broadcast(T x) { return x; }
    static DS_INLINE void accumulate(Reg& c, Reg a, Reg b) { c = ScalarNative<T>::fma(a, b, c); }
    static DS_INLINE void store(T* p, Reg v) { *p = v; }
};

#else

// Column j of N x N elements in col[j].
template <class T>
struct SquareTranspose {
    static constexpr int N = kSquareDim<T>;
    using Reg = typename SquareReg<T>::Type;
    typedef T Lane __attribute__((vector_size(16)));
    Reg col[N];

    // Loads N x N elements from p; rows are ld apart.
    DS_INLINE void load(const T* p, std::int64_t ld) {
        constexpr int L = 16 / int(sizeof(T));  // elements of a 128-bit lane; N is L or 2·L
        Reg r[N];
        const std::int64_t row_bytes = ld * std::int64_t(sizeof(T)), three_rows = 3 * row_bytes;
        const char* upper = (const char*)p;
        const char* lower = upper + L * row_bytes;
        asm("" : "+r"(lower));  // otherwise the compiler keeps an offset for each row, and spills
        for (int h = 0; h < N / L; ++h)
            for (int i = 0; i < L; ++i) {
                const std::int64_t at = h * 16 + (i == 3 ? three_rows : i * row_bytes);
                r[h * L + i] = load_two_rows((const T*)(upper + at), (const T*)(lower + at));
            }
        for (int h = 0; h < N / L; ++h) {
            if constexpr (L == 4) {
                const Reg a = low2(r[h * 4], r[h * 4 + 1]), b = high2(r[h * 4], r[h * 4 + 1]);
                const Reg c = low2(r[h * 4 + 2], r[h * 4 + 3]), d = high2(r[h * 4 + 2], r[h * 4 + 3]);
                col[h * 4] = even(a, c);
                col[h * 4 + 1] = odd(a, c);
                col[h * 4 + 2] = even(b, d);
                col[h * 4 + 3] = odd(b, d);
            } else {
                col[h * 2] = low(r[h * 2], r[h * 2 + 1]);
                col[h * 2 + 1] = high(r[h * 2], r[h * 2 + 1]);
            }
        }
    }
    static DS_INLINE Reg zero() { return Reg{}; }
    static DS_INLINE Reg broadcast(T x) {
#if defined(DS_ISA_AVX512) || defined(DS_ISA_AVX2)
        if constexpr (sizeof(T) == 4)
            return (Reg)_mm256_set1_ps(x);
        else
            return (Reg)_mm256_set1_pd(x);
#else
        return Native<T>::splat(x);
#endif
    }
    // c += a·b, rounded once; the sum stays in its register.
    static DS_INLINE void accumulate(Reg& c, Reg a, Reg b) {
#if defined(DS_ISA_AVX512) || defined(DS_ISA_AVX2)
        if constexpr (sizeof(T) == 4)
            asm("vfmadd231ps %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));
        else
            asm("vfmadd231pd %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));
#else
        c = Native<T>::fma(a, b, c);
#endif
    }
    static DS_INLINE void store(T* p, Reg v) { __builtin_memcpy(p, &v, sizeof v); }

private:
    // A 128-bit lane of a row; in 256-bit registers the upper half is a lane of a second row.
    static DS_INLINE Reg load_two_rows(const T* p, [[maybe_unused]] const T* second) {
#if defined(DS_ISA_AVX512) || defined(DS_ISA_AVX2)
        if constexpr (sizeof(T) == 4)
            return (Reg)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(second),
                                             1);
        else
            return (Reg)_mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p)), _mm_loadu_pd(second),
                                             1);
#else
        Reg v;
        __builtin_memcpy(&v, p, 16);
        return v;
#endif
    }
    // From each 128-bit lane of a, then of b: the lower or upper pair, the even or odd elements. All four are
    // shufps, which has two ports on Intel's cores; unpck has one.
    static DS_INLINE Reg low2(Reg a, Reg b) {
        if constexpr (N == 8)
            return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
        else
            return __builtin_shufflevector(a, b, 0, 1, 4, 5);
    }
    static DS_INLINE Reg high2(Reg a, Reg b) {
        if constexpr (N == 8)
            return __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
        else
            return __builtin_shufflevector(a, b, 2, 3, 6, 7);
    }
    static DS_INLINE Reg even(Reg a, Reg b) {
        if constexpr (N == 8)
            return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14);
        else
            return __builtin_shufflevector(a, b, 0, 2, 4, 6);
    }
    static DS_INLINE Reg odd(Reg a, Reg b) {
        if constexpr (N == 8)
            return __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
        else
            return __builtin_shufflevector(a, b, 1, 3, 5, 7);
    }
    // From each 128-bit lane of two 64-bit elements, of a, then of b: the lower or upper element.
    static DS_INLINE Reg low(Reg a, Reg b) {
        if constexpr (N == 4)
            return __builtin_shufflevector(a, b, 0, 4, 2, 6);
        else
            return __builtin_shufflevector(a, b, 0, 2);
    }
    static DS_INLINE Reg high(Reg a, Reg b) {
        if constexpr (N == 4)
            return __builtin_shufflevector(a, b, 1, 5, 3, 7);
        else
            return __builtin_shufflevector(a, b, 1, 3);
    }
};

#endif

DS_ISA_END
