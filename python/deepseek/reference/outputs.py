"""Output blocks of a generator: groups of columns with an activation each, as the values and categories of a table.

A block "gumbel" is a category: softmax((z + g) / temperature) with Gumbel noise g (Jang et al. 2017; Maddison et al.
2017). With `hard` the discriminator's input is the one-hot maximum, and the gradient is that of the softmax
(straight-through). A sample is always the one-hot maximum: an exact draw from softmax(z).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from . import activation
from .spec import Spec

Array = NDArray[np.float64]


def _columns(blocks: list[Spec]) -> Iterator[tuple[Spec, slice]]:
    start = 0
    for block in blocks:
        yield block, slice(start, start + block["units"])
        start += block["units"]


def _soft(block: Spec, z: Array, g: Array) -> Array:
    return activation.softmax((z + g) / block["temperature"])


def outputs_forward(blocks: list[Spec], z: Array, g: Array, sampling: bool) -> Array:
    y = np.empty_like(z)
    for block, at in _columns(blocks):
        if block["activation"] != "gumbel":
            y[:, at] = activation.forward(block["activation"], z[:, at], block["alpha"])
        elif sampling or block["hard"]:
            y[:, at] = np.eye(block["units"])[(z + g)[:, at].argmax(axis=1)]
        else:
            y[:, at] = _soft(block, z[:, at], g[:, at])
    return y


def outputs_backward(blocks: list[Spec], dy: Array, z: Array, g: Array) -> Array:
    dz = np.empty_like(dy)
    for block, at in _columns(blocks):
        if block["activation"] == "gumbel":
            y = _soft(block, z[:, at], g[:, at])
            dz[:, at] = y * (dy[:, at] - (dy[:, at] * y).sum(axis=1, keepdims=True)) / block["temperature"]
        else:
            dz[:, at] = activation.backward(block["activation"], dy[:, at], z[:, at], block["alpha"])
    return dz
