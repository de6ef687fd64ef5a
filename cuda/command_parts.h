// What a half-warp or a block does of one command (cuda/commands.h): products with their activations, and the rows and
// columns of the arguments of row kernels.
#pragma once
#include "backend/plugin_commands.h"
#include "cuda/product.h"
#include "cuda/row_kernels.h"

DS_ISA_BEGIN

// What the threads of a block share.
template <class T>
struct BlockMemory {
    using Tile = ProductTile<T, kTileSize, kTileSize>;
    static constexpr int kThreads = Tile::kThreads, kHalfWarps = kThreads / kLanes;
    Tile tile;
    T sums[kHalfWarps][kLanes];  // of each half-warp
};

// The worker of a command: a half-warp of a block.
template <class T>
struct HalfWarp {
    BlockMemory<T>& memory;
    Index block, blocks;

    DS_INLINE Index in_block() const { return threadIdx.x / kLanes; }
    DS_INLINE Index number() const { return block * BlockMemory<T>::kHalfWarps + in_block(); }
    DS_INLINE Index count() const { return blocks * BlockMemory<T>::kHalfWarps; }
    DS_INLINE T* sums() const { return memory.sums[in_block()]; }

    // This half-warp's part of n items, in whole groups of `grain`.
    DS_INLINE Range part(Index n, Index grain = 1) const {
        const Index groups = (n + grain - 1) / grain;
        const Index begin = groups * number() / count() * grain,
                    end = groups * (number() + 1) / count() * grain;
        return {begin < n ? begin : n, end < n ? end : n};
    }
    DS_INLINE Range part(Range rows) const {
        const Range mine = rows.empty() ? Range{} : part(rows.size());
        return {rows.begin + mine.begin, rows.begin + mine.end};
    }
    DS_INLINE bool is_first() const { return number() == 0; }
};

template <int i, class... A>
DS_INLINE const auto& get(const Arguments<A...>& arguments) {
    if constexpr (i == 0)
        return arguments.first;
    else
        return get<i - 1>(arguments.rest);
}

// f(y, x) of each element of n columns.
template <class U, class V, class F>
DS_INLINE void each_column(U* y, const V* x, Index n, F f) {
    for_columns(n, [=](Index j) DS_LAMBDA { y[j] = f(y[j], x[j]); });
}
template <class U>
DS_INLINE void copy_columns(U* y, const U* x, Index n) {
    for_columns(n, [=](Index j) DS_LAMBDA { y[j] = x[j]; });
}

template <class T>
DS_KERNEL void activate(const Matrix<T>& y, const Matrix<const T>& a, const Matrix<const T>& b,
                        ActivationOf<T> activation, ActivationPass pass) {
    run_activation(int(activation.kind), ActivationArgs<T>{{y, a, b, {}, activation.alpha}, pass});
}

// Products.

template <class T>
DS_KERNEL void add_column_sums(T* out, const Matrix<const T>& x, bool accumulate, const HalfWarp<T>& worker) {
    const Range columns = worker.part(x.cols, kLanes);
    if (!accumulate) {
        if (!columns.empty()) col_sum(out + columns.begin, x.p + columns.begin, x.rows, columns.size(), x.ld);
        return;
    }
    T* const sums = worker.sums();
    for (Index j = columns.begin; j < columns.end; j += kLanes) {
        const Index cols = columns.end - j < kLanes ? columns.end - j : kLanes;
        for (Index row = 0; row < x.rows; row += kSumChunk) {
            const Index rows = x.rows - row < kSumChunk ? x.rows - row : kSumChunk;
            col_sum(sums, x.p + row * x.ld + j, rows, cols, x.ld);
            sync();
            add_array(out + j, sums, cols);
            sync();
        }
    }
}

// The elements of a tile that another function than the product writes, by rows of the block's half-warps.
template <class T>
DS_KERNEL void finish_tile(const PluginProduct<T>& p, Index row0, Index col0, const HalfWarp<T>& worker) {
    constexpr Index kTile = BlockMemory<T>::Tile::kRows;
    const auto end = [](Index begin, Index n) DS_LAMBDA { return begin + kTile < n ? begin + kTile : n; };
    const Index last = end(row0, p.c.rows);
    const Range columns{col0, end(col0, p.c.cols)};
    const Index rows = last - row0,
                each = (rows + BlockMemory<T>::kHalfWarps - 1) / BlockMemory<T>::kHalfWarps;
    const Index begin = row0 + each * worker.in_block();
    const Range mine{begin < last ? begin : last, begin + each < last ? begin + each : last};
    if (mine.empty()) return;
    const auto part = [&](auto m) DS_LAMBDA {
        m.p += mine.begin * m.ld + columns.begin;
        m.rows = mine.size(), m.cols = columns.size();
        return m;
    };
    const Matrix<T> c = part(p.c);
    if (p.saved)
        activate<T>(c, c, part(p.saved), p.activation, ActivationPass::kBackward);
    else
        activate<T>(p.y ? part(p.y) : c, c, {}, p.activation, ActivationPass::kForward);
}

