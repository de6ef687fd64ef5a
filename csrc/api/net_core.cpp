#include "api/net_core.h"

#include "api/model_core_of.h"
#include "net/task.h"

namespace ds {
namespace {

// Inference of the dense layers of a Net.
template <class T>
class NetInference : public Inference<T> {
public:
    NetInference(const NetModel<T>& model, const Device<T>& device)
        : Inference<T>(model, model.layers(), device) {}
};

template <class T>
class NetCoreOf final : public ModelCoreOf<T, NetCore, NetModel<T>, NetInference<T>> {
public:
    using ModelCoreOf<T, NetCore, NetModel<T>, NetInference<T>>::ModelCoreOf;

    const NetSpec& spec() const override { return this->model_.spec(); }
    bool takes_sparse() const override { return this->memory().is_host(); }

    void begin(const RawDataset& data, const RawDataset& validation, const FitOptions& options,
               int threads) override {
        this->trainer_.begin(
            std::make_unique<NetTask<T>>(this->model_, this->trainer_.optimizer(), this->device(),
                                         dataset(data), dataset(validation), options.batch_size,
                                         threads > 0 ? threads : this->threads()),
            options);
    }

    bool predict(const RawDataset& raw, void* y, InterruptPoll* poll) override {
        const DefaultFpEnv environment;
        const Inference<T>& engine = this->engine();
        const Dataset<T> data = dataset(raw);
        const InputRows<T> x = data.sparse ? InputRows<T>(data.sparse) : InputRows<T>(data.inputs());
        T* out = static_cast<T*>(y);
        return this->over_thread_pool(workers(engine, data), poll,
                                      [&](Share share, const StopToken& stop_token) {
                                          engine.predict(x, data.rows, out, share, &stop_token);
                                      });
    }

    bool evaluate(const RawDataset& raw, double& loss, InterruptPoll* poll) override {
        const DefaultFpEnv environment;
        const Inference<T>& engine = this->engine();
        const Dataset<T> data = dataset(raw);
        const DeviceDataset<T> copy(this->memory(), data);
        Buffer<T> losses(this->memory(), data.rows);
        const bool done = this->over_thread_pool(
            workers(engine, data), poll, [&](Share share, const StopToken& stop_token) {
                engine.row_losses(copy.data(), losses.data(), share, &stop_token);
            });
        if (done) loss = engine.mean_loss(losses.data(), data.weight, data.rows);
        return done;
    }

private:
    Dataset<T> dataset(const RawDataset& raw) const {
        const T* x = static_cast<const T*>(raw.x);
        Dataset<T> data{x,
                        raw.rows,
                        spec().input_size,
                        static_cast<const T*>(raw.target),
                        spec().outputs(),
                        raw.label,
                        static_cast<const T*>(raw.weight),
                        raw.index,
                        raw.array_rows};
        if (!raw.indptr) return data;
        data.x = nullptr;
        data.sparse = SparseMatrix<T>::of(raw.indptr, raw.column, x, raw.index ? raw.array_rows : raw.rows,
                                          spec().input_size);
        return data;
    }

    // Of inference. Data sets with an index are validated in training only.
    int workers(const Inference<T>& engine, const Dataset<T>& data) {
        const Index entries = data.sparse && data.rows > 0 ? data.sparse.end[data.rows - 1] : -1;
        return engine.workers(data.rows, this->threads(), entries);
    }
};

}  // namespace

std::unique_ptr<NetCore> NetCore::make(const NetSpec& spec, int device) {
    if (spec.is_double) return std::make_unique<NetCoreOf<double>>(spec, device);
    return std::make_unique<NetCoreOf<float>>(spec, device);
}

}  // namespace ds
