"""Spectral normalisation (Miyato et al. 2018): Ŵ = W / σ, σ = uᵀWv the largest singular value of W.

u and v follow W by power iteration, one turn after every update of W. To gradients they are constants.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from . import init

Array = NDArray[np.float64]
FIRST_TURNS = 15  # of the vectors of new weights


def _direction(a: Array) -> Array:
    return a / max(math.sqrt(float(a @ a)), 1e-12)


def first_vectors(weight: Array, seed: int, philox_layer: int) -> tuple[Array, Array]:
    u = _direction(init.normal(seed, philox_layer, len(weight)))
    for _ in range(FIRST_TURNS):
        u, v = turn(weight, u)
    return u, v


def turn(weight: Array, u: Array) -> tuple[Array, Array]:
    """The next (u, v)."""
    v = _direction(weight.T @ u)
    return _direction(weight @ v), v


def forward(weight: Array, u: Array, v: Array) -> tuple[Array, float]:
    """(Ŵ, σ)."""
    sigma = float(u @ weight @ v)
    return weight / sigma, sigma


def backward(d: Array, normal: Array, sigma: float, u: Array, v: Array) -> Array:
    """dW from d by Ŵ = `normal`."""
    return np.asarray((d - (d * normal).sum() * np.outer(u, v)) / sigma)
