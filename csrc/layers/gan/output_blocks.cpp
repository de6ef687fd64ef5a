#include "layers/gan/output_blocks.h"

#include <algorithm>

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
void OutputBlocks<T>::draw_gumbel(const ExecContext<T>& exec, T* g, Index row) const {
    RandomKey key{exec.seed, exec.epoch, exec.step, 0};
    Index number = row;
    if (exec.numbers) {
        number = exec.numbers[row] / exec.length;
        key.stream = static_cast<std::uint32_t>(exec.numbers[row] % exec.length);
    }
    exec.backend->uniform(row_vector(g, this->outputs_), RngPurpose::kGumbel, key, exec.first_row + number,
                          {0, 1});
    exec.backend->gan().gumbel(g, this->outputs_);
}

template <class T>
void OutputBlocks<T>::forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                              LayerBuffers<T>& buffers, Range rows) const {
    const Backend<T>& backend = *exec.backend;
    if (has_gumbel_) {
        for (Index r = rows.begin; r < rows.end; ++r) draw_gumbel(exec, buffers.aux.row(r), r);
        backend.add(buffers.aux, layer_input.x, rows);
    }
    for (const Block& b : blocks_) {
        const Matrix<T> y = buffers.y.col_slice(b.columns());
        if (!b.spec.gumbel) {
            backend.activation_forward(y, layer_input.x.col_slice(b.columns()), b.activation, rows);
            continue;
        }
        const Matrix<T> noisy = buffers.aux.col_slice(b.columns()),
                        soft = buffers.saved.col_slice(b.columns());
        const T inverse_temperature = static_cast<T>(1.0 / b.spec.temperature);
        for (Index r = rows.begin; r < rows.end; ++r)
            backend.gan().scale(soft.row(r), inverse_temperature, noisy.row(r), b.spec.units);
        backend.softmax(soft, soft, rows);
        if (!b.spec.hard) {
            backend.copy(y, soft, rows);
            continue;
        }
        for (Index r = rows.begin; r < rows.end; ++r) {
            std::fill_n(y.row(r), b.spec.units, T(0));
            y.row(r)[backend.argmax(noisy.row(r), b.spec.units)] = T(1);
        }
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
            for (Index r = rows.begin; r < rows.end; ++r)
                backend.gan().scale(dz.row(r), inverse_temperature, dz.row(r), b.spec.units);
            continue;
        }
        const bool needs_input = activation_saves_input(b.activation.kind);
        const Matrix<const T> saved = needs_input ? layer_input.x : Matrix<const T>(buffers.y);
        backend.copy(dz, dy, rows);
        backend.activation_backward(dz, saved.col_slice(b.columns()), b.activation, rows);
    }
    backend.activation_backward(layer_input.d, layer_input.saved, layer_input.activation, rows);
}

template <class T>
void OutputBlocks<T>::infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y,
                            const LayerBuffers<T>&, Index rows) const {
    const Backend<T>& backend = *exec.backend;
    const Matrix<T> noisy = row_vector(exec.worker.scratchpad, this->outputs_);
    for (Index r = 0; r < rows; ++r) {
        if (has_gumbel_) {
            draw_gumbel(exec, noisy.p, r);
            backend.add(noisy, x.rows_from(r), {0, 1});
        }
        for (const Block& b : blocks_) {
            T* out = y.row(r) + b.begin;
            if (!b.spec.gumbel) {
                const Range one{0, 1};
                backend.activation_forward(row_vector(out, b.spec.units),
                                           x.rows_from(r).col_slice(b.columns()), b.activation, one);
                continue;
            }
            std::fill_n(out, b.spec.units, T(0));
            out[backend.argmax(noisy.p + b.begin, b.spec.units)] = T(1);
        }
    }
}

template class OutputBlocks<float>;
template class OutputBlocks<double>;

}  // namespace ds
