// Lanes16: sixteen partial sums, whatever the width of a register. Element i of a row goes to lane i mod 16;
// at the end lanes are folded 8, 4, 2, 1. So a sum has one value on every instruction set, and rounds 16
// times less often.
#pragma once
#include "simd/vec.h"

DS_ISA_BEGIN

inline constexpr int kLanes = 16;

template <class T>
struct Lanes16 {
    static constexpr int W = Vec<T>::W;
    static constexpr int kRegs = kLanes / W;
    Vec<T> r[kRegs];

    explicit DS_INLINE Lanes16(T x = T(0)) {
        for (int i = 0; i < kRegs; ++i) r[i] = Vec<T>(x);
    }
    static DS_INLINE Lanes16 load(const T* p) {
        Lanes16 v;
        for (int i = 0; i < kRegs; ++i) v.r[i] = ds::DS_ISA::load(p + i * W);
        return v;
    }
    // The first n of 16 elements, zeros after them.
    static DS_INLINE Lanes16 loadn(const T* p, std::int64_t n) {
        Lanes16 v;
        for (int i = 0; i < kRegs; ++i) {
            const std::int64_t left = n - i * W;
            v.r[i] = left >= W  ? ds::DS_ISA::load(p + i * W)
                     : left > 0 ? ds::DS_ISA::loadn(p + i * W, left)
                                : Vec<T>(T(0));
        }
        return v;
    }
    DS_INLINE void store(T* p) const {
        for (int i = 0; i < kRegs; ++i) ds::DS_ISA::store(p + i * W, r[i]);
    }
    // Lane j takes what op makes of lanes j and j + 8, then of j and j + 4, j + 2, j + 1.
    template <class Op>
    DS_INLINE T fold(Op op) const {
        alignas(64) T a[kLanes];
        store(a);
        for (int half = kLanes / 2; half > 0; half /= 2)
            for (int j = 0; j < half; ++j) a[j] = op(a[j], a[j + half]);
        return a[0];
    }
    DS_INLINE T sum() const {
        return fold([](T a, T b) __attribute__((always_inline)) { return a + b; });
    }
};

DS_ISA_END
