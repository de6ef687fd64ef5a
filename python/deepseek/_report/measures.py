"""The report's single measures on columns and rows; none of them trains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .views import View

Array = NDArray[np.float64]


def kolmogorov_smirnov(one: Array, other: Array) -> float:
    """Largest difference of two empirical distribution functions, 0 to 1; NaNs are left out."""
    one, other = np.sort(one[~np.isnan(one)]), np.sort(other[~np.isnan(other)])
    if not len(one) or not len(other):
        return float(len(one) != len(other))
    every = np.concatenate([one, other])
    below = [np.searchsorted(part, every, side="right") / len(part) for part in (one, other)]
    return float(np.abs(below[0] - below[1]).max())


def total_variation(one: View, other: View) -> float:
    """Half the sum of the differences of the categories' shares, 0 to 1; missing is a category."""
    return float(0.5 * np.abs(shares(one) - shares(other)).sum())


def shares(view: View) -> Array:
    """How often each category occurs."""
    return np.asarray(np.bincount(view.values, minlength=len(view.labels)) / max(1, len(view.values)))


def marginal(one: View, other: View) -> float:
    """The distance of two columns: KS for numbers, total variation for categories."""
    if one.categorical:
        return total_variation(one, other)
    return kolmogorov_smirnov(one.values, other.values)


def associations(views: list[View]) -> Array:
    """How much each pair of columns has to do with one another, (columns, columns).

    Two columns of numbers: Pearson's correlation, -1 to 1. Two of categories: Cramér's V, 0 to 1. One of each: the
    correlation ratio, the root of the share of the variance that lies between categories, 0 to 1. A constant column
    has 0 with all others.
    """
    found = np.eye(len(views))
    numeric = [place for place, view in enumerate(views) if not view.categorical]
    others = [place for place, view in enumerate(views) if view.categorical]
    if numeric:
        values = np.stack([views[place].values for place in numeric], axis=1)
        there = ~np.isnan(values)
        values = np.where(there, values, 0.0)
        counts = np.maximum(1, there.sum(axis=0))
        values = np.where(there, values - values.sum(axis=0) / counts, 0.0)
        values /= np.maximum(np.abs(values).max(axis=0), 1e-300)
        squares = np.square(values).T @ there  # of a column, where the other is there
        found[np.ix_(numeric, numeric)] = _ratio(values.T @ values, np.sqrt(squares * squares.T))
        for place in others:
            member = np.eye(len(views[place].labels))[views[place].values]
            sums, rows = member.T @ values, member.T @ there.astype(np.float64)
            between = (_ratio(sums, rows) * sums).sum(axis=0)
            found[place, numeric] = found[numeric, place] = np.sqrt(
                _ratio(between, np.square(values).sum(axis=0))
            )
    for i, place in enumerate(others):
        for other in others[:i]:
            found[place, other] = found[other, place] = cramers_v(views[place], views[other])
    np.fill_diagonal(found, 1.0)
    return np.clip(found, -1.0, 1.0)


def cramers_v(one: View, other: View) -> float:
    """Cramér's V of two columns of categories."""
    width = len(other.labels)
    flat = np.bincount(one.values * width + other.values, minlength=len(one.labels) * width)
    table = flat.reshape(-1, width).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    least = min(table.shape) - 1
    if least < 1:
        return 0.0
    wanted = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(np.sqrt((np.square(table - wanted) / wanted).sum() / (table.sum() * least)))


def area_under_curve(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive row has a higher score than a negative one; equal scores count half."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - 0.5 * (counts - 1))[places]
    many = int(positive.sum())
    few = len(positive) - many
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * few))


def nearest(rows: Array, among: Array) -> Array:
    """Euclidean distance of each row to the nearest of others."""
    squares = np.square(among).sum(axis=1)
    found = np.empty(len(rows))
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        apart = squares - 2.0 * (part @ among.T)
        found[start : start + 256] = apart.min(axis=1) + np.square(part).sum(axis=1)
    return np.sqrt(np.maximum(found, 0.0))


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 1e-12)
