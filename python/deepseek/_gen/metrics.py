"""How far samples are from data: what the monitors of a fit show, of rows of numbers. Plain NumPy, in double.

Each takes real rows and generated ones, (n, columns) and (m, columns), and is the lower the better unless said
otherwise. Columns are put on the scale of the real ones first (constant columns stay as they are).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

_MOST_PAIRED = 1000  # rows whose distances to each other are all taken


def frechet(real: ArrayLike, fake: ArrayLike, *, scaled: bool = True) -> float:
    """Fréchet distance of the normal distributions with the rows' means and covariances.

    |m - m'|² + tr(C + C' - 2 (C C')^½), Dowson & Landau 1982; of features of a network it is the FID of Heusel
    et al. 2017.

    Parameters
    ----------
    real, fake : array-like of shape (n, columns), (m, columns)
        Rows, or their features.
    scaled : bool, default=True
        Whether columns are put on the scale of the real ones first; else they are taken as they are.

    Returns
    -------
    float
        At least 0, the lower the better.
    """
    a, b = _scaled(real, fake) if scaled else (np.asarray(rows, np.float64) for rows in (real, fake))
    apart = a.mean(axis=0) - b.mean(axis=0)
    first, second = _covariance(a), _covariance(b)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    shared = np.linalg.eigvalsh(root @ second @ root)
    both = np.trace(first) + np.trace(second) - 2.0 * np.sqrt(np.maximum(shared, 0.0)).sum()
    return float(apart @ apart + max(both, 0.0))


def mmd(real: ArrayLike, fake: ArrayLike) -> float:
    """Squared maximum mean discrepancy, unbiased, so it may fall a little below 0 (Gretton et al. 2012).

    Kernel exp(-|x - y|² / (2 s²)), s the median distance of real rows; columns on the scale of the real ones.

    Parameters
    ----------
    real, fake : array-like of shape (n, columns), (m, columns)
        At least 2 rows each; at most 1000 are looked at.

    Returns
    -------
    float
        The lower the better.
    """
    a, b = (rows[:_MOST_PAIRED] for rows in _scaled(real, fake))
    within, among, between = _squares(a, a), _squares(b, b), _squares(a, b)
    known = within[np.triu_indices(len(a), 1)]
    width = 2.0 * (float(np.median(known)) or 1.0)
    n, m = len(a), len(b)
    near = (np.exp(-within / width).sum() - n) / (n * (n - 1))
    far = (np.exp(-among / width).sum() - m) / (m * (m - 1))
    return float(near + far - 2.0 * np.exp(-between / width).mean())


def ks(real: ArrayLike, fake: ArrayLike) -> float:
    """Mean over the columns of the Kolmogorov-Smirnov distance, the largest gap of two distribution functions."""
    a, b = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    return float(np.mean([ks_distance(x, y) for x, y in zip(a.T, b.T, strict=True)]))


def ks_distance(x: Array, y: Array) -> float:
    """Of two samples of numbers."""
    at = np.concatenate([x, y])
    shares = (np.searchsorted(np.sort(s), at, side="right") / len(s) for s in (x, y))
    return float(np.abs(next(shares) - next(shares)).max())


def tstr(
    real: ArrayLike, labels: ArrayLike, fake: ArrayLike, fake_labels: ArrayLike, classes: int, seed: int = 0
) -> float:
    """Accuracy on real rows of a `Net` that learnt from generated ones; the higher the better.

    "Train on synthetic, test on real", Esteban et al. 2017.
    """
    from ..net import Net
    from ..optimizers import Adam

    a, b = _scaled(real, fake)
    judge = Net([a.shape[1], 64, max(classes, 2)], loss="cross_entropy", optimizer=Adam(5e-3), seed=seed)
    judge.fit(b, fake_labels, epochs=20, batch_size=32, verbose=False)
    return float(np.mean(judge.predict_classes(a) == np.asarray(labels)))


def spread(rows: ArrayLike) -> float:
    """Mean distance of two different rows; 0 of fewer than two."""
    points = np.asarray(rows, np.float64)
    if len(points) < 2:
        return 0.0
    return float(np.sqrt(_squares(points, points)[np.triu_indices(len(points), 1)]).mean())


def _scaled(real: ArrayLike, fake: ArrayLike) -> tuple[Array, Array]:
    a, b = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    mean, deviation = a.mean(axis=0), a.std(axis=0)
    scale = np.where(deviation > 0.0, deviation, 1.0)
    return (a - mean) / scale, (b - mean) / scale


def _covariance(rows: Array) -> Array:
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred.T @ centred / max(len(rows) - 1, 1))


def _squares(a: Array, b: Array) -> Array:
    """Squared distances of each row to each."""
    lengths = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2.0 * (a @ b.T), 0.0))
