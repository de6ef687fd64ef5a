// WideTranspose: columns of a register of matrix rows, one row per lane, by shuffling lanes. Sums over the
// elements of many rows at once read a matrix this way. 512-bit registers hold 16 rows (8 of doubles) by half
// as many columns, which needs fewer registers than a square.
#pragma once
#include "simd/transpose.h"

DS_ISA_BEGIN

#if defined(DS_ISA_AVX512)

template <class T>
struct WideTranspose {
    static constexpr int kRows = Vec<T>::W, kCols = kRows / 2;
    Vec<T> col[kCols];

    // Loads kRows x kCols elements from p; rows are ld apart. Every register first gets 256 bits of two rows.
    // Then 128-bit lanes are exchanged, then the elements within them.
    DS_INLINE void load(const T* p, std::int64_t ld) {
        const T* group[4];
        for (int q = 0; q < 4; ++q) {
            group[q] = p;
            asm("" : "+r"(p));  // otherwise the compiler keeps an offset for each row, and spills
            p += kLane * ld;
        }
        Reg low[kLane], high[kLane];
        for (int i = 0; i < kLane; ++i) {
            const Reg a = load_two_rows(group[0] + i * ld, group[1] + i * ld);
            const Reg b = load_two_rows(group[2] + i * ld, group[3] + i * ld);
            low[i] = (Reg)__builtin_shufflevector((Wide)a, (Wide)b, 0, 1, 4, 5, 8, 9, 12, 13);
            high[i] = (Reg)__builtin_shufflevector((Wide)a, (Wide)b, 2, 3, 6, 7, 10, 11, 14, 15);
        }
        transpose_lanes(col, low);
        transpose_lanes(col + kLane, high);
    }

private:
    static constexpr int kLane = 16 / int(sizeof(T));  // elements
    using Reg = typename Native<T>::Reg;
    typedef double Wide __attribute__((vector_size(64)));

    static DS_INLINE Reg load_two_rows(const T* p, const T* q) {
        const __m512d lower = _mm512_castpd256_pd512(_mm256_loadu_pd((const double*)p));
        return (Reg)_mm512_maskz_insertf64x4(0xff, lower, _mm256_loadu_pd((const double*)q), 1);
    }
    static DS_INLINE void transpose_lanes(Vec<T>* to, const Reg* r) {
        if constexpr (kLane == 4) {
            const Reg a = pairs<0>(r[0], r[1]), b = pairs<2>(r[0], r[1]);
            const Reg c = pairs<0>(r[2], r[3]), d = pairs<2>(r[2], r[3]);
            to[0].r = every_other<0>(a, c);
            to[1].r = every_other<1>(a, c);
            to[2].r = every_other<0>(b, d);
            to[3].r = every_other<1>(b, d);
        } else {
            to[0].r = __builtin_shufflevector(r[0], r[1], 0, 8, 2, 10, 4, 12, 6, 14);
            to[1].r = __builtin_shufflevector(r[0], r[1], 1, 9, 3, 11, 5, 13, 7, 15);
        }
    }
    // From each 128-bit lane of a, then of b: elements I and I + 1, or I and I + 2.
    template <int I>
    static DS_INLINE Reg pairs(Reg a, Reg b) {
        return __builtin_shufflevector(a, b, I, I + 1, I + 16, I + 17, I + 4, I + 5, I + 20, I + 21, I + 8,
                                       I + 9, I + 24, I + 25, I + 12, I + 13, I + 28, I + 29);
    }
    template <int I>
    static DS_INLINE Reg every_other(Reg a, Reg b) {
        return __builtin_shufflevector(a, b, I, I + 2, I + 16, I + 18, I + 4, I + 6, I + 20, I + 22, I + 8,
                                       I + 10, I + 24, I + 26, I + 12, I + 14, I + 28, I + 30);
    }
};

#else

template <class T>
struct WideTranspose {
    static constexpr int kRows = Vec<T>::W, kCols = kRows;
    Vec<T> col[kCols];

    DS_INLINE void load(const T* p, std::int64_t ld) {
        SquareTranspose<T> q;
        q.load(p, ld);
        for (int j = 0; j < kCols; ++j) col[j].r = q.col[j];
    }
};

#endif

DS_ISA_END
