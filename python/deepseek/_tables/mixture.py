"""Mixtures of one column's values: Gaussians by expectation-maximisation, and single values that stand out.

A value that many rows share (no overtime, a rounded price) is a mode of width 0, an atom: no Gaussian is that narrow.
The others are fitted from ten Gaussians at quantiles (Dempster, Laird & Rubin 1977); the two most alike are merged
again and again (Runnalls 2007), and the number with the best BIC (Schwarz 1978) stays. Nothing is random here: the
same values give the same mixture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MODES = 10
"""Most modes of a column."""

REACH = 4.0
"""A mode's values lie within ±REACH deviations, which become ±1."""

EDGE = 0.99
"""Largest encoded value: a tanh can reach it."""

_ATOM_SHARE, _ATOM_COUNT = 0.05, 10  # how often a value occurs that becomes an atom
_LEAST_WEIGHT = 0.01  # of a Gaussian, among the Gaussians
_NARROWEST = 1e-3  # deviation of a Gaussian, in deviations of all values
_FEWEST = 10  # different values a Gaussian, on average
_GROUPS, _GAPS, _TURNS, _GAIN = 256, 64, 100, 1e-6


@dataclass(frozen=True)
class Mixture:
    """Modes in ascending order of their means; a deviation of 0 is an atom.

    Attributes
    ----------
    weights, means, deviations : tuple of float
        One each per mode.
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.weights), len(self.means), len(self.deviations)}
        if len(lengths) != 1 or not 1 <= len(self.means) <= MODES:
            raise ValueError(f"a mixture has 1 to {MODES} modes, each with weight, mean and deviation")
        numbers = [*self.weights, *self.means, *self.deviations]
        if not all(type(v) is float and math.isfinite(v) for v in numbers):
            raise ValueError("weights, means and deviations of a mixture must be finite floats")
        if min(self.weights) <= 0.0 or min(self.deviations) < 0.0:
            raise ValueError("weights of a mixture must be above 0 and deviations at least 0")

    def __len__(self) -> int:
        return len(self.means)

    def choose(self, values: Array, draws: Array) -> NDArray[np.int64]:
        """The mode of each value, by responsibility: a number of [0, 1) for each says which.

        Modes out of whose reach a value lies are not chosen, unless all are; then it is the nearest.
        """
        means, deviations = np.array(self.means), np.array(self.deviations)
        away = values[:, None] - means
        z = np.divide(away, deviations, out=np.where(away == 0.0, 0.0, np.inf), where=deviations > 0.0)
        logs = np.log(self.weights) - np.log(np.where(deviations > 0.0, deviations, 1.0))
        density = np.where(
            np.abs(z) <= REACH * EDGE, logs - 0.5 * np.square(np.minimum(np.abs(z), REACH)), -np.inf
        )
        density[(deviations == 0.0) & (away == 0.0)] = 1e9  # an atom is sure of its value
        top = np.maximum(density.max(axis=1, keepdims=True), -1e300)
        shares = np.cumsum(np.exp(density - top), axis=1)
        total = shares[:, -1]
        mark = np.minimum(draws * total, np.nextafter(total, 0.0))
        chosen = np.argmax(shares > mark[:, None], axis=1)
        nearest = np.argmin(
            np.where(np.isfinite(z).any(axis=1, keepdims=True), np.abs(z), np.abs(away)), axis=1
        )
        modes: NDArray[np.int64] = np.where(total > 0.0, chosen, nearest)
        return modes

    def encode(self, values: Array, modes: NDArray[np.int64]) -> Array:
        """Where in its mode each value lies, -EDGE to EDGE; 0 in an atom."""
        reach = REACH * np.array(self.deviations)[modes]
        away = values - np.array(self.means)[modes]
        places = np.divide(away, reach, out=np.zeros_like(away), where=reach > 0.0)
        return np.asarray(np.clip(places, -EDGE, EDGE))

    def decode(self, places: Array, modes: NDArray[np.int64]) -> Array:
        """The value at each place (-1 to 1) of a mode."""
        return np.array(self.means)[modes] + REACH * np.array(self.deviations)[modes] * np.clip(
            places, -1.0, 1.0
        )

    def to_config(self) -> dict[str, Any]:
        """Plain dictionary."""
        return {"weights": [*self.weights], "means": [*self.means], "deviations": [*self.deviations]}

    @staticmethod
    def from_config(config: Any) -> Mixture:
        """The mixture that `to_config` wrote; ValueError for anything else."""
        if not isinstance(config, dict) or set(config) != {"weights", "means", "deviations"}:
            raise ValueError("a mixture must be a dictionary of weights, means and deviations")
        if not all(isinstance(values, list) for values in config.values()):
            raise ValueError("weights, means and deviations of a mixture must be lists")
        return Mixture(*(tuple(config[key]) for key in ("weights", "means", "deviations")))


def fit_mixture(values: Array, finest: float = 0.0) -> Mixture:
    """The mixture of some values.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite, at least one.
    finest : float, default=0.0
        Distance of neighbouring values, if they lie on a grid: no Gaussian is narrower than half of it, since the
        likelihood of rounded values has no bound.

    Returns
    -------
    Mixture
    """
    points, counts = np.unique(values, return_counts=True)
    often = counts >= max(_ATOM_COUNT, _ATOM_SHARE * len(values))
    order = np.argsort(-counts, kind="stable")
    atoms = np.sort(order[often[order]][: MODES - 1])
    rest = np.setdiff1d(np.arange(len(points)), atoms)
    if len(rest) == 1:
        atoms, rest = np.sort(np.append(atoms, rest)), rest[:0]
    modes = [(float(counts[i]) / len(values), float(points[i]), 0.0) for i in atoms]
    if len(rest):
        share = float(counts[rest].sum()) / len(values)
        unit = math.ldexp(
            1.0, math.frexp(float(np.abs(points).max()))[1]
        )  # so that no square is beyond the range
        found = _gaussians(_grouped(points[rest] / unit, counts[rest]), finest / unit, MODES - len(atoms))
        parts = (part.tolist() for part in found)
        modes += [(share * w, m * unit, d * unit) for w, m, d in zip(*parts, strict=True)]
    modes.sort(key=lambda mode: mode[1])
    weights, means, deviations = zip(*modes, strict=True)
    return Mixture(weights, means, deviations)


class _Points(NamedTuple):
    """Ascending groups of values: how many, their means and variances."""

    counts: Array
    means: Array
    variances: Array


class _Gaussians(NamedTuple):
    weights: Array
    means: Array
    deviations: Array


def _grouped(points: Array, counts: NDArray[np.int64]) -> _Points:
    """A few hundred groups of about equal size: a fit's time does not depend on the number of rows."""
    n = counts.astype(np.float64)
    if len(points) <= _GROUPS:
        return _Points(n, points, np.zeros(len(points)))
    upto = np.cumsum(n)
    starts = np.searchsorted(upto, np.arange(_GROUPS) * (upto[-1] / _GROUPS), side="right")
    gaps = (
        np.argsort(-np.diff(points), kind="stable")[:_GAPS] + 1
    )  # no group lies on both sides of a wide one
    starts = np.unique([*starts.tolist(), *gaps.tolist()])
    sizes = np.add.reduceat(n, starts)
    means = np.add.reduceat(n * points, starts) / sizes
    around = np.square(points - np.repeat(means, np.diff([*starts.tolist(), len(points)])))
    return _Points(sizes, means, np.add.reduceat(n * around, starts) / sizes)


