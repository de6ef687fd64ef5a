// The cells' tangents and their backward pass: equal bits on every instruction set that has fused multiply-add, for any
// split of the rows. What they compute is test_rec_tangents' business.
#include <algorithm>

#include "tables.h"

using namespace ds;

namespace {

constexpr Cell kCells[] = {Cell::kRnnTanh, Cell::kRnnRelu, Cell::kRnnSigmoid, Cell::kGru, Cell::kLstm};

// One step of a cell with its tangent, and the backward pass of both.
template <class T>
struct StepWithTangent {
    Cell cell;
    CellShape shape = cell_shape(cell);
    Index rows, units, ldg = shape.gates * units + 3, ldx = shape.saved * units + 5, ld = units + 2;
    Array<T> gates{rows * ldg, 1, 2.0}, saved{rows * ldx, 2, 2.0}, h{rows * ld, 3, 1.0}, c{rows * ld, 4, 1.0},
        y{rows * ld}, gates_dot{rows * ldg, 5, 1.0}, saved_dot{rows * ldx, 6, 1.0}, h_dot{rows * ld, 7, 1.0},
        c_dot{rows * ld, 8, 1.0}, dh{rows * ld, 9, 1.0}, dc{rows * ld, 10, 1.0}, dh_dot{rows * ld, 11, 1.0},
        dc_dot{rows * ld, 12, 1.0}, dgates{rows * ldg}, dsaved{rows * ldx}, by_h{rows * ld, 11, 1.0},
        by_c{rows * ld, 12, 1.0};

    StepWithTangent(Cell kind, Index r, Index u) : cell(kind), rows(r), units(u) {}

    void run(const KernelTable& table, Index at_once) {
        const CellKernels<T>& k = kernels_of<T>(table).cell;
        const int kind = static_cast<int>(cell);
        for (Index row = 0; row < rows; row += at_once) {
            const Index n = std::min(at_once, rows - row);
            const auto of_gates = [&](Array<T>& a) {
                return Matrix<T>{a.data() + row * ldg, n, shape.gates * units, ldg};
            };
            const auto of_saved = [&](Array<T>& a) {
                return Matrix<T>{a.data() + row * ldx, n, shape.saved * units, ldx};
            };
            const auto state = [&](Array<T>& a) { return Matrix<T>{a.data() + row * ld, n, units, ld}; };
            k.forward[kind]({of_gates(gates), of_saved(saved), state(h), state(c), state(y), true});
            k.backward[kind]({of_gates(gates), of_saved(saved), state(by_h), state(by_c), of_gates(dgates),
                              of_saved(dsaved)});
            k.tangent[kind]({of_gates(gates), of_saved(saved), of_gates(gates_dot), of_saved(saved_dot),
                             state(h_dot), state(c_dot), state(y)});
            k.double_backward[kind](
                {{.gates = of_gates(gates), .saved = of_saved(saved), .dh = state(dh), .dc = state(dc)},
                 of_gates(gates_dot),
                 of_saved(saved_dot),
                 state(dh_dot),
                 state(dc_dot)});
        }
    }
    std::vector<const Array<T>*> all() const {
        return {&gates, &saved, &h,  &c,      &y,      &gates_dot, &saved_dot, &h_dot,
                &c_dot, &dh,    &dc, &dh_dot, &dgates, &dsaved,    &by_h,      &by_c};
    }
    bool guarded() const {
        for (const Array<T>* a : all())
            if (!a->guarded()) return false;
        return true;
    }
    bool same(const StepWithTangent& o) const {
        for (std::size_t i = 0; i < all().size(); ++i)
            if (!(*all()[i] == *o.all()[i])) return false;
        return true;
    }
};

template <class T>
void cell_bits() {
    for (const Cell cell : kCells)
        for (const Index units : {1, 3, 8, 15, 16, 17, 33})
            for (const KernelTable* table : tables()) {
                StepWithTangent<T> want(cell, 5, units), whole(cell, 5, units), parts(cell, 5, units);
                want.run(*tables()[0], 5);
                whole.run(*table, 5);
                parts.run(*table, 2);
                CHECK(whole.guarded() && parts.same(whole) && (!fused(table) || whole.same(want)));
            }
}

}  // namespace

int main() {
    cell_bits<float>();
    cell_bits<double>();
    return report();
}
