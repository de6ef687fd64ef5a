"""Penalties on the discriminator's gradient g by its inputs, in every row of some points.

r1, r2, r1r2 (Mescheder et al. 2018; Huang et al. 2024): ½·weight·Σ |g|² / rows at the training rows, the generated
ones, or both. interpolated (Gulrajani et al. 2017): weight·Σ (|g| - 1)² / rows between the two. A penalty's
gradient by the parameters is that of Σ vᵀg with v = ∂penalty/∂g held fixed: see tangent.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .spec import Spec

Array = NDArray[np.float64]

POINTS = {"r1": (0, 1), "r2": (1, 2), "r1r2": (0, 2), "interpolated": (2, 3)}
NAMES = ("none", *POINTS)


def penalty(spec: Spec, g: Array, rows: int) -> tuple[float, Array]:
    """(penalty, v) from g at the points. Where g is 0, so is v."""
    weight = spec["weight"] * spec["every"] / rows
    if spec["name"] != "interpolated":
        return float(0.5 * weight * (g * g).sum()), weight * g
    norm = np.sqrt((g * g).sum(axis=1, keepdims=True))
    slope = 2.0 * weight * (norm - 1.0)
    v = np.divide(slope * g, norm, out=np.zeros_like(g), where=norm > 0)
    return float(weight * ((norm - 1.0) ** 2).sum()), v
