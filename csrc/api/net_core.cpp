#include "api/net_core.h"

#include "api/model_core_of.h"
#include "train/net_course.h"

namespace ds {
namespace {

// The dense layers' inference, made from a Net.
template <class T>
class NetInference : public Inference<T> {
public:
    NetInference(const NetModel<T>& model, const Backend<T>& backend)
        : Inference<T>(model, model.layers(), backend) {}
};

template <class T>
class NetCoreOf final : public ModelCoreOf<T, NetCore, NetModel<T>, NetInference<T>> {
public:
    using ModelCoreOf<T, NetCore, NetModel<T>, NetInference<T>>::ModelCoreOf;

    const NetSpec& spec() const override { return this->model_.spec(); }

    void begin(const RawDataset& data, const RawDataset& validation, const FitOptions& options) override {
        this->trainer_.begin(std::make_unique<NetCourse<T>>(
                                 this->model_, this->trainer_.optimizer(), active_kernels(), dataset(data),
                                 dataset(validation), options.batch_size, this->threads()),
                             options);
    }

    bool predict(const void* x, Index rows, void* y, Poll* poll) override {
        const DefaultFpEnv environment;
        const Inference<T>& engine = this->engine();
        const Index inputs = spec().inputs, outputs = spec().outputs();
        const T* in = static_cast<const T*>(x);
        T* out = static_cast<T*>(y);
        return in_slices(rows, poll, [&](Index begin, Index n) {
            this->over_team(engine.workers(n, this->threads()), [&](Share share) {
                engine.predict({in + begin * inputs, inputs}, n, out + begin * outputs, share);
            });
        });
    }

    bool evaluate(const RawDataset& raw, double& loss, Poll* poll) override {
        const DefaultFpEnv environment;
        const Inference<T>& engine = this->engine();
        const Dataset<T> data = dataset(raw);
        Buffer<T> losses(data.rows);
        const bool done = in_slices(data.rows, poll, [&](Index begin, Index n) {
            const Dataset<T> part = slice(data, begin, n);
            this->over_team(engine.workers(n, this->threads()),
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
    bool in_slices(Index rows, Poll* poll, const Body& body) const {
        const double flops = 2.0 * static_cast<double>(this->table().count());
        const Index slice = std::max<Index>(1024, static_cast<Index>(kPollFlops / flops));
        for (Index begin = 0; begin < rows; begin += slice) {
            if (begin > 0 && poll && poll->cancelled()) return false;
            body(begin, std::min(slice, rows - begin));
        }
        return true;
    }
};

}  // namespace

std::unique_ptr<NetCore> NetCore::make(const NetSpec& spec) {
    if (spec.is_double) return std::make_unique<NetCoreOf<double>>(spec);
    return std::make_unique<NetCoreOf<float>>(spec);
}

}  // namespace ds
