#include "backend/command_recorder.h"

#include <stdexcept>
#include <string>

#include "backend/command_touches.h"

namespace ds {

// Never destroyed: buffers of other thread-local variables may be freed after it.
template <class T>
auto CommandRecorder<T>::recording() -> Recording& {
    static thread_local Recording* const of_thread = new Recording;
    return *of_thread;
}

template <class T>
void CommandRecorder<T>::run_commands() {
    Recording& r = recording();
    if (r.list.commands().empty()) return;
    for (const HostList& list : r.host_lists)
        if (list.hash_now() != list.hash)
            throw std::logic_error(
                "run_commands: got a list of rows that changed after the command that reads it");
    if (r.recorder->options_.shuffles) r.executor.shuffle(r.recorder->options_.seed);
    r.executor.run(r.list, r.recorder->executor_);
    r.forget();
}

// Runs the only command of the list. It must write nothing else than it says; and when all memory that it does not
// touch holds other numbers, it must write the same.
template <class T>
void CommandRecorder<T>::check(const Touches& touches) const {
    std::vector<std::byte*> begins;
    std::vector<std::vector<std::byte>> before, after;
    memory_.each([&](std::byte* begin, Index bytes) {
        begins.push_back(begin);
        before.emplace_back(begin, begin + bytes);
    });
    // For each byte 0 if the command touches it (or, with only_writes, writes it), else kOther.
    constexpr std::byte kOther{0x5a};
    const auto mask = [&](std::size_t i, bool only_writes) {
        std::vector<std::byte> bytes(before[i].size(), kOther);
        const auto size = static_cast<Index>(bytes.size());
        for (const MemoryRange& r : touches)
            for (Index row = 0; row < r.rows && (r.is_written || !only_writes); ++row) {
                const Index first = std::clamp<Index>(r.begin + row * r.ld - begins[i], 0, size);
                const Index last = std::clamp<Index>(r.begin + row * r.ld + r.row_bytes - begins[i], 0, size);
                std::fill(bytes.begin() + first, bytes.begin() + last, std::byte{0});
            }
        return bytes;
    };
    Recording& r = recording();
    const std::string kind = std::to_string(r.list.commands().back().kind);
    CommandExecutor<T> executor;
    executor.run(r.list, executor_);
    for (std::size_t i = 0; i < begins.size(); ++i) {
        after.emplace_back(begins[i], begins[i] + before[i].size());
        if (after[i] == before[i]) continue;
        const std::vector<std::byte> written = mask(i, true);
        for (std::size_t at = 0; at < written.size(); ++at)
            if (written[at] == kOther && after[i][at] != before[i][at])
                throw std::logic_error("check: a command of kind " + kind + " writes more than it says");
    }
    for (std::size_t i = 0; i < begins.size(); ++i) {
        const std::vector<std::byte> other = mask(i, false);
        for (std::size_t at = 0; at < other.size(); ++at) begins[i][at] = before[i][at] ^ other[at];
    }
    executor.run(r.list, executor_);
    for (std::size_t i = 0; i < begins.size(); ++i) {
        const std::vector<std::byte> written = mask(i, true);
        for (std::size_t at = 0; at < written.size(); ++at)
            if (written[at] != kOther && after[i][at] != begins[i][at])
                throw std::logic_error("check: a command of kind " + kind + " reads more than it says");
    }
    for (std::size_t i = 0; i < begins.size(); ++i) std::copy(after[i].begin(), after[i].end(), begins[i]);
    r.forget();
}

namespace {

// B of a product as it is stored.
template <class T>
Matrix<const T> weight_of(const GemmShape& shape, const T* w, Index ldw) {
    Matrix<const T> stored;  // member by member: a column may have any distance between its elements
    stored.p = w, stored.ld = ldw;
    stored.rows = shape.transpose_b ? shape.n : shape.k;
    stored.cols = shape.transpose_b ? shape.k : shape.n;
    return stored;
}

template <class T>
Touches product_touches(const RecordedMemory& memory, const LinearForward<T>& op, Range rows) {
    const GemmShape& shape = op.plan->shape();
    Matrix<T> y = op.y, saved = op.saved;
    y.cols = saved.cols = shape.n;
    Touches t(memory);
    t.writes(y, rows).reads(op.bias, shape.n);
    if (saved) t.writes(saved, rows);
    return t.reads(weight_of(shape, op.w, op.ldw));
}

template <class T>
Touches weight_touches(const RecordedMemory& memory, const LinearBackwardWeight<T>& op) {
    Touches t(memory);
    Matrix<T> dw = op.dw;
    dw.rows = op.inputs, dw.cols = op.outputs;
    return t.writes(dw)
        .writes(op.dbias, op.outputs)
        .reads(columns_of(op.dy, std::max(op.dw ? op.batch : 0, op.dbias ? op.bias_batch : 0), op.outputs));
}

template <class T>
Touches cell_backward_touches(const RecordedMemory& memory, const CellBackward<T>& op) {
    Touches t(memory);
    t.writes(op.dh).writes(op.dc);
    if (op.dgates)
        t.reads(op.gates).reads(op.saved).writes(op.dgates).writes(op.dsaved);
    else
        t.writes(op.gates).writes(op.saved);
    return t;
}

}  // namespace

template <class T>
Index CommandRecorder<T>::padded_columns(Index columns) const {
    return executor_.padded_columns(columns);
}

template <class T>
GemmPlan<T> CommandRecorder<T>::plan_forward(Index batch, Index inputs, Index outputs, Index ldw) const {
    return executor_.plan_forward(batch, inputs, outputs, ldw);
}

template <class T>
GemmPlan<T> CommandRecorder<T>::plan_backward_input(Index batch, Index inputs, Index outputs, Index ldw,
                                                    bool transpose_w) const {
    return executor_.plan_backward_input(batch, inputs, outputs, ldw, transpose_w);
}

template <class T>
GemmPlan<T> CommandRecorder<T>::plan_backward_weight(Index batch, Index inputs, Index outputs,
                                                     Index ldw) const {
    return executor_.plan_backward_weight(batch, inputs, outputs, ldw);
}

// A product with W as it is stored.
template <class T>
GemmPlan<T> CommandRecorder<T>::plan_packed(Index batch, Index k, Index n, bool transpose) const {
    return transpose ? executor_.plan_backward_input(batch, n, k, 0, true)
                     : executor_.plan_forward(batch, k, n, 0);
}

template <class T>
void CommandRecorder<T>::pack(const GemmPlan<T>&, const T*, Index, T*) const {}

template <class T>
void CommandRecorder<T>::gather(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                                Range rows) const {
    Touches t(memory_);
    t.writes(out, rows).reads_list(index, rows);
    if (index == nullptr)
        t.reads(in, rows);
    else
        t.reads(in);
    record<overload<T, const Matrix<T>&, const Matrix<const T>&, const Index*, Range>(&Backend<T>::gather)>(
        t, out, in, index, rows);
}

template <class T>
void CommandRecorder<T>::gather(Index* out, const Index* in, const Index* index, Range rows) const {
    Touches t(memory_);
    t.writes(out + rows.begin, rows.size()).reads_list(index, rows);
    if (index == nullptr)
        t.reads(in + rows.begin, rows.size());
    else
        t.reads_from(in);
    record<overload<T, Index*, const Index*, const Index*, Range>(&Backend<T>::gather)>(t, out, in, index,
                                                                                        rows);
}

template <class T>
void CommandRecorder<T>::gather_weights(T* out, const T* weight, const Index* index, const double* total,
                                        Range rows) const {
    Touches t(memory_);
    t.writes(out + rows.begin, rows.size()).reads_list(index, rows).reads(total, 1);
    if (index == nullptr)
        t.reads(weight + rows.begin, rows.size());
    else
        t.reads_from(weight);
    record<&Backend<T>::gather_weights>(t, out, weight, index, total, rows);
}

template <class T>
void CommandRecorder<T>::linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>&) const {
    assert(op.share.workers == 1);
    Touches t = product_touches(memory_, op, rows);
    Matrix<const T> x = op.x;
    x.cols = op.plan->shape().k;
    if (!op.x_is_zero) t.reads(x, rows);
    if (options_.forgets_a_write) t.forget_writes();
    record<&Backend<T>::linear_forward>(t, op, rows, OwnWorker{});
}

