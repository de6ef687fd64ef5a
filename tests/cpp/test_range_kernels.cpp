// Kernels and operations that work on ranges of rows, on every instruction set here: equal bits on those with
// fused multiply-add, and the results of their definitions, row by row.
#include "backend/cpu/cpu_backend.h"
#include "tables.h"

using namespace ds;

namespace {

template <class T>
bool close(double got, double expected) {
    return std::fabs(got - expected) <= 64 * std::numeric_limits<T>::epsilon() * (std::fabs(expected) + 1.0);
}

template <class T>
struct Draws {
    const CpuBackend<T>& backend;

    void operator()(int kind, const Matrix<T>& out, const Draw& draw, Range rows) const {
        if (kind == 0) backend.dropout_mask(out, 0.3, draw, rows);
        if (kind == 1) backend.uniform(out, RngPurpose::kGumbel, draw, rows);
        if (kind == 2) backend.normal(out, RngPurpose::kGumbel, draw, rows);
    }
};

// Rows with numbers have the random numbers of rows that are drawn alone.
template <class T>
void draws() {
    constexpr Index kRows = 150;
    for (const KernelTable* table : tables()) {
        const CpuBackend<T> backend(*table);
        const Draws<T> draw_rows{backend};
        std::vector<Index> numbers(kRows);
        // Neighbours in one group, in none, and across the limits of what is drawn together.
        for (Index i = 0; i < kRows; ++i)
            numbers[static_cast<std::size_t>(i)] = i < 100 ? 40 + i : i * 7919 % 1000;
        for (const Index cols : {1, 3, 16, 31, 64, 70, 130})
            for (const Index length : {0, 1, 7})
                for (int kind = 0; kind < 3; ++kind) {
                    const Index ld = cols + 3, first = 5;
                    Array<T> all(kRows * ld, T(9)), alone(kRows * ld, T(9));
                    const Matrix<T> m(all.data(), kRows, cols, ld), one(alone.data(), kRows, cols, ld);
                    const RandomKey key{11, 2, 3, 4};
                    const Range parts[] = {{0, 1}, {1, 90}, {90, kRows}};
                    for (const Range& rows : parts)
                        draw_rows(kind, m, {key, first, numbers.data(), length}, rows);
                    for (Index i = 0; i < kRows; ++i) {
                        const Index number = numbers[static_cast<std::size_t>(i)];
                        RandomKey its = key;
                        if (length > 0) its.stream += static_cast<std::uint32_t>(number % length);
                        const Index index = length > 0 ? number / length : number;
                        draw_rows(kind, one, {its, first + index - i}, {i, i + 1});
                    }
                    CHECK(all == alone && all.guarded());
                }
    }
}

template <class T>
void one_hots() {
    for (const KernelTable* table : tables()) {
        const CpuBackend<T> backend(*table);
        for (const Index cols : {1, 2, 15, 16, 17, 40, 100}) {
            const Index rows = 9, ld = cols + 2;
            Array<T> x(rows * ld, 3, 4.0), y(rows * ld, T(7));
            for (Index j = cols / 2; j < cols; ++j) x.data()[j] = T(5);  // the first of several
            const Matrix<T> in(x.data(), rows, cols, ld), out(y.data(), rows, cols, ld);
            std::vector<Index> top(rows, -1);
            backend.argmax(top.data(), in, {1, rows});
            CHECK(top[0] == -1);
            backend.argmax(top.data(), in, {0, 1});
            CHECK(top[0] == cols / 2);
            backend.one_hot(out, in, {0, rows});
            bool right = true;
            for (Index i = 0; i < rows; ++i)
                for (Index j = 0; j < ld; ++j) {
                    const T expected = j >= cols ? T(7) : j == top[static_cast<std::size_t>(i)] ? T(1) : T(0);
                    right &= y.data()[i * ld + j] == expected;
                }
            CHECK(right && y.guarded());
            for (Index i = 0; i < rows; ++i)
                for (Index j = cols; j < ld; ++j) x.data()[i * ld + j] = T(7);
            backend.one_hot(in, in, {0, rows});
            CHECK(x == y);
        }
    }
}

// All results of a kernel table, to compare tables and definitions.
template <class T>
struct GanResults {
    static constexpr Index kRows = 7, kPac = 2, kClasses = 3, kSteps = 3, kSequences = 3;
    Index cols, ld = cols + 2;
    Array<T> x{kRows * ld, 1, 2.0}, y{kRows * ld, 2, 2.0}, weight{cols, 3, 1.0}, bias{1, 4, 1.0},
        embedding{kPac * kClasses * ld, 5, 1.0}, share{kRows, 6, 0.5};
    Array<T> z{kRows}, weights{kRows * ld}, dembedding{kPac * kClasses * ld, 7, 1.0}, dx{kRows * ld},
        dots{kRows}, mixed{kRows * ld}, factor{kRows * ld}, shift{kRows * ld, 8, 1.0}, penalty{kSequences},
        dg{kRows * ld}, uniform{kRows * (ld + 3), 9, 0.5}, normal{kRows * (ld + 1), 10, 1.0};
    std::vector<std::int64_t> labels;
    // Three sequences of 3, 3 and 1 steps.
    static constexpr Index length[kSequences] = {3, 3, 1}, offset[kSteps] = {0, 3, 5},
                           position[kSequences] = {12, 10, 11}, sequence[kRows] = {0, 1, 2, 0, 1, 0, 1},
                           index[kRows] = {3, 0, 0, 6, 2, 1, 5};

