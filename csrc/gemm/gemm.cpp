#include "gemm/gemm.h"

#include <algorithm>

#include "core/types.h"

namespace ds {
namespace {

// The packed chunk of B that a block of columns reuses: half a megabyte leaves room in a second-level cache of 1 MiB
// for the rows of A and C that stream past it.
constexpr Index kPackedBytes = Index(1) << 19;

Index round_up(Index n, Index step) { return (n + step - 1) / step * step; }

// Strides of a multiple of 4096 bytes put a whole column of the operand into one set of the first-level cache.
bool aliases(Index ld, std::size_t element) { return ld * Index(element) % 4096 == 0; }

}  // namespace

template <class T>
GemmPlan<T>::GemmPlan(const GemmKernels<T>& kernels, const GemmShape& shape) : kernels_(&kernels), shape_(shape) {
    const bool ta = shape.transpose_a, tb = shape.transpose_b;
    const Index m = shape.m, n = shape.n, k = shape.k;
    if (shape_.lda == 0) shape_.lda = ta ? m : k;
    if (shape_.ldb == 0) shape_.ldb = tb ? k : n;
    const Index width = kernels.tile_cols;
    GemmPath path = shape.path;
    if (path == GemmPath::kAuto) {
        if (n == 1 && !tb && (ta || m >= 8)) {
            whole_ = kernels.column[ta];
            return;
        }
        if (m == 1 && tb) {
            whole_ = kernels.row[ta];
            return;
        }
        const bool large = m > 4 * kernels.tile_rows && n * std::min(k, kSumChunk) * Index(sizeof(T)) > kPackedBytes;
        if (!tb && !large)
            path = GemmPath::kDirect;
        else
            path = ta || aliases(shape_.lda, sizeof(T)) ? GemmPath::kBlockedTile : GemmPath::kBlocked;
    }
    if (path == GemmPath::kDirect && !tb) {
        whole_ = kernels.direct[ta];
        return;
    }
    block_ = kernels.block[ta];
    const Index chunk = std::min(k, kSumChunk);
    block_cols_ = std::max(kPackedBytes / Index(kSumChunk * sizeof(T)) / width, Index(1)) * width;
    const Index panels = chunk * round_up(std::min(n, block_cols_), width);
    scratch_ = round_up(panels, Index(64 / sizeof(T)));
    if (path == GemmPath::kBlockedTile) {
        a_tile_ = scratch_;
        scratch_ += kernels.tile_rows * chunk;
    }
}

// Blocks of columns; in each, chunk by chunk of k, B's chunk is packed once and all rows pass over it.
template <class T>
void GemmPlan<T>::run_blocks(const GemmArgs<T>& args, T* scratch) const {
    const bool ta = shape_.transpose_a, tb = shape_.transpose_b;
    for (Index j = 0; j < args.n; j += block_cols_) {
        GemmArgs<T> part = args;
        part.n = std::min(block_cols_, args.n - j);
        part.c = args.c + j;
        part.b = args.b + (tb ? j * args.ldb : j);
        if (args.bias != nullptr) part.bias = args.bias + j;
        if (args.y != nullptr) part.y = args.y + j;
        if (args.saved != nullptr) part.saved = args.saved + j;
        GemmBlock<T> block;
        block.m = part.m, block.n = part.n;
        block.a = part.a, block.lda = part.lda;
        block.c = part.c, block.ldc = part.ldc;
        block.panels = scratch;
        block.a_tile = a_tile_ < 0 ? nullptr : scratch + a_tile_;
        Index left = part.k;
        do {
            block.k = std::min(left, kSumChunk);
            left -= block.k;
            kernels_->pack_b[tb](scratch, part.b, part.ldb, block.k, part.n);
            if (left == 0) {
                block.bias = part.bias;
                if (part.forward != nullptr || part.backward != nullptr) block.epilogue = &part;
            }
            block_(block);
            block.first = false;
            block.a += block.k * (ta ? part.lda : 1);
            part.b += block.k * (tb ? 1 : part.ldb);
        } while (left > 0);
    }
}

// Columns are split if there are enough of them for whole panels, else rows: so B is packed by one worker only.
template <class T>
void GemmPlan<T>::share(const GemmArgs<T>& args, int worker, int workers, T* scratch) const {
    if (workers == 1) return run(args, scratch);
    const Index width = kernels_->tile_cols, height = kernels_->tile_rows;
    const auto rounds = [workers](Index n, Index grain) {  // of the worker with the most to do, for one group of `grain`
        const Index groups = (n + grain - 1) / grain;
        return double((groups + workers - 1) / workers * workers) / double(groups);
    };
    GemmArgs<T> part = args;
    if (args.n > 0 && args.m > 0 && rounds(args.n, width) <= rounds(args.m, height)) {
        const Index groups = (args.n + width - 1) / width;
        const Index begin = std::min(groups * worker / workers * width, args.n);
        part.n = std::min(groups * (worker + 1) / workers * width, args.n) - begin;
        part.b += shape_.transpose_b ? begin * args.ldb : begin;
        part.c += begin;
        if (part.bias != nullptr) part.bias += begin;
        if (part.y != nullptr) part.y += begin;
        if (part.saved != nullptr) part.saved += begin;
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
