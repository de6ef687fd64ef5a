"""Initial weights. Mirrors ``csrc/core/random`` (init_weights)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from . import philox

Array = NDArray[np.float64]

NAMES = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "normal",
    "zeros",
)


def uniform(seed: int, layer: int, n: int) -> Array:
    words = (
        philox.words(seed, philox.INIT, np.arange(-(-n // 2)), layer=layer).astype(np.uint64).reshape(-1, 2)
    )
    high, low = words[:, 0] >> np.uint64(5), words[:, 1] >> np.uint64(6)
    return ((high * 2.0**26 + low) * 2.0**-53)[:n]


def normal(seed: int, layer: int, n: int) -> Array:
    """Box-Muller on pairs of uniforms."""
    u = uniform(seed, layer, n + n % 2).reshape(-1, 2)
    radius, angle = np.sqrt(-2.0 * np.log(1.0 - u[:, 0])), 2.0 * math.pi * u[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()[:n]


def orthogonal(a: Array) -> Array:
    """Rows (or columns, if there are fewer) made orthonormal by modified Gram-Schmidt."""
    q = a if len(a) <= a.shape[1] else a.T
    q = q.copy()
    for i in range(len(q)):
        for j in range(i):
            q[i] -= (q[i] @ q[j]) * q[j]
        q[i] /= math.sqrt(float(q[i] @ q[i]))
    return q if len(a) <= a.shape[1] else q.T


def weights(name: str, outputs: int, inputs: int, gain: float, seed: int, layer: int, dtype: str) -> Array:
    """Weights (outputs, inputs)."""
    n = outputs * inputs
    if name == "zeros":
        return np.zeros((outputs, inputs))
    scheme, _, kind = name.partition("_")
    variance = {"glorot": 2.0 / (inputs + outputs), "he": 2.0 / inputs, "lecun": 1.0 / inputs}.get(
        scheme, 1.0
    )
    if kind == "uniform":
        values = math.sqrt(3.0 * variance) * (2.0 * uniform(seed, layer, n) - 1.0)
    else:
        values = math.sqrt(variance) * normal(seed, layer, n)
    values = values.reshape(outputs, inputs)
    if name == "orthogonal":
        values = orthogonal(values)
    return (gain * values).astype(dtype).astype(np.float64)
