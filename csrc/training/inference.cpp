#include "training/inference.h"

#include <algorithm>
#include <tuple>

#include "core/threads/min_work.h"
#include "core/threads/thread_pool.h"
#include "training/loss.h"

namespace ds {
namespace {

// Bytes of a chunk's activations in one layer; those of two layers stay in the second-level cache.
constexpr Index kChunkBytes = Index(1) << 18;

// This thread's scratchpad in the memory. It grows to the largest requested size and is freed with the thread.
template <class T>
T* thread_buffer(Memory& memory, Index elements) {
    static thread_local Buffer<T> buffer;
    if (buffer.size() < elements || buffer.memory() != &memory) buffer = Buffer<T>(memory, elements);
    return buffer.data();
}

template <class T>
Index widest(const Layers<T>& layers) {
    Index most = 0;
    for (const auto& layer : layers)
        if (layer->active_in_inference()) most = std::max(most, layer->outputs());
    return most;
}

}  // namespace

template <class T>
InferencePlans<T>::InferencePlans(const Layers<T>& layers, const Backend<T>& backend, Index rows_)
    : rows(rows_), buffers(layers.size()), ld(leading_dim<T>(widest(layers))) {
    for (std::size_t l = 0; l < buffers.size(); ++l) {
        layers[l]->plan(backend, rows, false, buffers[l]);
        layer_scratchpad_size = std::max(layer_scratchpad_size, layers[l]->scratchpad_size(buffers[l]));
    }
}

template <class T>
Index Inference<T>::chunk_rows(const Layers<T>& layers) {
    const Index fit = kChunkBytes / (leading_dim<T>(widest(layers)) * static_cast<Index>(sizeof(T)));
    return std::clamp<Index>(fit / 16 * 16, 64, 512);
}

template <class T>
Inference<T>::Inference(const Model<T>& model, const Layers<T>& layers, const Device<T>& device)
    : model_(model),
      layers_(layers),
      device_(device),
      backend_(device.backend),
      single_(layers, backend_, 1),
      chunk_(layers, backend_, chunk_rows(layers)) {}

template <class T>
int Inference<T>::workers(Index rows, int available, Index entries) const {
    double products = static_cast<double>(rows) * static_cast<double>(model_.table().count());
    if (entries >= 0)
        products += sparse_products(layers_, static_cast<double>(rows), static_cast<double>(entries));
    const double flops = 2.0 * products;
    return useful_workers(flops, kMinInferenceFlops,
                          static_cast<int>(std::min<Index>(available, std::max<Index>(rows, 1))));
}

template <class T>
double sparse_products(const Layers<T>& layers, double rows, double entries) {
    for (const auto& layer : layers)
        if (layer->trainable())
            return static_cast<double>(layer->outputs()) *
                   (entries - rows * static_cast<double>(layer->inputs()));
    return 0.0;
}

// Each layer reads one half of the scratchpad and writes the other one.
template <class T>
void InferencePlans<T>::forward(const Layers<T>& layers, ExecContext<T> exec, T* scratchpad,
                                const InputRows<T>& rows_of_x, Index n, Matrix<T> y) const {
    exec.worker.scratchpad = scratchpad + 2 * rows * ld;
    exec.batch = n;
    T* half[2] = {scratchpad, scratchpad + rows * ld};
    int next = 0;
    Matrix<const T> x = rows_of_x.dense;
    for (std::size_t l = 0; l < layers.size(); ++l) {
        if (!layers[l]->active_in_inference()) continue;
        const bool last = l + 1 == layers.size();
        const Matrix<T> out = last ? y : Matrix<T>{half[next], n, layers[l]->outputs(), ld};
        if (x || !rows_of_x.sparse)
            layers[l]->infer(exec, x, out, buffers[l], n);
        else
            layers[l]->infer_sparse(exec, rows_of_x.sparse, out, buffers[l], n);
        x = out;
        next ^= 1;
    }
}

template <class T>
ExecContext<T> Inference<T>::make_exec(const StopToken* stop_token, bool keep_logits) const {
    ExecContext<T> exec;
    exec.backend = &backend_;
    exec.params = model_.params();
    exec.keep_logits = keep_logits;
    exec.worker.stop_token = stop_token;
    return exec;
}

template <class T>
void Inference<T>::predict(const InputRows<T>& x, Index rows, T* y, Share share, const StopToken* stop_token,
                           bool logits, T* scratchpad) const {
    if (!device_.memory.is_host()) return predict_on_device(x.dense, share.of(rows), y, stop_token, logits);
    const InferencePlans<T>& p = plans(rows);
    const ExecContext<T> exec = make_exec(stop_token, logits);
    T* buffer = scratchpad ? scratchpad : thread_buffer<T>(device_.memory, p.scratchpad_size());
    const Index outputs = model_.training().outputs();
    const Range mine = share.of(rows);
    for (Index begin = mine.begin; begin < mine.end; begin += p.rows) {
        if (begin > mine.begin && exec.worker.stop_requested()) return;
        const Index n = std::min(p.rows, mine.end - begin);
        p.forward(layers_, exec, buffer, x.rows_from(begin), n, {y + begin * outputs, n, outputs});
    }
}

template <class T>
void Inference<T>::predict_on_device(Matrix<const T> x, Range rows, T* y, const StopToken* stop_token,
                                     bool logits) const {
    const InferencePlans<T>& p = plans(rows.size());
    const ExecContext<T> exec = make_exec(stop_token, logits);
    Memory& memory = device_.memory;
    const Index outputs = model_.training().outputs();
    const auto allocate = [&](ArenaPlanner& planner) {
        return std::tuple(planner.allocate<T>(p.scratchpad_size(), 1), planner.allocate<T>(p.rows, x.cols),
                          planner.allocate<T>(p.rows, outputs));
    };
    const Index size = planned_size<T>(allocate);
    ArenaPlanner planner(thread_buffer<T>(memory, size), size * Index(sizeof(T)));
    const auto [scratchpad, in, out] = allocate(planner);
    for (Index begin = rows.begin; begin < rows.end; begin += p.rows) {
        if (begin > rows.begin && exec.worker.stop_requested()) return;
        const Index n = std::min(p.rows, rows.end - begin);
        memory.from_host(in, x.row(begin), n * x.cols);
        p.forward(layers_, exec, scratchpad, Matrix<const T>(in, n, x.cols), n, {out, n, outputs});
        memory.to_host(y + begin * outputs, out, n * outputs);
    }
}

template <class T>
auto Inference<T>::allocate_loss_chunk(ArenaPlanner& planner, const Dataset<T>& data) const -> LossChunk {
    LossChunk chunk;
    chunk.scratchpad = planner.allocate<T>(chunk_.scratchpad_size(), 1);
    chunk.y = planner.matrix<T>(chunk_.rows, model_.training().outputs());
    if (!data.index) return chunk;
    if (data.sparse) {
        chunk.begin = planner.allocate<Index>(chunk_.rows, 1);
        chunk.end = planner.allocate<Index>(chunk_.rows, 1);
    } else {
        chunk.x = planner.matrix<T>(chunk_.rows, data.cols);
    }
    if (data.label) chunk.label = planner.allocate<std::int64_t>(chunk_.rows, 1);
    if (data.target) chunk.target = planner.matrix<T>(chunk_.rows, data.target_cols);
    return chunk;
}

template <class T>
Index Inference<T>::loss_scratchpad_size(const Dataset<T>& data) const {
    return planned_size<T>([&](ArenaPlanner& planner) { allocate_loss_chunk(planner, data); });
}

template <class T>
InputRows<T> Inference<T>::selected_inputs(const Dataset<T>& data, Index begin, Index rows,
                                           const LossChunk& chunk) const {
    if (!data.sparse) {
        backend_.gather(chunk.x, data.inputs(), data.index + begin, {0, rows});
        return Matrix<const T>(chunk.x);
    }
    backend_.synchronize();  // operations on the previous chunk have read its entries
    for (Index i = 0; i < rows; ++i) {
        const Range entries = data.sparse.entries(data.row(begin + i));
        chunk.begin[i] = entries.begin, chunk.end[i] = entries.end;
    }
    return SparseMatrix<T>{chunk.begin, chunk.end, data.sparse.column, data.sparse.value, rows, data.cols};
}

template <class T>
void Inference<T>::row_losses(const Dataset<T>& data, T* losses, Share share, const StopToken* stop_token,
                              T* scratchpad) const {
    const ModelSpec& spec = model_.training();
    const ExecContext<T> exec = make_exec(stop_token, traits_of(spec.loss.kind).is_fused());
    const Index size = loss_scratchpad_size(data);
    ArenaPlanner planner(scratchpad ? scratchpad : thread_buffer<T>(device_.memory, size),
                         size * Index(sizeof(T)));
    const LossChunk chunk = allocate_loss_chunk(planner, data);
    const Range mine = share.of(data.rows);
    for (Index begin = mine.begin; begin < mine.end; begin += chunk_.rows) {
        if (begin > mine.begin && exec.worker.stop_requested()) return;
        const Index n = std::min(chunk_.rows, mine.end - begin);
        LossArgs<T> a = loss_arguments<T>(spec.loss, chunk.y.row_slice({0, n}));
        const InputRows<T> x = data.index    ? selected_inputs(data, begin, n, chunk)
                               : data.sparse ? InputRows<T>(data.sparse.row_slice({begin, data.rows}))
                                             : InputRows<T>(data.inputs().rows_from(begin));
        if (data.index) {
            if (data.target) backend_.gather(chunk.target, data.targets(), data.index + begin, {0, n});
            if (data.label) backend_.gather(chunk.label, data.label, data.index + begin, {0, n});
            a.label = chunk.label;
            a.target = chunk.target.row_slice({0, n});
        } else {
            if (data.label)
                a.label = data.label + begin;
            else
                a.target = data.targets().row_slice({begin, begin + n});
        }
        chunk_.forward(layers_, exec, chunk.scratchpad, x, n, chunk.y);
        a.row_loss = losses + begin;
        backend_.loss(spec.loss.kind, a);
    }
}

template <class T>
double Inference<T>::mean_loss(const T* losses, const T* weight, Index rows) const {
    if (!weight) return backend_.sum(losses, rows) / static_cast<double>(rows);
    double weights = 0.0;
    for (Index i = 0; i < rows; ++i) weights += weight[i];
    return backend_.weighted_sum(losses, weight, rows) / weights;
}

template double sparse_products(const Layers<float>&, double, double);
template double sparse_products(const Layers<double>&, double, double);
template class Inference<float>;
template class Inference<double>;
template struct InferencePlans<float>;
template struct InferencePlans<double>;

}  // namespace ds