    explicit GanResults(Index columns) : cols(columns) {
        for (Index i = 0; i < kRows * kPac; ++i) labels.push_back(i * 5 % kClasses);
        for (Index i = 0; i < uniform.size(); ++i) uniform.data()[i] += T(0.5);
    }
    Matrix<T> matrix(Array<T>& a) const { return {a.data(), kRows, cols, ld}; }

    PenaltyArgs<T> penalty_arguments(bool one_centred) {
        PenaltyArgs<T> a;
        a.rows = {0, kSequences};
        a.dg = matrix(dg);
        a.g = matrix(x);
        a.penalty = penalty.data();
        a.position = position;
        a.first = 10;
        a.length = length;
        a.offset = offset;
        a.weight = T(0.75);
        a.one_centred = one_centred;
        return a;
    }

    void run(const CpuBackend<T>& backend, bool one_centred) {
        const Range all{0, kRows};
        const Matrix<T> column(z.data(), kRows, 1), e(embedding.data(), kPac * kClasses, cols, ld);
        backend.projection_forward({.z = column,
                                    .weights = matrix(weights),
                                    .x = matrix(x),
                                    .weight = weight.data(),
                                    .bias = bias.data(),
                                    .embedding = e,
                                    .labels = labels.data(),
                                    .classes = kClasses,
                                    .pac = kPac});
        backend.projection_weight_gradient({.dembedding = {dembedding.data(), kPac * kClasses, cols, ld},
                                            .d = column,
                                            .x = matrix(y),
                                            .labels = labels.data(),
                                            .classes = kClasses,
                                            .pac = kPac});
        backend.scale_rows(matrix(dx), column, matrix(weights), all);
        backend.row_dots({dots.data(), kRows, 1}, matrix(x), matrix(y), all);
        backend.lerp(matrix(mixed), share.data(), index, matrix(x), matrix(y), {0, 3});
        backend.lerp(matrix(mixed), share.data(), index, matrix(x), matrix(y), {3, kRows});
        AugmentArgs<T> a;
        a.rows = all;
        a.factor = matrix(factor);
        a.shift = matrix(shift);
        a.uniform = {uniform.data(), kSequences, cols + 3, ld + 3};
        a.normal = {normal.data(), kRows, cols + 1, ld + 1};
        a.sequence = sequence;
        static constexpr double kProbability = 0.5;
        a.probability = &kProbability;
        a.scale = T(0.3);
        a.cutout = T(0.4);
        a.jitter = T(0.2);
        backend.augment(a);
        backend.gradient_penalty(penalty_arguments(one_centred));
    }

    bool operator==(const GanResults& o) const {
        return z == o.z && weights == o.weights && dembedding == o.dembedding && dx == o.dx &&
               dots == o.dots && mixed == o.mixed && factor == o.factor && shift == o.shift &&
               penalty == o.penalty && dg == o.dg;
    }
    bool guarded() const {
        for (const Array<T>* a :
             {&z, &weights, &dembedding, &dx, &dots, &mixed, &factor, &shift, &penalty, &dg})
            if (!a->guarded()) return false;
        return true;
    }

