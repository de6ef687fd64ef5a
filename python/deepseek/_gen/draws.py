"""Draws that a Gen makes in Python: which labels samples have if none are asked for, and samples under a condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._sampling import uniform

Array = NDArray[Any]
Draw = Callable[[int, int], tuple[Array, "Array | None"]]
Meets = Callable[[Array, "Array | None"], Array]

LEAST = 1e-4
"""Share of samples that must meet a condition."""

_LATENT, _PLACE = 5, 2**32 - 1  # the Philox stream of latents, and the epoch where samples are drawn
_BLOCK = 4096  # samples drawn at a time


def labels(counts: list[int], n: int, seed: int, first: int = 0) -> Array:
    """Labels with probabilities like these counts; a label is a function of seed and number of the sample."""
    shares = np.cumsum(np.asarray(counts, np.float64))
    drawn = uniform(seed, first, n) * shares[-1]
    found = np.searchsorted(shares, drawn, side="right")
    return np.asarray(np.minimum(found, len(counts) - 1), np.int64)


def lengths(counts: list[int], n: int, seed: int, first: int = 0) -> Array:
    """Lengths 1 … len(counts) with probabilities like these counts, of samples first … first + n - 1.

    The numbers belong to the generator's latents (docs/gen-sequences.md): rows of one column, 64 to a group.
    """
    numbers = np.arange(first, first + n, dtype=np.int64)
    counters = np.empty((n, 4), np.uint32)
    counters[:, 0] = (numbers // 64 * 16 + numbers % 16) & 0xFFFFFFFF
    counters[:, 1:] = 0, _PLACE, _LATENT | (1 + len(counts)) << 8
    words = _core.kernels.philox(seed, counters)[np.arange(n), numbers % 64 // 16]
    u = ((words >> np.uint32(9)) + 0.5) * 2.0**-23
    shares = np.cumsum(counts)
    at = (u * shares[-1]).astype(np.int64)
    return np.asarray(1 + np.searchsorted(shares, at, side="right"), np.int64)


def accepted(draw: Draw, meets: Meets, n: int, start: int = 0) -> tuple[Array, Array | None, int]:
    """The first n samples from `start` on that meet a condition.

    Parameters
    ----------
    draw : callable
        (first, count) → rows and labels of samples first … first + count - 1.
    meets : callable
        Rows and labels → whether each does.
    n : int
        How many are wanted, at least 1.
    start : int
        Number of the first sample.

    Returns
    -------
    rows, labels, next
        The last is where to go on.

    Raises
    ------
    ValueError
        If fewer than `LEAST` of the samples do.
    """
    kept: list[Array] = []
    kept_labels: list[Array] = []
    found = tried = 0
    while found < n:
        rows, of = draw(start + tried, _BLOCK)
        good = np.flatnonzero(meets(rows, of))[: n - found]
        kept.append(rows[good])
        if of is not None:
            kept_labels.append(of[good])
        found, tried = found + len(good), tried + _BLOCK
        if found < n and tried >= 4 / LEAST and found < LEAST * tried:
            raise ValueError(
                f"where is met by {found} of {tried} samples; at least one in {1 / LEAST:.0f} must be. "
                "If it is a column of labels, fit with y= that column"
            )
    return np.concatenate(kept), np.concatenate(kept_labels) if kept_labels else None, start + tried