def _gaussians(points: _Points, finest: float, most: int) -> _Gaussians:
    """The best number of Gaussians and these, by BIC."""
    n = float(points.counts.sum())
    center = float(points.counts @ points.means) / n
    spread = math.sqrt(float(points.counts @ (points.variances + np.square(points.means - center))) / n)
    scaled = _Points(points.counts, (points.means - center) / spread, points.variances / spread**2)
    floor = max(_NARROWEST, 0.5 * finest / spread)

    start = min(most, max(1, len(points.counts) // _FEWEST))
    places = (np.arange(start) + 0.5) / start * n
    means = scaled.means[np.searchsorted(np.cumsum(points.counts), places)]
    now = _Gaussians(np.full(start, 1.0 / start), means, np.full(start, max(floor, 1.0 / start)))
    best, least = now, math.inf
    while True:
        now, likelihood = _maximised(scaled, now, floor)
        while len(now.weights) > 1 and now.weights.min() < _LEAST_WEIGHT:
            kept = now.weights > now.weights.min()
            kept = kept if kept.any() else np.arange(len(kept)) > 0
            now = _Gaussians(
                now.weights[kept] / now.weights[kept].sum(), now.means[kept], now.deviations[kept]
            )
            now, likelihood = _maximised(scaled, now, floor)
        bic = (3 * len(now.weights) - 1) * math.log(n) - 2.0 * likelihood
        if bic < least:
            best, least = now, bic
        if len(now.weights) == 1:
            return _Gaussians(best.weights, best.means * spread + center, best.deviations * spread)
        now = _merged(now)


def _maximised(points: _Points, modes: _Gaussians, floor: float) -> tuple[_Gaussians, float]:
    """The mixture after expectation-maximisation, and its log-likelihood."""
    n, before = float(points.counts.sum()), -math.inf
    for _ in range(_TURNS):
        away = points.means[:, None] - modes.means
        squares = points.variances[:, None] + np.square(away)
        # a group counts with the mean log-density of its values, which keeps each turn an ascent
        logs = np.log(modes.weights / modes.deviations) - 0.5 * squares / np.square(modes.deviations)
        top = logs.max(axis=1, keepdims=True)
        parts = np.exp(logs - top)
        sums = parts.sum(axis=1, keepdims=True)
        likelihood = float(points.counts @ (top + np.log(sums))[:, 0]) - 0.5 * n * math.log(2.0 * math.pi)
        if likelihood - before <= _GAIN * n:
            break
        before = likelihood
        shares = parts / sums * points.counts[:, None]
        sizes = np.maximum(shares.sum(axis=0), 1e-9)
        means = (shares * points.means[:, None]).sum(axis=0) / sizes
        around = points.variances[:, None] + np.square(points.means[:, None] - means)
        deviations = np.sqrt((shares * around).sum(axis=0) / sizes)
        modes = _Gaussians(sizes / sizes.sum(), means, np.maximum(deviations, floor))
    return modes, likelihood


def _merged(modes: _Gaussians) -> _Gaussians:
    """One Gaussian fewer: the pair whose merging costs least (a bound of the divergence) becomes one."""
    w, m, v = modes.weights, modes.means, np.square(modes.deviations)
    both = w[:, None] + w
    part = w[:, None] / both
    variance = part * v[:, None] + (1.0 - part) * v + part * (1.0 - part) * np.square(m[:, None] - m)
    cost = both * np.log(variance) - w[:, None] * np.log(v)[:, None] - w * np.log(v)
    cost[np.tril_indices(len(w))] = np.inf
    i, j = np.unravel_index(int(np.argmin(cost)), cost.shape)
    kept = np.delete(np.arange(len(w)), j)
    mean = part[i, j] * m[i] + (1.0 - part[i, j]) * m[j]
    weights, means, deviations = w.copy(), m.copy(), modes.deviations.copy()
    weights[i], means[i], deviations[i] = both[i, j], mean, math.sqrt(float(variance[i, j]))
    return _Gaussians(weights[kept], means[kept], deviations[kept])
