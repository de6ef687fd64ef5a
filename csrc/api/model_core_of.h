// ModelCore for one precision T and one kind of model: everything that does not depend on what the data look like.
// For the .cpp files of this folder.
#pragma once
#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "api/model_core.h"
#include "backend/cpu.h"
#include "backend/registry.h"
#include "core/fpenv.h"

namespace ds {

// Base is the interface, Body the model (NetModel<T>), Engine what predicts with it, made from (Body, backend).
template <class T, class Base, class Body, class Engine>
class ModelCoreOf : public Base {
public:
    template <class Spec>
    explicit ModelCoreOf(const Spec& spec) : model_(spec), trainer_(model_) {}

    const ModelSpec& training() const override { return model_.training(); }
    const ParameterTable& table() const override { return model_.table(); }
    int players() const override { return model_.players(); }

    bool has(Slab slab, Index parameter) const override { return slab_of(slab, parameter) != nullptr; }
    void read(Slab slab, Index parameter, void* out) const override {
        model_.export_parameter(table()[parameter], slab_of(slab, parameter), static_cast<T*>(out));
    }
    void write(Slab slab, Index parameter, const void* values) override {
        if (slab == Slab::kBest && trainer_.best().size() == 0) trainer_.best() = Buffer<T>(table().size());
        model_.import_parameter(table()[parameter], static_cast<const T*>(values),
                                const_cast<T*>(slab_of(slab, parameter)));
    }
    void parameters_written() override { model_.refresh_copies(); }
    void drop_best() override { trainer_.best() = {}; }
    Cursor& cursor() override { return trainer_.cursor(); }
    Index carried_rows() const override {
        return trainer_.carried() ? trainer_.carried()->size() / this->carried_width() : 0;
    }
    void read_carried(void* out) const override {
        std::copy_n(trainer_.carried()->data(), trainer_.carried()->size(), static_cast<T*>(out));
    }
    void write_carried(const void* values, Index rows) override {
        Buffer<T> numbers(checked_mul(rows, this->carried_width()));
        if (numbers.size() > 0) std::copy_n(static_cast<const T*>(values), numbers.size(), numbers.data());
        trainer_.carry(std::move(numbers));
    }
    void reset(std::uint64_t seed) override {
        model_.initialise(seed);
        trainer_.reset();
    }

    Block run(Index max_epochs, double budget_seconds, Poll* poll) override {
        return trainer_.run(max_epochs, budget_seconds, poll);
    }
    void end() override { trainer_.end(); }
    bool running() const override { return trainer_.running(); }
    Index steps_per_epoch() const override { return trainer_.steps_per_epoch(); }

protected:
    int threads() const { return training().threads > 0 ? training().threads : get_num_threads(); }

    // body(share, halt) by each worker. False: the poll cancelled it.
    template <class F>
    static bool over_team(int workers, Poll* poll, const F& body) {
        std::atomic<bool> given_up{false}, failed{false};
        if (workers <= 1) {
            body(Share{}, HaltByPoll(given_up, poll));
            return !given_up;
        }
        std::exception_ptr error;  // of the first that failed
        {
            TeamLease lease(workers);
            const auto work = [&](int worker) {
                try {
                    body(Share{worker, lease.workers()}, HaltByPoll(given_up, worker == 0 ? poll : nullptr));
                } catch (...) {  // a worker must not throw
                    if (!failed.exchange(true)) error = std::current_exception();
                }
            };
            lease.run(work);
        }
        if (error) std::rethrow_exception(error);
        return !given_up;
    }

    // The engine for the instruction set in use. Several threads may ask at once; one that is made stays.
    Engine& engine() {
        const KernelTable& kernels = active_kernels();
        const std::lock_guard<std::mutex> guard(making_);
        for (const auto& made : engines_)
            if (made->table == &kernels) return made->engine;
        engines_.push_back(std::make_unique<Made>(model_, kernels));
        return engines_.back()->engine;
    }

    Body model_;
    Trainer<T> trainer_;

private:
    struct Made {
        Made(const Body& model, const KernelTable& kernels)
            : table(&kernels), backend(kernels), engine(model, backend) {}
        const KernelTable* table;
        CpuBackend<T> backend;
        Engine engine;
    };

    OptimizerState<T>* optimizer_of(const Parameter& p) {
        for (int player = 0; player < model_.players() && p.trainable(); ++player) {
            const Range part = model_.part(player);
            if (p.offset >= part.begin && p.offset < part.end) return &trainer_.optimizer(player);
        }
        return nullptr;
    }

    const T* slab_of(Slab slab, Index parameter) const {
        auto& self = const_cast<ModelCoreOf&>(*this);
        OptimizerState<T>* optimizer = self.optimizer_of(table()[parameter]);
        switch (slab) {
            case Slab::kParameters: return self.model_.params();
            case Slab::kFirstMoment:
                return optimizer && optimizer->has_first() ? optimizer->first() : nullptr;
            case Slab::kSecondMoment:
                return optimizer && optimizer->has_second() ? optimizer->second() : nullptr;
            case Slab::kBest: return self.trainer_.best().size() > 0 ? self.trainer_.best().data() : nullptr;
        }
        return nullptr;
    }

    std::mutex making_;
    std::vector<std::unique_ptr<Made>> engines_;
};

}  // namespace ds
