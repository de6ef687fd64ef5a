// Products of a transposed A, as weight gradients are: XᵀdY over a batch. Each k of a strip's rows has a cache
// line of its own, far from the next.
#pragma once
#include "kernels/gemm_pack.h"
#include "kernels/gemm_strip.h"

DS_ISA_BEGIN

// The strips of a chunk of a transposed A, one after the other in two rooms: while one multiplies, its tiles pack the
// next one and, if A is far, ask for the one behind that.
template <class T>
class PackedStrips {
public:
    static constexpr Index kRoom = kTileRows * kSumChunk;  // of one strip

    // Strips of at least `tiles` whole tiles.
    DS_INLINE PackedStrips(const T* a, Index lda, Index k, Index m, Index tiles, bool far, T* rooms)
        : a_(a), lda_(lda), k_(k), tiles_(tiles), far_(far), rooms_(rooms), room_(rooms) {
        if (m > 0) pack_a<T, true, kTileRows>(room_, a_, lda_, StripRows(m).take(), k_);
    }

    // The strip at hand, and in `s` what its tiles do for the rest.
    DS_INLINE const T* take(StripArgs<T>& s, StripRows rest) {
        const T* const now = room_;
        s.next = {}, s.of_a = {};
        if (rest.count == 0) return now;
        room_ = now == rooms_ ? rooms_ + kRoom : rooms_;
        const Index row = rest.next, part = tiles_ > 0 ? (k_ + tiles_ - 1) / tiles_ : k_;
        s.next = {a_ + row, lda_, rest.take(), k_, room_, part};
        if (!far_ || rest.count == 0) return now;
        const Index behind = rest.next;
        s.of_a = ask_for_rows<true>(a_ + behind, lda_, rest.take(), k_, tiles_);
        return now;
    }

private:
    const T* a_;
    Index lda_, k_, tiles_;
    bool far_;
    T *rooms_, *room_;
};

// A transposed A of more bytes comes from beyond the second-level cache, where the other operands are too. Strips of
// fewer tiles do not repay packing: a third of that many do if A is far.
inline constexpr Index kFarRows = Index(1) << 20, kPackedFrom = 12;

template <class T>
DS_INLINE bool far_rows(const GemmArgs<T>& g) {
    return g.k * g.lda * Index(sizeof(T)) > kFarRows;
}

// B in place.
template <class T, bool kPacked>
void direct_transposed(const GemmArgs<T>& g) {
    alignas(64) T rooms[kPacked ? 2 * PackedStrips<T>::kRoom : 1];
    const bool finish = g.forward != nullptr || g.backward != nullptr;
    const bool far_b = g.m > 1 && g.k * g.ldb * Index(sizeof(T)) > kFar;
    const Index tiles = g.n / (tile_width(int(StripRows(g.m).take())) * Vec<T>::W);
    StripArgs<T> s{kPacked ? kTileRows : g.lda, g.ldb, g.ldc, g.b, 0, 0, g.n, {nullptr, !g.accumulate}};
    const T* a = g.a;
    Index left = g.k;
    do {
        s.k = left < kSumChunk ? left : kSumChunk;
        left -= s.k;
        if (left == 0) s.end.bias = g.bias;
        if (g.wanted != nullptr) s.wanted = {*g.wanted, g.k, StripRows(g.m).count * tiles};
        StripRows strips(g.m);
        PackedStrips<T> packed(a, g.lda, s.k, kPacked ? g.m : 0, tiles, far_rows(g), rooms);
        while (strips.count > 0) {
            const Index row = strips.next, rows = strips.take();
            s.end.fetch_b = far_b && row == 0;
            const T* strip = kPacked ? packed.take(s, strips) : a + row;
            Strips<T, true, false>::kTable[rows - 1](s, strip, g.c + row * g.ldc);
            if (finish && left == 0) epilogue(g, row, rows);
        }
        s.end.first = false;
        s.b += s.k * s.ldb;
        a += s.k * g.lda;
    } while (left > 0);
}

DS_ISA_END
