// Products of a transposed A and an unpacked B, for example weight gradients XᵀdY over a batch. In a
// micropanel of A every value of k has a cache line of its own.
#pragma once
#include "kernels/gemm/gemm_micropanel.h"
#include "kernels/gemm/gemm_pack.h"

DS_ISA_BEGIN

// Packs the micropanels of one chunk of a transposed A, alternately into two buffers. While one micropanel
// multiplies, its tiles pack the next one. If A is large, they also prefetch the one after that.
template <class T>
class PackedMicropanels {
public:
    static constexpr Index kSize = kMR * kKC;  // elements of a micropanel

    // `tiles`: whole tiles of a micropanel of the product, at least.
    DS_INLINE PackedMicropanels(const T* a, Index lda, Index k, Index m, Index tiles, bool a_is_large,
                                T* buffers)
        : a_(a),
          lda_(lda),
          k_(k),
          tiles_(tiles),
          a_is_large_(a_is_large),
          buffers_(buffers),
          current_(buffers) {
        if (m > 0) pack_a<T, true, kMR>(current_, a_, lda_, MicropanelRows(m).take(), k_);
    }

    // Returns the packed current micropanel, and sets in `s` the side work of its tiles. `rest`: the rows
    // after it.
    DS_INLINE const T* take(MicropanelArgs<T>& s, MicropanelRows rest) {
        const T* const packed = current_;
        s.next_micropanel = {}, s.prefetch_a = {};
        if (rest.count == 0) return packed;
        current_ = packed == buffers_ ? buffers_ + kSize : buffers_;
        const Index row = rest.next, share = tiles_ > 0 ? (k_ + tiles_ - 1) / tiles_ : k_;
        s.next_micropanel = {a_ + row, lda_, rest.take(), k_, current_, share};
        if (!a_is_large_ || rest.count == 0) return packed;
        const Index row_after = rest.next;
        s.prefetch_a = prefetch_rows_of_a<true>(a_ + row_after, lda_, rest.take(), k_, tiles_);
        return packed;
    }

private:
    const T* a_;
    Index lda_, k_, tiles_;
    bool a_is_large_;
    T *buffers_, *current_;
};

// A larger transposed A is not in the L2 cache, which holds the other operands too.
inline constexpr Index kTransposedAL2Bytes = Index(1) << 20;
// Packing A pays from this many tiles per micropanel on; if A exceeds the L2 cache, from a third of them.
inline constexpr Index kPackAMinTiles = 12;

template <class T>
DS_INLINE bool a_exceeds_l2(const GemmArgs<T>& g) {
    return g.k * g.lda * Index(sizeof(T)) > kTransposedAL2Bytes;
}

// C = AᵀB with B in place; kPacked: A is packed.
template <class T, bool kPacked>
[[gnu::noinline]] void unpacked_transposed_a(const GemmArgs<T>& g) {
    alignas(64) T buffers[kPacked ? 2 * PackedMicropanels<T>::kSize : 1];
    const bool has_epilogue = g.forward != nullptr || g.backward != nullptr;
    const bool b_exceeds_l2 = g.m > 1 && g.k * g.ldb * Index(sizeof(T)) > kL2Bytes;
    const Index tiles = g.n / (tile_vectors(int(MicropanelRows(g.m).take())) * Vec<T>::W);
    MicropanelArgs<T> s{kPacked ? kMR : g.lda, g.ldb, g.ldc, g.b, 0, 0, g.n, {nullptr, !g.accumulate}};
    const T* a = g.a;
    Index left = g.k;
    do {
        s.k = left < kKC ? left : kKC;
        left -= s.k;
        if (left == 0) s.options.bias = g.bias;
        if (g.prefetch_hint != nullptr) s.hint = {*g.prefetch_hint, g.k, MicropanelRows(g.m).count * tiles};
        MicropanelRows ir(g.m);
        PackedMicropanels<T> micropanels(a, g.lda, s.k, kPacked ? g.m : 0, tiles, a_exceeds_l2(g), buffers);
        while (ir.count > 0) {
            const Index i = ir.next, rows = ir.take();
            s.options.prefetch_own_b = b_exceeds_l2 && i == 0;
            const T* packed_a = kPacked ? micropanels.take(s, ir) : a + i;
            MicropanelKernels<T, true, false>::kTable[rows - 1](s, packed_a, g.c + i * g.ldc);
            if (has_epilogue && left == 0) epilogue(g, i, rows);
        }
        s.options.overwrite = false;
        s.b += s.k * s.ldb;
        a += s.k * g.lda;
    } while (left > 0);
}

DS_ISA_END
