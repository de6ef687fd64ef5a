// Norm kernels of every instruction set here: equal bits on those with fused multiply-add and for every cut
// into ranges of rows and columns; gradients against central differences.
#include "tables.h"

using namespace ds;

namespace {

// Everything the norm kernels make of one batch, cut into ranges of rows and columns.
template <class T>
struct Norms {
    Index rows, cols, ld = cols + 5;
    Array<T> x{rows * ld, 7, 2.0}, dy{rows * ld, 8, 1.0}, weight{cols, 9, 1.0}, bias{cols, 10, 1.0};
    Array<T> y{rows * ld}, n{rows * ld}, dx{rows * ld}, row_scale{rows}, mean{cols}, variance{cols},
        scale{cols}, dweight{cols}, dbias{cols};
    T eps = T(1e-5);

    Norms(Index r, Index c) : rows(r), cols(c) {}

    template <class F>
    static void ranges(Index size, int parts, F f) {
        for (int p = 0; p < parts; ++p) {
            const Index begin = size * p / parts, end = size * (p + 1) / parts;
            if (begin < end) f(begin, end - begin);
        }
    }
    Matrix<T> rows_of(Array<T>& a, Index r, Index count) const {
        return {a.data() + r * ld, count, cols, ld};
    }
    NormForward<T> forward(Index r, Index count) {
        return {rows_of(y, r, count), rows_of(n, r, count), rows_of(x, r, count),
                weight.data(),        bias.data(),          mean.data(),
                scale.data(),         row_scale.data() + r, eps};
    }
    NormBackward<T> backward(Index r, Index count) {
        return {rows_of(dx, r, count), rows_of(dy, r, count), rows_of(n, r, count),
                weight.data(),         row_scale.data() + r,  scale.data(),
                dweight.data(),        dbias.data(),          rows};
    }
    void sums(const NormKernels<T>& k, int parts) {
        ranges(cols, parts, [&](Index c, Index count) {
            k.weight_gradient({rows,
                               dweight.data() + c,
                               dbias.data() + c,
                               {dy.data() + c, rows, count, ld},
                               {n.data() + c, rows, count, ld}});
        });
    }
    void layer(const NormKernels<T>& k, int parts) {
        ranges(rows, parts, [&](Index r, Index count) { k.layer_forward(forward(r, count)); });
        ranges(rows, parts, [&](Index r, Index count) { k.layer_backward(backward(r, count)); });
        sums(k, parts);
    }
    void batch(const NormKernels<T>& k, int parts) {
        ranges(cols, parts, [&](Index c, Index count) {
            k.batch_statistics({mean.data() + c,
                                variance.data() + c,
                                scale.data() + c,
                                {x.data() + c, rows, count, ld},
                                eps});
        });
        ranges(rows, parts, [&](Index r, Index count) { k.batch_forward(forward(r, count)); });
        sums(k, parts);
        ranges(rows, parts, [&](Index r, Index count) { k.batch_backward(backward(r, count)); });
    }
    bool guarded() const {
        for (const Array<T>* a : {&y, &n, &dx, &row_scale, &mean, &variance, &scale, &dweight, &dbias})
            if (!a->guarded()) return false;
        return true;
    }
    bool same(const Norms& o) const {
        return y == o.y && n == o.n && dx == o.dx && row_scale == o.row_scale && mean == o.mean &&
               variance == o.variance && scale == o.scale && dweight == o.dweight && dbias == o.dbias;
    }
};

template <class T>
void norms_bits() {
    for (const auto& [rows, cols] :
         {std::pair<Index, Index>{1, 1}, {3, 5}, {4, 16}, {2, 77}, {300, 9}, {260, 130}})
        for (const bool batch : {false, true}) {
            const auto run = [batch](Norms<T>& norms, const KernelTable* table, int parts) {
                const auto& k = kernels_of<T>(*table).norm;
                batch ? norms.batch(k, parts) : norms.layer(k, parts);
            };
            Norms<T> want(rows, cols);
            run(want, tables()[0], 1);
            for (const KernelTable* table : tables()) {
                Norms<T> whole(rows, cols);
                run(whole, table, 1);
                CHECK(whole.guarded() && (!fused(table) || whole.same(want)));
                for (const int parts : {2, 3, 7}) {
                    Norms<T> cut(rows, cols);
                    run(cut, table, parts);
                    CHECK(cut.same(whole));
                }
            }
        }
}

// Σ dy·y by central differences against dx, dweight and dbias, in double.
void norms_gradients() {
    for (const KernelTable* table : tables())
        for (const bool batch : {false, true}) {
            const auto& k = table->f64.norm;
            Norms<double> base(5, 7);
            base.eps = 1e-3;
            batch ? base.batch(k, 1) : base.layer(k, 1);
            const auto value = [&](Norms<double>& at) {
                batch ? at.batch(k, 1) : at.layer(k, 1);
                double sum = 0.0;
                for (Index r = 0; r < at.rows; ++r)
                    for (Index c = 0; c < at.cols; ++c)
                        sum += at.y.data()[r * at.ld + c] * base.dy.data()[r * at.ld + c];
                return sum;
            };
            double worst = 0.0;
            const auto probe = [&](Array<double> Norms<double>::* what,
                                   Array<double> Norms<double>::* gradient, Index i) {
                constexpr double kStep = 1e-5;
                Norms<double> up(5, 7), down(5, 7);
                up.eps = down.eps = base.eps;
                (up.*what).data()[i] += kStep;
                (down.*what).data()[i] -= kStep;
                const double slope = (value(up) - value(down)) / (2 * kStep);
                worst = std::max(worst, std::fabs(slope - (base.*gradient).data()[i]));
            };
            for (Index r = 0; r < 5; ++r)
                for (Index c = 0; c < 7; ++c) probe(&Norms<double>::x, &Norms<double>::dx, r * base.ld + c);
            for (Index c = 0; c < 7; ++c) {
                probe(&Norms<double>::weight, &Norms<double>::dweight, c);
                probe(&Norms<double>::bias, &Norms<double>::dbias, c);
            }
            CHECK(worst < 1e-8);
        }
}

void norms_rest() {
    for (const KernelTable* table : tables()) {
        const auto& k = table->f64.norm;
        double mean[3] = {1, 2, 3}, variance[3] = {1, 1, 1}, scale[3];
        const double batch_mean[3] = {2, 2, 2}, batch_variance[3] = {3, 3, 3};
        k.running_statistics({3, mean, variance, batch_mean, batch_variance, 0.5, 4});
        CHECK(mean[0] == 1.5 && mean[1] == 2.0 && mean[2] == 2.5 && variance[1] == 2.5);
        k.running_statistics({3, mean, variance, batch_mean, batch_variance, 1.0, 1});
        CHECK(mean[0] == 2.0 && variance[2] == 3.0);
        k.inverse_stddev(scale, variance, 1.0, 3);
        CHECK(scale[0] == 0.5 && scale[2] == 0.5);
        // Without weight, bias and a place for n, and in place.
        double x[4] = {1, 3, 1, 3};
        k.layer_forward({.y = {x, 1, 4}, .x = {x, 1, 4}, .eps = 0.0});
        CHECK(x[0] == -1.0 && x[1] == 1.0 && x[3] == 1.0);
    }
}

}  // namespace

int main() {
    norms_bits<float>();
    norms_bits<double>();
    norms_gradients();
    norms_rest();
    return report();
}
