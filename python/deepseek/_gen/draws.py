"""Random draws of a Gen in Python: labels and lengths of samples, and rejection sampling under a condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._rng_streams import LATENT, SAMPLE_EPOCH, STEP_LATENT
from .._sampling import uniform

Array = NDArray[Any]
Draw = Callable[[int, int], tuple[Array, "Array | None"]]
Meets = Callable[[Array, "Array | None"], Array]

MIN_ACCEPTANCE = 1e-4
"""Smallest fraction of samples that must meet a condition."""

_BLOCK = 4096  # samples drawn at a time


def labels(counts: list[int], n: int, seed: int, first: int = 0) -> Array:
    """Draw labels with probabilities proportional to counts; a label is a function of seed and sample number."""
    cumulative = np.cumsum(np.asarray(counts, np.float64))
    draws = uniform(seed, first, n) * cumulative[-1]
    drawn = np.searchsorted(cumulative, draws, side="right")
    return np.asarray(np.minimum(drawn, len(counts) - 1), np.int64)


def lengths(counts: list[int], n: int, seed: int, first: int = 0) -> Array:
    """Draw lengths 1 to len(counts) with probabilities proportional to counts, of samples first to first + n - 1.

    The numbers belong to the generator's latents (docs/design/gan-sequences.md): rows of one column, 64 to a
    group.
    """
    numbers = np.arange(first, first + n, dtype=np.int64)
    counters = np.empty((n, 4), np.uint32)
    counters[:, 0] = (numbers // 64 * 16 + numbers % 16) & 0xFFFFFFFF
    counters[:, 1:] = 0, SAMPLE_EPOCH, LATENT | (STEP_LATENT + len(counts)) << 8
    words = _core.kernels.philox(seed, counters)[np.arange(n), numbers % 64 // 16]
    u = ((words >> np.uint32(9)) + 0.5) * 2.0**-23
    cumulative = np.cumsum(counts)
    draws = (u * cumulative[-1]).astype(np.int64)
    return np.asarray(1 + np.searchsorted(cumulative, draws, side="right"), np.int64)


def accepted(draw: Draw, meets: Meets, n: int, start: int = 0) -> tuple[Array, Array | None, int]:
    """Return the first n samples from number `start` on that meet a condition.

    Parameters
    ----------
    draw : callable
        Function from (first, count) to rows and labels of samples first to first + count - 1.
    meets : callable
        Function from rows and labels to a mask of the rows that meet the condition.
    n : int
        Number of samples to return, at least 1.
    start : int, default=0
        Number of the first sample.

    Returns
    -------
    rows, labels : ndarray, ndarray or None
        Accepted samples.
    next : int
        Number of the next sample.

    Raises
    ------
    ValueError
        If less than `MIN_ACCEPTANCE` of the samples meet the condition.
    """
    kept: list[Array] = []
    kept_labels: list[Array] = []
    found = tried = 0
    while found < n:
        rows, row_labels = draw(start + tried, _BLOCK)
        accepted_rows = np.flatnonzero(meets(rows, row_labels))[: n - found]
        kept.append(rows[accepted_rows])
        if row_labels is not None:
            kept_labels.append(row_labels[accepted_rows])
        found, tried = found + len(accepted_rows), tried + _BLOCK
        if found < n and tried >= 4 / MIN_ACCEPTANCE and found < MIN_ACCEPTANCE * tried:
            raise ValueError(
                f"where: got a condition that {found} of {tried} samples meet; expected at least one in "
                f"{1 / MIN_ACCEPTANCE:.0f} (for a column of labels, fit with y= that column)"
            )
    return np.concatenate(kept), np.concatenate(kept_labels) if kept_labels else None, start + tried