template <bool kTransposedA, bool kTransposedB, class T>
DS_KERNEL void run_tiles(const PluginProduct<T>& p, const HalfWarp<T>& worker) {
    using Tile = typename BlockMemory<T>::Tile;
    GemmArgs<T> g;
    g.m = p.c.rows, g.n = p.c.cols, g.k = p.k;
    g.a = p.a, g.lda = p.lda, g.b = p.b, g.ldb = p.ldb;
    g.c = p.c.p, g.ldc = p.c.ld;
    g.bias = p.bias, g.accumulate = p.accumulate;
    const bool finishes = p.activation.kind != Activation::kIdentity || p.y;
    const Index across = (g.n + Tile::kCols - 1) / Tile::kCols;
    const Index tiles = across * ((g.m + Tile::kRows - 1) / Tile::kRows);
    for (Index t = worker.block; t < tiles; t += worker.blocks) {
        const Index row0 = t / across * Tile::kRows, col0 = t % across * Tile::kCols;
        product_tile<kTransposedA, kTransposedB>(g, worker.memory.tile, row0, col0, NoEpilogue{});
        if (!finishes) continue;
        __syncthreads();
        finish_tile(p, row0, col0, worker);
    }
}

template <class T>
DS_KERNEL void run_product(const PluginProduct<T>& p, const HalfWarp<T>& worker) {
    if (p.c) {
        if (p.transpose_a)
            run_tiles<true, false>(p, worker);
        else if (p.transpose_b)
            run_tiles<false, true>(p, worker);
        else
            run_tiles<false, false>(p, worker);
    }
    if (p.dbias != nullptr) add_column_sums(p.dbias, p.dy, p.accumulate, worker);
}

// Rows and columns of the arguments of row kernels.

template <class T>
DS_INLINE T* offset(T* p, Index n) {
    return p != nullptr ? p + n : nullptr;
}

template <class T>
DS_INLINE NormForward<T> rows_of(NormForward<T> a, Range rows) {
    a.y = a.y.row_slice(rows), a.n = a.n.row_slice(rows), a.x = a.x.row_slice(rows);
    a.row_scale = offset(a.row_scale, rows.begin);
    return a;
}
template <class T>
DS_INLINE NormBackward<T> rows_of(NormBackward<T> a, Range rows) {
    a.dx = a.dx.row_slice(rows), a.dy = a.dy.row_slice(rows), a.n = a.n.row_slice(rows);
    a.row_scale = offset(a.row_scale, rows.begin);
    return a;
}
template <class T>
DS_INLINE LossArgs<T> rows_of(LossArgs<T> a, Range rows) {
    a.x = a.x.row_slice(rows), a.target = a.target.row_slice(rows), a.d = a.d.row_slice(rows);
    a.label = offset(a.label, rows.begin), a.row_scale = offset(a.row_scale, rows.begin);
    a.row_loss = offset(a.row_loss, rows.begin);
    return a;
}

template <class T>
DS_KERNEL void norm_columns(NormWeightGradient<T> a, const HalfWarp<T>& worker) {
    const Range columns = worker.part(a.dy.cols, kLanes);
    if (columns.empty()) return;
    a.dweight += columns.begin, a.dbias = offset(a.dbias, columns.begin);
    a.dy = a.dy.col_slice(columns), a.n = a.n.col_slice(columns);
    if (!a.accumulate) return norm_weight_gradient(a);
    T* const sums = worker.sums();
    for (Index j = 0; j < columns.size(); j += kLanes)
        for (Index row = 0; row < a.dy.rows; row += kSumChunk) {
            const Range rows{row, row + kSumChunk < a.dy.rows ? row + kSumChunk : a.dy.rows},
                block{j, j + kLanes < columns.size() ? j + kLanes : columns.size()};
            NormWeightGradient<T> part;
            part.dweight = sums, part.dy = a.dy.block(rows, block), part.n = a.n.block(rows, block);
            norm_weight_gradient(part);
            sync();
            add_array(a.dweight + j, sums, block.size());
            if (a.dbias != nullptr && rows.begin < a.bias_rows) {
                sync();
                const Index end = rows.end < a.bias_rows ? rows.end : a.bias_rows;
                col_sum(sums, part.dy.p, end - rows.begin, block.size(), part.dy.ld);
                sync();
                add_array(a.dbias + j, sums, block.size());
            }
            sync();
        }
}

