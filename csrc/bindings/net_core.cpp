// deepseek._core.NetCore: the engine behind Net. No arithmetic here: arrays in, arrays out, the GIL released
// meanwhile.
#include "api/net_core.h"

#include <atomic>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "bindings/array.h"
#include "bindings/bind.h"
#include "bindings/poll.h"
#include "bindings/spec.h"
#include "bindings/state.h"

namespace ds {
namespace {

using Exclusive = std::unique_lock<std::shared_mutex>;
using Shared = std::shared_lock<std::shared_mutex>;

// Takes the model's lock; while it has to wait, the GIL is free.
template <class Lock>
Lock locked(NetCore& core) {
    Lock lock(core.lock(), std::try_to_lock);
    if (!lock.owns_lock()) {
        const py::gil_scoped_release release;
        lock.lock();
    }
    return lock;
}

// The arrays of one data set, kept alive, and the engine's view of them.
struct Arrays {
    py::object x, y, weight;
    RawDataset raw;
};

template <class T>
Arrays dataset_of(const NetSpec& spec, const py::object& x, const py::object& y, const py::object& w,
                  const char* names[3]) {
    Arrays a;
    if (x.is_none()) return a;
    const py::array xs = require<T>(x, 2, names[0]);
    if (xs.shape(1) != spec.inputs)
        throw ValueError(std::string(names[0]) + ": expected " + std::to_string(spec.inputs) +
                         " columns, got " + describe(xs));
    a.raw.x = xs.data();
    a.raw.rows = xs.shape(0);
    const auto same_rows = [&](const py::array& other, const char* name) {
        if (other.shape(0) != xs.shape(0))
            throw ValueError(std::string(name) + ": expected " + std::to_string(xs.shape(0)) +
                             " rows, as X has, got " + describe(other));
    };
    const bool labels = py::isinstance<py::array>(y) && py::reinterpret_borrow<py::array>(y).ndim() == 1 &&
                        spec.takes_labels();
    if (labels) {
        const py::array ys = require<std::int64_t>(y, 1, names[1]);
        same_rows(ys, names[1]);
        a.raw.label = data<std::int64_t>(ys);
        for (Index i = 0; i < a.raw.rows; ++i)
            if (a.raw.label[i] < 0 || a.raw.label[i] >= spec.outputs())
                throw ValueError(std::string(names[1]) + ": row " + std::to_string(i) + " has class " +
                                 std::to_string(a.raw.label[i]) + ", expected 0 to " +
                                 std::to_string(spec.outputs() - 1));
        a.y = ys;
    } else {
        if (!spec.takes_rows())
            throw ValueError(std::string(names[1]) + ": expected 1-D int64 class indices");
        const py::array ys = require<T>(y, 2, names[1]);
        same_rows(ys, names[1]);
        if (ys.shape(1) != spec.outputs())
            throw ValueError(std::string(names[1]) + ": expected " + std::to_string(spec.outputs()) +
                             " columns, got " + describe(ys));
        a.raw.target = ys.data();
        a.y = ys;
    }
    if (!w.is_none()) {
        const py::array ws = require<T>(w, 1, names[2]);
        same_rows(ws, names[2]);
        a.raw.weight = ws.data();
        a.weight = ws;
    }
    a.x = xs;
    return a;
}

Arrays dataset_of(const NetSpec& spec, const py::object& x, const py::object& y, const py::object& w,
                  bool validation) {
    const char* names[2][3] = {{"X", "y", "sample_weight"}, {"X_val", "y_val", "sample_weight_val"}};
    return spec.is_double ? dataset_of<double>(spec, x, y, w, names[validation])
                          : dataset_of<float>(spec, x, y, w, names[validation]);
}

FitOptions options_from_dict(const py::dict& d) {
    FitOptions o;
    const auto get = [&](const char* key, auto& value) {
        if (d.contains(key)) value = py::cast<std::decay_t<decltype(value)>>(d[key]);
    };
    std::string monitor = "val_loss";
    get("epochs", o.epochs);
    get("batch_size", o.batch_size);
    get("shuffle", o.shuffle);
    get("patience", o.stopping.patience);
    get("min_delta", o.stopping.min_delta);
    get("restore_best", o.stopping.restore_best);
    get("monitor", monitor);
    get("resume", o.resume);
    o.stopping.on_validation = monitor == "val_loss";
    if (o.epochs < 1) throw ValueError("epochs: got " + std::to_string(o.epochs) + ", expected at least 1");
    if (o.batch_size < 1)
        throw ValueError("batch_size: got " + std::to_string(o.batch_size) + ", expected at least 1");
    if (o.stopping.patience < 0)
        throw ValueError("patience: got " + std::to_string(o.stopping.patience) + ", expected at least 0");
    return o;
}

// NetCore and the Python arrays that a fit in progress reads.
struct BoundNet {
    std::unique_ptr<NetCore> core;
    Arrays data, validation;
    std::atomic<bool> cancel{false};  // asks the run in progress to return before its budget is spent

    explicit BoundNet(const py::dict& spec) : core(NetCore::make(spec_from_dict(spec))) {}

    void begin(const py::object& x, const py::object& y, const py::object& w, const py::object& xv,
               const py::object& yv, const py::object& wv, const py::dict& options) {
        const FitOptions o = options_from_dict(options);
        Arrays train = dataset_of(core->spec(), x, y, w, false);
        Arrays held_out = dataset_of(core->spec(), xv, yv, wv, true);
        if (train.raw.rows < 1) throw ValueError("X: expected at least 1 row, got 0");
        const Exclusive lock = locked<Exclusive>(*core);
        if (core->running())
            throw std::runtime_error("fit: this model is being fitted already, in another call or thread");
        core->begin(train.raw, held_out.raw, o);
        data = std::move(train);
        validation = std::move(held_out);
    }

