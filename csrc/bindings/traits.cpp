// What the engine's optimizers and losses say about themselves, for Python.
#include <pybind11/stl.h>

#include "bindings/bind.h"
#include "kernels/gan/gan_table.h"
#include "kernels/loss/loss_table.h"
#include "kernels/optimizer/optimizer_table.h"

namespace ds {
namespace {

namespace py = pybind11;
using py::literals::operator""_a;

py::dict options_to_dict(std::span<const OptionTraits> options) {
    py::dict d;
    for (const OptionTraits& option : options)
        d[option.name] = option.range == OptionRange::kFlag ? py::object(py::bool_(option.initial != 0.0))
                                                            : py::object(py::float_(option.initial));
    return d;
}

py::dict all_optimizers() {
    py::dict all;
    for (const OptimizerTraits& t : optimizers()) all[t.name] = options_to_dict(t.options);
    return all;
}

py::list all_losses() {
    py::list all;
    for (const LossTraits& t : losses())
        all.append(py::dict("name"_a = t.name, "options"_a = options_to_dict(t.options),
                            "output_activation"_a = t.output,
                            "targets"_a = kTargetKindNames[static_cast<std::size_t>(t.targets)]));
    return all;
}

py::dict all_gan_losses() {
    py::dict all;
    for (const GanLossTraits& t : gan_losses())
        all[t.name] = py::dict("paired"_a = t.paired, "any_output"_a = t.any_output, "penalty"_a = t.penalty);
    return all;
}

}  // namespace

void bind_traits(py::module_& m) {
    m.def("optimizers", &all_optimizers, "Each optimizer's name and its own options with their defaults.");
    m.def("losses", &all_losses,
          "Each loss: its name, its own options with their defaults, its targets, and the output activation "
          "whose "
          "pre-activation it starts from (None: the outputs of any). A name with two activations is listed "
          "twice.");
    m.def("gan_losses", &all_gan_losses,
          "Each loss of a GAN: whether its generator's loss reads the scores of real rows, whether the "
          "discriminator's "
          "output activation is free, and the gradient penalty that it is used with by default.");
}

}  // namespace ds
