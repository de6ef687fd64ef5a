"""Random numbers of the adversaries: uniform and normal, an element a function of its place, row and column.

All come from 23 bits of a word, so that single and double precision draw the same numbers and 0 never occurs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from . import philox
from .philox import Place

Array = NDArray[np.float64]
SAMPLE: Place = (2**32 - 1, 0)  # where samples are drawn; no training comes here


def uniform(seed: int, stream: int, rows: int, width: int, place: Place, layer: int = 0) -> Array:
    """In (0, 1), by the word of the element."""
    words = philox.grid(seed, stream, rows, width, layer=layer, place=place)
    return np.asarray(((words >> np.uint32(9)) + 0.5) * 2.0**-23)


def normal(seed: int, stream: int, rows: int, width: int, place: Place, layer: int = 0) -> Array:
    """Box-Muller on the columns c and c + 16 of every 32 of a group: words 0 and 1, or 2 and 3, of one block."""
    each = max(64 // max(width, 1), 1)  # rows that share a group
    owners = -(-rows // each)
    u = uniform(seed, stream, owners, -(-width // 64) * 64, place, layer).reshape(owners, -1, 2, 16)
    radius, angle = np.sqrt(-2.0 * np.log(u[:, :, 0])), 2.0 * math.pi * u[:, :, 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2).reshape(owners, -1)
    return pairs[:, : each * width].reshape(owners * each, width)[:rows]


def gumbel(seed: int, stream: int, rows: int, width: int, place: Place, layer: int = 0) -> Array:
    """-log(-log u)."""
    return np.asarray(-np.log(-np.log(uniform(seed, stream, rows, width, place, layer))))
