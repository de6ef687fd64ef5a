"""Spectral normalisation (Miyato et al. 2018): Ŵ = W / σ, σ = uᵀWv the largest singular value of W.

Power iteration updates u and v: one iteration after every update of W. The gradient takes them as constants.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from . import init

Array = NDArray[np.float64]
INITIAL_ITERATIONS = 15  # of power iteration, for new weights


def _direction(a: Array) -> Array:
    return a / max(math.sqrt(float(a @ a)), 1e-12)


def initial_vectors(weight: Array, seed: int, stream: int) -> tuple[Array, Array]:
    u = _direction(init.normal(seed, stream, len(weight)))
    for _ in range(INITIAL_ITERATIONS):
        u, v = power_iteration(weight, u)
    return u, v


def power_iteration(weight: Array, u: Array) -> tuple[Array, Array]:
    """Return (u, v) after one more iteration."""
    v = _direction(weight.T @ u)
    return _direction(weight @ v), v


def forward(weight: Array, u: Array, v: Array) -> tuple[Array, float]:
    """Return (Ŵ, σ)."""
    sigma = float(u @ weight @ v)
    return weight / sigma, sigma


def backward(d: Array, normal: Array, sigma: float, u: Array, v: Array) -> Array:
    """Return dW from d, the gradient with respect to Ŵ = `normal`."""
    return np.asarray((d - (d * normal).sum() * np.outer(u, v)) / sigma)
