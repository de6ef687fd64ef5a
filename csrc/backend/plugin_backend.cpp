#include "backend/plugin_backend.h"

#include <memory>
#include <string>
#include <utility>

#include "backend/plugin_staging.h"
#include "core/random/init.h"

namespace ds {

template <class T>
struct PluginBackend<T>::Batch {
    explicit Batch(const PluginBackend& backend) : owner(&backend), staging(backend.memory_) {}

    const PluginBackend* owner;
    Staging staging;
    std::vector<Command> commands;
    bool sync = false;  // before the next command
};

// Of the thread; another one where it works on another device.
template <class T>
auto PluginBackend<T>::batch() const -> Batch& {
    static thread_local std::unique_ptr<Batch> of_thread;
    if (!of_thread || of_thread->owner != this) {
        if (of_thread) of_thread->owner->synchronize();
        of_thread = std::make_unique<Batch>(*this);
    }
    return *of_thread;
}

template <class T>
void PluginBackend<T>::sync_point() const {
    batch().sync = true;
}

template <class T>
void PluginBackend<T>::synchronize() const {
    Batch& b = batch();
    if (b.commands.empty()) return;
    const std::vector<Command> commands = std::exchange(b.commands, {});  // gone if the device fails
    b.staging.upload();
    b.staging.reuse();
    memory_.run(commands.data(), static_cast<Index>(commands.size()), sizeof(T) == sizeof(double));
}

template <class T>
void PluginBackend<T>::refuse(const char* operation) {
    throw PluginError("the operation " + std::string(operation) +
                      " does not run on CUDA devices yet; use the device \"cpu\"");
}

template <class T>
template <class Stored>
void PluginBackend<T>::add_command(int kind, const Stored& arguments) const {
    static_assert(std::is_trivially_copyable_v<Stored> && sizeof(Stored) <= kArgumentBytes);
    Batch& b = batch();
    Command& command = b.commands.emplace_back();
    command.kind = static_cast<std::uint16_t>(kind);
    command.sync = std::exchange(b.sync, false);
    new (command.arguments) Stored(arguments);
}

template <class T>
template <auto kOperation, class... A>
void PluginBackend<T>::add_command(const A&... arguments) const {
    static_assert(std::is_same_v<Arguments<A...>, ArgumentsOf<kOperation>>);
    add_command(kKindOf<T, kOperation>, make_arguments(arguments...));
}

template <class T>
template <class Stored>
double PluginBackend<T>::number(PluginResult kind, Stored arguments) const {
    Staging& staging = batch().staging;
    arguments.result = staging.number();
    sync_point();
    add_command(kind_of<T>(kind), arguments);
    synchronize();
    return staging.read_number();
}

template <class T>
template <class U>
const U* PluginBackend<T>::on_device(const U* p, Index n) const {
    if (p == nullptr || n <= 0 || allocations_.end_of(p) != nullptr) return p;
    return static_cast<const U*>(batch().staging.copy(p, n * static_cast<Index>(sizeof(U))));
}

// Numbers that the rows of a range read; those before are not copied.
template <class T>
const Index* PluginBackend<T>::list(const Index* numbers, Range rows) const {
    if (numbers == nullptr || rows.empty()) return numbers;
    return on_device(numbers + rows.begin, rows.size()) - rows.begin;
}

template <class T>
void PluginBackend<T>::gather(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                              Range rows) const {
    add_command<overload<T, const Matrix<T>&, const Matrix<const T>&, const Index*, Range>(
        &Backend<T>::gather)>(out, in, list(index, rows), rows);
}

template <class T>
void PluginBackend<T>::gather(Index* out, const Index* in, const Index* index, Range rows) const {
    add_command<overload<T, Index*, const Index*, const Index*, Range>(&Backend<T>::gather)>(
        out, in, list(index, rows), rows);
}

template <class T>
void PluginBackend<T>::gather_weights(T* out, const T* weight, const Index* index, double total,
                                      Range rows) const {
    add_command<&Backend<T>::gather_weights>(out, weight, list(index, rows), total, rows);
}

template <class T>
void PluginBackend<T>::linear_forward(const LinearForward<T>& op, Range rows, const Worker<T>&) const {
    if (rows.empty()) return;
    const GemmShape& shape = op.plan->shape();
    const auto part = [&](Matrix<T> m) {
        m.p += rows.begin * m.ld, m.rows = rows.size(), m.cols = shape.n;
        return m;
    };
    PluginProduct<T> p;
    p.c = part(op.saved ? op.saved : op.y);
    if (op.saved) p.y = part(op.y);
    p.a = op.x.p + rows.begin * op.x.ld, p.lda = op.x.ld;
    p.b = op.w, p.ldb = op.ldw;
    p.k = op.x_is_zero ? 0 : shape.k;
    p.bias = op.bias;
    p.transpose_b = shape.transpose_b;
    p.accumulate = op.accumulate;
    p.activation = op.activation;
    add_command(kKindOf<T, &Backend<T>::linear_forward>, p);
}

template <class T>
void PluginBackend<T>::linear_backward_input(const LinearBackwardInput<T>& op, Range rows,
                                             const Worker<T>&) const {
    if (rows.empty()) return;
    const GemmShape& shape = op.plan->shape();
    PluginProduct<T> p;
    p.c = op.dx;
    p.c.p += rows.begin * op.dx.ld, p.c.rows = rows.size(), p.c.cols = op.columns > 0 ? op.columns : shape.n;
    p.a = op.dy.p + rows.begin * op.dy.ld, p.lda = op.dy.ld;
    p.b = op.w, p.ldb = op.ldw;
    p.k = shape.k;
    p.transpose_b = shape.transpose_b;
    p.accumulate = op.accumulate;
    if (op.activation.kind != Activation::kIdentity) {
        p.activation = op.activation;
        p.saved = op.saved;
        p.saved.p += rows.begin * op.saved.ld, p.saved.rows = rows.size(), p.saved.cols = p.c.cols;
    }
    add_command(kKindOf<T, &Backend<T>::linear_backward_input>, p);
}

template <class T>
void PluginBackend<T>::linear_backward_weight(const LinearBackwardWeight<T>& op, Share,
                                              const Worker<T>&) const {
    PluginProduct<T> p;
    p.c = op.dw;
    p.c.rows = op.inputs, p.c.cols = op.outputs;
    p.a = op.x.p, p.lda = op.x.ld;
    p.b = op.dy.p, p.ldb = op.dy.ld;
    p.k = op.batch;
    p.transpose_a = true;
    p.accumulate = op.accumulate;
    p.dbias = op.dbias;
    p.dy = op.dy;
    p.dy.rows = op.bias_batch, p.dy.cols = op.outputs;
    add_command(kKindOf<T, &Backend<T>::linear_backward_weight>, p);
}

template <class T>
void PluginBackend<T>::scatter(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                               Range rows) const {
    add_command<&Backend<T>::scatter>(out, in, list(index, rows), rows);
}

template <class T>
void PluginBackend<T>::scatter_add(const Matrix<T>& out, const Matrix<const T>& in,
                                   const Index* index) const {
    add_command<&Backend<T>::scatter_add>(out, in, list(index, {0, in.rows}));
}

template <class T>
void PluginBackend<T>::activation_forward(const Matrix<T>& y, const Matrix<const T>& z, ActivationOf<T> a,
                                          Range rows) const {
    if (a.kind == Activation::kIdentity && y.p == z.p) return;
    add_command<&Backend<T>::activation_forward>(y, z, a, rows);
}

template <class T>
void PluginBackend<T>::activation_backward(const Matrix<T>& d, const Matrix<const T>& saved,
                                           ActivationOf<T> a, Range rows) const {
    if (a.kind != Activation::kIdentity) add_command<&Backend<T>::activation_backward>(d, saved, a, rows);
}

template <class T>
void PluginBackend<T>::softmax(const Matrix<T>& y, const Matrix<const T>& z, Range rows) const {
    add_command<&Backend<T>::softmax>(y, z, rows);
}

template <class T>
void PluginBackend<T>::softmax_backward(const Matrix<T>& dz, const Matrix<const T>& dy,
                                        const Matrix<const T>& y, Range rows) const {
    add_command<&Backend<T>::softmax_backward>(dz, dy, y, rows);
}

template <class T>
void PluginBackend<T>::argmax(Index* out, const Matrix<const T>& x, Range rows) const {
    add_command<&Backend<T>::argmax>(out, x, rows);
}

template <class T>
void PluginBackend<T>::one_hot(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    add_command<&Backend<T>::one_hot>(y, x, rows);
}

template <class T>
PluginDraw<T> PluginBackend<T>::random_rows(const Matrix<T>& out, RngPurpose purpose, const Draw& draw,
                                            Range rows) const {
    const bool has_numbers = draw.number != nullptr;
    PluginDraw<T> d;
    d.out = out.row_slice(rows);
    d.rows = {.key = draw.key.seed,
              .step = draw.key.step,
              .epoch = draw.key.epoch,
              .stream = stream_word(purpose, draw.key.stream),
              .first = has_numbers ? draw.first : draw.first + rows.begin,
              .number = has_numbers ? on_device(draw.number + rows.begin, rows.size()) : nullptr,
              .length = draw.length};
    return d;
}

template <class T>
void PluginBackend<T>::dropout_mask(const Matrix<T>& mask, double rate, const Draw& draw, Range rows) const {
    PluginDraw<T> d = random_rows(mask, RngPurpose::kDropout, draw, rows);
    d.keep_threshold = keep_threshold(rate);
    d.scale = static_cast<T>(1.0 / (1.0 - rate));
    add_command(kKindOf<T, &Backend<T>::dropout_mask>, d);
}

template <class T>
void PluginBackend<T>::uniform(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const {
    add_command(kKindOf<T, &Backend<T>::uniform>, random_rows(out, purpose, draw, rows));
}

template <class T>
void PluginBackend<T>::normal(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const {
    add_command(kKindOf<T, &Backend<T>::normal>, random_rows(out, purpose, draw, rows));
}

template <class T>
void PluginBackend<T>::multiply(const Matrix<T>& y, const Matrix<const T>& a, const Matrix<const T>& b,
                                Range rows) const {
    add_command<&Backend<T>::multiply>(y, a, b, rows);
}

template <class T>
void PluginBackend<T>::add(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    add_command<&Backend<T>::add>(y, x, rows);
}

template <class T>
void PluginBackend<T>::scale(const Matrix<T>& y, T factor, const Matrix<const T>& x, Range rows) const {
    add_command<&Backend<T>::scale>(y, factor, x, rows);
}

template <class T>
void PluginBackend<T>::gumbel(const Matrix<T>& u, Range rows) const {
    add_command<&Backend<T>::gumbel>(u, rows);
}

template <class T>
void PluginBackend<T>::column_sums(T* out, const Matrix<const T>& x, bool accumulate) const {
    add_command<&Backend<T>::column_sums>(out, x, accumulate);
}

template <class T>
void PluginBackend<T>::copy(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    add_command<&Backend<T>::copy>(y, x, rows);
}

template <class T>
void PluginBackend<T>::fill(const Matrix<T>& y, T value, Range rows) const {
    add_command<overload<T, const Matrix<T>&, T, Range>(&Backend<T>::fill)>(y, value, rows);
}

template <class T>
void PluginBackend<T>::fill(Index* y, Index value, Range range) const {
    add_command<overload<T, Index*, Index, Range>(&Backend<T>::fill)>(y, value, range);
}

template <class T>
bool PluginBackend<T>::all_finite(const Matrix<const T>& x) const {
    return number(PluginResult::kAllFinite, PluginNumber<T>{.x = x}) != 0.0;
}

template <class T>
void PluginBackend<T>::layer_norm_forward(const NormForward<T>& args) const {
    add_command<&Backend<T>::layer_norm_forward>(args);
}

template <class T>
void PluginBackend<T>::layer_norm_backward(const NormBackward<T>& args) const {
    add_command<&Backend<T>::layer_norm_backward>(args);
}

template <class T>
void PluginBackend<T>::batch_norm_statistics(const BatchStatistics<T>& args) const {
    add_command<&Backend<T>::batch_norm_statistics>(args);
}

template <class T>
void PluginBackend<T>::batch_norm_forward(const NormForward<T>& args) const {
    add_command<&Backend<T>::batch_norm_forward>(args);
}

template <class T>
void PluginBackend<T>::batch_norm_backward(const NormBackward<T>& args) const {
    add_command<&Backend<T>::batch_norm_backward>(args);
}

template <class T>
void PluginBackend<T>::norm_weight_gradient(const NormWeightGradient<T>& args) const {
    add_command<&Backend<T>::norm_weight_gradient>(args);
}

template <class T>
void PluginBackend<T>::update_running_statistics(const RunningStatistics<T>& args) const {
    add_command<&Backend<T>::update_running_statistics>(args);
}

template <class T>
void PluginBackend<T>::inverse_stddev(T* scale, const T* variance, T eps, Index cols) const {
    add_command<&Backend<T>::inverse_stddev>(scale, variance, eps, cols);
}

template <class T>
void PluginBackend<T>::periodic_forward(const PeriodicForward<T>& args) const {
    add_command<&Backend<T>::periodic_forward>(args);
}

template <class T>
void PluginBackend<T>::periodic_backward(const PeriodicBackward<T>& args) const {
    add_command<&Backend<T>::periodic_backward>(args);
}

template <class T>
void PluginBackend<T>::periodic_weight_gradient(const PeriodicWeightGradient<T>& args) const {
    add_command<&Backend<T>::periodic_weight_gradient>(args);
}

template <class T>
void PluginBackend<T>::ema(T* average, const T* w, Index n, T one_minus_decay) const {
    add_command<&Backend<T>::ema>(average, w, n, one_minus_decay);
}

template <class T>
void PluginBackend<T>::loss(Loss kind, const LossArgs<T>& args) const {
    add_command<&Backend<T>::loss>(kind, args);
}

template <class T>
double PluginBackend<T>::sum(const T* x, Index n) const {
    return number(PluginResult::kSum, PluginNumber<T>{.x = row_vector(x, n)});
}

template <class T>
double PluginBackend<T>::weighted_sum(const T* x, const T* w, Index n) const {
    return number(PluginResult::kWeightedSum, PluginNumber<T>{.x = row_vector(x, n), .w = on_device(w, n)});
}

template <class T>
double PluginBackend<T>::sum_squares(const T* x, Index n) const {
    return number(PluginResult::kSumSquares, PluginNumber<T>{.x = row_vector(x, n)});
}

template <class T>
bool PluginBackend<T>::update(Optimizer kind, const UpdateArgs<T>& args) const {
    const double good = 1.0;
    memory_.from_host(batch().staging.number(), &good, 1);
    return number(PluginResult::kUpdate, PluginUpdate<T>{.kind = kind, .args = args}) != 0.0;
}

template <class T>
void PluginBackend<T>::transpose(const Matrix<T>& out, const Matrix<const T>& in) const {
    add_command<&Backend<T>::transpose>(out, in);
}

template class PluginBackend<float>;
template class PluginBackend<double>;

}  // namespace ds
