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
        const Index inputs = spec().inputs;
        const T* in = static_cast<const T*>(x);
        T* out = static_cast<T*>(y);
        return this->over_team(
            engine.workers(rows, this->threads()), poll,
            [&](Share share, const Halt& halt) { engine.predict({in, inputs}, rows, out, share, &halt); });
    }

    bool evaluate(const RawDataset& raw, double& loss, Poll* poll) override {
        const DefaultFpEnv environment;
        const Inference<T>& engine = this->engine();
        const Dataset<T> data = dataset(raw);
        Buffer<T> losses(data.rows);
        const bool done = this->over_team(
            engine.workers(data.rows, this->threads()), poll,
            [&](Share share, const Halt& halt) { engine.row_losses(data, losses.data(), share, &halt); });
        if (!done) return false;
        const KernelsOf<T>& k = kernels_of<T>(active_kernels());
        if (!data.weight) {
            loss = k.reduce.sum(losses.data(), data.rows) / static_cast<double>(data.rows);
            return true;
        }
        double weights = 0.0;
        for (Index i = 0; i < data.rows; ++i) weights += data.weight[i];
        loss = k.reduce.weighted_sum(losses.data(), data.weight, data.rows) / weights;
        return true;
    }

private:
    Dataset<T> dataset(const RawDataset& raw) const {
        return {static_cast<const T*>(raw.x),      raw.rows,         spec().inputs,
                static_cast<const T*>(raw.target), spec().outputs(), raw.label,
                static_cast<const T*>(raw.weight)};
    }
};

}  // namespace

std::unique_ptr<NetCore> NetCore::make(const NetSpec& spec) {
    if (spec.is_double) return std::make_unique<NetCoreOf<double>>(spec);
    return std::make_unique<NetCoreOf<float>>(spec);
}

}  // namespace ds
