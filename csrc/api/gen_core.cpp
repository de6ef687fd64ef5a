#include "api/gen_core.h"

#include "api/model_core_of.h"
#include "train/gen_course.h"
#include "train/gen_inference.h"

namespace ds {
namespace {

template <class T>
class GenCoreOf final : public ModelCoreOf<T, GenCore, GenModel<T>, GenInference<T>> {
public:
    using ModelCoreOf<T, GenCore, GenModel<T>, GenInference<T>>::ModelCoreOf;

    const GenSpec& spec() const override { return this->model_.spec(); }

    void begin(const RawRows& data, const RawRows&, const FitOptions& wanted) override {
        FitOptions options = wanted;
        options.keeps_best = true;
        const GenSpec& s = spec();
        if (options.batch_size % s.together() != 0)
            throw ValueError("batch_size: got " + std::to_string(options.batch_size) +
                             ", expected a multiple of " + std::to_string(s.together()) +
                             ", the rows that are judged together");
        if (data.rows < s.together())
            throw ValueError("X: got " + std::to_string(data.rows) + " rows, expected at least " +
                             std::to_string(s.together()) + ", as many as are judged together");
        const Dataset<T> set{
            static_cast<const T*>(data.x), data.rows, s.data, nullptr, 0, data.label, nullptr};
        const bool anew = !options.resume;
        this->trainer_.begin(std::make_unique<GenCourse<T>>(this->model_, this->trainer_, active_kernels(),
                                                            set, options.batch_size, this->threads()),
                             options);
        if (anew) this->trainer_.cursor().adversaries.end_epoch();  // of an epoch that was given up
    }

    bool sample(void* out, const std::int64_t* labels, std::uint64_t seed, Index first, Index n,
                Poll* poll) override {
        const DefaultFpEnv environment;
        const GenInference<T>& engine = this->engine();
        const SampledWeights<T> weights(this->model_);
        return in_slices(n, 1, 1, poll, [&](Index begin, Index rows) {
            this->over_team(engine.workers(rows, this->threads(), true), [&](Share share) {
                engine.sample(weights, static_cast<T*>(out) + begin * spec().data,
                              labels ? labels + begin : nullptr, seed, first + begin, rows, share);
            });
        });
    }

    bool scores(void* out, const RawRows& raw, Poll* poll) override {
        const DefaultFpEnv environment;
        const GenInference<T>& engine = this->engine();
        const CpuBackend<T> backend(active_kernels());
        const Spectral<T> seen(this->model_, backend);
        const T* x = static_cast<const T*>(raw.x);
        return in_slices(raw.rows, spec().together(), 0, poll, [&](Index begin, Index rows) {
            this->over_team(engine.workers(rows, this->threads(), false), [&](Share share) {
                engine.scores(seen.params(), static_cast<T*>(out) + begin / spec().pack,
                              x + begin * spec().data, raw.label ? raw.label + begin : nullptr, rows, share);
            });
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
    // Whole groups of `together` rows, with looks for Ctrl-C between slices.
    template <class Body>
    bool in_slices(Index rows, Index together, int player, Poll* poll, const Body& body) const {
        const double flops = 2.0 * static_cast<double>(this->model_.part(player).size());
        const Index fit = std::max<Index>(1024, static_cast<Index>(kPollFlops / flops));
        const Index slice = (fit + together - 1) / together * together;
        for (Index begin = 0; begin < rows; begin += slice) {
            if (begin > 0 && poll && poll->cancelled()) return false;
            body(begin, std::min(slice, rows - begin));
        }
        return true;
    }
};

}  // namespace

std::unique_ptr<GenCore> GenCore::make(const GenSpec& spec) {
    if (spec.is_double) return std::make_unique<GenCoreOf<double>>(spec);
    return std::make_unique<GenCoreOf<float>>(spec);
}

}  // namespace ds