    py::dict run(Index max_epochs, double budget) {
        SignalPoll poll(&cancel);
        Block block;
        Index epoch = 0, step = 0, steps = 0;
        double sum = 0.0, weight = 0.0;
        {
            const py::gil_scoped_release release;
            const Exclusive lock(core->lock());
            block = core->run(max_epochs, budget, &poll);
            epoch = core->cursor().epoch;
            step = core->cursor().step;
            sum = core->cursor().loss_sum;
            weight = core->cursor().weight_sum;
            steps = core->steps_per_epoch();
        }
        cancel.store(false, std::memory_order_relaxed);
        if (PyErr_Occurred()) throw py::error_already_set();
        py::list epochs;
        const double nan = std::numeric_limits<double>::quiet_NaN();
        for (const EpochRecord& r : block.epochs)
            epochs.append(py::dict(py::arg("epoch") = r.epoch, py::arg("loss") = r.loss,
                                   py::arg("val_loss") = r.validated ? r.val_loss : nan,
                                   py::arg("rate") = r.rate, py::arg("seconds") = r.seconds));
        return py::dict(py::arg("epochs") = epochs, py::arg("finished") = block.finished,
                        py::arg("stopped_early") = block.stopped_early, py::arg("diverged") = block.diverged,
                        py::arg("diverged_loss") = block.diverged_loss, py::arg("epoch") = epoch,
                        py::arg("step") = step, py::arg("steps_per_epoch") = steps,
                        py::arg("running_loss") = weight > 0.0 ? sum / weight : nan,
                        py::arg("samples") = block.samples);
    }

    void end() {
        const Exclusive lock = locked<Exclusive>(*core);
        core->end();
        data = {};
        validation = {};
    }

    py::array predict(const py::object& x) {
        const NetSpec& spec = core->spec();
        const py::array in = spec.is_double ? require<double>(x, 2, "X") : require<float>(x, 2, "X");
        if (in.shape(1) != spec.inputs)
            throw ValueError("X: expected " + std::to_string(spec.inputs) + " columns, got " + describe(in));
        const py::dtype dtype = spec.is_double ? py::dtype::of<double>() : py::dtype::of<float>();
        py::array out(dtype, std::vector<py::ssize_t>{in.shape(0), spec.outputs()});
        const void* source = in.data();
        void* target = out.mutable_data();
        const Index rows = in.shape(0);
        SignalPoll poll;
        bool done = true;
        {
            const py::gil_scoped_release release;
            const Shared lock(core->lock());
            done = core->predict(source, rows, target, &poll);
        }
        if (!done) throw py::error_already_set();
        return out;
    }

    double evaluate(const py::object& x, const py::object& y, const py::object& w) {
        const Arrays set = dataset_of(core->spec(), x, y, w, false);
        if (set.raw.rows < 1) throw ValueError("X: expected at least 1 row, got 0");
        SignalPoll poll;
        double loss = 0.0;
        bool done = true;
        {
            const py::gil_scoped_release release;
            const Shared lock(core->lock());
            done = core->evaluate(set.raw, loss, &poll);
        }
        if (!done) throw py::error_already_set();
        return loss;
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
            const bool matrix = p.kind == ParameterKind::kWeight;
            rows.append(py::make_tuple(p.name, p.cols, matrix ? p.rows : Index(1)));
        }
        return rows;
    }
};

}  // namespace

void bind_net_core(py::module_& m) {
    py::class_<BoundNet>(m, "NetCore", "The engine behind deepseek.Net, configured by one dict.")
        .def(py::init<const py::dict&>(), py::arg("spec"))
        .def(
            "spec", [](const BoundNet& n) { return spec_to_dict(n.core->spec()); },
            "The specification, defaults filled in.")
        .def("layout", &BoundNet::layout, "(name, rows, columns) of each parameter in PyTorch's layout.")
        .def(
            "num_params", [](const BoundNet& n) { return n.core->table().count(); },
            "How many trainable numbers.")
        .def("get_params", &BoundNet::params, "Copies of all parameters by name, in PyTorch's layout.")
        .def("set_params", &BoundNet::set_params, py::arg("params"),
             "Replace all parameters; checks everything first.")
        .def("get_state", &BoundNet::state, "What exact resuming needs besides the parameters.")
        .def("set_state", &BoundNet::set_state, py::arg("state"), "Put back what get_state returned.")
        .def("reset", &BoundNet::reset, py::arg("seed"), "Draw the parameters anew and forget all training.")
        .def("begin", &BoundNet::begin, py::arg("X"), py::arg("y"), py::arg("w"), py::arg("Xv"),
             py::arg("yv"), py::arg("wv"), py::arg("options"),
             "Start or resume a fit over these arrays, which are read in place.")
        .def("run", &BoundNet::run, py::arg("max_epochs"), py::arg("budget_seconds"),
             "Train for some epochs or some time; go on with the next call.")
        .def(
            "cancel", [](BoundNet& n) { n.cancel.store(true, std::memory_order_relaxed); },
            "Ask the run in progress to return before its budget is spent, without the step it is in.")
        .def("end", &BoundNet::end,
             "Let go of the arrays; after early stopping, the best weights are put in place.")
        .def("predict", &BoundNet::predict, py::arg("X"), "Outputs, one row a row of X.")
        .def("evaluate", &BoundNet::evaluate, py::arg("X"), py::arg("y"), py::arg("w"),
             "The weighted mean loss.");
}

}  // namespace ds
