#include "api/rec_core.h"

#include "api/model_core_of.h"
#include "rec/task.h"

namespace ds {
namespace {

template <class T>
class RecCoreOf final : public ModelCoreOf<T, RecCore, RecModel<T>, RecInference<T>> {
public:
    using ModelCoreOf<T, RecCore, RecModel<T>, RecInference<T>>::ModelCoreOf;

    const RecSpec& spec() const override { return this->model_.spec(); }
    Index state_size() const override { return this->model_.state_size(); }
    Index bptt_state_width() const override { return state_size(); }

    void begin(const RawSequences& data, const RawSequences& validation, const FitOptions& options) override {
        this->trainer_.begin(
            std::make_unique<RecTask<T>>(this->model_, this->trainer_.optimizer(), active_device<T>(),
                                         sequences(data, true), sequences(validation, true),
                                         options.batch_size, this->threads()),
            options);
    }

    bool predict(const RawSequences& x, void* y, InterruptPoll* poll) override {
        const DefaultFpEnv environment;
        RecInference<T>& engine = this->engine();
        const SequenceSet<T> data = sequences(x, false);
        return by_chunks(data, poll, [&](const auto& plan, Index chunk, const StopToken& stop_token) {
            engine.predict(data, plan, chunk, static_cast<T*>(y), &stop_token);
        });
    }

    bool evaluate(const RawSequences& raw, double& loss, InterruptPoll* poll) override {
        const DefaultFpEnv environment;
        RecInference<T>& engine = this->engine();
        const SequenceSet<T> data = sequences(raw, true);
        std::vector<LossSum> sums(static_cast<std::size_t>(data.x.count));
        const bool done =
            by_chunks(data, poll, [&](const auto& plan, Index chunk, const StopToken& stop_token) {
                engine.losses(data, plan, chunk, sums.data(), &stop_token);
            });
        loss = RecTask<T>::mean_loss(sums);
        return done;
    }

    void step(const RawSequences& x, const void* state, void* next_state, void* y) override {
        const DefaultFpEnv environment;
        this->engine().step(sequences(x, false).x, static_cast<const T*>(state), static_cast<T*>(next_state),
                            static_cast<T*>(y), this->threads());
    }

private:
    // With targets, the last step of a sequence that predicts its next step has none.
    SequenceSet<T> sequences(const RawSequences& raw, bool with_targets) const {
        SequenceSet<T> s;
        s.x = {static_cast<const T*>(raw.values),
               spec().input_size,
               raw.tokens,
               raw.start,
               raw.length,
               raw.count};
        s.target = static_cast<const T*>(raw.target);
        s.target_cols = spec().outputs();
        s.label = raw.label;
        s.first = raw.first;
        s.labels = raw.labels;
        s.weight = static_cast<const T*>(raw.weight);
        s.weight_first = raw.weight_first;
        s.next = with_targets && spec().output == Output::kNext;
        return s;
    }

    // The workers take the chunks in turn.
    template <class Body>
    bool by_chunks(const SequenceSet<T>& data, InterruptPoll* poll, const Body& body) {
        RecInference<T>& engine = this->engine();
        const int workers = engine.workers(data, this->threads());
        const auto plan = engine.plan(data, workers);
        return this->over_thread_pool(workers, poll, [&](Share share, const StopToken& stop_token) {
            for (Index chunk = share.worker; chunk < plan.count() && !stop_token.stop_requested();
                 chunk += share.workers)
                body(plan, chunk, stop_token);
        });
    }
};

}  // namespace

std::unique_ptr<RecCore> RecCore::make(const RecSpec& spec) {
    if (spec.is_double) return std::make_unique<RecCoreOf<double>>(spec);
    return std::make_unique<RecCoreOf<float>>(spec);
}

}  // namespace ds
