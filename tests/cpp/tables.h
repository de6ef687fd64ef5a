// Every kernel table that this machine can run, and arrays with guard elements.
#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include "backend/cpu/registry.h"
#include "check.h"
#include "core/random/init.h"

namespace ds {

inline constexpr double kCanary = -12345.0;

// Best first.
inline const std::vector<const KernelTable*>& tables() { return usable_kernels(); }

// Tables with fused multiply-add give equal bits.
inline bool fused(const KernelTable* table) { return std::strcmp(table->name, "baseline") != 0; }

// n elements between 16 guard elements on either side.
template <class T>
struct Array {
    std::vector<T> all;
    explicit Array(Index n, T value = T(0)) : all(static_cast<std::size_t>(n) + 32, value) { guard(); }
    Array(Index n, std::uint32_t key, double scale) : Array(n) {
        RandomWords words(key, RngPurpose::kInit, 0, 0);
        for (Index i = 0; i < n; ++i) data()[i] = static_cast<T>(scale * (words.next() * 0x1p-31 - 1.0));
    }
    void guard() {
        for (std::size_t i = 0; i < 16; ++i) all[i] = all[all.size() - 1 - i] = T(kCanary);
    }
    T* data() { return all.data() + 16; }
    Index size() const { return static_cast<Index>(all.size()) - 32; }
    bool guarded() const {
        for (std::size_t i = 0; i < 16; ++i)
            if (all[i] != T(kCanary) || all[all.size() - 1 - i] != T(kCanary)) return false;
        return true;
    }
    bool operator==(const Array& other) const {
        return all.size() == other.all.size() &&
               same_bytes(all.data(), other.all.data(), all.size() * sizeof(T));
    }
};

}  // namespace ds
