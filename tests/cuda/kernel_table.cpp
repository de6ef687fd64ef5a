// The kernels for CUDA as a kernel table like those of the instruction sets of a CPU, so that all tests can
// take it: every call runs on sixteen emulated threads. Rows by csrc/kernels, products and random numbers by
// the device texts in cuda/.
#include "tests/cuda/emulator.h"  // before all that needs CUDA's words

#include <cstring>
#include <type_traits>
#include <utility>

#include "cuda/cuda_language.h"
#include "cuda/product.h"
#include "cuda/row_kernels.h"
#include "kernels/table.h"

DS_ISA_BEGIN

constexpr emulator::Dim3 kHalfWarp{16};

// kKernel, run by half a warp.
template <auto kKernel>
struct Emulated;
template <class R, class... A, R (*kKernel)(A...)>
struct Emulated<kKernel> {
    static R run(A... a) {
        if constexpr (std::is_void_v<R>) {
            emulator::launch({}, kHalfWarp, 0, [&] { kKernel(a...); });
        } else {
            R results[16];
            emulator::launch({}, kHalfWarp, 0, [&] { results[lane_id()] = kKernel(a...); });
            for (const R& result : results)
                if (std::memcmp(&result, results, sizeof(R)) != 0)
                    throw std::logic_error("kernel: its threads return different numbers");
            return results[0];
        }
    }
};

template <auto kKernel>
constexpr auto emulated() {
    if constexpr (kKernel == nullptr)
        return kKernel;
    else
        return &Emulated<kKernel>::run;
}

template <class T, bool kTransposedA, bool kTransposedB>
void multiply(const GemmArgs<T>& g) {
    using Tile = ProductTile<T, 16, 16>;
    emulator::launch({2}, {Tile::kThreads}, sizeof(Tile), [&] {
        product<kTransposedA, kTransposedB>(g, *emulator::shared_memory<Tile>(), blockIdx.x, gridDim.x,
                                            NoEpilogue{});
    });
}

template <class T>
void epilogue(const GemmArgs<T>& g) {
    if (g.forward == nullptr && g.backward == nullptr) return;
    const Matrix<T> c(g.c, g.m, g.n, g.ldc);
    if (g.forward != nullptr)
        g.forward(g.y != nullptr ? Matrix<T>(g.y, g.m, g.n, g.ldy) : c, c, g.alpha);
    else
        g.backward(c, c, {g.saved, g.m, g.n, g.ld_saved}, g.alpha, {});
}

template <class T, bool kTransposedA, bool kTransposedB>
void multiply_matrices(const GemmArgs<T>& g) {
    multiply<T, kTransposedA, kTransposedB>(g);
    epilogue(g);
}

// A packed B is a contiguous (k, n) matrix: micropanels have one column.
template <class T, bool kTransposed>
void pack_matrix(T* packed, const T* b, Index ldb, Index k, Index n) {
    for (Index p = 0; p < k; ++p)
        for (Index j = 0; j < n; ++j) packed[p * n + j] = kTransposed ? b[j * ldb + p] : b[p * ldb + j];
}
template <class T, bool kTransposedA>
void multiply_packed(GemmArgs<T> g) {
    g.ldb = g.n;
    multiply_matrices<T, kTransposedA, false>(g);
}
template <class T, bool kTransposedA>
void multiply_packed_matrices(const GemmArgs<T>& g) {
    multiply_packed<T, kTransposedA>(g);
}

template <class T, bool kTransposedA, bool kTransposedB>
void multiply_block(const GemmBlock<T>& g) {
    multiply<T, kTransposedA, kTransposedB>(
        {g.m, g.n, g.k, g.a, g.lda, g.b, g.ldb, g.c, g.ldc, g.bias, !g.overwrite});
}

template <class T>
void transpose_matrix(T* dst, Index ldd, const T* src, Index lds, Index rows, Index cols) {
    for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j) dst[j * ldd + i] = src[i * lds + j];
}

