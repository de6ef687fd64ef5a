// The cells' tangents and the way back over both: equal bits on every instruction set here that has fused multiply-add,
// whatever rows a call takes. What they compute is test_rec_tangents' business.
#include <algorithm>

#include "tables.h"

using namespace ds;

namespace {

constexpr Cell kCells[] = {Cell::kRnnTanh, Cell::kRnnRelu, Cell::kRnnSigmoid, Cell::kGru, Cell::kLstm};

// One step of a cell with its tangent, and the way back over both.
template <class T>
struct Moved {
    Cell cell;
    CellShape shape = cell_shape(cell);
    Index rows, units, ldg = shape.gates * units + 3, ldx = shape.extra * units + 5, ld = units + 2;
    Array<T> gates{rows * ldg, 1, 2.0}, extra{rows * ldx, 2, 2.0}, h{rows * ld, 3, 1.0}, c{rows * ld, 4, 1.0},
        y{rows * ld}, moved_gates{rows * ldg, 5, 1.0}, moved_extra{rows * ldx, 6, 1.0},
        moved_h{rows * ld, 7, 1.0}, moved_c{rows * ld, 8, 1.0}, dh{rows * ld, 9, 1.0}, dc{rows * ld, 10, 1.0},
        eh{rows * ld, 11, 1.0}, ec{rows * ld, 12, 1.0}, by_gates{rows * ldg}, by_extra{rows * ldx},
        by_h{rows * ld, 11, 1.0}, by_c{rows * ld, 12, 1.0};

    Moved(Cell kind, Index r, Index u) : cell(kind), rows(r), units(u) {}

    void run(const KernelTable& table, Index at_once) {
        const CellKernels<T>& k = kernels_of<T>(table).cell;
        const int kind = static_cast<int>(cell);
        for (Index row = 0; row < rows; row += at_once) {
            const Index n = std::min(at_once, rows - row), g = row * ldg, x = row * ldx, s = row * ld;
            k.forward[kind]({n, units, gates.data() + g, ldg, extra.data() + x, ldx, h.data() + s, ld,
                             c.data() + s, ld, y.data() + s, ld, true});
            CellBackward<T> back{
                n, units, gates.data() + g, ldg, extra.data() + x, ldx, by_h.data() + s, ld, by_c.data() + s,
                ld};
            back.to_gates = by_gates.data() + g;
            back.ldtg = ldg;
            back.to_extra = by_extra.data() + x;
            back.ldtx = ldx;
            k.backward[kind](back);
            k.tangent[kind]({n, units, gates.data() + g, ldg, extra.data() + x, ldx, moved_gates.data() + g,
                             ldg, moved_extra.data() + x, ldx, moved_h.data() + s, ld, moved_c.data() + s, ld,
                             y.data() + s, ld});
            k.bent[kind]({{n, units, gates.data() + g, ldg, extra.data() + x, ldx, dh.data() + s, ld,
                           dc.data() + s, ld},
                          moved_gates.data() + g,
                          ldg,
                          moved_extra.data() + x,
                          ldx,
                          eh.data() + s,
                          ld,
                          ec.data() + s,
                          ld});
        }
    }
    std::vector<const Array<T>*> all() const {
        return {&gates,   &extra, &h,  &c,  &y,        &moved_gates, &moved_extra, &moved_h,
                &moved_c, &dh,    &dc, &eh, &by_gates, &by_extra,    &by_h,        &by_c};
    }
    bool guarded() const {
        for (const Array<T>* a : all())
            if (!a->guarded()) return false;
        return true;
    }
    bool same(const Moved& o) const {
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
                Moved<T> want(cell, 5, units), whole(cell, 5, units), parts(cell, 5, units);
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
