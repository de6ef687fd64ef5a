#include "api/gen_core.h"

#include "api/model_core_of.h"
#include "gen/inference.h"
#include "gen/sequences/sequence_inference.h"
#include "gen/task.h"

namespace ds {
namespace {

template <class T>
class GenCoreOf final : public ModelCoreOf<T, GenCore, GenModel<T>, GenInference<T>> {
public:
    using ModelCoreOf<T, GenCore, GenModel<T>, GenInference<T>>::ModelCoreOf;

    const GenSpec& spec() const override { return this->model_.spec(); }

    bool phases() const override { return spec().texts(); }
    void enter_phase(bool pretraining) override {
        TrainerState& state = this->trainer_.state();
        if (state.pretraining == pretraining) return;
        if (state.step > 0) ++state.epoch;  // a cancelled epoch counts
        state.step = 0;
        std::swap(state.epoch, state.other_epoch);
        state.pretraining = pretraining;
        this->model_.set_pretraining(pretraining);
        this->trainer_.reset_optimizer(Player::kGenerator);
    }
    void reset(std::uint64_t seed) override {
        enter_phase(false);
        ModelCoreOf<T, GenCore, GenModel<T>, GenInference<T>>::reset(seed);
    }

    void begin(const RawRows& data, const RawRows&, const FitOptions& requested) override {
        const GenSpec& s = spec();
        FitOptions options = requested;
        options.keeps_best = true;
        const Index multiple = s.batch_multiple();
        if (options.pretraining && !s.texts())
            throw ValueError(
                "phase: got pretraining of a model without tokens; expected a generator of texts");
        if (options.resume && options.pretraining != this->trainer_.state().pretraining)
            throw ValueError("phase: got a fit of another phase; expected to resume the interrupted one");
        if (!options.pretraining && options.batch_size % multiple != 0)
            throw ValueError("batch_size: got " + std::to_string(options.batch_size) +
                             "; expected a multiple of " + std::to_string(multiple) +
                             ", the rows that the discriminator scores together");
        if (data.rows < multiple)
            throw ValueError("X: got " + std::to_string(data.rows) + " rows; expected at least " +
                             std::to_string(multiple) + ", which the discriminator scores together");
        if (s.sequences()) check_counters(data.rows, options.batch_size);
        auto fit_task = task(data, options);
        if (!options.resume) enter_phase(options.pretraining);
        this->trainer_.begin(std::move(fit_task), options);
        if (!options.resume) this->trainer_.state().gan.end_epoch();  // sums of a cancelled epoch
    }

    bool sample(void* out, const std::int64_t* labels, std::uint64_t seed, Index first, Index n,
                InterruptPoll* poll) override {
        const DefaultFpEnv environment;
        const GenInference<T>& engine = this->engine();
        const SampledWeights<T> weights(this->model_);
        const int workers = engine.workers(n, this->threads(), true);
        return this->over_thread_pool(workers, poll, [&](Share share, const StopToken& stop_token) {
            engine.sample(weights, static_cast<T*>(out), labels, seed, first, n, share, stop_token);
        });
    }

    bool sample_sequences(void* out, const std::int64_t* labels, const Index* lengths, std::uint64_t seed,
                          Index first, Index n, InterruptPoll* poll) override {
        const DefaultFpEnv environment;
        const SequenceInference<T> engine(this->model_, active_device<T>());
        return by_chunks(engine, n, poll, [&](Range range, const StopToken& stop_token) {
            engine.sample(out, labels, lengths, seed, first, range, stop_token);
        });
    }

    bool scores(void* out, const RawRows& raw, InterruptPoll* poll) override {
        if (spec().sequences()) return sequence_scores(out, raw, poll);
        const DefaultFpEnv environment;
        const GenInference<T>& engine = this->engine();
        const SpectralNorm<T> normalized(this->model_, active_device<T>());
        const T* x = static_cast<const T*>(raw.x);
        const int workers = engine.workers(raw.rows, this->threads(), false);
        return this->over_thread_pool(workers, poll, [&](Share share, const StopToken& stop_token) {
            engine.scores(normalized.params(), static_cast<T*>(out), x, raw.label, raw.rows, share,
                          stop_token);
        });
    }

