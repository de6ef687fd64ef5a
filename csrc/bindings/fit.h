// A fit's options and its blocks as Python dicts.
#pragma once
#include <pybind11/pybind11.h>

#include "train/trainer.h"

namespace ds {

FitOptions options_from_dict(const pybind11::dict& dict);
// What `block` did, and where the fit stands.
pybind11::dict block_to_dict(const Block& block, const Cursor& cursor, Index steps_per_epoch, int players);

}  // namespace ds
