"""Periodic embedding of numbers (Gorishniy et al. 2022; Holzmüller et al. 2024). Mirrors ``csrc/layers``.

Of feature j: wave_f = cos 2π(frequency_fj·x_j + phase_fj) and output_kj = Σ_f wave_f·weight_kfj. The result is x, then
output 0 of every feature, output 1, and so on.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import _rng_streams as rng_streams
from .. import init
from ..model import Model

Array = NDArray[np.float64]
Parameters = dict[str, Array]


class Tape(NamedTuple):
    """Values of the forward pass that the backward pass needs: the features (B, n), and the angles (B, F, n)."""

    x: Array
    angle: Array


def add_parameters(
    model: Model, name: str, features: int, frequencies: int, width: int, sigma: float
) -> None:
    """Draw frequency (F, n), phase (F·n,) in turns and weight ((width - 1)·F, n), all normal."""
    seed, dtype = model.spec["seed"], model.spec["dtype"]

    def normal(rows: int, deviation: float, stream: int) -> Array:
        return init.weights("normal", rows, features, deviation, seed, stream, dtype)

    model.params[f"{name}.frequency"] = normal(frequencies, sigma, rng_streams.FREQUENCY)
    model.params[f"{name}.phase"] = normal(frequencies, 1.0, rng_streams.PHASE).ravel()
    deviation = 1.0 / math.sqrt(3.0 * frequencies)
    model.params[f"{name}.weight"] = normal((width - 1) * frequencies, deviation, rng_streams.PERIODIC_WEIGHT)


def periodic_forward(x: Array, frequency: Array, phase: Array, weight: Array) -> tuple[Array, Tape]:
    frequencies, features = frequency.shape
    embedded = x[:, :features]
    angle = 2.0 * math.pi * (embedded[:, None] * frequency + phase.reshape(frequency.shape))
    combined = np.einsum("bfj,kfj->bkj", np.cos(angle), weight.reshape(-1, frequencies, features))
    return np.hstack([x, combined.reshape(len(x), -1)]), Tape(embedded, angle)


def periodic_backward(d: Array, tape: Tape, frequency: Array, weight: Array) -> tuple[Array, Parameters]:
    """Return dx, and the gradients of frequency, phase and weight."""
    frequencies, features = frequency.shape
    matrices = weight.reshape(-1, frequencies, features)
    inputs = d.shape[1] - len(matrices) * features
    dx, dy = d[:, :inputs].copy(), d[:, inputs:].reshape(len(d), -1, features)
    dturns = -2.0 * math.pi * np.sin(tape.angle) * np.einsum("bkj,kfj->bfj", dy, matrices)
    dx[:, :features] += (dturns * frequency).sum(axis=1)
    return dx, {
        "frequency": np.einsum("bfj,bj->fj", dturns, tape.x),
        "phase": dturns.sum(axis=0).ravel(),
        "weight": np.einsum("bkj,bfj->kfj", dy, np.cos(tape.angle)).reshape(weight.shape),
    }
