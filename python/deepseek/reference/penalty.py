"""Penalties on the gradient g of the discriminator's scores with respect to its inputs.

r1, r2, r1r2 (Mescheder et al. 2018; Huang et al. 2024): ½·weight·Σ |g|² / rows at the training rows, the
generated ones, or both. interpolated (Gulrajani et al. 2017): weight·Σ (|g| - 1)² / rows at random points between
training and generated rows. The gradient of a penalty with respect to the parameters is that of Σ vᵀg with a constant
v = ∂penalty/∂g: see tangent.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .spec import Spec

Array = NDArray[np.float64]

PENALTY_ROWS = {"r1": (0, 1), "r2": (1, 2), "r1r2": (0, 2), "interpolated": (2, 3)}
NAMES = ("none", *PENALTY_ROWS)


def penalty(spec: Spec, g: Array, rows: int) -> tuple[float, Array]:
    """Return (penalty, v) from g at the penalised rows. If g is 0, v is 0."""
    weight = spec["weight"] * spec["interval"] / rows
    if spec["kind"] != "interpolated":
        return float(0.5 * weight * (g * g).sum()), weight * g
    norm = np.sqrt((g * g).sum(axis=1, keepdims=True))
    slope = 2.0 * weight * (norm - 1.0)
    v = np.divide(slope * g, norm, out=np.zeros_like(g), where=norm > 0)
    return float(weight * ((norm - 1.0) ** 2).sum()), v