template <class T>
DS_KERNEL void statistics_columns(BatchStatistics<T> a, const HalfWarp<T>& worker) {
    const Range columns = worker.part(a.x.cols, kLanes);
    if (columns.empty()) return;
    a.mean += columns.begin, a.variance += columns.begin, a.scale += columns.begin;
    a.x = a.x.col_slice(columns);
    batch_norm_statistics(a);
}

template <class T>
DS_KERNEL void running_columns(RunningStatistics<T> a, const HalfWarp<T>& worker) {
    const Range columns = worker.part(a.cols, kLanes);
    if (columns.empty()) return;
    a.mean += columns.begin, a.variance += columns.begin;
    a.batch_mean += columns.begin, a.batch_variance += columns.begin;
    a.cols = columns.size();
    norm_running_statistics(a);
}

template <class T>
DS_KERNEL void draw(const PluginDraw<T>& a, int which, const HalfWarp<T>& worker) {
    const Range mine = worker.part(Range{0, a.out.rows});
    if (mine.empty()) return;
    RandomRows rows = a.rows;
    if (rows.number != nullptr)
        rows.number += mine.begin;
    else
        rows.first += mine.begin;
    run_random(which, RandomArgs<T>{a.out.row_slice(mine), rows, a.keep_threshold, a.scale, nullptr, 0});
}

// Operations that return a number. A sum is one half-warp's.

template <class T>
DS_KERNEL void run_number(PluginResult which, const PluginNumber<T>& a, const HalfWarp<T>& worker) {
    if (!worker.is_first()) return;
    double value = 0.0;
    switch (which) {
        case PluginResult::kSum: value = array_sum(a.x.p, a.x.cols); break;
        case PluginResult::kWeightedSum: value = array_weighted_sum(a.x.p, a.w, a.x.cols); break;
        case PluginResult::kSumSquares: value = sum_of_squares(a.x.p, a.x.cols); break;
        default: {
            bool finite = true;
            for (Index i = 0; i < a.x.rows; ++i) finite = all_finite(a.x.row(i), a.x.cols) && finite;
            value = finite ? 1.0 : 0.0;
        }
    }
    store_lane0(a.result, value);
}

template <class T>
struct UpdatePart {
    UpdateArgs<T> args;
    double* result;

    template <class Rule>
    DS_INLINE void run() const {
        if (!update<T, Rule>(args)) store_lane0(result, 0.0);
    }
};
template <class T>
DS_KERNEL void run_part_of_update(const PluginUpdate<T>& u, const HalfWarp<T>& worker) {
    const Range mine = worker.part(u.args.n, 4 * kLanes);
    if (mine.empty()) return;
    UpdatePart<T> part{u.args, u.result};
    part.args.w += mine.begin, part.args.g += mine.begin, part.args.n = mine.size();
    part.args.m = offset(part.args.m, mine.begin), part.args.v = offset(part.args.v, mine.begin);
    ForEachOptimizer<ItemSwitch>::run(int(u.kind), part);
}

// Copies.

template <class T>
DS_KERNEL void run_transpose(const Matrix<T>& out, const Matrix<const T>& in, const HalfWarp<T>& worker) {
    const Range rows = worker.part(Range{0, in.cols});
    for (Index j = rows.begin; j < rows.end; ++j)
        for_columns(in.rows, [&](Index i) DS_LAMBDA { out.p[j * out.ld + i] = in.p[i * in.ld + j]; });
}

template <class T>
DS_KERNEL void run_scatter_add(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                               const HalfWarp<T>& worker) {
    const Range columns = worker.part(in.cols, kLanes);
    for (Index i = 0; i < in.rows && !columns.empty(); ++i)
        add_array(out.row(index[i]) + columns.begin, in.row(i) + columns.begin, columns.size());
}

DS_ISA_END
