"""Distances and associations of the columns and rows of two tables; none of these metrics trains a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .._tables.raw import Name

Array = NDArray[np.float64]


class View(NamedTuple):
    """A column of one table.

    Numbers are float64 `values` with NaN where missing. Categories are integer codes that index `labels`; the
    last label stands for missing values.
    """

    name: Name
    categorical: bool
    values: NDArray[Any]
    labels: tuple[str, ...] = ()

    def at(self, rows: NDArray[Any]) -> View:
        """Return the column with the rows numbered `rows`."""
        return self._replace(values=self.values[rows])


def kolmogorov_smirnov(one: Array, other: Array) -> float:
    """Return the largest difference of two empirical distribution functions, 0 to 1; NaN is ignored."""
    one, other = np.sort(one[~np.isnan(one)]), np.sort(other[~np.isnan(other)])
    if not len(one) or not len(other):
        return float(len(one) != len(other))
    points = np.concatenate([one, other])
    cdf = [np.searchsorted(part, points, side="right") / len(part) for part in (one, other)]
    return float(np.abs(cdf[0] - cdf[1]).max())


def total_variation(one: View, other: View) -> float:
    """Return half the summed difference of category frequencies, 0 to 1; missing counts as a category."""
    return float(0.5 * np.abs(frequencies(one) - frequencies(other)).sum())


def frequencies(view: View) -> Array:
    """Return the relative frequency of each category."""
    return np.asarray(np.bincount(view.values, minlength=len(view.labels)) / max(1, len(view.values)))


def marginal(one: View, other: View) -> float:
    """Return the distance of two columns: KS for numbers, total variation for categories."""
    if one.categorical:
        return total_variation(one, other)
    return kolmogorov_smirnov(one.values, other.values)


def associations(views: list[View]) -> Array:
    """Return the association of each pair of columns, shape (columns, columns).

    Two columns of numbers have Pearson's correlation, -1 to 1. Two columns of categories have Cramér's V, 0
    to 1. One of each has the correlation ratio, 0 to 1: the root of the share of variance between categories.
    A constant column has 0 with all others.
    """
    result = np.eye(len(views))
    numeric = [i for i, view in enumerate(views) if not view.categorical]
    categorical = [i for i, view in enumerate(views) if view.categorical]
    if numeric:
        values = np.stack([views[i].values for i in numeric], axis=1)
        present = ~np.isnan(values)
        values = np.where(present, values, 0.0)
        counts = np.maximum(1, present.sum(axis=0))
        values = np.where(present, values - values.sum(axis=0) / counts, 0.0)
        values /= np.maximum(np.abs(values).max(axis=0), 1e-300)
        squares = np.square(values).T @ present  # sums over the rows where both columns are present
        result[np.ix_(numeric, numeric)] = _ratio(values.T @ values, np.sqrt(squares * squares.T))
        for i in categorical:
            one_hot = np.eye(len(views[i].labels))[views[i].values]
            sums, rows = one_hot.T @ values, one_hot.T @ present.astype(np.float64)
            between = (_ratio(sums, rows) * sums).sum(axis=0)
            result[i, numeric] = result[numeric, i] = np.sqrt(_ratio(between, np.square(values).sum(axis=0)))
    for k, i in enumerate(categorical):
        for j in categorical[:k]:
            result[i, j] = result[j, i] = cramers_v(views[i], views[j])
    np.fill_diagonal(result, 1.0)
    return np.clip(result, -1.0, 1.0)


def cramers_v(one: View, other: View) -> float:
    """Return Cramér's V of two columns of categories, 0 to 1."""
    width = len(other.labels)
    flat = np.bincount(one.values * width + other.values, minlength=len(one.labels) * width)
    table = flat.reshape(-1, width).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    degrees = min(table.shape) - 1
    if degrees < 1:
        return 0.0
    independent = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(np.sqrt((np.square(table - independent) / independent).sum() / (table.sum() * degrees)))


def area_under_curve(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: P(score of a positive row > score of a negative row), ties half."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - 0.5 * (counts - 1))[inverse]
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def nearest(rows: Array, among: Array) -> Array:
    """Return the Euclidean distance of each row to its nearest neighbour in `among`."""
    squares = np.square(among).sum(axis=1)
    result = np.empty(len(rows))
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        partial = squares - 2.0 * (part @ among.T)
        result[start : start + 256] = partial.min(axis=1) + np.square(part).sum(axis=1)
    return np.sqrt(np.maximum(result, 0.0))


def _ratio(numerator: Array, denominator: Array) -> Array:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 1e-12)
