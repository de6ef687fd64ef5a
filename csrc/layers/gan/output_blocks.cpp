#include "layers/gan/output_blocks.h"

namespace ds {

template <class T>
OutputBlocks<T>::OutputBlocks(const std::vector<OutputSpec>& blocks, Index width)
    : Layer<T>(width, width, {}) {
    Index begin = 0;
    for (const OutputSpec& spec : blocks) {
        blocks_.push_back({spec, begin, {spec.activation, static_cast<T>(spec.alpha)}});
        begin += spec.units;
        has_gumbel_ |= spec.gumbel;
    }
}

// `saved` holds the softmax of each category, `aux` its argument z + g.
template <class T>
void OutputBlocks<T>::allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const {
    Layer<T>::allocate_buffers(planner, batch, buffers);
    if (!has_gumbel_) return;
    buffers.saved = planner.matrix<T>(batch, this->outputs_);
    buffers.aux = planner.matrix<T>(batch, this->outputs_);
}

// The noise of a row has the row's index; that of a step has the sequence's number as index and the step as
// stream.
template <class T>
void OutputBlocks<T>::add_gumbel(const ExecContext<T>& exec, Matrix<T> to, Matrix<const T> x,
                                 Range rows) const {
    Draw draw{{exec.seed, exec.epoch, exec.step, 0}, exec.first_row};
    if (exec.numbers) draw.number = exec.numbers, draw.length = exec.length;
    exec.backend->uniform(to, RngPurpose::kGumbel, draw, rows);
    exec.backend->gumbel(to, rows);
    exec.backend->add(to, x, rows);
}

template <class T>
void OutputBlocks<T>::forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                              LayerBuffers<T>& buffers, Range rows) const {
    const Backend<T>& backend = *exec.backend;
    if (has_gumbel_) add_gumbel(exec, buffers.aux, layer_input.x, rows);
    for (const Block& b : blocks_) {
        const Matrix<T> y = buffers.y.col_slice(b.columns());
        if (!b.spec.gumbel) {
            backend.activation_forward(y, layer_input.x.col_slice(b.columns()), b.activation, rows);
            continue;
        }
        const Matrix<T> noisy = buffers.aux.col_slice(b.columns()),
                        soft = buffers.saved.col_slice(b.columns());
        const T inverse_temperature = static_cast<T>(1.0 / b.spec.temperature);
        backend.scale(soft, inverse_temperature, noisy, rows);
        backend.softmax(soft, soft, rows);
        if (!b.spec.hard) {
            backend.copy(y, soft, rows);
            continue;
        }
        backend.one_hot(y, noisy, rows);
    }
}

template <class T>
void OutputBlocks<T>::backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                               LayerBuffers<T>& buffers, Range rows) const {
    const Backend<T>& backend = *exec.backend;
    for (const Block& b : blocks_) {
        const Matrix<T> dz = layer_input.d.col_slice(b.columns()), dy = buffers.d.col_slice(b.columns());
        if (b.spec.gumbel) {
            backend.softmax_backward(dz, dy, buffers.saved.col_slice(b.columns()), rows);
            const T inverse_temperature = static_cast<T>(1.0 / b.spec.temperature);
            backend.scale(dz, inverse_temperature, dz, rows);
            continue;
        }
        const bool needs_input = activation_saves_input(b.activation.kind);
        const Matrix<const T> saved = needs_input ? layer_input.x : Matrix<const T>(buffers.y);
        backend.copy(dz, dy, rows);
        backend.activation_backward(dz, saved.col_slice(b.columns()), b.activation, rows);
    }
    backend.activation_backward(layer_input.d, layer_input.saved, layer_input.activation, rows);
}

// y holds the noisy numbers until each block replaces its own.
template <class T>
void OutputBlocks<T>::infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y,
                            const LayerBuffers<T>&, Index rows) const {
    const Backend<T>& backend = *exec.backend;
    const Range all{0, rows};
    if (has_gumbel_) add_gumbel(exec, y, x, all);
    for (const Block& b : blocks_) {
        const Matrix<T> out = y.col_slice(b.columns());
        if (b.spec.gumbel)
            backend.one_hot(out, out, all);
        else
            backend.activation_forward(out, x.col_slice(b.columns()), b.activation, all);
    }
}

template class OutputBlocks<float>;
template class OutputBlocks<double>;

}  // namespace ds
