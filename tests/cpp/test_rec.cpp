// The parts of recurrent nets: packed sequences, CTC compared with the sum over all paths, and the cell
// kernels of every instruction set. Those with fused multiply-add have equal bits. Gradients are compared
// with central differences.
#include <algorithm>
#include <functional>

#include "backend/cpu/cpu_backend.h"
#include "layers/recurrent/sequence_layout.h"
#include "tables.h"

using namespace ds;

namespace {

struct Packed {
    std::vector<Index> length, active, offset;
    SequenceLayout layout;

    explicit Packed(std::vector<Index> lengths) : length(std::move(lengths)) {
        std::sort(length.begin(), length.end(), std::greater<>());
        const std::size_t steps = length.empty() ? 0 : static_cast<std::size_t>(length[0]);
        active.resize(steps);
        offset.resize(steps + 1);
        layout = make_layout(static_cast<Index>(length.size()), length.data(), active.data(), offset.data());
    }
};

std::vector<std::vector<Index>> some_lengths() {
    std::vector<std::vector<Index>> found{
        {}, {1}, {7}, {1, 1, 1}, {5, 5, 5, 5}, {1, 90}, {3, 1, 4, 1, 5, 9, 2, 6}};
    RandomWords words(3, RngPurpose::kInit, 0, 0);
    for (int n = 1; n < 40; n += 3) {
        std::vector<Index>& one = found.emplace_back();
        for (int i = 0; i < n; ++i) one.push_back(1 + words.next() % 30);
    }
    return found;
}

// Every step of every sequence has its own packed row, in the order of steps and without gaps.
void layouts() {
    for (const std::vector<Index>& lengths : some_lengths()) {
        const Packed packed(lengths);
        const SequenceLayout& layout = packed.layout;
        Index next = 0, total = 0;
        for (const Index length : lengths) total += length;
        for (Index t = 0; t < layout.steps; ++t)
            for (Index row = 0; row < layout.rows; ++row)
                if (t < layout.length[row]) CHECK(layout.offset[t] + row == next++);
        CHECK(layout.total == total && next == total && layout.offset[layout.steps] == total);
        CHECK(layout.even() == (total == layout.rows * layout.steps));
    }
}

// The workers divide all rows; those of a worker are contiguous. No worker has more than its part and one
// sequence.
void shares() {
    for (const std::vector<Index>& lengths : some_lengths()) {
        const Packed packed(lengths);
        const SequenceLayout& layout = packed.layout;
        for (const int workers : {1, 2, 3, 4, 7, 64}) {
            Index row = 0;
            std::vector<Range> owns;
            for (int worker = 0; worker < workers; ++worker) {
                const Range own = layout.rows_of({worker, workers});
                CHECK(own.begin == row && own.end >= own.begin);
                row = own.end;
                owns.push_back(own);
                Index steps = 0;
                for (Index r = own.begin; r < own.end; ++r) steps += layout.length[r];
                CHECK(steps <= layout.total / workers + layout.steps + 1);
            }
            CHECK(row == layout.rows);
            for (Index t = 0; t < layout.steps; ++t) {
                Index at = layout.offset[t];
                for (const Range& own : owns) {
                    const Range mine = layout.at(t, own);
                    CHECK(mine.empty() || mine.begin == at);
                    at += mine.size();
                }
                CHECK(at == layout.offset[t + 1]);
            }
        }
    }
}

// -log p(labels) and its gradient, summed over all paths, that is all choices of a class at each step.
struct AllPaths {
    Index steps, classes;
    std::vector<double> p;  // of class k at step t
    std::vector<double> gradient;
    double loss = 0.0;

