"""Allocations of an engine call that trains 10 steps and of one that trains many more: they have to be equal.

The shim `allocations.c` has to be preloaded. Speaks to the engine itself, for what `fit` does between two
engine calls is Python's. Prints a line for each model: name, allocations for 10 steps, allocations for many.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

import deepseek as ds
from deepseek import _core
from deepseek._config.net import NetConfig
from deepseek._config.rec import RecConfig
from deepseek._rec.data import sequence_rows
from deepseek._training.fit_state import FitConfig
from parity.sparse import rows_of
from programs import models, recs

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
    "sparse": ((6, 16, 3), {"input_dropout": 0.1, "sparse": True}),
    "one_thread": ((6, 256, 256, 3), {"threads": 1}),
    "two_threads": ((6, 256, 256, 3), {"threads": 2}),
}


RECS: dict[str, tuple[str, dict[str, Any]]] = {
    "rnn": ("last", {"cell": "rnn", "optimizer": ds.SGD(0.01, momentum=0.9)}),
    "gru": ("mean", {"hidden": [6, 5], "bidirectional": True, "dropout": 0.2, "recurrent_dropout": 0.1}),
    "lstm": ("sequence", {"cell": "lstm", "layer_norm": True, "head": [7], "threads": 1}),
    "ctc": ("ctc", {"cell": "lstm", "threads": 2}),
    "pieces": ("next token", {"bptt_steps": 3, "input_dropout": 0.1, "threads": 2}),
}


def net(layers: tuple[int, ...], options: dict[str, Any], steps: int) -> tuple[Any, Any, Any]:
    """An engine, data for `steps` steps, data for the validation."""
    read = rows_of if options.get("sparse") else np.asarray
    options = {key: value for key, value in options.items() if key != "sparse"}
    config = NetConfig(layers=layers, activation="relu", loss="cross_entropy", **options)
    X, y = models.data(steps * BATCH)
    Xv, yv = models.data(64, seed=9)
    dtype = np.dtype(config.dtype)
    return _core.NetCore(config.spec()), (read(X.astype(dtype)), y, None), (read(Xv.astype(dtype)), yv, None)


def rec(kind: str, options: dict[str, Any], steps: int) -> tuple[Any, Any, Any]:
    """The same. A piece of a batch is a step, so there may be more."""
    plain = {"input_size": recs.FEATURES, "hidden": 6, "output": kind.split()[0]}
    config = RecConfig(**{**plain, **recs.OUTPUTS[kind], **options})
    rows, held_out = (
        sequence_rows(config, *recs.lists(kind, count, seed), None, None)
        for count, seed in ((steps * BATCH, 3), (20, 9))
    )
    return _core.RecCore(config.spec()), rows.arrays, held_out.arrays


def allocations(core: Any, data: tuple[Any, ...], validation: tuple[Any, ...], steps: int) -> int:
    """Allocations of one call that trains an epoch of `steps` steps, on threads that run already."""
    config = FitConfig(epochs=2, batch_size=BATCH, rows=steps * BATCH, validation_rows=1)
    core.begin(*data, *validation, config.options(resume=False))
    core.run(1, 1e9)
    watch(0, 0)
    block = core.run(1, 1e9)
    count = watched()
    assert block["samples"] == steps * BATCH and len(block["epochs"]) == 1
    core.end()
    return int(count)


for make, table, most in ((net, NETS, 1000), (rec, RECS, 200)):
    for name, (what, options) in table.items():
        print(name, *(allocations(*make(what, options, steps), steps) for steps in (10, most)))
