#include "bindings/fit.h"

#include <limits>
#include <string>
#include <utility>

#include "bindings/option_dict.h"
#include "core/check.h"

namespace ds {

FitOptions fit_options_from_dict(const py::dict& dict) {
    const auto o = options_from_dict<FitOptions>(dict);
    const auto need = [](const char* name, Index value, Index least) {
        if (value < least)
            throw ValueError(std::string(name) + ": got " + std::to_string(value) + "; expected at least " +
                             std::to_string(least));
    };
    need("epochs", o.epochs, 1);
    need("batch_size", o.batch_size, 1);
    need("patience", o.stopping.patience, 0);
    return o;
}

py::dict run_result_to_dict(const RunResult& result, const TrainerState& state, Index steps_per_epoch,
                            int players) {
    py::list epochs;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const EpochRecord& r : result.epochs) {
        py::dict epoch(py::arg("epoch") = r.epoch, py::arg("loss") = r.loss,
                       py::arg("val_loss") = r.validated ? r.val_loss : nan,
                       py::arg("learning_rate") = r.learning_rate, py::arg("seconds") = r.seconds);
        if (players > 1) {
            epoch["penalty"] = r.penalty;
            epoch["real_score"] = r.real_score;
            epoch["fake_score"] = r.fake_score;
            epoch["generator_loss"] = r.generator_loss;
            epoch["generator_learning_rate"] = r.generator_learning_rate;
        }
        epochs.append(std::move(epoch));
    }
    const double running = state.weight_sum > 0.0 ? state.loss_sum / state.weight_sum : nan;
    return py::dict(py::arg("epochs") = epochs, py::arg("finished") = result.finished,
                    py::arg("stopped_early") = result.stopped_early, py::arg("diverged") = result.diverged,
                    py::arg("diverged_loss") = result.diverged_loss, py::arg("epoch") = state.epoch,
                    py::arg("step") = state.step, py::arg("steps_per_epoch") = steps_per_epoch,
                    py::arg("running_loss") = running, py::arg("samples") = result.samples);
}

}  // namespace ds
