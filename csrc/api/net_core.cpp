#include "api/net_core.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "backend/registry.h"
#include "core/fpenv.h"
#include "train/net_course.h"

namespace ds {
namespace {

constexpr double kPollFlops = 2e9;  // inference between two looks for Ctrl-C: some 20 ms

template <class T>
class NetCoreOf final : public NetCore {
public:
    explicit NetCoreOf(const NetSpec& spec) : model_(spec), trainer_(model_) {}

    const NetSpec& spec() const override { return model_.spec(); }
    const ParameterTable& table() const override { return model_.table(); }

    bool has(Slab slab) const override { return slab_of(slab) != nullptr; }
    void read(Slab slab, Index parameter, void* out) const override {
        model_.export_parameter(table()[parameter], slab_of(slab), static_cast<T*>(out));
    }
    void write(Slab slab, Index parameter, const void* values) override {
        if (slab == Slab::kBest && trainer_.best().size() == 0) trainer_.best() = Buffer<T>(table().size());
        model_.import_parameter(table()[parameter], static_cast<const T*>(values),
                                const_cast<T*>(slab_of(slab)));
    }
    void parameters_written() override { model_.refresh_copies(); }
    void drop_best() override { trainer_.best() = {}; }
    Cursor& cursor() override { return trainer_.cursor(); }
    void reset(std::uint64_t seed) override {
        model_.initialise(seed);
        trainer_.reset();
    }

    void begin(const RawDataset& data, const RawDataset& validation, const FitOptions& options) override {
        trainer_.begin(std::make_unique<NetCourse<T>>(model_, trainer_.optimizer(), active_kernels(),
                                                      dataset(data), dataset(validation), options.batch_size,
                                                      threads()),
                       options);
    }
    Block run(Index max_epochs, double budget_seconds, Poll* poll) override {
        return trainer_.run(max_epochs, budget_seconds, poll);
    }
    void end() override { trainer_.end(); }
    bool running() const override { return trainer_.running(); }
    Index steps_per_epoch() const override { return trainer_.steps_per_epoch(); }

    bool predict(const void* x, Index rows, void* y, Poll* poll) override {
        const DefaultFpEnv environment;
        const Inference<T>& engine = inference();
        const Index inputs = spec().inputs, outputs = spec().outputs();
        const T* in = static_cast<const T*>(x);
        T* out = static_cast<T*>(y);
        return in_slices(rows, poll, [&](Index begin, Index n) {
            over_team(engine.workers(n, threads()), [&](Share share) {
                engine.predict(in + begin * inputs, n, out + begin * outputs, share);
            });
        });
    }

    bool evaluate(const RawDataset& raw, double& loss, Poll* poll) override {
        const DefaultFpEnv environment;
        const Inference<T>& engine = inference();
        const Dataset<T> data = dataset(raw);
        Buffer<T> losses(data.rows);
        const bool done = in_slices(data.rows, poll, [&](Index begin, Index n) {
            const Dataset<T> part = slice(data, begin, n);
            over_team(engine.workers(n, threads()),
                      [&](Share share) { engine.row_losses(part, losses.data() + begin, share); });
        });
        const KernelsOf<T>& k = kernels_of<T>(active_kernels());
        if (!data.weight) {
            loss = k.reduce.sum(losses.data(), data.rows) / static_cast<double>(data.rows);
            return done;
        }
        double weights = 0.0;
        for (Index i = 0; i < data.rows; ++i) weights += data.weight[i];
        loss = k.reduce.weighted_sum(losses.data(), data.weight, data.rows) / weights;
        return done;
    }

private:
    int threads() const { return spec().threads > 0 ? spec().threads : get_num_threads(); }

    const T* slab_of(Slab slab) const {
        auto& self = const_cast<NetCoreOf&>(*this);
        switch (slab) {
            case Slab::kParameters: return self.model_.params();
            case Slab::kFirstMoment:
                return self.trainer_.optimizer().has_first() ? self.trainer_.optimizer().first() : nullptr;
            case Slab::kSecondMoment:
                return self.trainer_.optimizer().has_second() ? self.trainer_.optimizer().second() : nullptr;
            case Slab::kBest: return self.trainer_.best().size() > 0 ? self.trainer_.best().data() : nullptr;
        }
        return nullptr;
    }

    Dataset<T> dataset(const RawDataset& raw) const {
        return {static_cast<const T*>(raw.x),      raw.rows,         spec().inputs,
                static_cast<const T*>(raw.target), spec().outputs(), raw.label,
                static_cast<const T*>(raw.weight)};
    }

    static Dataset<T> slice(Dataset<T> d, Index begin, Index n) {
        d.x += begin * d.cols;
        d.rows = n;
        if (d.target) d.target += begin * d.target_cols;
        if (d.label) d.label += begin;
        return d;
    }

    template <class Body>
    static void over_team(int workers, const Body& body) {
        if (workers <= 1) return body(Share{});
        TeamLease lease(workers);
        const auto work = [&](int worker) { body(Share{worker, lease.workers()}); };
        lease.run(work);
    }

    template <class Body>
    bool in_slices(Index rows, Poll* poll, const Body& body) const {
        const double flops = 2.0 * static_cast<double>(table().count());
        const Index slice = std::max<Index>(1024, static_cast<Index>(kPollFlops / flops));
        for (Index begin = 0; begin < rows; begin += slice) {
            if (begin > 0 && poll && poll->cancelled()) return false;
            body(begin, std::min(slice, rows - begin));
        }
        return true;
    }

    // The plans of the instruction set in use. Several threads may ask at once; an engine once made stays.
    const Inference<T>& inference() {
        const KernelTable& kernels = active_kernels();
        const std::lock_guard<std::mutex> guard(making_);
        for (const auto& engine : engines_)
            if (engine->table == &kernels) return engine->inference;
        engines_.push_back(std::make_unique<Engine>(model_, kernels));
        return engines_.back()->inference;
    }

    struct Engine {
        Engine(const NetModel<T>& model, const KernelTable& kernels)
            : table(&kernels), backend(kernels), inference(model, backend) {}
        const KernelTable* table;
        CpuBackend<T> backend;
        Inference<T> inference;
    };

    NetModel<T> model_;
    Trainer<T> trainer_;
    std::mutex making_;
    std::vector<std::unique_ptr<Engine>> engines_;
};

}  // namespace

std::unique_ptr<NetCore> NetCore::make(const NetSpec& spec) {
    if (spec.is_double) return std::make_unique<NetCoreOf<double>>(spec);
    return std::make_unique<NetCoreOf<float>>(spec);
}

}  // namespace ds
