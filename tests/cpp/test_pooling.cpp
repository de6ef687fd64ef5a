// Pooling kernels of every instruction set here against loops, row by row: equal bits.
#include "backend/cpu/cpu_backend.h"
#include "tables.h"

using namespace ds;

namespace {

constexpr Index kSequences = 4, kLength[kSequences] = {5, 3, 3, 1}, kOffset[] = {0, 4, 7, 10, 11},
                kTotal = 12;
constexpr Index kNumber[kSequences] = {22, 20, 23, 21};

template <class T>
struct Case {
    Pool kind;
    Index cols;
    bool numbered;
    Index ld = cols + 3;
    Array<T> y{kTotal * ld, 1, 2.0}, h{kSequences * ld, 2, 2.0}, pooled{kSequences * ld, T(0)};
    std::vector<Index> best = std::vector<Index>(static_cast<std::size_t>(kSequences * cols), -1);

    Case(Pool pool, Index columns, bool with_numbers) : kind(pool), cols(columns), numbered(with_numbers) {
        // Equal maxima: the earliest step counts.
        for (Index j = 0; j < cols; j += 2) y.data()[4 * ld + j] = y.data()[7 * ld + j] = T(3);
    }
    PoolArgs<T> arguments(Range rows) {
        PoolArgs<T> a;
        a.kind = kind;
        a.rows = rows;
        a.length = kLength;
        a.offset = kOffset;
        if (numbered) a.position = kNumber, a.first = 20;
        a.pooled = {pooled.data(), kSequences, cols, ld};
        a.y = {y.data(), kTotal, cols, ld};
        a.h = {h.data(), kSequences, cols, ld};
        a.best = best.data();
        return a;
    }
    T& step(Index row, Index t, Index j) { return y.data()[(kOffset[t] + row) * ld + j]; }
    T& out(Index row, Index j) { return pooled.data()[(numbered ? kNumber[row] - 20 : row) * ld + j]; }
    Index earliest_best(Index row, Index j) {
        Index best_step = 0;
        for (Index t = 1; t < kLength[row]; ++t)
            if (step(row, t, j) > step(row, best_step, j)) best_step = t;
        return best_step;
    }
    T mean(Index row, Index j) {
        T sum = T(0);
        for (Index t = 0; t < kLength[row]; ++t) sum += step(row, t, j);
        return sum / T(kLength[row]);
    }
    T expected(Index row, Index j, Index best_step) {
        if (kind == Pool::kLast) return h.data()[row * ld + j];
        return kind == Pool::kMean ? mean(row, j) : step(row, best_step, j);
    }
};

template <class T>
void check(const CpuBackend<T>& backend, Case<T> c) {
    std::vector<Index> best;
    for (Index row = 0; row < kSequences; ++row)
        for (Index j = 0; j < c.cols; ++j) best.push_back(c.earliest_best(row, j));
    const auto best_step = [&](Index row, Index j) {
        return best[static_cast<std::size_t>(row * c.cols + j)];
    };
    bool right = true;
    const auto check_pooled = [&] {
        for (Index row = 0; row < kSequences; ++row)
            for (Index j = 0; j < c.cols; ++j)
                right &= c.out(row, j) == c.expected(row, j, best_step(row, j));
    };
    backend.pool_forward(c.arguments({1, kSequences}));
    backend.pool_forward(c.arguments({0, 1}));
    check_pooled();
    if (c.kind == Pool::kMax) CHECK(c.best == best);

    for (Index i = 0; i < kTotal * c.ld; ++i) c.y.data()[i] = -c.y.data()[i] + T(i % 7);
    backend.pool_tangent(c.arguments({0, kSequences}));
    check_pooled();

    if (c.kind != Pool::kLast) {
        const Array<T> before = c.y;
        backend.pool_backward(c.arguments({0, 2}));
        backend.pool_backward(c.arguments({2, kSequences}));
        for (Index row = 0; row < kSequences; ++row)
            for (Index t = 0; t < kLength[row]; ++t)
                for (Index j = 0; j < c.cols; ++j) {
                    const T part = c.kind == Pool::kMean    ? c.out(row, j) / T(kLength[row])
                                   : best_step(row, j) == t ? c.out(row, j)
                                                            : T(0);
                    right &= c.step(row, t, j) == part;
                }
        for (Index i = 0; i < kTotal; ++i)
            for (Index j = c.cols; j < c.ld; ++j)
                right &= c.y.data()[i * c.ld + j] == before.all[static_cast<std::size_t>(16 + i * c.ld + j)];
    }
    CHECK(right && c.y.guarded() && c.pooled.guarded());
}

template <class T>
void pools() {
    for (const KernelTable* table : tables())
        for (const Pool kind : {Pool::kLast, Pool::kMean, Pool::kMax})
            for (const Index cols : {1, 5, 16, 37})
                for (const bool numbered : {false, true})
                    check<T>(CpuBackend<T>(*table), Case<T>(kind, cols, numbered));
}

}  // namespace

int main() {
    pools<float>();
    pools<double>();
    return report();
}
