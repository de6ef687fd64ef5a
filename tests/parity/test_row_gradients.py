"""Gradients of large weights, made by rows where the update reads them: the bits of those that are made whole.

Clipping by norm needs all gradients before the first update. A limit that no norm reaches changes nothing else, so a
fit with it must become the fit without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deepseek import _core
from parity import engine
from parity.cases import spec as make

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"name": "sgd", "learning_rate": 1e-2, "l1": 1e-3},
    "adam": {"name": "adam", "learning_rate": 1e-3, "weight_decay": 0.1},
    "rmsprop": {"name": "rmsprop", "learning_rate": 1e-3, "momentum": 0.7},
}
# Fewer rows than are updated together, padding behind the columns, transposed copies, weights that are not large.
SHAPES = {
    "wide-first": (20, (1000, 50, 5)),
    "long-first": (301, (131, 140, 5)),
    "deep": (40, (400, 400, 30, 5)),
}
NEVER = 1e30
DTYPES = ("float32", "float64")


def trained(shape: str, norm: str, optimizer: dict[str, Any], dtype: str, threads: int) -> str:
    """A net after some batches of 60 rows and short ones of 21: digest of weights and state."""
    inputs, widths = SHAPES[shape]
    options = {"normalization": norm} if norm else {}
    spec = make(widths, "relu", "cross_entropy", input_size=inputs, optimizer=optimizer, **options)
    core = _core.NetCore({**spec, "dtype": dtype, "threads": threads})
    x, y = engine.numbers(141, inputs, 1, dtype), engine.targets(spec, 141, 1, dtype)
    engine.fit(core, x, y, None, epochs=2, batch_size=60)
    return engine.digest(core)


def check(digest_of: Callable[[dict[str, float], int], str]) -> None:
    """By any number of workers on one instruction set; by three on the others."""
    whole: dict[bool, str] = {}  # of the instruction sets with fused multiply-add, and of baseline
    for isa in engine.each_isa():
        fused = isa in engine.FUSED_ISAS
        if fused not in whole:
            whole[fused] = digest_of({"clip_norm": NEVER}, 1)
        for threads in (1, 2, 3) if isa == engine.FUSED_ISAS[0] else (3,):
            assert digest_of({}, threads) == whole[fused], (isa, threads)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("norm", ["", "batch"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_nets(shape: str, optimizer: str, norm: str, dtype: str) -> None:
    options = OPTIMIZERS[optimizer]
    check(lambda more, threads: trained(shape, norm, {**options, **more}, dtype, threads))


def players(penalty: str, optimizer: dict[str, Any], dtype: str, threads: int) -> str:
    """Both players of some rows, after two epochs."""
    spec = {
        "seed": 5,
        "data_size": 300,
        "latent_size": 30,
        "dtype": dtype,
        "threads": threads,
        "loss": "non_saturating",
        "penalty": {"kind": penalty, "weight": 0.1},
        "generator": {
            "layers": [{"units": 600, "activation": "relu"}, {"units": 300, "activation": "tanh"}],
            "optimizer": optimizer,
        },
        "discriminator": {
            "layers": [{"units": 150, "activation": "tanh"}, {"units": 1, "activation": "identity"}],
            "optimizer": optimizer,
        },
    }
    core = _core.GenCore(spec)
    x = np.random.default_rng(1).normal(size=(120, 300)).astype(dtype)
    core.begin(x, None, {"epochs": 2, "batch_size": 40})
    while not core.run(100, 1.0)["finished"]:
        pass
    core.end()
    return engine.digest(core)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("penalty", ["none", "r1r2", "interpolated"])
def test_players(penalty: str, dtype: str) -> None:
    options = OPTIMIZERS["adam"]
    check(lambda more, threads: players(penalty, {**options, **more}, dtype, threads))