    void keep_best() override {
        Buffer<T>& best = this->trainer_.best();
        if (best.size() == 0) best = Buffer<T>(this->memory(), this->table().size());
        this->memory().copy(best.data(), this->model_.params(), this->table().size());
    }

    bool restore_best() override {
        const Buffer<T>& best = this->trainer_.best();
        if (best.size() == 0) return false;
        this->memory().copy(this->model_.params(), best.data(), this->table().size());
        this->model_.refresh_copies();
        return true;
    }

private:
    static LabelledSequences<T> sequences(const RawRows& raw, Index cols) {
        return {{static_cast<const T*>(raw.x), cols, raw.tokens, raw.start, raw.length, raw.rows}, raw.label};
    }

    // Dropout numbers its blocks of 64 columns by step and sequence, in 32 bits.
    void check_counters(Index rows, Index batch) const {
        const StackSpec& stack = spec().discriminator.stack;
        Index width = stack.first_width();
        for (const Index units : stack.hidden) width = std::max(width, 2 * units);
        const double blocks = 3.0 * static_cast<double>(std::min(rows, batch)) *
                              static_cast<double>(spec().steps) * static_cast<double>((width + 63) / 64 * 16);
        if (blocks >= 4294967296.0)
            throw ValueError("batch_size: got " + std::to_string(batch) + " sequences of " +
                             std::to_string(spec().steps) +
                             " steps; expected fewer, since dropout counts them in 32 bits");
    }

    std::unique_ptr<TrainingTask<T>> task(const RawRows& data, const FitOptions& options) {
        const GenSpec& s = spec();
        const Device<T> device = active_device<T>();
        const int workers = this->threads();
        if (!s.sequences()) {
            const Dataset<T> set{
                static_cast<const T*>(data.x), data.rows, s.data_size, nullptr, 0, data.label, nullptr};
            return std::make_unique<GenTask<T>>(this->model_, this->trainer_, device, set, data.rows,
                                                options.batch_size, workers);
        }
        const LabelledSequences<T> set = sequences(data, s.data_size);
        if (options.pretraining)
            return std::make_unique<PretrainTask<T>>(this->model_, this->trainer_, device, set,
                                                     options.batch_size, workers);
        return std::make_unique<GenTask<T>>(this->model_, this->trainer_, device, set, data.rows,
                                            options.batch_size, workers);
    }

    bool sequence_scores(void* out, const RawRows& raw, InterruptPoll* poll) {
        const DefaultFpEnv environment;
        const SequenceInference<T> engine(this->model_, active_device<T>());
        const LabelledSequences<T> data = sequences(raw, spec().data_size);
        return by_chunks(engine, raw.rows, poll, [&](Range range, const StopToken& stop_token) {
            engine.scores(static_cast<T*>(out), data, range, stop_token);
        });
    }

    // The workers take the chunks in turn.
    template <class Body>
    bool by_chunks(const SequenceInference<T>& engine, Index n, InterruptPoll* poll, const Body& body) {
        const Index chunk = engine.chunk(), chunks = (n + chunk - 1) / chunk;
        const int workers = static_cast<int>(std::min<Index>(this->threads(), std::max<Index>(chunks, 1)));
        return this->over_thread_pool(workers, poll, [&](Share share, const StopToken& stop_token) {
            for (Index begin = share.worker * chunk; begin < n && !stop_token.stop_requested();
                 begin += share.workers * chunk)
                body(Range{begin, std::min(begin + chunk, n)}, stop_token);
        });
    }
};

}  // namespace

std::unique_ptr<GenCore> GenCore::make(const GenSpec& spec) {
    if (spec.is_double) return std::make_unique<GenCoreOf<double>>(spec);
    return std::make_unique<GenCoreOf<float>>(spec);
}

}  // namespace ds
