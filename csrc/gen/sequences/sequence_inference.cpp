#include "gen/sequences/sequence_inference.h"

#include <algorithm>
#include <vector>

namespace ds {
namespace {

constexpr Index kChunk = 64;

}  // namespace

template <class T>
SequenceInference<T>::SequenceInference(const GenModel<T>& model, const Device<T>& device)
    : model_(model),
      spec_(model.spec()),
      device_(device),
      backend_(device.backend),
      weights_(model),
      normalized_(model, device),
      chunk_((kChunk + spec_.batch_multiple() - 1) / spec_.batch_multiple() * spec_.batch_multiple()) {}

template <class T>
ExecContext<T> SequenceInference<T>::exec_of(const T* params, T* scratchpad,
                                             const StopToken& stop_token) const {
    ExecContext<T> exec;
    exec.backend = &backend_;
    exec.params = params;
    exec.worker = {scratchpad, &stop_token};
    return exec;
}

template <class T>
void SequenceInference<T>::sample(void* out, const std::int64_t* labels, const Index* lengths,
                                  std::uint64_t seed, Index first, Range range,
                                  const StopToken& stop_token) const {
    const Index n = range.size();
    SequenceGenerator<T> generator(model_, backend_, n, false);
    T* scratchpad = nullptr;
    const Buffer<T> arena = allocate_planned<T>(device_.memory, [&](ArenaPlanner& planner) {
        generator.allocate_buffers(planner);
        scratchpad = planner.allocate<T>(generator.scratchpad_size(), 1);
    });
    generator.set_lengths(lengths + range.begin, n);
    ExecContext<T> exec = exec_of(weights_.params(), scratchpad, stop_token);
    exec.seed = seed;
    exec.epoch = rng_streams::kSampleEpoch;
    exec.first_row = first + range.begin;
    Barrier alone(1);
    generator.forward(exec, labels ? labels + range.begin : nullptr, Share{}, alone);
    const Index length = spec_.steps, width = spec_.data_size;
    const Index total = generator.layout().total;
    HostArray<Index> index(n * length);
    const auto position_of = [&](Index i) { return generator.number(i) * length + generator.step(i); };
    if (spec_.texts()) {  // which have all steps
        for (Index i = 0; i < total; ++i) index[position_of(i)] = i;
        return backend_.gather(static_cast<Index*>(out) + range.begin * length, generator.tokens(),
                               index.data(), {0, total});
    }
    for (Index i = 0; i < total; ++i) index[i] = position_of(i);
    const Matrix<T> samples{static_cast<T*>(out) + range.begin * length * width, n * length, width};
    backend_.fill(samples, T(0), {0, samples.rows});
    backend_.scatter(samples, generator.output(), index.data(), {0, total});
}

template <class T>
void SequenceInference<T>::scores(T* out, const LabelledSequences<T>& data, Range range,
                                  const StopToken& stop_token) const {
    const Index n = range.size(), length = spec_.steps;
    RecStack<T> stack(model_.discriminator_body(), backend_, false,
                      {.numbered = true, .length = length, .no_top_dropout = true, .external_inputs = true});
    stack.plan(n, n * length);
    const InferencePlans<T> plans(model_.discriminator(), backend_, n);
    T *dense = nullptr, *scratchpad = nullptr;
    const Buffer<T> arena = allocate_planned<T>(device_.memory, [&](ArenaPlanner& planner) {
        stack.allocate_buffers(planner, n, n * length, length, true);
        dense = planner.allocate<T>(plans.scratchpad_size(), 1);
        scratchpad = planner.allocate<T>(stack.scratchpad_size(), 1);
    });
    std::vector<Index> lengths(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i)
        lengths[static_cast<std::size_t>(i)] = spec_.eos_token >= 0 ? length : data.x.length[range.begin + i];
    stack.set_batch(lengths.data(), n);
    ExecContext<T> exec = exec_of(normalized_.params(), scratchpad, stop_token);
    const RecBody<T>& body = model_.discriminator_body();
    const Index total = stack.layout().total;
    HostArray<Index> source(total);  // by packed row: its token, or its row in the data set
    Index end = 0;
    stack.each({0, total}, [&](Index i, Index row, Index t) {
        const Index s = range.begin + stack.number(row);
        source[i] = spec_.texts() ? data.token(s, t, spec_.eos_token) : data.x.start[s] + t;
        end = std::max(end, source[i] + 1);
    });
    const Matrix<const T> rows =
        spec_.texts() ? body.table(exec.params) : Matrix<const T>{data.x.values, end, data.x.cols};
    backend_.gather(stack.x(), rows, source.data(), {0, total});
    Barrier alone(1);
    stack.clear_states({0, n});
    stack.forward(exec, Share{}, alone);
    exec.labels = data.label ? data.label + range.begin : nullptr;
    plans.forward(model_.discriminator(), exec, dense, stack.top(), n, {out + range.begin, n, 1});
}

template class SequenceInference<float>;
template class SequenceInference<double>;

}  // namespace ds