template <class T>
void CommandRecorder<T>::linear_backward_input(const LinearBackwardInput<T>& op, Range rows,
                                               const Worker<T>&) const {
    assert(op.share.workers == 1);
    const GemmShape& shape = op.plan->shape();
    Matrix<T> dx = op.dx;
    dx.cols = op.columns > 0 ? op.columns : shape.n;
    Matrix<const T> dy = op.dy, saved = op.saved;
    dy.cols = shape.k, saved.cols = dx.cols;
    Touches t(memory_);
    t.writes(dx, rows).reads(dy, rows).reads(weight_of(shape, op.w, op.ldw));
    if (saved && op.activation.kind != Activation::kIdentity) t.reads(saved, rows);
    record<&Backend<T>::linear_backward_input>(t, op, rows, OwnWorker{});
}

template <class T>
void CommandRecorder<T>::linear_backward_weight(const LinearBackwardWeight<T>& op, Share share,
                                                const Worker<T>&) const {
    assert(share.workers == 1);
    Touches t = weight_touches(memory_, op);
    if (op.dw) t.reads(columns_of(op.x, op.batch, op.inputs));
    record<&Backend<T>::linear_backward_weight>(t, op, share, OwnWorker{});
}

template <class T>
void CommandRecorder<T>::sparse_forward(const LinearForward<T>& op, const SparseMatrix<T>& x, Range rows,
                                        const Worker<T>&) const {
    Touches t = product_touches(memory_, op, rows);
    t.reads_list(x.begin, rows).reads_list(x.end, rows);
    record<&Backend<T>::sparse_forward>(t, op, x, rows, OwnWorker{});
}

