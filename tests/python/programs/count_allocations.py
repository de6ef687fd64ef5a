"""Allocations of an engine call that trains 10 steps and of one that trains 1000: they have to be equal.

The shim `allocations.c` has to be preloaded. Speaks to the engine itself, for what `Net.fit` does between two
engine calls is Python's. Prints a line for each net: name, allocations for 10 steps, allocations for 1000.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

import deepseek as ds
from deepseek import _core
from deepseek._config import make_config
from deepseek._run import Plan
from programs import models

shim = ctypes.CDLL(None)
watch, watched = shim.watch_allocations, shim.watched_allocations
watch.argtypes, watched.restype = [ctypes.c_long, ctypes.c_long], ctypes.c_long

BATCH = 8
NETS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "sgd": ((6, 16, 3), {"optimizer": ds.SGD(0.01, momentum=0.9)}),
    "adam": ((6, 16, 3), {"optimizer": ds.Adam(1e-3, clip_norm=1.0, schedule=ds.Cosine(warmup=0.1))}),
    "dropout": ((6, 16, 16, 3), {"dropout": 0.2, "input_dropout": 0.1}),
    "batch_norm": ((6, 16, 16, 3), {"normalization": "batch"}),
    "layer_norm": ((6, 16, 16, 3), {"normalization": "layer", "dtype": "float64"}),
    "one_thread": ((6, 256, 256, 3), {"threads": 1}),
    "two_threads": ((6, 256, 256, 3), {"threads": 2}),
}


def allocations(layers: tuple[int, ...], options: dict[str, Any], steps: int) -> int:
    """How many one call makes that trains an epoch of so many steps, the team being there already."""
    config = make_config(layers, activation="relu", loss="cross_entropy", **options)
    dtype = np.dtype(config.dtype)
    X, y = models.data(steps * BATCH)
    Xv, yv = models.data(64, seed=9)
    core = _core.NetCore(config.spec())
    plan = Plan(epochs=2, batch_size=BATCH, rows=len(X), validation_rows=len(Xv))
    core.begin(X.astype(dtype), y, None, Xv.astype(dtype), yv, None, plan.options(resume=False))
    core.run(1, 1e9)
    watch(0, 0)
    block = core.run(1, 1e9)
    count = watched()
    assert block["samples"] == len(X) and len(block["epochs"]) == 1
    core.end()
    return int(count)


for name, (layers, options) in NETS.items():
    print(name, allocations(layers, options, 10), allocations(layers, options, 1000))
