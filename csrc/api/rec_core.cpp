#include "api/rec_core.h"

#include "api/model_core_of.h"
#include "train/rec_course.h"

namespace ds {
namespace {

template <class T>
class RecCoreOf final : public ModelCoreOf<T, RecCore, RecModel<T>, RecInference<T>> {
public:
    using ModelCoreOf<T, RecCore, RecModel<T>, RecInference<T>>::ModelCoreOf;

    const RecSpec& spec() const override { return this->model_.spec(); }
    Index state_size() const override { return this->model_.state_size(); }
    Index carried_width() const override { return state_size(); }

    void begin(const RawSequences& data, const RawSequences& validation, const FitOptions& options) override {
        this->trainer_.begin(
            std::make_unique<RecCourse<T>>(this->model_, this->trainer_.optimizer(), active_kernels(),
                                           sequences(data, true), sequences(validation, true),
                                           options.batch_size, this->threads()),
            options);
    }

    bool predict(const RawSequences& x, void* y, Poll* poll) override {
        const DefaultFpEnv environment;
        RecInference<T>& engine = this->engine();
        const SequenceSet<T> data = sequences(x, false);
        return by_chunks(data, poll, [&](const auto& work, Index chunk, const Halt& halt) {
            engine.predict(data, work, chunk, static_cast<T*>(y), &halt);
        });
    }

    bool evaluate(const RawSequences& raw, double& loss, Poll* poll) override {
        const DefaultFpEnv environment;
        RecInference<T>& engine = this->engine();
        const SequenceSet<T> data = sequences(raw, true);
        std::vector<LossSum> sums(static_cast<std::size_t>(data.x.count));
        const bool done = by_chunks(data, poll, [&](const auto& work, Index chunk, const Halt& halt) {
            engine.losses(data, work, chunk, sums.data(), &halt);
        });
        loss = RecCourse<T>::mean_loss(sums);
        return done;
    }

    void step(const RawSequences& x, const void* before, void* after, void* y) override {
        const DefaultFpEnv environment;
        this->engine().step(sequences(x, false).x, static_cast<const T*>(before), static_cast<T*>(after),
                            static_cast<T*>(y), this->threads());
    }

private:
    // With `judged` the last step of a sequence that predicts its next one has no target.
    SequenceSet<T> sequences(const RawSequences& raw, bool judged) const {
        SequenceSet<T> s;
        s.x = {
            static_cast<const T*>(raw.values), spec().inputs, raw.tokens, raw.start, raw.length, raw.count};
        s.target = static_cast<const T*>(raw.target);
        s.target_cols = spec().outputs();
        s.label = raw.label;
        s.first = raw.first;
        s.labels = raw.labels;
        s.weight = static_cast<const T*>(raw.weight);
        s.weight_first = raw.weight_first;
        s.next = judged && spec().output == Output::kNext;
        return s;
    }

    // The workers take turns at the chunks.
    template <class Body>
    bool by_chunks(const SequenceSet<T>& data, Poll* poll, const Body& body) {
        RecInference<T>& engine = this->engine();
        const int workers = engine.workers(data, this->threads());
        const auto work = engine.plan(data, workers);
        return this->over_team(workers, poll, [&](Share share, const Halt& halt) {
            for (Index chunk = share.worker; chunk < work.chunks() && !halt.asked(); chunk += share.workers)
                body(work, chunk, halt);
        });
    }
};

}  // namespace

std::unique_ptr<RecCore> RecCore::make(const RecSpec& spec) {
    if (spec.is_double) return std::make_unique<RecCoreOf<double>>(spec);
    return std::make_unique<RecCoreOf<float>>(spec);
}

}  // namespace ds
