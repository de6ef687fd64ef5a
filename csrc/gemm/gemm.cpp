#include "gemm/gemm.h"

#include <algorithm>

#include "core/types.h"

namespace ds {
namespace {

// The chunk of B that all strips of A pass over: half a megabyte leaves room in a second-level cache of 1 MiB
// for what streams past it.
constexpr Index kBlockBytes = Index(1) << 19;
// A chunk of B up to this size is read in place: it stays in that cache from strip to strip. Up to twice as
// much if the strips are so few that packing does not pay.
constexpr Index kDirectBytes = Index(3) << 18;
// With more rows a copy of B on cache lines is sooner made than every register of it is read from two.
constexpr Index kSplitRows = 128;

Index round_up(Index n, Index step) { return (n + step - 1) / step * step; }

// With more rows packing B counts little; a smaller B is packed at once.
constexpr Index kTurnedRows = 96, kTurnedFrom = Index(1) << 14;
// Columns of C whose turned product stays in the second-level cache until it is turned back.
constexpr Index kTurnedCols = 256;

// Strides of a multiple of 4096 bytes put a whole column of the operand into one set of the first-level
// cache.
bool aliases(Index ld, std::size_t element) { return ld * Index(element) % 4096 == 0; }

}  // namespace

template <class T>
GemmPlan<T>::GemmPlan(const GemmKernels<T>& kernels, const GemmShape& shape)
    : kernels_(&kernels), shape_(shape) {
    const bool ta = shape.transpose_a, tb = shape.transpose_b;
    const Index m = shape.m, n = shape.n, k = shape.k;
    if (shape_.lda == 0) shape_.lda = ta ? m : k;
    if (shape_.ldb == 0) shape_.ldb = tb ? k : n;
    if (shape.packed_b) {
        whole_ = kernels.packed[ta];
        return;
    }
    GemmPath path = shape.path;
    if (path == GemmPath::kAuto) {
        if (n == 1 && !tb && (ta || m >= 8)) {
            whole_ = kernels.column[ta];
            return;
        }
        if (n > 1 && n <= kernels.narrow_cols && !tb && m >= kernels.width) {
            whole_ = kernels.narrow[ta];
            return;
        }
        if (m == 1 && tb) {
            whole_ = kernels.row[ta];
            return;
        }
        const Index bytes_b = n * k * Index(sizeof(T));
        // Rows of B that are long enough to be runs of memory.
        const bool few = m <= kStreamRows && !ta && !tb && n >= 16 * kernels.width;
        if ((m == 1 && bytes_b > kStreamFrom) || (few && bytes_b > kStreamRowsFrom)) {
            whole_ = kernels.stream[ta];
            return;
        }
        const bool less = m * (n + k) <= n * k;  // to turn A and C around than B
        if (tb && less && m <= kTurnedRows && n * k >= kTurnedFrom) path = GemmPath::kTurned;
    }
    if (path == GemmPath::kTurned && tb) {
        plan_turned();
        return;
    }
    if (path == GemmPath::kAuto) {
        const Index chunk_bytes = n * std::min(k, kSumChunk) * Index(sizeof(T));
        const bool large = chunk_bytes > (m > 64 ? kDirectBytes : 2 * kDirectBytes) && m > kernels.tile_rows;
        const bool split = !shape.aligned_b && m > kSplitRows && n >= kernels.tile_cols;
        if (!tb && !large && !split)
            path = GemmPath::kDirect;
        else
            path = ta || aliases(shape_.lda, sizeof(T)) ? GemmPath::kBlockedPacked : GemmPath::kBlocked;
    }
    if (path == GemmPath::kDirect && !tb) {
        whole_ = kernels.direct[ta];
        return;
    }
    pack_a_ = path == GemmPath::kBlockedPacked;
    block_ = kernels.block[ta][tb][pack_a_];
    const Index chunk = std::min(k, kSumChunk), width = kernels.tile_cols;
    const Index most = kBlockBytes / Index(kSumChunk * sizeof(T)),
                blocks = std::max((n + most - 1) / most, Index(1));
    block_cols_ = round_up((n + blocks - 1) / blocks, width);
    strip_ = block_cols_ * chunk;
    scratch_ = strip_ + (pack_a_ ? 2 * kernels.tile_rows * kSumChunk : 0);
}

template <class T>
void GemmPlan<T>::plan_turned() {
    block_cols_ = std::min(shape_.n, kTurnedCols);
    turned_ld_ = round_up(shape_.m, Index(64 / sizeof(T)));
    turned_ = std::make_shared<const GemmPlan>(
        *kernels_,
        GemmShape{.m = block_cols_, .n = shape_.m, .k = shape_.k, .lda = shape_.ldb, .ldb = turned_ld_});
    scratch_ = turned_->scratch() + (shape_.k + block_cols_) * turned_ld_;
}

template <class T>
Index GemmPlan<T>::padded_cols() const {
    return round_up(shape_.n, kernels_->tile_cols);
}

template <class T>
void GemmPlan<T>::pack(const T* b, Index ldb, T* packed) const {
    for (Index k = 0; k < shape_.k; k += kSumChunk) {
        const Index chunk = std::min(shape_.k - k, kSumChunk);
        kernels_->pack[shape_.transpose_b](packed, b + k * (shape_.transpose_b ? 1 : ldb), ldb, chunk,
                                           shape_.n);
        packed += padded_cols() * chunk;
    }
}

// What makes columns j to j + n of C.
template <class T>
GemmArgs<T> GemmPlan<T>::columns(const GemmArgs<T>& args, Index j, Index n) const {
    GemmArgs<T> part = args;
    part.n = n;
    if (j + n < args.n) part.beyond = 0;
    part.b += j * (shape_.transpose_b ? args.ldb : 1);
    part.c += j;
    if (args.bias != nullptr) part.bias += j;
    if (args.y != nullptr) part.y += j;
    if (args.saved != nullptr) part.saved += j;
    return part;
}

// Few rows and a large B stored transposed: packing would turn all of it around, Cᵀ = B·Aᵀ reads it in place.
template <class T>
void GemmPlan<T>::run_turned(const GemmArgs<T>& args, T* scratch) const {
    const Index ld = turned_ld_, m = args.m;
    T *a = scratch + turned_->scratch(), *c = a + shape_.k * ld;
    if (!shape_.transpose_a) kernels_->transpose(a, ld, args.a, args.lda, m, args.k);
    GemmArgs<T> turned{.n = m, .k = args.k, .lda = args.ldb, .b = a, .ldb = ld, .c = c, .ldc = ld};
    if (shape_.transpose_a) turned.b = args.a, turned.ldb = args.lda;
    turned.accumulate = args.accumulate;
    for (Index j = 0; j < args.n; j += block_cols_) {
        const GemmArgs<T> part = columns(args, j, std::min(block_cols_, args.n - j));
        turned.m = part.n;
        turned.a = part.b;
        if (args.accumulate) kernels_->transpose(c, ld, part.c, part.ldc, m, part.n);
        turned_->run(turned, scratch);
        kernels_->transpose(part.c, part.ldc, c, ld, part.n, m);
        for (Index i = 0; part.bias != nullptr && i < m; ++i)
            for (Index col = 0; col < part.n; ++col) part.c[i * part.ldc + col] += part.bias[col];
        if (args.forward != nullptr || args.backward != nullptr) kernels_->epilogue(part);
    }
}

// Blocks of columns; in each, chunk by chunk of k, all strips of A pass over the panels of B.
template <class T>
void GemmPlan<T>::run_blocks(const GemmArgs<T>& args, T* scratch) const {
    for (Index j = 0; j < args.n; j += block_cols_) {
        const GemmArgs<T> part = columns(args, j, std::min(block_cols_, args.n - j));
        const Index next = j + block_cols_;
        run_block(part, next < args.n ? args.b + next * (shape_.transpose_b ? args.ldb : 1) : nullptr,
                  scratch);
    }
}

template <class T>
void GemmPlan<T>::run_block(const GemmArgs<T>& args, const T* next_b, T* scratch) const {
    const bool ta = shape_.transpose_a, tb = shape_.transpose_b;
    GemmBlock<T> block;
    block.m = args.m, block.n = args.n;
    block.lda = args.lda, block.ldb = args.ldb, block.ldc = args.ldc;
    block.c = args.c;
    block.panels = scratch;
    block.strip = scratch + strip_;
    block.first = !args.accumulate;
    const T *a = args.a, *b = args.b;
    Index left = args.k;
    do {
        block.k = std::min(left, kSumChunk);
        left -= block.k;
        if (left == 0) block.bias = args.bias;
        block.a = a;
        block.b = b;
        a += block.k * (ta ? args.lda : 1);
        b += block.k * (tb ? 1 : args.ldb);
        block.next_b = left > 0 ? b : next_b;
        block_(block);
        block.first = false;
    } while (left > 0);
    if (args.forward != nullptr || args.backward != nullptr) kernels_->epilogue(args);
}

// Columns are split if there are enough of them for whole panels, else rows: so B is packed by one worker
// only.
template <class T>
void GemmPlan<T>::share(const GemmArgs<T>& args, int worker, int workers, T* scratch) const {
    if (workers == 1) return run(args, scratch);
    const Index width = kernels_->tile_cols, height = kernels_->tile_rows;
    const auto rounds =
        [workers](Index n, Index grain) {  // of the worker with the most to do, for one group of `grain`
            const Index groups = (n + grain - 1) / grain;
            return double((groups + workers - 1) / workers * workers) / double(groups);
        };
    GemmArgs<T> part = args;
    if (!shape_.packed_b && args.n > 0 && args.m > 0 && rounds(args.n, width) <= rounds(args.m, height)) {
        const Index groups = (args.n + width - 1) / width;
        const Index begin = std::min(groups * worker / workers * width, args.n);
        part = columns(args, begin, std::min(groups * (worker + 1) / workers * width, args.n) - begin);
    } else {
        const Index begin = args.m * worker / workers;
        part.m = args.m * (worker + 1) / workers - begin;
        part.a += shape_.transpose_a ? begin : begin * args.lda;
        part.c += begin * args.ldc;
        if (part.y != nullptr) part.y += begin * args.ldy;
        if (part.saved != nullptr) part.saved += begin * args.ld_saved;
    }
    if (part.m > 0 && part.n > 0) run(part, scratch);
}

template class GemmPlan<float>;
template class GemmPlan<double>;

}  // namespace ds
