"""Random numbers of a GAN: uniform, normal and Gumbel. An element is a function of place, row and column.

All use 23 bits of a word, so that single and double precision draw the same numbers and 0 never occurs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import philox
from .philox import Place

Array = NDArray[np.float64]
SAMPLE: Place = (rng_streams.SAMPLE_EPOCH, 0)  # of the random numbers of samples


def uniform(seed: int, purpose: int, rows: int, width: int, place: Place, stream: int = 0) -> Array:
    """Return numbers in (0, 1), each from the word of its element."""
    words = philox.grid(seed, purpose, rows, width, stream=stream, place=place)
    return np.asarray(((words >> np.uint32(9)) + 0.5) * 2.0**-23)


def normal(seed: int, purpose: int, rows: int, width: int, place: Place, stream: int = 0) -> Array:
    """Return normal numbers by Box-Muller on pairs of columns.

    The columns c and c + 16 of every 32 of a group are a pair: words 0 and 1, or 2 and 3, of one block.
    """
    each = max(64 // max(width, 1), 1)  # rows that share a group
    owners = -(-rows // each)
    u = uniform(seed, purpose, owners, -(-width // 64) * 64, place, stream).reshape(owners, -1, 2, 16)
    radius, angle = np.sqrt(-2.0 * np.log(u[:, :, 0])), 2.0 * math.pi * u[:, :, 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2).reshape(owners, -1)
    return pairs[:, : each * width].reshape(owners * each, width)[:rows]


def gumbel(seed: int, purpose: int, rows: int, width: int, place: Place, stream: int = 0) -> Array:
    """Return -log(-log u) of uniform numbers u."""
    return np.asarray(-np.log(-np.log(uniform(seed, purpose, rows, width, place, stream))))
