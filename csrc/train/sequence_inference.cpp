#include "train/sequence_inference.h"

#include <algorithm>
#include <vector>

namespace ds {
namespace {

constexpr Index kChunk = 64;
constexpr std::uint32_t kSampleEpoch = 0xffffffffu;

// Room laid out by `lay_out`, measured first.
template <class T, class LayOut>
Buffer<T> room_for(const LayOut& lay_out) {
    Carver measure;
    lay_out(measure);
    Buffer<T> room(measure.elements<T>());
    Carver carver(room.data(), room.bytes());
    lay_out(carver);
    return room;
}

}  // namespace

template <class T>
SequenceInference<T>::SequenceInference(const GenModel<T>& model, const KernelTable& kernels)
    : model_(model),
      spec_(model.spec()),
      backend_(kernels),
      weights_(model),
      seen_(model, backend_),
      chunk_((kChunk + spec_.together() - 1) / spec_.together() * spec_.together()) {}

template <class T>
Pass<T> SequenceInference<T>::pass_of(const T* params, T* scratch, const Halt& halt) const {
    Pass<T> pass;
    pass.backend = &backend_;
    pass.params = params;
    pass.worker = {scratch, &halt};
    return pass;
}

template <class T>
void SequenceInference<T>::sample(void* out, const std::int64_t* labels, const Index* lengths,
                                  std::uint64_t seed, Index first, Range range, const Halt& halt) const {
    const Index n = range.size();
    SequenceGenerator<T> generator(model_, backend_, n, false);
    T* scratch = nullptr;
    const Buffer<T> room = room_for<T>([&](Carver& carver) {
        generator.carve(carver);
        scratch = carver.take<T>(generator.scratch(), 1);
    });
    generator.place(lengths + range.begin, n);
    Pass<T> pass = pass_of(weights_.params(), scratch, halt);
    pass.seed = seed;
    pass.epoch = kSampleEpoch;
    pass.first_row = first + range.begin;
    Barrier alone(1);
    generator.make(pass, labels ? labels + range.begin : nullptr, Share{}, alone);
    const Index length = spec_.length, width = spec_.data;
    if (!spec_.texts())
        std::fill_n(static_cast<T*>(out) + range.begin * length * width, n * length * width, T(0));
    for (Index i = 0; i < generator.layout().total; ++i) {
        const Index at = (range.begin + generator.number(i)) * length + generator.step(i);
        if (spec_.texts())
            static_cast<Index*>(out)[at] = generator.tokens()[i];
        else
            std::copy_n(generator.made().row(i), width, static_cast<T*>(out) + at * width);
    }
}

template <class T>
void SequenceInference<T>::scores(T* out, const LabelledSequences<T>& data, Range range,
                                  const Halt& halt) const {
    const Index n = range.size(), length = spec_.length;
    RecStack<T> stack(model_.discriminator_body(), backend_, false,
                      {.numbered = true, .length = length, .bare_top = true, .inputs = true});
    stack.plan(n, n * length);
    const InferencePlans<T> plans(model_.discriminator(), backend_, n);
    T *dense = nullptr, *scratch = nullptr;
    const Buffer<T> room = room_for<T>([&](Carver& carver) {
        stack.carve(carver, n, n * length, length, true);
        dense = carver.take<T>(plans.buffer(), 1);
        scratch = carver.take<T>(stack.scratch(), 1);
    });
    std::vector<Index> lengths(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i)
        lengths[static_cast<std::size_t>(i)] = spec_.stop >= 0 ? length : data.x.length[range.begin + i];
    stack.place(lengths.data(), n);
    Pass<T> pass = pass_of(seen_.params(), scratch, halt);
    const RecBody<T>& body = model_.discriminator_body();
    stack.each({0, stack.layout().total}, [&](Index i, Index row, Index t) {
        const Index s = range.begin + stack.number(row);
        const T* from = spec_.texts() ? pass.params + body.embedding() +
                                            data.token(s, t, spec_.stop) * body.embedding_ld()
                                      : data.x.values + (data.x.start[s] + t) * data.x.cols;
        std::copy_n(from, spec_.discriminator.stack.first_width(), stack.x().row(i));
    });
    Barrier alone(1);
    stack.clear_states({0, n});
    stack.forward(pass, Share{}, alone);
    pass.labels = data.label ? data.label + range.begin : nullptr;
    plans.forward(model_.discriminator(), pass, dense, stack.top(), n, {out + range.begin, 1});
}

template class SequenceInference<float>;
template class SequenceInference<double>;

}  // namespace ds