    AllPaths(Index n, Index k, const std::function<double(Index, Index)>& z) : steps(n), classes(k) {
        for (Index t = 0; t < steps; ++t) {
            double sum = 0.0;
            for (Index c = 0; c < classes; ++c) sum += std::exp(z(t, c));
            for (Index c = 0; c < classes; ++c) p.push_back(std::exp(z(t, c)) / sum);
        }
    }
    void sum_up(const std::vector<Index>& labels) {
        std::vector<double> share(p.size(), 0.0);
        std::vector<Index> path(static_cast<std::size_t>(steps), 0);
        double all = 0.0;
        for (bool more = true; more;) {
            std::vector<Index> spelled;
            double probability = 1.0;
            for (Index t = 0; t < steps; ++t) {
                const Index c = path[static_cast<std::size_t>(t)];
                probability *= p[static_cast<std::size_t>(t * classes + c)];
                if (c != 0 && (t == 0 || path[static_cast<std::size_t>(t - 1)] != c)) spelled.push_back(c);
            }
            if (spelled == labels) {
                all += probability;
                for (Index t = 0; t < steps; ++t)
                    share[static_cast<std::size_t>(t * classes + path[static_cast<std::size_t>(t)])] +=
                        probability;
            }
            more = false;
            for (Index& c : path) {
                more = ++c < classes;
                if (more) break;
                c = 0;
            }
        }
        gradient.assign(p.size(), 0.0);
        loss = 0.0;
        if (all == 0.0) return;  // impossible labels: loss and gradient are 0
        loss = -std::log(all);
        for (std::size_t i = 0; i < p.size(); ++i) gradient[i] = p[i] - share[i] / all;
    }
};

template <class T>
void ctc_rows() {
    const CpuBackend<T> backend(*tables()[0]);
    constexpr Index kClasses = 3, kLd = kClasses + 2;
    const double tolerance = sizeof(T) == 8 ? 1e-12 : 1e-6;
    const std::vector<std::vector<Index>> labels{{}, {1}, {2, 1}, {2, 2}, {1, 1, 1}, {1, 2, 1, 2}};
    Packed packed({6, 1, 4, 2, 6, 3});
    const SequenceLayout& layout = packed.layout;
    Array<T> z(layout.total * kLd, 5, 3.0);
    const auto row_of = [&](Index row, Index t) { return (layout.offset[t] + row) * kLd; };
    for (const std::vector<Index>& wanted : labels) {
        const CtcLabels given{wanted.data(), static_cast<Index>(wanted.size())};
        for (Index row = 0; row < layout.rows; ++row) {
            const Index steps = layout.length[row];
            AllPaths paths(steps, kClasses,
                           [&](Index t, Index c) { return double(z.data()[row_of(row, t) + c]); });
            paths.sum_up(wanted);
            Array<T> d(layout.total * kLd, T(kCanary));
            Array<double> scratchpad(ctc_scratchpad_size(steps, kClasses, given.count));
            const Matrix<const T> logits{z.data(), layout.total, kClasses, kLd};
            const std::vector<Index> sequence(static_cast<std::size_t>(layout.rows), 1);
            const std::vector<T> scale(static_cast<std::size_t>(layout.rows), T(2));
            const Index first[] = {99, 0}, count[] = {99, given.count};
            std::vector<double> losses(static_cast<std::size_t>(layout.rows), kCanary), again = losses;
            std::vector<T> rounded(static_cast<std::size_t>(layout.rows), T(kCanary));
            CtcArgs<T> a;
            a.rows = {row, row + 1};
            a.length = layout.length;
            a.offset = layout.offset;
            a.z = logits;
            a.d = {d.data(), layout.total, kClasses, kLd};
            a.scale = scale.data();
            a.exact_loss = losses.data();
            a.sequence = sequence.data();
            a.label = given.label;
            a.first = first;
            a.count = count;
            a.scratchpad = scratchpad.data();
            backend.ctc(a);
            const double loss = losses[static_cast<std::size_t>(row)];
            a.d = {};
            a.exact_loss = again.data();
            a.loss = rounded.data();
            backend.ctc(a);
            CHECK(losses == again && rounded[static_cast<std::size_t>(row)] == static_cast<T>(loss));
            for (Index r = 0; r < layout.rows; ++r)
                if (r != row) CHECK(losses[static_cast<std::size_t>(r)] == kCanary);
            CHECK(scratchpad.guarded() && d.guarded());
            CHECK(std::fabs(loss - paths.loss) <= 1e-12 * (1.0 + paths.loss));
            CHECK((ctc_steps(given) > steps) == (paths.loss == 0.0 && loss == 0.0));
            for (Index r = 0; r < layout.rows; ++r)
                for (Index t = 0; t < layout.length[r]; ++t)
                    for (Index c = 0; c < kLd; ++c) {
                        const double got = double(d.data()[row_of(r, t) + c]);
                        if (r != row || c >= kClasses)
                            CHECK(got == kCanary);
                        else
                            CHECK(
                                std::fabs(got -
                                          2.0 * paths.gradient[static_cast<std::size_t>(t * kClasses + c)]) <=
                                tolerance);
                    }
        }
    }
}

// Forward and backward pass of one step of a cell.
template <class T>
struct Step {
    Cell cell;
    CellShape shape = cell_shape(cell);
    Index rows, units, ldg = shape.gates * units + 3, ldx = shape.saved * units + 5, ld = units + 2;
    Array<T> gates{rows * ldg, 1, 2.0}, saved{rows * ldx, 2, 2.0}, h{rows * ld, 3, 1.0}, c{rows * ld, 4, 1.0},
        y{rows * ld}, dh{rows * ld, 5, 1.0}, dc{rows * ld, 6, 1.0};

    Step(Cell kind, Index r, Index u) : cell(kind), rows(r), units(u) {}

