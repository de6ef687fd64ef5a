// What the bindings of all kinds of model share: the lock, a fit's blocks, parameters and state. A kind adds how its
// data come in.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "api/model_core.h"
#include "backend/registry.h"
#include "bindings/array.h"
#include "bindings/fit.h"
#include "bindings/poll.h"
#include "bindings/state.h"

namespace ds {

using Exclusive = std::unique_lock<std::shared_mutex>;
using Shared = std::shared_lock<std::shared_mutex>;

// Takes the model's lock; while it has to wait, the GIL is free.
template <class Lock>
Lock locked(ModelCore& core) {
    Lock lock(core.lock(), std::try_to_lock);
    if (!lock.owns_lock()) {
        const py::gil_scoped_release release;
        lock.lock();
    }
    return lock;
}

// No more and no less than an array that require() takes, of `cols` columns and without NaN and infinities.
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
    // What the last run did. Out of memory on its way to the caller it is told by the next call, or epochs would be
    // missing from the history.
    Block block;
    Cursor cursor;
    Index steps = 0;
    bool untold = false;
    std::atomic<bool> cancel{false};  // asks the run in progress to return before its budget is spent

    explicit BoundModel(std::unique_ptr<Core> made) : core(std::move(made)) {}

    template <class Raw>
    void begin_fit(Data train, Data held_out, Raw Data::* raw, const FitOptions& options) {
        const Exclusive lock = locked<Exclusive>(*core);
        if (core->running())
            throw std::runtime_error("fit: this model is being fitted already, in another call or thread");
        core->begin(train.*raw, held_out.*raw, options);
        untold &= options.resume;
        data = std::move(train);
        validation = std::move(held_out);
    }

    py::dict run(Index max_epochs, double budget) {
        SignalPoll poll(&cancel);
        if (!untold) {
            const py::gil_scoped_release release;
            const Exclusive lock(core->lock());
            block = core->run(max_epochs, budget, &poll);
            cursor = core->cursor();
            steps = core->steps_per_epoch();
            untold = true;
        }
        cancel.store(false, std::memory_order_relaxed);
        if (PyErr_Occurred()) throw py::error_already_set();
        py::dict told = block_to_dict(block, cursor, steps, core->players());
        untold = false;
        return told;
    }

    void end() {
        const Exclusive lock = locked<Exclusive>(*core);
        core->end();
        data = {};
        validation = {};
    }

    // work(poll) without the GIL, the lock shared; it returns false if the poll told it to stop.
    template <class Work>
    void read_only(const Work& work) {
        SignalPoll poll;
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

    // Whether the engine takes an array as it is: asked first where the work may take less time than Python's checks.
    bool is_ready(const py::object& object, Index cols) const {
        return core->training().is_double ? is_finite_matrix<double>(object, cols)
                                          : is_finite_matrix<float>(object, cols);
    }

    py::dict params() {
        const Shared lock = locked<Shared>(*core);
        return read_tensors(*core, Slab::kParameters, "");
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
        if (core->running()) throw std::runtime_error("reset: this model is being fitted");
        core->reset(seed);
    }
    py::list layout() const {
        py::list rows;
        for (const Parameter& p : core->table().all()) {
            const bool table = p.kind == ParameterKind::kEmbedding;
            const Index first = table ? p.rows : p.cols, second = table ? p.cols : p.turned() ? p.rows : 1;
            rows.append(py::make_tuple(p.name, first, second));
        }
        return rows;
    }
};

// The methods that every kind of model has.
template <class Bound, class Class>
void bind_model(Class& c) {
    c.def("layout", &Bound::layout, "(name, rows, columns) of each parameter in PyTorch's layout.")
        .def(
            "num_params", [](const Bound& n) { return n.core->table().count(); },
            "How many trainable numbers.")
        .def("get_params", &Bound::params, "Copies of all parameters by name, in PyTorch's layout.")
        .def("set_params", &Bound::set_params, py::arg("params"),
             "Replace all parameters; checks everything first.")
        .def("get_state", &Bound::state, "What exact resuming needs besides the parameters.")
        .def("set_state", &Bound::set_state, py::arg("state"), "Put back what get_state returned.")
        .def("reset", &Bound::reset, py::arg("seed"), "Draw the parameters anew and forget all training.")
        .def("run", &Bound::run, py::arg("max_epochs"), py::arg("budget_seconds"),
             "Train for some epochs or some time; go on with the next call.")
        .def(
            "cancel", [](Bound& n) { n.cancel.store(true, std::memory_order_relaxed); },
            "Ask the run in progress to return before its budget is spent, without the step it is in.")
        .def("end", &Bound::end,
             "Let go of the arrays; after early stopping, the best weights are put in place.");
}

}  // namespace ds
