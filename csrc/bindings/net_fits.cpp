// deepseek._core.NetFits: the engine behind deepseek.fit_many.
#include "api/net_fits.h"

#include <limits>
#include <unordered_map>
#include <utility>

#include "bindings/bind.h"
#include "bindings/net_core.h"

namespace ds {
namespace {

// What a fit reads, kept alive.
struct Kept {
    py::object net;
    NetArrays data, validation;
};

py::object outcome_name(FitOutcome outcome) {
    switch (outcome) {
        case FitOutcome::kRunning: return py::none();
        case FitOutcome::kFinished: return py::str("finished");
        case FitOutcome::kStoppedEarly: return py::str("stopped early");
        case FitOutcome::kDiverged: return py::str("diverged");
    }
    return py::none();
}

// (epoch, step, steps per epoch, mean loss of the current epoch, samples since the last report).
py::tuple progress_of(const FitProgress& p) {
    const double loss =
        p.weight_sum > 0.0 ? p.loss_sum / p.weight_sum : std::numeric_limits<double>::quiet_NaN();
    return py::make_tuple(p.epoch, p.step, p.steps_per_epoch, loss, p.samples);
}

// The history by column, in the order of Model.logged.
py::tuple columns(const std::vector<EpochRecord>& records) {
    const std::size_t n = records.size();
    py::list epoch(n), loss(n), val_loss(n), learning_rate(n), seconds(n);
    for (std::size_t i = 0; i < n; ++i) {
        const EpochRecord& r = records[i];
        epoch[i] = py::int_(r.epoch);
        loss[i] = py::float_(r.loss);
        val_loss[i] = py::float_(r.validated ? r.val_loss : std::numeric_limits<double>::quiet_NaN());
        learning_rate[i] = py::float_(r.learning_rate);
        seconds[i] = py::float_(r.seconds);
    }
    return py::make_tuple(epoch, loss, val_loss, learning_rate, seconds);
}

struct BoundFits {
    NetFits fits;
    std::unordered_map<Index, Kept> kept;  // by id
    std::atomic<bool> cancel_requested{false};

    BoundFits() = default;
    BoundFits(const BoundFits&) = delete;
    BoundFits& operator=(const BoundFits&) = delete;
    ~BoundFits() { end(); }

    void add(Index id, const py::object& net, const py::object& x, const py::object& y, const py::object& w,
             const py::object& rows, const py::object& xv, const py::object& yv, const py::object& wv,
             const py::object& rows_v, const py::dict& options, bool by_epoch, bool observed) {
        if (kept.contains(id))
            throw ValueError(error_text("id", std::to_string(id), "one that is not in use"));
        auto& bound = py::cast<BoundNet&>(net);
        NetCore& core = *bound.core;
        Kept mine{net, net_arrays(core.spec(), x, y, w, rows, false),
                  net_arrays(core.spec(), xv, yv, wv, rows_v, true)};
        if (mine.data.raw.rows < 1) throw ValueError(error_text("rows", "no rows", "at least one"));
        NetFit fit;
        fit.id = id;
        fit.core = &core;
        fit.data = mine.data.raw;
        fit.validation = mine.validation.raw;
        fit.options = fit_options_from_dict(options);
        fit.by_epoch = by_epoch;
        fit.observed = observed;
        bound.unreported = false;  // results of an earlier fit that ended for lack of memory
        const auto at = kept.emplace(id, std::move(mine)).first;
        try {
            fits.add(fit);
        } catch (...) {
            kept.erase(at);
            throw;
        }
    }

    void run(int workers, double budget) {
        SignalInterruptPoll poll(&cancel_requested);
        {
            const py::gil_scoped_release release;
            fits.run(workers, budget, &poll);
        }
        cancel_requested.store(false, std::memory_order_relaxed);
        if (PyErr_Occurred()) throw py::error_already_set();
    }

    py::list report() {
        py::list reported;
        for (const NetFit& fit : fits.fits())
            if (fit.started)
                reported.append(py::make_tuple(fit.id, outcome_name(fit.outcome), columns(fit.epochs),
                                               progress_of(fit.progress)));
        for (const NetFit& fit : fits.fits())
            if (fit.ended) kept.erase(fit.id);
        fits.clear_reported();
        return reported;
    }

    void remove(Index id) {
        {
            const py::gil_scoped_release release;
            fits.remove(id);
        }
        kept.erase(id);
    }

    void end() {
        {
            const py::gil_scoped_release release;
            fits.end();
        }
        kept.clear();
    }
};

}  // namespace

void bind_net_fits(py::module_& m) {
    py::class_<BoundFits>(m, "NetFits", "Fits of many NetCores, each by one worker at a time.")
        .def(py::init<>())
        .def(
            "add", &BoundFits::add, py::arg("id"), py::arg("net"), py::arg("X"), py::arg("y"), py::arg("w"),
            py::arg("rows"), py::arg("Xv"), py::arg("yv"), py::arg("wv"), py::arg("rows_v"),
            py::arg("options"), py::arg("by_epoch"), py::arg("observed"),
            "Add a fit on some rows of these arrays, which are read in place; None for all rows. by_epoch: a "
            "run trains at most one epoch; observed: a complete fit keeps its last weights until remove().")
        .def("run", &BoundFits::run, py::arg("threads"), py::arg("budget_seconds"),
             "Train for a number of seconds; the next call continues. If a fit failed, it raises its error.")
        .def("report", &BoundFits::report,
             "Return (id, outcome or None, columns of the new epochs, progress) of the fits that have begun, "
             "and forget those that have ended.")
        .def(
            "has_begun", [](const BoundFits& b, Index id) { return b.fits.has_begun(id); }, py::arg("id"),
            "Whether the engine has begun a fit.")
        .def("remove", &BoundFits::remove, py::arg("id"), "End a fit and forget it.")
        .def("end", &BoundFits::end, "End all fits and release their arrays.")
        .def(
            "cancel", [](BoundFits& b) { b.cancel_requested.store(true, std::memory_order_relaxed); },
            "Cancel the current run; steps in progress are discarded.");
}

}  // namespace ds
