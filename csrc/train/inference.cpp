#include "train/inference.h"

#include <algorithm>

#include "core/team.h"
#include "train/loss.h"

namespace ds {
namespace {

constexpr Index kChunkBytes = Index(1)
                              << 18;     // a chunk's activations, so that two stay in the second-level cache
constexpr double kFlopsPerWorker = 5e6;  // some 30 us: what waking a worker that sleeps takes

// This thread's room for activations: grows to what was asked, is freed with the thread.
template <class T>
T* thread_buffer(Index elements) {
    static thread_local Buffer<T> buffer;
    if (buffer.size() < elements) buffer = Buffer<T>(elements);
    return buffer.data();
}

template <class T>
Index widest(const Layers<T>& layers) {
    Index most = 0;
    for (const auto& layer : layers) most = std::max(most, layer->outputs());
    return most;
}

}  // namespace

template <class T>
InferencePlans<T>::InferencePlans(const Layers<T>& layers, const Backend<T>& backend, Index rows_)
    : rows(rows_), tapes(layers.size()), ld(leading_dim<T>(widest(layers))) {
    for (std::size_t l = 0; l < tapes.size(); ++l) {
        layers[l]->plan(backend, rows, false, tapes[l]);
        scratch = std::max(scratch, layers[l]->scratch(tapes[l]));
    }
}

template <class T>
Index Inference<T>::chunk_rows(const Layers<T>& layers) {
    const Index fit = kChunkBytes / (leading_dim<T>(widest(layers)) * static_cast<Index>(sizeof(T)));
    return std::clamp<Index>(fit / 16 * 16, 64, 512);
}

template <class T>
Inference<T>::Inference(const Model<T>& model, const Layers<T>& layers, const Backend<T>& backend)
    : model_(model),
      layers_(layers),
      backend_(backend),
      single_(layers, backend, 1),
      chunk_(layers, backend, chunk_rows(layers)) {}

template <class T>
int Inference<T>::workers(Index rows, int available) const {
    const double flops = 2.0 * static_cast<double>(rows) * static_cast<double>(model_.table().count());
    return workers_worth(flops, kFlopsPerWorker,
                         static_cast<int>(std::min<Index>(available, std::max<Index>(rows, 1))));
}

// From one half of the room to the other.
template <class T>
void InferencePlans<T>::forward(const Layers<T>& layers, Pass<T> pass, T* room, Matrix<const T> x, Index n,
                                Matrix<T> y) const {
    pass.worker.scratch = room + 2 * rows * ld;
    pass.batch = n;
    T* half[2] = {room, room + rows * ld};
    int turn = 0;
    for (std::size_t l = 0; l < layers.size(); ++l) {
        if (!layers[l]->active_in_inference()) continue;
        const bool last = l + 1 == layers.size();
        const Matrix<T> out = last ? y : Matrix<T>{half[turn], ld};
        layers[l]->infer(pass, x, out, tapes[l], n);
        x = out;
        turn ^= 1;
    }
}

template <class T>
Pass<T> Inference<T>::pass(const Halt* halt, bool keep_logits) const {
    Pass<T> pass;
    pass.backend = &backend_;
    pass.params = model_.params();
    pass.keep_logits = keep_logits;
    pass.worker.halt = halt;
    return pass;
}

template <class T>
void Inference<T>::predict(Matrix<const T> x, Index rows, T* y, Share share, const Halt* halt, bool logits,
                           T* room) const {
    const InferencePlans<T>& p = plans(rows);
    const Pass<T> way = pass(halt, logits);
    T* buffer = room ? room : thread_buffer<T>(p.buffer());
    const Index outputs = model_.training().outputs();
    const Range mine = share.of(rows);
    for (Index begin = mine.begin; begin < mine.end; begin += p.rows) {
        if (begin > mine.begin && way.worker.halted()) return;
        const Index n = std::min(p.rows, mine.end - begin);
        p.forward(layers_, way, buffer, {x.row(begin), x.ld}, n, {y + begin * outputs, outputs});
    }
}

template <class T>
Index Inference<T>::loss_room() const {
    return chunk_.buffer() + chunk_.rows * leading_dim<T>(model_.training().outputs());
}

template <class T>
void Inference<T>::row_losses(const Dataset<T>& data, T* losses, Share share, const Halt* halt,
                              T* room) const {
    const ModelSpec& spec = model_.training();
    const Pass<T> way = pass(halt, loss_is_fused(spec.loss.kind));
    const Index ld = leading_dim<T>(spec.outputs());
    T* buffer = room ? room : thread_buffer<T>(loss_room());
    const Matrix<T> y{buffer + chunk_.buffer(), ld};
    const Range mine = share.of(data.rows);
    for (Index begin = mine.begin; begin < mine.end; begin += chunk_.rows) {
        if (begin > mine.begin && way.worker.halted()) return;
        const Index n = std::min(chunk_.rows, mine.end - begin);
        chunk_.forward(layers_, way, buffer, {data.x + begin * data.cols, data.cols}, n, y);
        LossArgs<T> a = loss_arguments<T>(spec.loss, n, spec.outputs(), y);
        if (data.label)
            a.label = data.label + begin;
        else
            a.target = data.target + begin * data.target_cols, a.ldt = data.target_cols;
        a.row_loss = losses + begin;
        backend_.loss(spec.loss.kind, a);
    }
}

template class Inference<float>;
template class Inference<double>;
template struct InferencePlans<float>;
template struct InferencePlans<double>;

}  // namespace ds