    // The definitions, in double, with the arguments before the call.
    void check_definitions(GanResults before, bool one_centred) {
        const auto at = [&](Array<T>& a, Index i, Index j) { return double(a.data()[i * ld + j]); };
        Array<double> de(kPac * kClasses * cols);
        for (Index i = 0; i < kRows; ++i) {
            double score = double(bias.data()[0]), dot = 0.0;
            const double s = double(share.data()[index[i]]);
            const T *u = uniform.data() + sequence[i] * (ld + 3), *n = normal.data() + i * (ld + 1);
            const double scale =
                u[0] < T(0.5) ? std::exp(0.3 * double(normal.data()[sequence[i] * (ld + 1) + cols])) : 1.0;
            for (Index j = 0; j < cols; ++j) {
                double w = double(weight.data()[j]);
                for (Index p = 0; p < kPac; ++p) {
                    const Index row = p * kClasses + labels[static_cast<std::size_t>(i * kPac + p)];
                    w += at(embedding, row, j);
                    de.data()[row * cols + j] += double(z.data()[i]) * at(y, i, j);
                }
                score += w * at(x, i, j);
                dot += at(x, i, j) * at(y, i, j);
                CHECK(close<T>(at(weights, i, j), w));
                CHECK(close<T>(at(dx, i, j), double(z.data()[i]) * w));
                CHECK(close<T>(at(mixed, i, j), s * at(x, i, j) + (1 - s) * at(y, i, j)));
                const bool is_cut = u[1] < T(0.5) && u[3 + j] < T(0.4);
                CHECK(close<T>(at(factor, i, j), is_cut ? 0.0 : scale));
                const double jitter = u[2] < T(0.5) ? 0.2 * double(n[j]) : 0.0;
                CHECK(close<T>(at(shift, i, j), at(before.shift, i, j) + jitter));
            }
            CHECK(close<T>(double(z.data()[i]), score));
            CHECK(close<T>(double(dots.data()[i]), dot));
        }
        for (Index c = 0; c < kPac * kClasses; ++c)
            for (Index j = 0; j < cols; ++j) CHECK(close<T>(at(dembedding, c, j), de.data()[c * cols + j]));
        for (Index i = 0; i < kSequences; ++i) {
            double squares = 0.0;
            for (Index t = 0; t < length[i]; ++t)
                for (Index j = 0; j < cols; ++j) squares += at(x, offset[t] + i, j) * at(x, offset[t] + i, j);
            const double off = std::sqrt(squares) - 1.0;
            const double expected = one_centred ? 0.75 * off * off : 0.375 * squares;
            const double slope = one_centred ? 1.5 * off / std::sqrt(squares) : 0.75;
            CHECK(close<T>(double(penalty.data()[position[i] - 10]), expected));
            for (Index t = 0; t < length[i]; ++t)
                for (Index j = 0; j < cols; ++j)
                    CHECK(close<T>(at(dg, offset[t] + i, j), slope * at(x, offset[t] + i, j)));
        }
    }
};

template <class T>
void gans() {
    for (const Index cols : {1, 5, 16, 37})
        for (const bool one_centred : {false, true}) {
            const GanResults<T> before(cols);
            GanResults<T> first(cols);
            for (const KernelTable* table : tables()) {
                GanResults<T> results(cols);
                results.run(CpuBackend<T>(*table), one_centred);
                CHECK(results.guarded());
                results.check_definitions(before, one_centred);
                if (table == tables()[0]) first = results;
                if (fused(table) && fused(tables()[0])) CHECK(results == first);
            }
        }
}

// σ, W / σ and the vectors after enough iterations, and the gradient of ⟨c, W / σ⟩ by differences.
template <class T>
void spectral() {
    constexpr Index kRows = 5, kCols = 18, ld = 20;
    for (const bool rows_first : {false, true}) {
        Array<T> sigma_of_first(1), w_of_first(kRows * ld), dw_of_first(kRows * ld);
        for (const KernelTable* table : tables()) {
            const CpuBackend<T> backend(*table);
            Array<T> w(kRows * ld, 1, 1.0), dw(kRows * ld, 2, 1.0), u(kRows, 3, 1.0), v(kCols, 4, 1.0),
                sigma(1), products(kRows);
            const Array<T> c = dw;
            Array<T> original = w;
            SpectralArgs<T> a;
            a.w = {w.data(), kRows, kCols, ld};
            a.by_row = u.data();
            a.by_col = v.data();
            a.rows_first = rows_first;
            a.sigma = sigma.data();
            a.products = products.data();
            for (int i = 0; i < 2; ++i) backend.power_iteration(a);
            backend.spectral_normalize(a);
            a.dw = {dw.data(), kRows, kCols, ld};
            backend.spectral_backward(a);
            CHECK(w.guarded() && dw.guarded() && u.guarded() && v.guarded() && products.guarded());
            double uu = 0.0, vv = 0.0, uwv = 0.0, inner = 0.0;
            for (Index i = 0; i < kRows; ++i) uu += double(u.data()[i]) * double(u.data()[i]);
            for (Index j = 0; j < kCols; ++j) vv += double(v.data()[j]) * double(v.data()[j]);
            Array<T> from = c;
            for (Index i = 0; i < kRows; ++i)
                for (Index j = 0; j < kCols; ++j) {
                    const double entry = double(original.data()[i * ld + j]);
                    uwv += double(u.data()[i]) * entry * double(v.data()[j]);
                    inner += double(from.data()[i * ld + j]) * double(w.data()[i * ld + j]);
                }
            CHECK(close<T>(uu, 1.0) && close<T>(vv, 1.0) && close<T>(double(sigma.data()[0]), uwv));
            for (Index i = 0; i < kRows; ++i)
                for (Index j = 0; j < kCols; ++j) {
                    CHECK(close<T>(double(w.data()[i * ld + j]), double(original.data()[i * ld + j]) / uwv));
                    const double d =
                        double(from.data()[i * ld + j]) - inner * double(u.data()[i]) * double(v.data()[j]);
                    CHECK(close<T>(double(dw.data()[i * ld + j]), d / uwv));
                }
            if (table == tables()[0]) sigma_of_first = sigma, w_of_first = w, dw_of_first = dw;
            if (fused(table) && fused(tables()[0]))
                CHECK(sigma == sigma_of_first && w == w_of_first && dw == dw_of_first);
        }
    }
}

// Accumulation adds the sums of each chunk of rows, in ascending order.
template <class T>
void norm_gradients() {
    constexpr Index kRows = 2 * kSumChunk + 40, kCols = 70, ld = 72;
    for (const KernelTable* table : tables()) {
        const CpuBackend<T> backend(*table);
        Array<T> dy(kRows * ld, 1, 1.0), n(kRows * ld, 2, 1.0), dweight(kCols, 3, 1.0), dbias(kCols, 4, 1.0),
            sums(kCols);
        Array<T> expected = dweight, expected_bias = dbias;
        NormWeightGradient<T> g{.bias_rows = kRows - 9,
                                .dweight = dweight.data(),
                                .dbias = dbias.data(),
                                .dy = {dy.data(), kRows, kCols, ld},
                                .n = {n.data(), kRows, kCols, ld},
                                .accumulate = true};
        backend.norm_weight_gradient(g);
        for (Index row = 0; row < kRows; row += kSumChunk) {
            const Range part{row, std::min(row + kSumChunk, kRows)};
            backend.norm_weight_gradient(
                {.dweight = sums.data(), .dy = g.dy.row_slice(part), .n = g.n.row_slice(part)});
            for (Index j = 0; j < kCols; ++j) expected.data()[j] += sums.data()[j];
        }
        backend.column_sums(expected_bias.data(), g.dy.row_slice({0, g.bias_rows}), true);
        CHECK(dweight == expected && dbias == expected_bias);
    }
}

template <class T>
void copies() {
    const CpuBackend<T> backend(*tables()[0]);
    const Index index[] = {4, 0, 2};
    Array<T> from(5 * 3, 1, 1.0), to(5 * 3, T(0)), back(5 * 3, T(0));
    const Matrix<T> in(from.data(), 5, 3), out(to.data(), 5, 3), again(back.data(), 5, 3);
    backend.gather(out, in, index, {0, 3});
    CHECK(same_bytes(out.row(0), in.row(4), 3 * sizeof(T)) &&
          same_bytes(out.row(2), in.row(2), 3 * sizeof(T)));
    backend.scatter(again, out, index, {1, 3});
    CHECK(same_bytes(again.row(0), in.row(0), 3 * sizeof(T)) &&
          same_bytes(again.row(2), in.row(2), 3 * sizeof(T)));
    CHECK(*again.row(4) == T(0) && *again.row(1) == T(0));
    backend.gather(out, in, nullptr, {3, 5});
    CHECK(same_bytes(out.row(3), in.row(3), 6 * sizeof(T)));
    backend.fill(out.col_slice({1, 2}), T(8), {1, 4});
    CHECK(out.row(1)[1] == T(8) && out.row(3)[1] == T(8) && out.row(4)[1] == in.row(4)[1]);
    CHECK(out.row(3)[0] == in.row(3)[0] && to.guarded());
    const Index labels[] = {7, 8, 9, 10, 11};
    Index picked[3] = {};
    backend.gather(picked, labels, index, {0, 2});
    CHECK(picked[0] == 11 && picked[1] == 7 && picked[2] == 0);
    backend.gather(picked, labels, nullptr, {1, 3});
    CHECK(picked[0] == 11 && picked[1] == 8 && picked[2] == 9);
}

template <class T>
void test_all() {
    draws<T>();
    one_hots<T>();
    gans<T>();
    spectral<T>();
    norm_gradients<T>();
    copies<T>();
}

}  // namespace

int main() {
    test_all<float>();
    test_all<double>();
    return report();
}
