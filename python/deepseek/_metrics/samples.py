"""Distances between real and generated rows of numbers, in float64; the monitors of a Gen's fit report them.

Each takes real rows (n, columns) and generated rows (m, columns); lower is better. Columns are first
standardised with the mean and deviation of the real rows (constant columns are only centred).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .tabular import kolmogorov_smirnov

Array = NDArray[Any]

_MAX_PAIRED = 1000  # rows whose pairwise distances are computed


def frechet(real: ArrayLike, fake: ArrayLike, *, scaled: bool = True) -> float:
    """Fréchet distance of the normal distributions with the means and covariances of real and generated rows.

    It is |m - m'|² + tr(C + C' - 2 (C C')^½) (Dowson & Landau 1982). On features of a network it is the FID
    (Heusel et al. 2017).

    Parameters
    ----------
    real, fake : array-like of shape (n, columns), (m, columns)
        Real and generated rows, or features of them.
    scaled : bool, default=True
        Whether columns are standardised with the real rows' mean and deviation first.

    Returns
    -------
    float
        Distance, at least 0; lower is better.
    """
    a, b = standardized(real, fake) if scaled else (np.asarray(rows, np.float64) for rows in (real, fake))
    mean_difference = a.mean(axis=0) - b.mean(axis=0)
    first, second = _covariance(a), _covariance(b)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    shared = np.linalg.eigvalsh(root @ second @ root)
    both = np.trace(first) + np.trace(second) - 2.0 * np.sqrt(np.maximum(shared, 0.0)).sum()
    return float(mean_difference @ mean_difference + max(both, 0.0))


def mmd(real: ArrayLike, fake: ArrayLike) -> float:
    """Squared maximum mean discrepancy of real and generated rows (Gretton et al. 2012).

    The kernel is exp(-|x - y|² / (2 s²)) with s the median distance of real rows; columns are standardised
    first. The estimate is unbiased, so it can fall slightly below 0.

    Parameters
    ----------
    real, fake : array-like of shape (n, columns), (m, columns)
        Real and generated rows, at least 2 each; the first 1000 of each are used.

    Returns
    -------
    float
        Discrepancy; lower is better.
    """
    a, b = (rows[:_MAX_PAIRED] for rows in standardized(real, fake))
    squares_real, squares_fake, squares_between = _squares(a, a), _squares(b, b), _squares(a, b)
    width = 2.0 * (float(np.median(squares_real[np.triu_indices(len(a), 1)])) or 1.0)
    n, m = len(a), len(b)
    kernel_real = (np.exp(-squares_real / width).sum() - n) / (n * (n - 1))
    kernel_fake = (np.exp(-squares_fake / width).sum() - m) / (m * (m - 1))
    return float(kernel_real + kernel_fake - 2.0 * np.exp(-squares_between / width).mean())


def ks(real: ArrayLike, fake: ArrayLike) -> float:
    """Return the Kolmogorov-Smirnov distance of real and generated columns, averaged over columns."""
    a, b = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    return float(np.mean([kolmogorov_smirnov(x, y) for x, y in zip(a.T, b.T, strict=True)]))


def spread(rows: ArrayLike) -> float:
    """Return the mean distance between two different rows; 0 for fewer than two rows."""
    points = np.asarray(rows, np.float64)
    if len(points) < 2:
        return 0.0
    return float(np.sqrt(_squares(points, points)[np.triu_indices(len(points), 1)]).mean())


def standardized(real: ArrayLike, fake: ArrayLike) -> tuple[Array, Array]:
    """Return both in float64, standardised with the mean and deviation of the real rows."""
    a, b = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    mean, std = a.mean(axis=0), a.std(axis=0)
    scale = np.where(std > 0.0, std, 1.0)
    return (a - mean) / scale, (b - mean) / scale


def _covariance(rows: Array) -> Array:
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred.T @ centred / max(len(rows) - 1, 1))


def _squares(a: Array, b: Array) -> Array:
    """Return the squared distances between all rows of a and all rows of b."""
    lengths = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2.0 * (a @ b.T), 0.0))
