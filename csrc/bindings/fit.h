// A fit's options and its blocks as Python dicts.
#pragma once
#include <pybind11/pybind11.h>

#include "training/trainer.h"

namespace ds {

FitOptions fit_options_from_dict(const pybind11::dict& dict);
// What `block` did, and where the fit stands.
pybind11::dict run_result_to_dict(const RunResult& result, const TrainerState& state, Index steps_per_epoch,
                                  int players);

}  // namespace ds