    Matrix<T> rows_of(Array<T>& a, Index row, Index count, Index cols, Index stride) const {
        return {a.data() + row * stride, count, cols, stride};
    }
    CellForward<T> forward(Index row, Index count, bool keep) {
        return {.gates = rows_of(gates, row, count, shape.gates * units, ldg),
                .saved = rows_of(saved, row, count, shape.saved * units, ldx),
                .h = rows_of(h, row, count, units, ld),
                .c = rows_of(c, row, count, units, ld),
                .y = rows_of(y, row, count, units, ld),
                .keep = keep};
    }
    CellBackward<T> backward(Index row, Index count) {
        return {.gates = rows_of(gates, row, count, shape.gates * units, ldg),
                .saved = rows_of(saved, row, count, shape.saved * units, ldx),
                .dh = rows_of(dh, row, count, units, ld),
                .dc = rows_of(dc, row, count, units, ld)};
    }
    void run(const KernelTable& table, Index at_once, bool back) {
        const CellKernels<T>& k = kernels_of<T>(table).cell;
        const int kind = static_cast<int>(cell);
        for (Index row = 0; row < rows; row += at_once) {
            const Index count = std::min(at_once, rows - row);
            k.forward[kind](forward(row, count, true));
            if (back) k.backward[kind](backward(row, count));
        }
    }
    bool guarded() const {
        for (const Array<T>* a : {&gates, &saved, &h, &c, &y, &dh, &dc})
            if (!a->guarded()) return false;
        return true;
    }
    bool same(const Step& o) const {
        return gates == o.gates && saved == o.saved && h == o.h && c == o.c && y == o.y && dh == o.dh &&
               dc == o.dc;
    }
    // The new states times their gradients.
    double value() {
        Step after = *this;
        after.run(*tables()[0], rows, false);
        double sum = 0.0;
        for (Index row = 0; row < rows; ++row)
            for (Index j = 0; j < units; ++j) {
                const Index at = row * ld + j;
                sum += double(dh.data()[at]) * double(after.h.data()[at]);
                if (shape.has_cell_state) sum += double(dc.data()[at]) * double(after.c.data()[at]);
            }
        return sum;
    }
};

constexpr Cell kCells[] = {Cell::kRnnTanh, Cell::kRnnRelu, Cell::kRnnSigmoid, Cell::kGru, Cell::kLstm};

template <class T>
void cell_bits() {
    for (const Cell cell : kCells)
        for (const Index units : {1, 3, 7, 8, 9, 15, 16, 17, 33, 50})
            for (const KernelTable* table : tables()) {
                Step<T> want(cell, 5, units), whole(cell, 5, units), parts(cell, 5, units),
                    unkept(cell, 5, units);
                want.run(*tables()[0], 5, true);
                whole.run(*table, 5, true);
                parts.run(*table, 2, true);
                CHECK(whole.guarded() && parts.same(whole) && (!fused(table) || whole.same(want)));
                // Columns beyond the units stay unchanged.
                const Step<T> before(cell, 5, units);
                for (Index row = 0; row < 5; ++row) {
                    const std::size_t end = static_cast<std::size_t>(16 + row * whole.ld + units);
                    CHECK(same_bytes(&whole.h.all[end], &before.h.all[end], 2 * sizeof(T)));
                    CHECK(same_bytes(&whole.y.all[end], &before.y.all[end], 2 * sizeof(T)));
                }
                // Without `keep` the states are equal, and the other buffers stay unchanged.
                Step<T> kept(cell, 5, units);
                kept.run(*table, 5, false);
                kernels_of<T>(*table).cell.forward[static_cast<int>(cell)](unkept.forward(0, 5, false));
                CHECK(unkept.h == kept.h && unkept.c == kept.c && unkept.y == kept.y);
                CHECK(unkept.gates == before.gates && unkept.saved == before.saved);
            }
}

// Gradients with respect to both projections and to the states.
void cell_gradients() {
    constexpr double kStep = 1e-3;
    for (const Cell cell : kCells) {
        Step<double> start(cell, 3, 5), got(cell, 3, 5);
        got.run(*tables()[0], 3, true);
        const auto check = [&](Array<double> Step<double>::* input, Array<double> Step<double>::* output,
                               Index row, Index column, Index ld) {
            const Index at = row * ld + column;
            double values[4];
            for (int i = 0; i < 4; ++i) {
                Step<double> moved = start;
                (moved.*input).data()[at] += (i < 2 ? i - 2 : i - 1) * kStep;
                values[i] = moved.value();
            }
            const double slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * kStep);
            if (cell == Cell::kRnnRelu && std::fabs((start.*input).data()[at]) < 3 * kStep) return;
            CHECK(std::fabs(slope - (got.*output).data()[at]) < 1e-9);
        };
        for (Index row = 0; row < 3; ++row) {
            for (Index j = 0; j < start.shape.gates * 5; ++j)
                check(&Step<double>::gates, &Step<double>::gates, row, j, start.ldg);
            for (Index j = 0; start.shape.separate_product && j < start.shape.saved * 5; ++j)
                check(&Step<double>::saved, &Step<double>::saved, row, j, start.ldx);
            for (Index j = 0; j < 5; ++j) {
                check(&Step<double>::h, &Step<double>::dh, row, j, start.ld);
                if (start.shape.has_cell_state) check(&Step<double>::c, &Step<double>::dc, row, j, start.ld);
            }
        }
    }
}

}  // namespace

int main() {
    layouts();
    shares();
    ctc_rows<float>();
    ctc_rows<double>();
    cell_bits<float>();
    cell_bits<double>();
    cell_gradients();
    return report();
}
