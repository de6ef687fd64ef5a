// The part that the bindings of all models share: the lock, training, parameters and state. The derived
// classes add the data.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "api/model_core.h"
#include "backend/cpu/registry.h"
#include "bindings/array.h"
#include "bindings/fit.h"
#include "bindings/poll.h"
#include "bindings/state.h"

namespace ds {

using Exclusive = std::unique_lock<std::shared_mutex>;
using Shared = std::shared_lock<std::shared_mutex>;

// Takes the model's lock. Releases the GIL while it waits.
template <class Lock>
Lock locked(ModelCore& core) {
    Lock lock(core.lock(), std::try_to_lock);
    if (!lock.owns_lock()) {
        const py::gil_scoped_release release;
        lock.lock();
    }
    return lock;
}

// Whether require() accepts the object as a matrix of `cols` columns, and all values are finite.
template <class T>
bool is_finite_matrix(const py::object& object, Index cols) {
    if (!is_matrix<T>(object, cols)) return false;
    const auto a = py::reinterpret_borrow<py::array>(object);
    return kernels_of<T>(active_kernels()).pointwise.finite(data<T>(a), a.size());
}

// A core and the Python arrays (of type Data) that a fit in progress reads.
template <class Core, class Data>
struct BoundModel {
    std::unique_ptr<Core> core;
    Data data, validation;
    // Result of the last run, and the state it reached. If memory runs out before the caller receives it, the
    // next call reports it, so that the history has every epoch.
    RunResult result;
    TrainerState reached;
    Index steps = 0;
    bool unreported = false;
    std::atomic<bool> cancel{false};  // requests that the current run returns early

    explicit BoundModel(std::unique_ptr<Core> made) : core(std::move(made)) {}

    template <class Raw>
    void begin_fit(Data train, Data held_out, Raw Data::* raw, const FitOptions& options) {
        const Exclusive lock = locked<Exclusive>(*core);
        if (core->running())
            throw std::runtime_error(
                "fit: got a model in training in another call or thread; expected one whose fit has ended");
        core->begin(train.*raw, held_out.*raw, options);
        unreported &= options.resume;
        data = std::move(train);
        validation = std::move(held_out);
    }

    py::dict run(Index max_epochs, double budget) {
        SignalInterruptPoll poll(&cancel);
        if (!unreported) {
            const py::gil_scoped_release release;
            const Exclusive lock(core->lock());
            result = core->run(max_epochs, budget, &poll);
            reached = core->state();
            steps = core->steps_per_epoch();
            unreported = true;
        }
        cancel.store(false, std::memory_order_relaxed);
        if (PyErr_Occurred()) throw py::error_already_set();
        py::dict reported = run_result_to_dict(result, reached, steps, core->players());
        unreported = false;
        return reported;
    }

    void end() {
        const Exclusive lock = locked<Exclusive>(*core);
        core->end();
        data = {};
        validation = {};
    }

    // Runs work(poll) without the GIL, under the shared lock. work() returns false if the poll cancelled it.
    template <class Work>
    void read_only(const Work& work) {
        SignalInterruptPoll poll;
        bool done = true;
        {
            const py::gil_scoped_release release;
            const Shared lock(core->lock());
            done = work(&poll);
        }
        if (!done) throw py::error_already_set();
    }

    py::dtype dtype() const {
        return core->training().is_double ? py::dtype::of<double>() : py::dtype::of<float>();
    }
    py::array matrix(const py::object& object, const char* name) const {
        return core->training().is_double ? require<double>(object, 2, name)
                                          : require<float>(object, 2, name);
    }

    // Whether the engine accepts an array unchanged. Short calls check this first, to skip Python's
    // validation.
    bool is_ready(const py::object& object, Index cols) const {
        return core->training().is_double ? is_finite_matrix<double>(object, cols)
                                          : is_finite_matrix<float>(object, cols);
    }

    py::dict params() {
        const Shared lock = locked<Shared>(*core);
        return read_tensors(*core, FlatBuffer::kParameters, "");
    }
    void set_params(const py::dict& tensors) {
        const Exclusive lock = locked<Exclusive>(*core);
        write_params(*core, tensors);
    }
    py::dict state() {
        const Shared lock = locked<Shared>(*core);
        return read_state(*core);
    }
    void set_state(const py::dict& state) {
        const Exclusive lock = locked<Exclusive>(*core);
        write_state(*core, state);
    }
    void reset(std::uint64_t seed) {
        const Exclusive lock = locked<Exclusive>(*core);
        if (core->running())
            throw std::runtime_error("reset: got a model in training; expected one whose fit has ended");
        core->reset(seed);
    }
    py::list layout() const {
        py::list rows;
        for (const Parameter& p : core->table().all()) {
            const bool table = p.kind == ParameterKind::kEmbedding;
            const Index first = table ? p.rows : p.cols, second = table               ? p.cols
                                                                  : p.is_transposed() ? p.rows
                                                                                      : 1;
            rows.append(py::make_tuple(p.name, first, second));
        }
        return rows;
    }
};

// Adds the methods that all models have.
template <class Bound, class Class>
void bind_model(Class& c) {
    c.def("layout", &Bound::layout, "Return (name, rows, columns) of each parameter, in PyTorch's layout.")
        .def(
            "num_params", [](const Bound& n) { return n.core->table().count(); },
            "Number of trainable parameters.")
        .def("get_params", &Bound::params, "Return copies of all parameters by name, in PyTorch's layout.")
        .def("set_params", &Bound::set_params, py::arg("params"),
             "Replace all parameters, after validation of every array.")
        .def("get_state", &Bound::state,
             "Return the training state: with the parameters, all that an exact resume needs.")
        .def("set_state", &Bound::set_state, py::arg("state"), "Restore a state that get_state() returned.")
        .def("reset", &Bound::reset, py::arg("seed"),
             "Draw new initial parameters and clear the training state.")
        .def("run", &Bound::run, py::arg("max_epochs"), py::arg("budget_seconds"),
             "Train for a number of epochs or seconds; the next call continues.")
        .def(
            "cancel", [](Bound& n) { n.cancel.store(true, std::memory_order_relaxed); },
            "Cancel the current run; the step in progress is discarded.")
        .def("end", &Bound::end,
             "End the fit and release its arrays; early stopping then restores the best weights.");
}

}  // namespace ds