template <class T>
GemmKernels<T> emulated_gemm() {
    GemmKernels<T> k;
    k.width = k.mr = k.nr = 1;  // no padding: a tile reads no more than its matrix
    k.unpacked[0] = k.column[0] = k.small_n[0] = k.stream[0] = multiply_matrices<T, false, false>;
    k.unpacked[1] = k.column[1] = k.small_n[1] = k.stream[1] = multiply_matrices<T, true, false>;
    k.row[0] = multiply_matrices<T, false, true>;
    k.row[1] = multiply_matrices<T, true, true>;
    k.packed[0] = multiply_packed_matrices<T, false>;
    k.packed[1] = multiply_packed_matrices<T, true>;
    k.pack[0] = pack_matrix<T, false>;
    k.pack[1] = pack_matrix<T, true>;
    for (int packs_a = 0; packs_a < 2; ++packs_a) {
        k.block[0][0][packs_a] = multiply_block<T, false, false>;
        k.block[0][1][packs_a] = multiply_block<T, false, true>;
        k.block[1][0][packs_a] = multiply_block<T, true, false>;
        k.block[1][1][packs_a] = multiply_block<T, true, true>;
    }
    k.transpose = transpose_matrix<T>;
    k.epilogue = epilogue<T>;
    return k;
}

template <class T>
struct LossTables {
    template <class... L>
    struct Of {
        static constexpr void (*kRows[])(const LossArgs<T>&) = {emulated<&loss_kernel<T, L>>()...};
    };
};
template <class T>
struct UpdateTables {
    template <class... Rule>
    struct Of {
        static constexpr bool (*kUpdate[])(const UpdateArgs<T>&) = {emulated<&update<T, Rule>>()...};
    };
};
template <class T>
struct GanLossTables {
    template <class... L>
    struct Of {
        static constexpr void (*kDiscriminator[])(const GanLossArgs<T>&) = {
            emulated<&gan_loss<T, L, false>>()...};
        static constexpr void (*kGenerator[])(const GanLossArgs<T>&) = {emulated<&gan_loss<T, L, true>>()...};
    };
};

// The real kernels, and their emulated forms: one member of a table, or an array of them.
template <class T>
inline constexpr auto kPointwise = pointwise_kernels<T>();
template <class T>
inline constexpr auto kReduce = reduce_kernels<T>();
template <class T>
inline constexpr auto kNorm = norm_kernels<T>();
template <class T>
inline constexpr auto kCell = cell_kernels<T>();
template <class T>
inline constexpr auto kPool = pool_kernels<T>();
template <class T>
inline constexpr auto kGan = gan_kernels<T>();
template <class T>
inline constexpr auto kEmbedding = embedding_kernels<T>();

#define DS_EMULATE(to, from, member) to.member = emulated<from<T>.member>()
#define DS_EMULATE_ALL(to, from, member, count)                \
    [&]<int... i>(std::integer_sequence<int, i...>) {          \
        ((to.member[i] = emulated<from<T>.member[i]>()), ...); \
    }(std::make_integer_sequence<int, count>())

