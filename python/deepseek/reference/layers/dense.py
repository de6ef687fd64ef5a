"""Fully connected: y (B, N) = x (B, K) · Wᵀ + b, W (N, K) as in PyTorch. Mirrors ``csrc/layers/dense``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..sparse import Inputs

Array = NDArray[np.float64]


def dense_forward(x: Inputs, weight: Array, bias: Array | None) -> Array:
    y = x @ weight.T
    return y if bias is None else y + bias


def dense_backward(dy: Array, x: Inputs, weight: Array) -> tuple[Array, Array, Array]:
    """Return (dx, dweight, dbias)."""
    return dy @ weight, dy.T @ x, dy.sum(axis=0)
