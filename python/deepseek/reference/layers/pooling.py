"""Pooling of the outputs y (L, D·H) of a sequence to one vector.

"last" is the final hidden state of each direction: at the last step for forward, at step 0 for reverse. Among equal
maxima the earliest has the gradient.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NAMES = ("last", "mean", "max")


def pool_forward(name: str, y: Array, units: int) -> Array:
    match name:
        case "mean":
            return np.asarray(y.mean(axis=0))
        case "max":
            return np.asarray(y.max(axis=0))
    return np.concatenate([y[-1, :units], y[0, units:]])


def pool_tangent(name: str, dy: Array, y: Array, units: int) -> Array:
    """Return the tangent of the pooled vector from that of y."""
    if name == "max":
        return np.asarray(dy[y.argmax(axis=0), np.arange(dy.shape[1])])
    return pool_forward(name, dy, units)


def pool_backward(name: str, d: Array, y: Array, units: int) -> Array:
    dy = np.zeros_like(y)
    match name:
        case "mean":
            dy += d / len(y)
        case "max":
            dy[y.argmax(axis=0), np.arange(len(d))] = d
        case "last":
            dy[-1, :units] = d[:units]
            dy[0, units:] = d[units:]
    return dy
