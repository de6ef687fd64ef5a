#include "kernels/gemm/gemm_plan.h"

#include <algorithm>

#include "core/types.h"

namespace ds {
namespace {

// A packed chunk of B, which all micropanels of A read. Half a megabyte leaves the rest of an L2 cache of 1
// MiB to A and C.
constexpr Index kBlockBytes = Index(1) << 19;
// A chunk of B of at most this size is read in place, because it stays in the L2 cache from micropanel to
// micropanel. The limit is twice as large if the micropanels are too few for packing to pay.
constexpr Index kUnpackedBytes = Index(3) << 18;
// With more rows, packing an unaligned B costs less than reading each of its registers from two cache lines.
constexpr Index kUnalignedMaxRows = 128;

Index round_up(Index n, Index step) { return (n + step - 1) / step * step; }

// The swapped path takes at most this many rows and at least this many elements of B. Otherwise packing B is
// cheap.
constexpr Index kSwapMaxRows = 96, kSwapMinElements = Index(1) << 14;
// Columns of C per swapped product. The transposed result stays in the L2 cache until it is transposed back.
constexpr Index kSwapCols = 256;

// True if a column of the operand falls into one set of the L1 cache: its stride is a multiple of 4096 bytes.
bool aliases_in_l1(Index ld, std::size_t element) { return ld * Index(element) % 4096 == 0; }

}  // namespace

template <class T>
GemmPlan<T>::GemmPlan(const GemmKernels<T>& kernels, const GemmShape& shape)
    : kernels_(&kernels), shape_(shape) {
    const bool ta = shape.transpose_a, tb = shape.transpose_b;
    const Index m = shape.m, n = shape.n, k = shape.k;
    if (shape_.lda == 0) shape_.lda = ta ? m : k;
    if (shape_.ldb == 0) shape_.ldb = tb ? k : n;
    if (shape.packed_b) {
        product_fn_ = kernels.packed[ta];
        return;
    }
    GemmPath path = shape.path;
    if (path == GemmPath::kAuto) {
        if (n == 1 && !tb && (ta || m >= 8)) {
            product_fn_ = kernels.column[ta];
            return;
        }
        if (n > 1 && n <= kernels.small_n_max && !tb && m >= kernels.width) {
            product_fn_ = kernels.small_n[ta];
            return;
        }
        if (m == 1 && tb) {
            product_fn_ = kernels.row[ta];
            return;
        }
        const Index bytes_b = n * k * Index(sizeof(T));
        // Few rows of A, and rows of B that are long enough for the hardware prefetcher.
        const bool few_rows = m <= kStreamMaxRows && !ta && !tb && n >= 16 * kernels.width;
        if ((m == 1 && bytes_b > kStreamMinBytes) || (few_rows && bytes_b > kStreamRowsMinBytes)) {
            product_fn_ = kernels.stream[ta];
            return;
        }
        const bool a_and_c_are_smaller = m * (n + k) <= n * k;  // elements of A and C than of B
        if (tb && a_and_c_are_smaller && m <= kSwapMaxRows && n * k >= kSwapMinElements)
            path = GemmPath::kSwapped;
    }
    if (path == GemmPath::kSwapped && tb) {
        plan_swapped();
        return;
    }
    if (path == GemmPath::kAuto) {
        const Index chunk_bytes = n * std::min(k, kKC) * Index(sizeof(T));
        const bool large = chunk_bytes > (m > 64 ? kUnpackedBytes : 2 * kUnpackedBytes) && m > kernels.mr;
        const bool unaligned = !shape.aligned_b && m > kUnalignedMaxRows && n >= kernels.nr;
        if (!tb && !large && !unaligned)
            path = GemmPath::kUnpacked;
        else
            path = ta || aliases_in_l1(shape_.lda, sizeof(T)) ? GemmPath::kBlockedPacked : GemmPath::kBlocked;
    }
    if (path == GemmPath::kUnpacked && !tb) {
        product_fn_ = kernels.unpacked[ta];
        return;
    }
    pack_a_ = path == GemmPath::kBlockedPacked;
    block_fn_ = kernels.block[ta][tb][pack_a_];
    const Index chunk = std::min(k, kKC), nr = kernels.nr;
    const Index max_cols = kBlockBytes / Index(kKC * sizeof(T)),
                blocks = std::max((n + max_cols - 1) / max_cols, Index(1));
    nc_ = round_up((n + blocks - 1) / blocks, nr);
    packed_a_offset_ = nc_ * chunk;
    scratchpad_size_ = packed_a_offset_ + (pack_a_ ? 2 * kernels.mr * kKC : 0);
}

template <class T>
void GemmPlan<T>::plan_swapped() {
    nc_ = std::min(shape_.n, kSwapCols);
    swapped_ld_ = round_up(shape_.m, Index(64 / sizeof(T)));
    swapped_ = std::make_shared<const GemmPlan>(
        *kernels_, GemmShape{.m = nc_, .n = shape_.m, .k = shape_.k, .lda = shape_.ldb, .ldb = swapped_ld_});
    scratchpad_size_ = swapped_->scratchpad_size() + (shape_.k + nc_) * swapped_ld_;
}

template <class T>
Index GemmPlan<T>::padded_cols() const {
    return round_up(shape_.n, kernels_->nr);
}

template <class T>
void GemmPlan<T>::pack(const T* b, Index ldb, T* packed) const {
    for (Index pc = 0; pc < shape_.k; pc += kKC) {
        const Index chunk = std::min(shape_.k - pc, kKC);
        kernels_->pack[shape_.transpose_b](packed, b + pc * (shape_.transpose_b ? 1 : ldb), ldb, chunk,
                                           shape_.n);
        packed += padded_cols() * chunk;
    }
}

// The arguments of the product for columns j to j + n of C.
template <class T>
GemmArgs<T> GemmPlan<T>::slice_columns(const GemmArgs<T>& args, Index j, Index n) const {
    GemmArgs<T> part = args;
    part.n = n;
    if (j + n < args.n) part.padding_cols = 0;
    part.b += j * (shape_.transpose_b ? args.ldb : 1);
    part.c += j;
    if (args.bias != nullptr) part.bias += j;
    if (args.y != nullptr) part.y += j;
    if (args.saved != nullptr) part.saved += j;
    return part;
}

// Cᵀ = BᵀAᵀ for few rows of A and a large B that is stored transposed. It reads B in place; packing would
// copy all of it.
template <class T>
void GemmPlan<T>::run_swapped(const GemmArgs<T>& args, T* scratchpad) const {
    const Index ld = swapped_ld_, m = args.m;
    T *a = scratchpad + swapped_->scratchpad_size(), *c = a + shape_.k * ld;
    if (!shape_.transpose_a) kernels_->transpose(a, ld, args.a, args.lda, m, args.k);
    GemmArgs<T> swapped{.n = m, .k = args.k, .lda = args.ldb, .b = a, .ldb = ld, .c = c, .ldc = ld};
    if (shape_.transpose_a) swapped.b = args.a, swapped.ldb = args.lda;
    swapped.accumulate = args.accumulate;
    for (Index jc = 0; jc < args.n; jc += nc_) {
        const GemmArgs<T> part = slice_columns(args, jc, std::min(nc_, args.n - jc));
        swapped.m = part.n;
        swapped.a = part.b;
        if (args.accumulate) kernels_->transpose(c, ld, part.c, part.ldc, m, part.n);
        swapped_->run(swapped, scratchpad);
        kernels_->transpose(part.c, part.ldc, c, ld, part.n, m);
        for (Index i = 0; part.bias != nullptr && i < m; ++i)
            for (Index col = 0; col < part.n; ++col) part.c[i * part.ldc + col] += part.bias[col];
        if (args.forward != nullptr || args.backward != nullptr) kernels_->epilogue(part);
    }
}

// BLIS's jc loop over blocks of NC columns.
template <class T>
void GemmPlan<T>::run_blocks(const GemmArgs<T>& args, T* scratchpad) const {
    for (Index jc = 0; jc < args.n; jc += nc_) {
        const GemmArgs<T> part = slice_columns(args, jc, std::min(nc_, args.n - jc));
        const Index next = jc + nc_;
        run_block(part, next < args.n ? args.b + next * (shape_.transpose_b ? args.ldb : 1) : nullptr,
                  scratchpad);
    }
}

// BLIS's pc loop over chunks of KC values of k.
template <class T>
void GemmPlan<T>::run_block(const GemmArgs<T>& args, const T* next_b, T* scratchpad) const {
    const bool ta = shape_.transpose_a, tb = shape_.transpose_b;
    GemmBlock<T> block;
    block.m = args.m, block.n = args.n;
    block.lda = args.lda, block.ldb = args.ldb, block.ldc = args.ldc;
    block.c = args.c;
    block.packed_b = scratchpad;
    block.packed_a = scratchpad + packed_a_offset_;
    block.overwrite = !args.accumulate;
    const T *a = args.a, *b = args.b;
    Index left = args.k;
    do {
        block.k = std::min(left, kKC);
        left -= block.k;
        if (left == 0) block.bias = args.bias;
        block.a = a;
        block.b = b;
        a += block.k * (ta ? args.lda : 1);
        b += block.k * (tb ? 1 : args.ldb);
        block.next_b = left > 0 ? b : next_b;
        block_fn_(block);
        block.overwrite = false;
    } while (left > 0);
    if (args.forward != nullptr || args.backward != nullptr) kernels_->epilogue(args);
}

// Workers share columns if these can be divided evenly into micropanels of B, so that each part of B is
// packed by one worker. Otherwise they share rows.
template <class T>
void GemmPlan<T>::share(const GemmArgs<T>& args, int worker, int workers, T* scratchpad) const {
    if (workers == 1) return run(args, scratchpad);
    const Index nr = kernels_->nr, mr = kernels_->mr;
    // The load of the busiest worker, relative to an even split of n in groups of `grain`.
    const auto imbalance = [workers](Index n, Index grain) {
        const Index groups = (n + grain - 1) / grain;
        return double((groups + workers - 1) / workers * workers) / double(groups);
    };
    GemmArgs<T> part = args;
    if (!shape_.packed_b && args.n > 0 && args.m > 0 && imbalance(args.n, nr) <= imbalance(args.m, mr)) {
        const Index groups = (args.n + nr - 1) / nr;
        const Index begin = std::min(groups * worker / workers * nr, args.n);
        part = slice_columns(args, begin, std::min(groups * (worker + 1) / workers * nr, args.n) - begin);
    } else {
        const Index begin = args.m * worker / workers;
        part.m = args.m * (worker + 1) / workers - begin;
        part.a += shape_.transpose_a ? begin : begin * args.lda;
        part.c += begin * args.ldc;
        if (part.y != nullptr) part.y += begin * args.ldy;
        if (part.saved != nullptr) part.saved += begin * args.ld_saved;
    }
    if (part.m > 0 && part.n > 0) run(part, scratchpad);
}

template class GemmPlan<float>;
template class GemmPlan<double>;

}  // namespace ds
