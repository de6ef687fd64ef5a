// Every path of a matrix product gives equal bits on every usable instruction set: with bias, epilogue,
// accumulation, transposed and packed operands, and any number of workers. Nothing outside C is written.
// Python's tests compare the plain product with the order of summation; this test compares every path with
// the plain product.
#include "kernels/gemm/gemm_plan.h"

#include "core/memory/arena_planner.h"
#include "tables.h"

using namespace ds;

namespace {

template <class T>
struct Product {
    Index m, n, k;
    Index ldc = n + 3, padding_cols = n > 1 ? 1 : 0;
    Array<T> a{m * k, 1, 1.0}, b{k * n, 2, 1.0}, at{m * k}, bt{k * n}, bias{n, 3, 1.0},
        initial{m * ldc, 4, 1.0};

    Product(Index rows, Index cols, Index inner) : m(rows), n(cols), k(inner) {
        for (Index i = 0; i < m * k; i += 7) a.data()[i] = T(0);  // a product with 0 must not make a sum -0
        for (Index i = 0; i < m; ++i)
            for (Index p = 0; p < k; ++p) at.data()[p * m + i] = a.data()[i * k + p];
        for (Index p = 0; p < k; ++p)
            for (Index j = 0; j < n; ++j) bt.data()[j * k + p] = b.data()[p * n + j];
    }

    enum Epilogue { kNone, kForward, kForwardCopy, kForwardPadded, kBackward, kBackwardUnbiased };

    // C, followed by the output that the forward epilogue wrote to `y`.
    std::vector<T> run(const KernelsOf<T>& kernels, GemmShape shape, bool accumulate, Epilogue epilogue,
                       int workers) {
        shape.m = m, shape.n = n, shape.k = k;
        const GemmPlan<T> plan(kernels.gemm, shape);
        Array<T> c = initial, y(m * ldc);
        GemmArgs<T> g{.m = m, .n = n, .k = k};
        g.a = (shape.transpose_a ? at : a).data(), g.lda = shape.transpose_a ? m : k;
        g.b = (shape.transpose_b ? bt : b).data(), g.ldb = shape.transpose_b ? k : n;
        g.c = c.data(), g.ldc = ldc, g.accumulate = accumulate;
        if (epilogue != kBackwardUnbiased) g.bias = bias.data();
        Array<T> panels(shape.packed_b ? plan.packed_size() : 0);
        if (shape.packed_b) {
            plan.pack(g.b, g.ldb, panels.data());
            g.b = panels.data(), g.ldb = -1;  // ignored
        }
        constexpr auto kAct = static_cast<int>(Activation::kTanh);
        if (epilogue == kForward || epilogue == kForwardCopy || epilogue == kForwardPadded)
            g.forward = kernels.pointwise.forward[kAct];
        if (epilogue == kForwardPadded) g.padding_cols = padding_cols;
        if (epilogue == kForwardCopy) g.y = y.data(), g.ldy = ldc;
        if (epilogue == kBackward || epilogue == kBackwardUnbiased)
            g.backward = kernels.pointwise.backward[kAct], g.saved = initial.data(), g.ld_saved = ldc;
        for (int w = 0; w < workers; ++w) {
            HostArray<T> scratchpad(plan.scratchpad_size());
            plan.share(g, w, workers, scratchpad.data());
        }
        bool unchanged = true;
        for (Index i = 0; i < m; ++i)
            for (Index j = n; j < ldc; ++j) unchanged &= c.data()[i * ldc + j] == initial.data()[i * ldc + j];
        CHECK(unchanged && c.guarded() && y.guarded() && panels.guarded());
        if (epilogue == kForwardPadded) clear_padding(c);
        c.all.insert(c.all.end(), y.all.begin(), y.all.end());
        return c.all;
    }

    // Clears the padding columns, whose values are unspecified.
    void clear_padding(Array<T>& c) const {
        for (Index i = 0; i < m; ++i)
            for (Index j = n - padding_cols; j < n; ++j) c.data()[i * ldc + j] = T(0);
    }

    void same_bits() {
        for (const Epilogue epilogue :
             {kNone, kForward, kForwardCopy, kForwardPadded, kBackward, kBackwardUnbiased})
            for (const bool accumulate : {false, true}) {
                std::vector<T> fma_expected;
                for (const KernelTable* table : tables()) {
                    const auto& kernels = kernels_of<T>(*table);
                    std::vector<T> expected = fused(table) ? fma_expected : std::vector<T>();
                    if (expected.empty())
                        expected = run(kernels, {.path = GemmPath::kUnpacked}, accumulate, epilogue, 1);
                    if (fused(table)) fma_expected = expected;
                    for (int layout = 0; layout < 8; ++layout)
                        for (const GemmPath path : {GemmPath::kAuto, GemmPath::kUnpacked, GemmPath::kBlocked,
                                                    GemmPath::kBlockedPacked, GemmPath::kSwapped})
                            for (const int workers : {1, 3}) {
                                const GemmShape shape{.transpose_a = (layout & 1) != 0,
                                                      .transpose_b = (layout & 2) != 0,
                                                      .packed_b = (layout & 4) != 0,
                                                      .path = path};
                                const std::vector<T> actual =
                                    run(kernels, shape, accumulate, epilogue, workers);
                                CHECK(
                                    actual.size() == expected.size() &&
                                    same_bytes(actual.data(), expected.data(), expected.size() * sizeof(T)));
                            }
                }
            }
    }
};

}  // namespace

int main() {
    const Index sizes[][3] = {{1, 1, 40},     {1, 70, 300}, {30, 1, 300}, {7, 97, 20}, {13, 33, 257},
                              {29, 290, 530}, {3, 5, 0},    {43, 6, 270}, {23, 50, 1}, {5, 1100, 520}};
    for (const auto& [m, n, k] : sizes) {
        Product<float>(m, n, k).same_bits();
        Product<double>(m, n, k).same_bits();
    }
    return report();
}
