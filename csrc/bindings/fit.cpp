#include "bindings/fit.h"

#include <limits>
#include <string>
#include <utility>

#include "core/check.h"

namespace py = pybind11;

namespace ds {

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
    std::string phase = "adversarial";
    get("phase", phase);
    if (phase != "adversarial" && phase != "likelihood")
        throw ValueError("phase: got \"" + phase + "\", expected \"adversarial\" or \"likelihood\"");
    o.teaching = phase == "likelihood";
    o.stopping.on_validation = monitor == "val_loss";
    if (o.epochs < 1) throw ValueError("epochs: got " + std::to_string(o.epochs) + ", expected at least 1");
    if (o.batch_size < 1)
        throw ValueError("batch_size: got " + std::to_string(o.batch_size) + ", expected at least 1");
    if (o.stopping.patience < 0)
        throw ValueError("patience: got " + std::to_string(o.stopping.patience) + ", expected at least 0");
    return o;
}

py::dict block_to_dict(const Block& block, const Cursor& cursor, Index steps_per_epoch, int players) {
    py::list epochs;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const EpochRecord& r : block.epochs) {
        py::dict epoch(py::arg("epoch") = r.epoch, py::arg("loss") = r.loss,
                       py::arg("val_loss") = r.validated ? r.val_loss : nan, py::arg("rate") = r.rate,
                       py::arg("seconds") = r.seconds);
        if (players > 1) {
            epoch["penalty"] = r.penalty;
            epoch["real_score"] = r.real_score;
            epoch["fake_score"] = r.fake_score;
            epoch["generator_loss"] = r.generator_loss;
            epoch["generator_rate"] = r.generator_rate;
        }
        epochs.append(std::move(epoch));
    }
    const double running = cursor.weight_sum > 0.0 ? cursor.loss_sum / cursor.weight_sum : nan;
    return py::dict(py::arg("epochs") = epochs, py::arg("finished") = block.finished,
                    py::arg("stopped_early") = block.stopped_early, py::arg("diverged") = block.diverged,
                    py::arg("diverged_loss") = block.diverged_loss, py::arg("epoch") = cursor.epoch,
                    py::arg("step") = cursor.step, py::arg("steps_per_epoch") = steps_per_epoch,
                    py::arg("running_loss") = running, py::arg("samples") = block.samples);
}

}  // namespace ds
