// What kernels need where lanes are threads (DS_ISA_CUDA), for all that is not a register: plain numbers in
// memory, one number for each of sixteen rows, columns. On a CPU sync() and store_lane0() cost nothing.
#pragma once
#include <type_traits>

#include "simd/lanes.h"

DS_ISA_BEGIN

// Where lanes are threads, plain reads of memory that lanes have stored follow a sync(), and stores by other
// lanes follow another one. One thread stores a plain number, by store_lane0().
#if defined(DS_ISA_CUDA)
DS_INLINE void sync() { sync_half_warp(); }
template <class T>
DS_INLINE void store_lane0(T* p, T x) {
    if (lane_id() == 0) *p = x;
}
#else
DS_INLINE void sync() {}
template <class T>
DS_INLINE void store_lane0(T* p, T x) {
    *p = x;
}
#endif

// f(j) for each of n columns, where the columns do not depend on each other. Lane l takes columns l, l + 16, …,
// as it does of registers.
template <class F>
DS_INLINE void for_columns(std::int64_t n, F f) {
#if defined(DS_ISA_CUDA)
    for (std::int64_t j = lane_id(); j < n; j += kLanes) f(j);
#else
    for (std::int64_t j = 0; j < n; ++j) f(j);
#endif
}

// One number for each of sixteen rows. set() and get() access one of them, load() and store() a register.
template <class T>
struct Numbers16 {
#if defined(DS_ISA_CUDA)
    T own = T(0);
    DS_INLINE void set(std::int64_t i, T x) {
        if (lane_id() == i) own = x;
    }
    DS_INLINE T get(std::int64_t i) const { return Native<T>::broadcast(own, int(i)); }
    DS_INLINE Vec<T> load(std::int64_t) const { return Vec<T>::of(own); }
    DS_INLINE void store(std::int64_t, Vec<T> v) { own = v.r; }
#else
    alignas(64) T number[kLanes];
    DS_INLINE void set(std::int64_t i, T x) { number[i] = x; }
    DS_INLINE T get(std::int64_t i) const { return number[i]; }
    DS_INLINE Vec<T> load(std::int64_t i) const { return ds::DS_ISA::load(number + i); }
    DS_INLINE void store(std::int64_t i, Vec<T> v) { ds::DS_ISA::store(number + i, v); }
#endif
};

// A register from the first n elements of a column, converted, and back into one. The other lanes are zero.
template <class T, class From>
DS_INLINE Vec<T> load_column(const From* p, std::int64_t ld, std::int64_t n) {
#if defined(DS_ISA_CUDA)
    return Vec<T>::of(lane_id() < n ? T(p[lane_id() * ld]) : T(0));
#else
    if constexpr (std::is_same_v<T, From>)
        if (ld == 1) return loadn(p, n);
    alignas(64) T v[Vec<T>::W] = {};
    for (std::int64_t i = 0; i < n; ++i) v[i] = T(p[i * ld]);
    return load(v);
#endif
}
template <class T>
DS_INLINE void store_column(T* p, std::int64_t ld, Vec<T> v, std::int64_t n) {
#if defined(DS_ISA_CUDA)
    if (lane_id() < n) p[lane_id() * ld] = v.r;
#else
    if (ld == 1) return storen(p, v, n);
    alignas(64) T lanes[Vec<T>::W];
    store(lanes, v);
    for (std::int64_t i = 0; i < n; ++i) p[i * ld] = lanes[i];
#endif
}

DS_ISA_END
