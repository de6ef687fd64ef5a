#include "api/gen_core.h"

#include "api/model_core_of.h"
#include "train/gen_course.h"
#include "train/gen_inference.h"
#include "train/sequence_inference.h"

namespace ds {
namespace {

template <class T>
class GenCoreOf final : public ModelCoreOf<T, GenCore, GenModel<T>, GenInference<T>> {
public:
    using ModelCoreOf<T, GenCore, GenModel<T>, GenInference<T>>::ModelCoreOf;

    const GenSpec& spec() const override { return this->model_.spec(); }

    bool phases() const override { return spec().texts(); }
    void enter_phase(bool teaching) override {
        Cursor& cursor = this->trainer_.cursor();
        if (cursor.teaching == teaching) return;
        if (cursor.step > 0) ++cursor.epoch;  // given up
        cursor.step = 0;
        std::swap(cursor.epoch, cursor.other_epoch);
        cursor.teaching = teaching;
        this->model_.teach(teaching);
        this->trainer_.retrain(1);
    }
    void reset(std::uint64_t seed) override {
        enter_phase(false);
        ModelCoreOf<T, GenCore, GenModel<T>, GenInference<T>>::reset(seed);
    }

    void begin(const RawRows& data, const RawRows&, const FitOptions& wanted) override {
        const GenSpec& s = spec();
        FitOptions options = wanted;
        options.keeps_best = true;
        if (options.teaching && !s.texts())
            throw ValueError("phase: only texts have a likelihood to be taught");
        if (options.resume && options.teaching != this->trainer_.cursor().teaching)
            throw ValueError("phase: the interrupted fit was of the other");
        if (!options.teaching && options.batch_size % s.together() != 0)
            throw ValueError("batch_size: got " + std::to_string(options.batch_size) +
                             ", expected a multiple of " + std::to_string(s.together()) +
                             ", the rows that are judged together");
        if (data.rows < s.together())
            throw ValueError("X: got " + std::to_string(data.rows) + " rows, expected at least " +
                             std::to_string(s.together()) + ", as many as are judged together");
        if (s.sequences()) check_places(data.rows, options.batch_size);
        auto made = course(data, options);
        if (!options.resume) enter_phase(options.teaching);
        this->trainer_.begin(std::move(made), options);
        if (!options.resume)
            this->trainer_.cursor().adversaries.end_epoch();  // of an epoch that was given up
    }

    bool sample(void* out, const std::int64_t* labels, std::uint64_t seed, Index first, Index n,
                Poll* poll) override {
        const DefaultFpEnv environment;
        const GenInference<T>& engine = this->engine();
        const SampledWeights<T> weights(this->model_);
        const int workers = engine.workers(n, this->threads(), true);
        return this->over_team(workers, poll, [&](Share share, const Halt& halt) {
            engine.sample(weights, static_cast<T*>(out), labels, seed, first, n, share, halt);
        });
    }

    bool sample_sequences(void* out, const std::int64_t* labels, const Index* lengths, std::uint64_t seed,
                          Index first, Index n, Poll* poll) override {
        const DefaultFpEnv environment;
        const SequenceInference<T> engine(this->model_, active_kernels());
        return by_chunks(engine, n, poll, [&](Range range, const Halt& halt) {
            engine.sample(out, labels, lengths, seed, first, range, halt);
        });
    }

    bool scores(void* out, const RawRows& raw, Poll* poll) override {
        if (spec().sequences()) return sequence_scores(out, raw, poll);
        const DefaultFpEnv environment;
        const GenInference<T>& engine = this->engine();
        const CpuBackend<T> backend(active_kernels());
        const Spectral<T> seen(this->model_, backend);
        const T* x = static_cast<const T*>(raw.x);
        const int workers = engine.workers(raw.rows, this->threads(), false);
        return this->over_team(workers, poll, [&](Share share, const Halt& halt) {
            engine.scores(seen.params(), static_cast<T*>(out), x, raw.label, raw.rows, share, halt);
        });
    }

    void keep_best() override {
        Buffer<T>& best = this->trainer_.best();
        if (best.size() == 0) best = Buffer<T>(this->table().size());
        std::copy_n(this->model_.params(), this->table().size(), best.data());
    }

    bool restore_best() override {
        const Buffer<T>& best = this->trainer_.best();
        if (best.size() == 0) return false;
        std::copy_n(best.data(), this->table().size(), this->model_.params());
        this->model_.refresh_copies();
        return true;
    }

private:
    static LabelledSequences<T> sequences(const RawRows& raw, Index cols) {
        return {{static_cast<const T*>(raw.x), cols, raw.tokens, raw.start, raw.length, raw.rows}, raw.label};
    }

    // Masks number their blocks of 64 columns by step and sequence in 32 bits.
    void check_places(Index rows, Index batch) const {
        const StackSpec& stack = spec().discriminator.stack;
        Index width = stack.first_width();
        for (const Index units : stack.hidden) width = std::max(width, 2 * units);
        const double blocks = 3.0 * static_cast<double>(std::min(rows, batch)) *
                              static_cast<double>(spec().length) *
                              static_cast<double>((width + 63) / 64 * 16);
        if (blocks >= 4294967296.0)
            throw ValueError("batch_size: " + std::to_string(batch) + " sequences of " +
                             std::to_string(spec().length) + " steps are too many for one batch");
    }

    std::unique_ptr<Course<T>> course(const RawRows& data, const FitOptions& options) {
        const GenSpec& s = spec();
        const KernelTable& kernels = active_kernels();
        const int workers = this->threads();
        if (!s.sequences()) {
            const Dataset<T> set{
                static_cast<const T*>(data.x), data.rows, s.data, nullptr, 0, data.label, nullptr};
            return std::make_unique<GenCourse<T>>(this->model_, this->trainer_, kernels, set, data.rows,
                                                  options.batch_size, workers);
        }
        const LabelledSequences<T> set = sequences(data, s.data);
        if (options.teaching)
            return std::make_unique<TeachCourse<T>>(this->model_, this->trainer_, kernels, set,
                                                    options.batch_size, workers);
        return std::make_unique<GenCourse<T>>(this->model_, this->trainer_, kernels, set, data.rows,
                                              options.batch_size, workers);
    }

    bool sequence_scores(void* out, const RawRows& raw, Poll* poll) {
        const DefaultFpEnv environment;
        const SequenceInference<T> engine(this->model_, active_kernels());
        const LabelledSequences<T> data = sequences(raw, spec().data);
        return by_chunks(engine, raw.rows, poll, [&](Range range, const Halt& halt) {
            engine.scores(static_cast<T*>(out), data, range, halt);
        });
    }

    // The workers take turns at the chunks.
    template <class Body>
    bool by_chunks(const SequenceInference<T>& engine, Index n, Poll* poll, const Body& body) {
        const Index chunk = engine.chunk(), chunks = (n + chunk - 1) / chunk;
        const int workers = static_cast<int>(std::min<Index>(this->threads(), std::max<Index>(chunks, 1)));
        return this->over_team(workers, poll, [&](Share share, const Halt& halt) {
            for (Index begin = share.worker * chunk; begin < n && !halt.asked();
                 begin += share.workers * chunk)
                body(Range{begin, std::min(begin + chunk, n)}, halt);
        });
    }
};

}  // namespace

std::unique_ptr<GenCore> GenCore::make(const GenSpec& spec) {
    if (spec.is_double) return std::make_unique<GenCoreOf<double>>(spec);
    return std::make_unique<GenCoreOf<float>>(spec);
}

}  // namespace ds
