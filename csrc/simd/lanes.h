// Lanes16: sixteen partial sums, for any width of a register. Element i of a row is added to lane i mod 16;
// at the end the lanes are folded in halves of 8, 4, 2 and 1. So a sum has the same value on every
// instruction set, and its longest chain of roundings is 16 times shorter.
#pragma once
#include <utility>

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
    // The first n of 16 elements; the other lanes are zero.
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
    // Lane j becomes op(lane j, lane j + 8), then op with lane j + 4, j + 2 and j + 1.
    template <class Op>
    DS_INLINE T fold(Op op) const {
        Lanes16 v = *this;
        for (int half = kRegs / 2; half > 0; half /= 2)
            for (int i = 0; i < half; ++i) v.r[i] = op(v.r[i], v.r[i + half]);
        return fold_register<W / 2>(v.r[0], op);
    }
    DS_INLINE T sum() const {
        return fold([](Vec<T> a, Vec<T> b) DS_LAMBDA { return a + b; });
    }
    DS_INLINE T reduce_max() const {
        return fold([](Vec<T> a, Vec<T> b) DS_LAMBDA { return max(a, b); });
    }

private:
    template <int kHalf, class Op>
    static DS_INLINE T fold_register(Vec<T> v, Op op) {
#if defined(DS_ISA_CUDA)
        if constexpr (kHalf == 0)
            return Native<T>::first(v.r);
        else
            return fold_register<kHalf / 2>(op(v, Vec<T>::of(Native<T>::exchange(v.r, kHalf))), op);
#else
        if constexpr (W == 1) {
            return v.r;
        } else if constexpr (kHalf == 0) {
            return v.r[0];
        } else {
            return fold_register<kHalf / 2>(op(v, rotate<kHalf>(v, std::make_integer_sequence<int, W>())),
                                            op);
        }
#endif
    }
#if !defined(DS_ISA_CUDA)
    template <int kBy, int... kLane>
    static DS_INLINE Vec<T> rotate(Vec<T> v, std::integer_sequence<int, kLane...>) {
        return Vec<T>::of(__builtin_shufflevector(v.r, v.r, ((kLane + kBy) % W)...));
    }
#endif
};

// A mask of the first n lanes, n <= W.
template <class T>
DS_INLINE Mask<T> first_lanes(std::int64_t n) {
    return iota<T>() < Vec<T>(T(n));
}

// W doubles, converted from W elements of either type.
DS_INLINE Vec<double> load_double(const double* p) { return load(p); }
DS_INLINE Vec<double> load_double(const float* p) { return Vec<double>::of(Native<double>::widen(p)); }

DS_ISA_END
