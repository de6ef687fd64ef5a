#include "layers/periodic_embedding.h"

#include "core/scalar_math.h"

namespace ds {

template <class T>
PeriodicEmbedding<T>::PeriodicEmbedding(ParameterTable& table, const std::string& name, Index inputs,
                                        const PeriodicEmbeddingSpec& spec)
    : Layer<T>(inputs, inputs + spec.features * (spec.width - 1), {}), spec_(spec) {
    frequency_ = table.add(name + ".frequency", ParameterKind::kEmbedding, spec.frequencies, spec.features);
    phase_ = table.add(name + ".phase", ParameterKind::kBias, 1, spec.frequencies * spec.features);
    weight_ = table.add(name + ".weight", ParameterKind::kEmbedding, weight_rows(), spec.features);
    frequency_offset_ = table[frequency_].offset;
    phase_offset_ = table[phase_].offset;
    weight_offset_ = table[weight_].offset;
    ld_ = table[frequency_].ld;
}

// A normal phase with a standard deviation of one turn is uniform on the circle, but for 10^-8. The variance of
// the weights is that of PyTorch's nn.Linear, 1 / (3·frequencies).
template <class T>
void PeriodicEmbedding<T>::init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const {
    const double frequencies = static_cast<double>(spec_.frequencies);
    const auto draw = [&](Index parameter, double stddev, Index stream) {
        init_parameter(table[parameter], {Init::kNormal, stddev, stream}, seed, params);
    };
    draw(frequency_, spec_.sigma, rng_streams::kFrequency);
    draw(phase_, 1.0, rng_streams::kPhase);
    draw(weight_, 1.0 / scalar_math::sqrt(3.0 * frequencies), rng_streams::kPeriodicWeight);
}

template <class T>
void PeriodicEmbedding<T>::allocate_buffers(ArenaPlanner& planner, Index batch,
                                            LayerBuffers<T>& buffers) const {
    Layer<T>::allocate_buffers(planner, batch, buffers);
    buffers.aux = planner.matrix<T>(batch, waves());
}

template <class T>
void PeriodicEmbedding<T>::embed(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y,
                                 Matrix<T> waves) const {
    exec.backend->periodic_forward(
        {y, waves, x, frequency(exec.params), phase(exec.params), weight(exec.params)});
}

template <class T>
void PeriodicEmbedding<T>::forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                   LayerBuffers<T>& buffers, Range rows) const {
    if (rows.empty()) return;
    embed(exec, layer_input.x.row_slice(rows), buffers.y.row_slice(rows), buffers.aux.row_slice(rows));
}

template <class T>
void PeriodicEmbedding<T>::infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y,
                                 const LayerBuffers<T>&, Index rows) const {
    embed(exec, x.row_slice({0, rows}), y.row_slice({0, rows}),
          repeated_row(exec.worker.scratchpad, rows, waves()));
}

template <class T>
void PeriodicEmbedding<T>::backward(const ExecContext<T>& exec, const LayerInput<T>&,
                                    LayerBuffers<T>& buffers, Range rows) const {
    if (rows.empty()) return;
    exec.backend->periodic_backward({buffers.aux.row_slice(rows), output_gradient(buffers, rows),
                                     weight(exec.params), spec_.frequencies});
}

template <class T>
void PeriodicEmbedding<T>::weight_gradient(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                           const LayerBuffers<T>& buffers, Share share) const {
    const Range all{0, exec.batch};
    exec.backend->periodic_weight_gradient({frequency(exec.grads), phase(exec.grads), weight(exec.grads),
                                            buffers.aux.row_slice(all), embedded(layer_input.x),
                                            output_gradient(buffers, all), share.of(spec_.frequencies)});
}

template class PeriodicEmbedding<float>;
template class PeriodicEmbedding<double>;

}  // namespace ds
