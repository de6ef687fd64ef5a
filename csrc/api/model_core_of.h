// ModelCore for one precision T and one kind of model: everything that does not depend on what the data look
// like. For the .cpp files of this folder.
#pragma once
#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "api/model_core.h"
#include "backend/device.h"
#include "core/fpenv.h"

namespace ds {

// Base is the interface, Body the model (NetModel<T>), and Engine its inference, constructed from (Body,
// device).
template <class T, class Base, class Body, class Engine>
class ModelCoreOf : public Base {
public:
    template <class Spec>
    explicit ModelCoreOf(const Spec& spec, int device = kHostDevice)
        : device_(device), model_(active_device<T>(device), spec), trainer_(model_) {}

    const ModelSpec& training() const override { return model_.training(); }
    const ParameterTable& table() const override { return model_.table(); }
    int players() const override { return static_cast<int>(model_.players().size()); }

    bool has(FlatBuffer buffer, Index parameter) const override {
        return flat_buffer(buffer, parameter) != nullptr;
    }
    void read(FlatBuffer buffer, Index parameter, void* out) const override {
        const Parameter& p = table()[parameter];
        HostArray<T> w(p.span());
        memory().to_host(w.data(), flat_buffer(buffer, parameter) + p.offset, p.span());
        export_parameter(p, w.data(), static_cast<T*>(out));
    }
    Index scratchpad_bytes() const override {
        Index most = 0;
        for (const Parameter& p : table().all()) most = std::max(most, p.span());
        return most * static_cast<Index>(sizeof(T));
    }
    void write(FlatBuffer buffer, Index parameter, const void* values, void* scratchpad) override {
        const Parameter& p = table()[parameter];
        T* w = static_cast<T*>(scratchpad);
        std::fill_n(w, p.span(), T(0));  // the padding
        import_parameter(p, static_cast<const T*>(values), w);
        memory().from_host(const_cast<T*>(flat_buffer(buffer, parameter)) + p.offset, w, p.span());
    }
    void parameters_written() override { model_.refresh_copies(); }
    void make_best() override {
        if (trainer_.best().size() > 0) return;
        Buffer<T> best(memory(), table().size());
        memory().fill_zero(best.data(), best.size());  // the padding
        trainer_.best() = std::move(best);
    }
    void drop_best() override { trainer_.best() = {}; }
    TrainerState& state() override { return trainer_.state(); }
    Index bptt_state_rows() const override {
        return trainer_.bptt_state() ? trainer_.bptt_state()->size() / this->bptt_state_width() : 0;
    }
    void read_bptt_state(void* out) const override {
        memory().to_host(static_cast<T*>(out), trainer_.bptt_state()->data(), trainer_.bptt_state()->size());
    }
    void write_bptt_state(const void* values, Index rows) override {
        Buffer<T> state(memory(), checked_mul(rows, this->bptt_state_width()));
        memory().from_host(state.data(), static_cast<const T*>(values), state.size());
        trainer_.set_bptt_state(std::move(state));
    }
    void reset(std::uint64_t seed) override {
        model_.initialise(seed);
        trainer_.reset();
    }

    RunResult run(Index max_epochs, double budget_seconds, InterruptPoll* poll) override {
        return trainer_.run(max_epochs, budget_seconds, poll);
    }
    void end() override { trainer_.end(); }
    bool running() const override { return trainer_.running(); }
    Index steps_per_epoch() const override { return trainer_.steps_per_epoch(); }

protected:
    Memory& memory() const { return model_.device().memory; }
    // The model's, with the instruction set in use.
    Device<T> device() const { return active_device<T>(device_); }
    int threads() const {
        if (model_.device().backend.is_asynchronous()) return 1;
        return training().threads > 0 ? training().threads : get_num_threads();
    }

    // Each worker calls body(share, stop_token). False: the poll cancelled it.
    template <class F>
    static bool over_thread_pool(int workers, InterruptPoll* poll, const F& body) {
        std::atomic<bool> cancelled{false}, failed{false};
        if (workers <= 1) {
            body(Share{}, PollingStopToken(cancelled, poll));
            return !cancelled;
        }
        std::exception_ptr error;  // of the first that failed
        {
            ThreadPoolLease lease(workers);
            const auto work = [&](int worker) {
                try {
                    body(Share{worker, lease.workers()},
                         PollingStopToken(cancelled, worker == 0 ? poll : nullptr));
                } catch (...) {  // a worker must not throw
                    if (!failed.exchange(true)) error = std::current_exception();
                }
            };
            lease.run(work);
        }
        if (error) std::rethrow_exception(error);
        return !cancelled;
    }

    // The engine for the active instruction set. Several threads may call it at once; engines are never
    // removed.
    Engine& engine() {
        const Device<T> device = this->device();
        const std::lock_guard<std::mutex> guard(engine_mutex_);
        for (const auto& cached : engines_)
            if (cached->backend == &device.backend) return cached->engine;
        engines_.push_back(std::make_unique<CachedEngine>(model_, device));
        return engines_.back()->engine;
    }

    const int device_;
    Body model_;
    Trainer<T> trainer_;

private:
    struct CachedEngine {
        CachedEngine(const Body& model, const Device<T>& device)
            : backend(&device.backend), engine(model, device) {}
        const Backend<T>* backend;
        Engine engine;
    };

    OptimizerState<T>* optimizer_of(const Parameter& p) {
        if (!p.trainable()) return nullptr;
        for (const Player player : model_.players()) {
            const Range part = model_.part(player);
            if (p.offset >= part.begin && p.offset < part.end) return &trainer_.optimizer(player);
        }
        return nullptr;
    }

    const T* flat_buffer(FlatBuffer buffer, Index parameter) const {
        auto& self = const_cast<ModelCoreOf&>(*this);
        OptimizerState<T>* optimizer = self.optimizer_of(table()[parameter]);
        switch (buffer) {
            case FlatBuffer::kParameters: return self.model_.params();
            case FlatBuffer::kFirstMoment:
                return optimizer && optimizer->has_first() ? optimizer->first() : nullptr;
            case FlatBuffer::kSecondMoment:
                return optimizer && optimizer->has_second() ? optimizer->second() : nullptr;
            case FlatBuffer::kBest:
                return self.trainer_.best().size() > 0 ? self.trainer_.best().data() : nullptr;
        }
        return nullptr;
    }

    std::mutex engine_mutex_;
    std::vector<std::unique_ptr<CachedEngine>> engines_;
};

}  // namespace ds
