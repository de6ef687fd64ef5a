"""Quantiles of predicted numbers from out-of-fold residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAX_RESIDUALS = 1000
"""Most out-of-fold rows that calibrate quantiles."""
LEVELS = (0.8, 0.9, 0.95)
"""Stated levels of the intervals whose coverage is scored."""
_BLOCK = 2048


def conformal_quantiles(
    centers: Array,
    residuals: Array,
    member: NDArray[np.int64],
    quantiles: Array,
    spreads: Array | None = None,
) -> Array:
    """Return quantiles of CV+ (Barber et al. 2021, "Predictive inference with the jackknife+").

    The candidates for a row are the outputs of the members plus the residuals, times the spread, of the rows that each
    member held out. The quantile q is their ⌈(n + 1)·q⌉-th smallest for q ≥ 0.5, their ⌊(n + 1)·q⌋-th smallest below.

    Parameters
    ----------
    centers : ndarray of shape (rows, members)
        Outputs of the members.
    residuals : ndarray of shape (n,)
        Out-of-fold residuals.
    member : ndarray of int64, shape (n,)
        Member of each residual.
    quantiles : ndarray of shape (k,)
        Quantiles in (0, 1).
    spreads : ndarray of shape (rows, members), optional
        Factor of the residuals of each member. Default: 1.

    Returns
    -------
    ndarray of shape (rows, k)
    """
    n = len(residuals)
    exact = (n + 1) * quantiles
    ranks = np.where(quantiles >= 0.5, np.ceil(exact - 1e-9), np.floor(exact + 1e-9)).astype(np.int64)
    ranks = np.clip(ranks, 1, n) - 1
    result = np.empty((len(centers), len(quantiles)))
    for start in range(0, len(centers), _BLOCK):
        block = slice(start, start + _BLOCK)
        scaled = residuals if spreads is None else spreads[block, member] * residuals
        candidates = centers[block, member] + scaled
        candidates.partition(np.unique(ranks), axis=1)
        result[block] = candidates[:, ranks]
    return result


def level_quantiles() -> Array:
    """Return the lower, then the upper quantiles of the central intervals of `LEVELS`."""
    levels = np.array(LEVELS)
    return np.concatenate([(1.0 - levels) / 2.0, (1.0 + levels) / 2.0])


def interval_coverage(
    quantiles: Array, truth: Array, weights: Array | None = None
) -> dict[float, dict[str, float]]:
    """Return what the intervals of `LEVELS` hold.

    Parameters
    ----------
    quantiles : ndarray of shape (rows, 2 * levels)
        Predicted quantiles `level_quantiles`.
    truth : ndarray of shape (rows,)
        True values.
    weights : ndarray of float64, shape (rows,), optional
        Weights of the rows, above 0. Default: 1.

    Returns
    -------
    dict of float to dict
        By stated level ``"share"``, the share of the true values in the interval, and ``"mean_width"``.
    """
    low, high = np.split(quantiles.T, 2)
    inside = (low <= truth) & (truth <= high)
    return {
        level: {
            "share": float(np.average(inside[i], weights=weights)),
            "mean_width": float(np.average(high[i] - low[i], weights=weights)),
        }
        for i, level in enumerate(LEVELS)
    }