template <class T>
void CommandRecorder<T>::sparse_backward_weight(const LinearBackwardWeight<T>& op,
                                                const SparseMatrix<T>& x_transposed, bool multiply_zeros,
                                                Share share, const Worker<T>&) const {
    assert(share.workers == 1);
    Touches t = weight_touches(memory_, op);
    t.reads_list(x_transposed.begin, {0, op.inputs}).reads_list(x_transposed.end, {0, op.inputs});
    record<&Backend<T>::sparse_backward_weight>(t, op, x_transposed, multiply_zeros, share, OwnWorker{});
}

template <class T>
void CommandRecorder<T>::scatter(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                                 Range rows) const {
    record<&Backend<T>::scatter>(Touches(memory_).writes(out).reads(in, rows).reads_list(index, rows), out,
                                 in, index, rows);
}

template <class T>
void CommandRecorder<T>::scatter_add(const Matrix<T>& out, const Matrix<const T>& in,
                                     const Index* index) const {
    record<&Backend<T>::scatter_add>(Touches(memory_).writes(out).reads(in).reads_list(index, {0, in.rows}),
                                     out, in, index);
}

template <class T>
void CommandRecorder<T>::cell_forward(Cell cell, const CellForward<T>& op) const {
    record<&Backend<T>::cell_forward>(
        Touches(memory_).writes(op.gates).writes(op.saved).writes(op.h).writes(op.c).writes(op.y), cell, op);
}

template <class T>
void CommandRecorder<T>::cell_backward(Cell cell, const CellBackward<T>& op) const {
    record<&Backend<T>::cell_backward>(cell_backward_touches(memory_, op), cell, op);
}

template <class T>
void CommandRecorder<T>::cell_tangent(Cell cell, const CellTangent<T>& op) const {
    record<&Backend<T>::cell_tangent>(Touches(memory_)
                                          .reads(op.gates)
                                          .reads(op.saved)
                                          .writes(op.gates_dot)
                                          .writes(op.saved_dot)
                                          .writes(op.h_dot)
                                          .writes(op.c_dot)
                                          .writes(op.y_dot),
                                      cell, op);
}

template <class T>
void CommandRecorder<T>::cell_double_backward(Cell cell, const CellDoubleBackward<T>& op) const {
    Touches t = cell_backward_touches(memory_, op.backward);
    t.reads(op.gates_dot).reads(op.saved_dot).reads(op.dh_dot).reads(op.dc_dot);
    record<&Backend<T>::cell_double_backward>(t, cell, op);
}

namespace {

template <class T>
Touches pool_touches(const RecordedMemory& memory, const PoolArgs<T>& a, bool writes_pooled, bool writes_y,
                     bool writes_best) {
    const Index cols = a.pooled.cols;
    Touches t(memory);
    t.reads_list(a.length, a.rows).reads_list(a.position, a.rows);
    const Range rows = a.position != nullptr ? Range{0, a.pooled.rows} : a.rows;
    if (writes_pooled)
        t.writes(a.pooled, rows);
    else
        t.reads(a.pooled, rows);
    Matrix<T> y = a.y;
    y.cols = cols;
    if (writes_y)
        t.writes(y);
    else if (a.kind != Pool::kLast)
        t.reads(y);
    if (a.h && !writes_y) t.reads(a.h, a.rows);
    Index* const best = a.best == nullptr ? nullptr : a.best + a.rows.begin * cols;
    if (writes_best)
        t.writes(best, a.rows.size() * cols);
    else
        t.reads(best, a.rows.size() * cols);
    return t;
}

}  // namespace

template <class T>
void CommandRecorder<T>::pool_forward(const PoolArgs<T>& args) const {
    record<&Backend<T>::pool_forward>(pool_touches(memory_, args, true, false, true), args);
}

template <class T>
void CommandRecorder<T>::pool_backward(const PoolArgs<T>& args) const {
    record<&Backend<T>::pool_backward>(pool_touches(memory_, args, false, true, false), args);
}

template <class T>
void CommandRecorder<T>::pool_tangent(const PoolArgs<T>& args) const {
    record<&Backend<T>::pool_tangent>(pool_touches(memory_, args, true, false, false), args);
}

template class CommandRecorder<float>;
template class CommandRecorder<double>;

}  // namespace ds
