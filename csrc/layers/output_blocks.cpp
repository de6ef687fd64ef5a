#include "layers/output_blocks.h"

#include <algorithm>

namespace ds {
namespace {

template <class T>
Matrix<T> columns(Matrix<T> m, Index begin) {
    return {m.p + begin, m.ld};
}

}  // namespace

template <class T>
OutputBlocks<T>::OutputBlocks(const std::vector<OutputSpec>& blocks, Index width)
    : Layer<T>(width, width, {}) {
    Index begin = 0;
    for (const OutputSpec& spec : blocks) {
        blocks_.push_back({spec, begin, {spec.activation, static_cast<T>(spec.alpha)}});
        begin += spec.units;
        draws_ |= spec.gumbel;
    }
}

// `saved` are the soft categories, `aux` what they are made of.
template <class T>
void OutputBlocks<T>::carve(Carver& carver, Index batch, Tape<T>& tape) const {
    Layer<T>::carve(carver, batch, tape);
    if (!draws_) return;
    tape.saved = {carver.take<T>(batch, tape.y.ld), tape.y.ld};
    tape.aux = {carver.take<T>(batch, tape.y.ld), tape.y.ld};
}

// Row i of a batch draws as that row; of sequences' steps, as its number, and the step tells the streams apart.
template <class T>
void OutputBlocks<T>::draw(const Pass<T>& pass, T* g, Index row) const {
    RandomKey key{pass.seed, pass.epoch, pass.step, 0};
    Index number = row;
    if (pass.numbers) {
        number = pass.numbers[row] / pass.length;
        key.layer = static_cast<std::uint32_t>(pass.numbers[row] % pass.length);
    }
    pass.backend->uniform({g, this->outputs_}, Stream::kGumbel, key, pass.first_row + number, {0, 1},
                          this->outputs_);
    pass.backend->gan().gumbel(g, this->outputs_);
}

template <class T>
void OutputBlocks<T>::forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const {
    const Backend<T>& backend = *pass.backend;
    if (draws_) {
        for (Index r = rows.begin; r < rows.end; ++r) draw(pass, tape.aux.row(r), r);
        backend.add(tape.aux, below.x, rows, this->outputs_);
    }
    for (const Block& b : blocks_) {
        const Matrix<T> y = columns(tape.y, b.begin);
        if (!b.spec.gumbel) {
            backend.activation_forward(y, columns(below.x, b.begin), b.activation, rows, b.spec.units);
            continue;
        }
        const Matrix<T> noisy = columns(tape.aux, b.begin), soft = columns(tape.saved, b.begin);
        const T heat = static_cast<T>(1.0 / b.spec.temperature);
        for (Index r = rows.begin; r < rows.end; ++r)
            backend.gan().scaled(soft.row(r), heat, noisy.row(r), b.spec.units);
        backend.softmax(soft, soft, rows, b.spec.units);
        if (!b.spec.hard) {
            backend.copy(y, soft, rows, b.spec.units);
            continue;
        }
        for (Index r = rows.begin; r < rows.end; ++r) {
            std::fill_n(y.row(r), b.spec.units, T(0));
            y.row(r)[backend.largest(noisy.row(r), b.spec.units)] = T(1);
        }
    }
}

template <class T>
void OutputBlocks<T>::backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const {
    const Backend<T>& backend = *pass.backend;
    for (const Block& b : blocks_) {
        const Matrix<T> dz = columns(below.d, b.begin), dy = columns(tape.d, b.begin);
        if (b.spec.gumbel) {
            backend.softmax_backward(dz, dy, columns(tape.saved, b.begin), rows, b.spec.units);
            const T heat = static_cast<T>(1.0 / b.spec.temperature);
            for (Index r = rows.begin; r < rows.end; ++r)
                backend.gan().scaled(dz.row(r), heat, dz.row(r), b.spec.units);
            continue;
        }
        const bool by_input = activation_saves_input(b.activation.kind);
        const Matrix<const T> saved = by_input ? below.x : Matrix<const T>(tape.y);
        backend.copy(dz, dy, rows, b.spec.units);
        backend.activation_backward(dz, columns(saved, b.begin), b.activation, rows, b.spec.units);
    }
    backend.activation_backward(below.d, below.saved, below.activation, rows, this->outputs_);
}

template <class T>
void OutputBlocks<T>::infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>&,
                            Index rows) const {
    const Backend<T>& backend = *pass.backend;
    const Matrix<T> noisy{pass.worker.scratch, this->outputs_};
    for (Index r = 0; r < rows; ++r) {
        if (draws_) {
            draw(pass, noisy.p, r);
            backend.add(noisy, {x.row(r), x.ld}, {0, 1}, this->outputs_);
        }
        for (const Block& b : blocks_) {
            T* out = y.row(r) + b.begin;
            if (!b.spec.gumbel) {
                const Range one{0, 1};
                backend.activation_forward({out, 0}, {x.row(r) + b.begin, 0}, b.activation, one,
                                           b.spec.units);
                continue;
            }
            std::fill_n(out, b.spec.units, T(0));
            out[backend.largest(noisy.p + b.begin, b.spec.units)] = T(1);
        }
    }
}

template class OutputBlocks<float>;
template class OutputBlocks<double>;

}  // namespace ds
