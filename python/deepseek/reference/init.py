"""Initial weights. Mirrors ``csrc/core/random`` (init_weights)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
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


def uniform(seed: int, stream: int, n: int) -> Array:
    words = (
        philox.words(seed, rng_streams.INIT, np.arange(-(-n // 2)), stream=stream)
        .astype(np.uint64)
        .reshape(-1, 2)
    )
    high, low = words[:, 0] >> np.uint64(5), words[:, 1] >> np.uint64(6)
    return ((high * 2.0**26 + low) * 2.0**-53)[:n]


def normal(seed: int, stream: int, n: int) -> Array:
    """Return normal numbers by Box-Muller on pairs of uniform ones."""
    u = uniform(seed, stream, n + n % 2).reshape(-1, 2)
    radius, angle = np.sqrt(-2.0 * np.log(1.0 - u[:, 0])), 2.0 * math.pi * u[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()[:n]


def orthogonal(seed: int, stream: int, n: int, m: int) -> Array:
    """Return Q (n, m), m <= n, of the QR factorisation of a normal matrix, R's diagonal positive (Stewart 1980).

    The Householder reflections of a normal matrix are those of independent normal vectors, so no matrix is factored.
    """
    vectors = normal(seed, stream, n * m).reshape(m, n)
    q = np.zeros((n, m))
    for k in reversed(range(m)):
        v = vectors[k].copy()
        v[:k] = 0.0
        norm = math.sqrt(float(v @ v))
        q[k, k] = 1.0 if v[k] < 0 else -1.0  # the reflection maps v to this sign times norm·e_k
        v[k] -= q[k, k] * norm
        q -= np.outer(v, v @ q) / (norm * abs(v[k]) or 1.0)
    return q


def weights(name: str, outputs: int, inputs: int, gain: float, seed: int, stream: int, dtype: str) -> Array:
    """Return initial weights (outputs, inputs), rounded to `dtype`."""
    n = outputs * inputs
    scheme, _, kind = name.partition("_")
    variances = {"glorot": 2.0 / (inputs + outputs), "he": 2.0 / inputs, "lecun": 1.0 / inputs}
    deviation = math.sqrt(variances.get(scheme, 1.0))
    if name == "zeros":
        values = np.zeros(n)
    elif name == "orthogonal":
        q = orthogonal(seed, stream, max(outputs, inputs), min(outputs, inputs))
        values = q if outputs >= inputs else q.T
    elif kind == "uniform":
        values = math.sqrt(3.0) * deviation * (2.0 * uniform(seed, stream, n) - 1.0)
    else:
        values = deviation * normal(seed, stream, n)
    return (gain * values.reshape(outputs, inputs)).astype(dtype).astype(np.float64)