template <class T>
KernelsOf<T> emulated_kernels() {
    KernelsOf<T> k{};
    k.gemm = emulated_gemm<T>();

    DS_EMULATE_ALL(k.pointwise, kPointwise, forward, kActivationCount);
    DS_EMULATE_ALL(k.pointwise, kPointwise, backward, kActivationCount);
    DS_EMULATE_ALL(k.pointwise, kPointwise, double_backward, kActivationCount);
    DS_EMULATE_ALL(k.pointwise, kPointwise, elementary, kFunctionCount);
    DS_EMULATE(k.pointwise, kPointwise, add);
    DS_EMULATE(k.pointwise, kPointwise, scale);
    DS_EMULATE(k.pointwise, kPointwise, mul);
    DS_EMULATE(k.pointwise, kPointwise, finite);

    DS_EMULATE(k.reduce, kReduce, sum);
    DS_EMULATE(k.reduce, kReduce, weighted_sum);
    DS_EMULATE(k.reduce, kReduce, col_sum);
    DS_EMULATE(k.reduce, kReduce, softmax_rows);
    DS_EMULATE(k.reduce, kReduce, softmax_backward_rows);
    DS_EMULATE(k.reduce, kReduce, argmax_rows);
    DS_EMULATE(k.reduce, kReduce, one_hot_rows);

    k.loss.rows = ForEachLoss<LossTables<T>::template Of>::kRows;

    DS_EMULATE(k.norm, kNorm, layer_forward);
    DS_EMULATE(k.norm, kNorm, layer_backward);
    DS_EMULATE(k.norm, kNorm, layer_norm_double_backward);
    DS_EMULATE(k.norm, kNorm, batch_statistics);
    DS_EMULATE(k.norm, kNorm, batch_forward);
    DS_EMULATE(k.norm, kNorm, batch_backward);
    DS_EMULATE(k.norm, kNorm, weight_gradient);
    DS_EMULATE(k.norm, kNorm, running_statistics);
    DS_EMULATE(k.norm, kNorm, inverse_stddev);

    k.optimizer.update = ForEachOptimizer<UpdateTables<T>::template Of>::kUpdate;
    k.optimizer.sum_squares = emulated<&sum_of_squares<T>>();

    k.random.dropout_mask = emulated<&dropout_mask<T>>();
    k.random.dropout_entries = emulated<&dropout_entries<T>>();
    k.random.uniform = emulated<&uniform_rows<T>>();
    k.random.normal = emulated<&normal_rows<T>>();
    k.random.philox = emulated<&philox_words>();

    DS_EMULATE_ALL(k.cell, kCell, forward, kCellCount);
    DS_EMULATE_ALL(k.cell, kCell, backward, kCellCount);
    DS_EMULATE_ALL(k.cell, kCell, tangent, kCellCount);
    DS_EMULATE_ALL(k.cell, kCell, double_backward, kCellCount);

    DS_EMULATE(k.pool, kPool, pool_forward);
    DS_EMULATE(k.pool, kPool, pool_backward);
    DS_EMULATE(k.pool, kPool, pool_tangent);

    k.gan.discriminator = ForEachGanLoss<GanLossTables<T>::template Of>::kDiscriminator;
    k.gan.generator = ForEachGanLoss<GanLossTables<T>::template Of>::kGenerator;
    DS_EMULATE(k.gan, kGan, penalty);
    DS_EMULATE(k.gan, kGan, projection_forward);
    DS_EMULATE(k.gan, kGan, projection_weight_gradient);
    DS_EMULATE(k.gan, kGan, scale_rows);
    DS_EMULATE(k.gan, kGan, row_dots);
    DS_EMULATE(k.gan, kGan, lerp);
    DS_EMULATE(k.gan, kGan, augment);
    DS_EMULATE(k.gan, kGan, scale_shift);
    DS_EMULATE(k.gan, kGan, ema);
    DS_EMULATE(k.gan, kGan, gumbel);
    DS_EMULATE(k.gan, kGan, scale);
    DS_EMULATE(k.gan, kGan, unit_vector);
    DS_EMULATE(k.gan, kGan, power_iteration);
    DS_EMULATE(k.gan, kGan, spectral_normalize);
    DS_EMULATE(k.gan, kGan, spectral_backward);
    DS_EMULATE(k.gan, kGan, minibatch_stddev_forward);
    DS_EMULATE(k.gan, kGan, minibatch_stddev_backward);
    DS_EMULATE(k.gan, kGan, minibatch_stddev_tangent);
    DS_EMULATE(k.gan, kGan, minibatch_stddev_double_backward);

    DS_EMULATE(k.embedding, kEmbedding, periodic_forward);
    DS_EMULATE(k.embedding, kEmbedding, periodic_backward);
    DS_EMULATE(k.embedding, kEmbedding, periodic_weight_gradient);

    k.step.batch_loss = emulated<&batch_loss<T>>();
    k.step.discriminator_tally = emulated<&discriminator_tally<T>>();
    k.step.generator_tally = emulated<&generator_tally>();
    k.step.clip_scale = emulated<&clip_scale<T>>();

    k.sparse.product = emulated<&sparse_product<T>>();

    // An emulator has no peak rates.
    k.machine.fma_loop = [](Index, T*) -> double {
        throw std::logic_error("kernels: the emulator measures nothing");
    };
    k.machine.tile_loop = [](Index, const T*, T*) -> double {
        throw std::logic_error("kernels: the emulator measures nothing");
    };
    k.machine.read_loop = [](const T*, Index, T*) {
        throw std::logic_error("kernels: the emulator measures nothing");
    };
    return k;
}

DS_ISA_END

namespace ds {

const KernelTable* kernel_table_cuda() {
    static const KernelTable table{"cuda", cuda::emulated_kernels<float>(), cuda::emulated_kernels<double>()};
    return &table;
}

}  // namespace ds
