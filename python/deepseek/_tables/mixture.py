"""Mixtures of the values of one column: Gaussians fitted by expectation-maximisation, and atoms.

An atom is a mode of width 0: a value that many rows share (no overtime, a rounded price). The other modes
start as ten Gaussians at quantiles and are fitted by EM (Dempster, Laird & Rubin 1977). The most similar pair
is then merged again and again (Runnalls 2007), and the number of modes with the best BIC (Schwarz 1978) is
kept. The fit is deterministic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MODES = 10
"""Largest number of modes of a column."""

REACH = 4.0
"""Half-width of a mode in standard deviations; ±REACH deviations are encoded as ±1."""

EDGE = 0.99
"""Largest encoded value; a tanh can reach it."""

_ATOM_SHARE, _ATOM_COUNT = (
    0.05,
    10,
)  # smallest share of rows, and number of rows, of a value that becomes an atom
_MIN_WEIGHT = 0.01  # smallest weight of a Gaussian among the Gaussians
_MIN_STD = 1e-3  # smallest standard deviation of a Gaussian, relative to that of all values
_MIN_VALUES = 10  # different values per initial Gaussian
_GROUPS, _GAPS = 256, 64  # groups of values that EM runs on, and wide gaps at which a group always ends
_MAX_ITERATIONS, _TOLERANCE = 100, 1e-6  # of EM; the tolerance is the gain of log-likelihood per value


@dataclass(frozen=True)
class Mixture:
    """Modes in ascending order of their means; a mode with deviation 0 is an atom.

    Attributes
    ----------
    weights, means, deviations : tuple of float
        Weight, mean and standard deviation of each mode.
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.weights), len(self.means), len(self.deviations)}
        if len(lengths) != 1 or not 1 <= len(self.means) <= MODES:
            raise ValueError(
                f"mixture: got {sorted(lengths)} weights, means and deviations; expected equally many, 1 to {MODES}"
            )
        numbers = [*self.weights, *self.means, *self.deviations]
        if not all(type(v) is float and math.isfinite(v) for v in numbers):
            raise ValueError(
                "mixture: got weights, means or deviations that are not finite floats; expected these"
            )
        if min(self.weights) <= 0.0 or min(self.deviations) < 0.0:
            raise ValueError(
                f"mixture: got a weight of {min(self.weights):g} or a deviation of {min(self.deviations):g}; expected "
                "weights above 0 and deviations of at least 0"
            )

    def __len__(self) -> int:
        return len(self.means)

    def choose(self, values: Array, draws: Array) -> NDArray[np.int64]:
        """Draw the mode of each value in proportion to the responsibilities.

        A mode whose reach does not contain the value is excluded; if all are, the nearest mode is taken.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Values to assign.
        draws : ndarray of shape (n,)
            Uniform random numbers in [0, 1), one per value.
        """
        means, deviations = np.array(self.means), np.array(self.deviations)
        difference = values[:, None] - means
        z = np.divide(
            difference, deviations, out=np.where(difference == 0.0, 0.0, np.inf), where=deviations > 0.0
        )
        logs = np.log(self.weights) - np.log(np.where(deviations > 0.0, deviations, 1.0))
        density = np.where(
            np.abs(z) <= REACH * EDGE, logs - 0.5 * np.square(np.minimum(np.abs(z), REACH)), -np.inf
        )
        density[(deviations == 0.0) & (difference == 0.0)] = (
            1e9  # the value of an atom always goes to the atom
        )
        top = np.maximum(density.max(axis=1, keepdims=True), -1e300)
        cumulative = np.cumsum(np.exp(density - top), axis=1)
        total = cumulative[:, -1]
        threshold = np.minimum(draws * total, np.nextafter(total, 0.0))
        chosen = np.argmax(cumulative > threshold[:, None], axis=1)
        nearest = np.argmin(
            np.where(np.isfinite(z).any(axis=1, keepdims=True), np.abs(z), np.abs(difference)), axis=1
        )
        modes: NDArray[np.int64] = np.where(total > 0.0, chosen, nearest)
        return modes

    def encode(self, values: Array, modes: NDArray[np.int64]) -> Array:
        """Return the position of each value within its mode, -EDGE to EDGE; 0 in an atom."""
        reach = REACH * np.array(self.deviations)[modes]
        difference = values - np.array(self.means)[modes]
        positions = np.divide(difference, reach, out=np.zeros_like(difference), where=reach > 0.0)
        return np.asarray(np.clip(positions, -EDGE, EDGE))

    def decode(self, positions: Array, modes: NDArray[np.int64]) -> Array:
        """Return the value at each position (-1 to 1) of a mode."""
        return np.array(self.means)[modes] + REACH * np.array(self.deviations)[modes] * np.clip(
            positions, -1.0, 1.0
        )

    def to_config(self) -> dict[str, Any]:
        """Return a plain dictionary for a file."""
        return {"weights": [*self.weights], "means": [*self.means], "deviations": [*self.deviations]}

    @staticmethod
    def from_config(config: Any) -> Mixture:
        """Return the mixture that `to_config` wrote; raise ValueError for anything else."""
        if not isinstance(config, dict) or set(config) != {"weights", "means", "deviations"}:
            raise ValueError(
                f"mixture: got {config!r:.80}; expected a dictionary of weights, means and deviations"
            )
        if not all(isinstance(values, list) for values in config.values()):
            raise ValueError(f"mixture: got {config!r:.80}; expected lists of weights, means and deviations")
        return Mixture(*(tuple(config[key]) for key in ("weights", "means", "deviations")))


def fit_mixture(values: Array, spacing: float = 0.0) -> Mixture:
    """Fit a mixture to values.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite values, at least one.
    spacing : float, default=0.0
        Distance of neighbouring values on a grid; 0 if there is no grid. No Gaussian is narrower than half of
        it, because the likelihood of rounded values is unbounded.

    Returns
    -------
    Mixture
        1 to `MODES` modes.
    """
    points, counts = np.unique(values, return_counts=True)
    frequent = counts >= max(_ATOM_COUNT, _ATOM_SHARE * len(values))
    order = np.argsort(-counts, kind="stable")
    atoms = np.sort(order[frequent[order]][: MODES - 1])
    rest = np.setdiff1d(np.arange(len(points)), atoms)
    if len(rest) == 1:
        atoms, rest = np.sort(np.append(atoms, rest)), rest[:0]
    modes = [(float(counts[i]) / len(values), float(points[i]), 0.0) for i in atoms]
    if len(rest):
        share = float(counts[rest].sum()) / len(values)
        unit = math.ldexp(1.0, math.frexp(float(np.abs(points).max()))[1])  # keeps squares within the range
        fitted = _fit_gaussians(
            _grouped(points[rest] / unit, counts[rest]), spacing / unit, MODES - len(atoms)
        )
        parts = (part.tolist() for part in fitted)
        modes += [(share * w, m * unit, d * unit) for w, m, d in zip(*parts, strict=True)]
    modes.sort(key=lambda mode: mode[1])
    weights, means, deviations = zip(*modes, strict=True)
    return Mixture(weights, means, deviations)


class _Points(NamedTuple):
    """Ascending groups of values: their sizes, means and variances."""

    counts: Array
    means: Array
    variances: Array


class _Gaussians(NamedTuple):
    weights: Array
    means: Array
    deviations: Array


def _grouped(points: Array, counts: NDArray[np.int64]) -> _Points:
    """Return a few hundred groups of about equal size, so that the time of EM does not grow with the rows."""
    n = counts.astype(np.float64)
    if len(points) <= _GROUPS:
        return _Points(n, points, np.zeros(len(points)))
    cumulative = np.cumsum(n)
    starts = np.searchsorted(cumulative, np.arange(_GROUPS) * (cumulative[-1] / _GROUPS), side="right")
    gaps = np.argsort(-np.diff(points), kind="stable")[:_GAPS] + 1  # no group spans one of the widest gaps
    starts = np.unique([*starts.tolist(), *gaps.tolist()])
    sizes = np.add.reduceat(n, starts)
    means = np.add.reduceat(n * points, starts) / sizes
    squares = np.square(points - np.repeat(means, np.diff([*starts.tolist(), len(points)])))
    return _Points(sizes, means, np.add.reduceat(n * squares, starts) / sizes)


def _fit_gaussians(points: _Points, spacing: float, most: int) -> _Gaussians:
    """Fit at most `most` Gaussians; the number is chosen by BIC."""
    n = float(points.counts.sum())
    center = float(points.counts @ points.means) / n
    spread = math.sqrt(float(points.counts @ (points.variances + np.square(points.means - center))) / n)
    scaled = _Points(points.counts, (points.means - center) / spread, points.variances / spread**2)
    floor = max(_MIN_STD, 0.5 * spacing / spread)

    start = min(most, max(1, len(points.counts) // _MIN_VALUES))
    quantiles = (np.arange(start) + 0.5) / start * n
    means = scaled.means[np.searchsorted(np.cumsum(points.counts), quantiles)]
    modes = _Gaussians(np.full(start, 1.0 / start), means, np.full(start, max(floor, 1.0 / start)))
    best, best_bic = modes, math.inf
    while True:
        modes, likelihood = _maximise(scaled, modes, floor)
        while len(modes.weights) > 1 and modes.weights.min() < _MIN_WEIGHT:
            kept = modes.weights > modes.weights.min()
            kept = kept if kept.any() else np.arange(len(kept)) > 0
            modes = _Gaussians(
                modes.weights[kept] / modes.weights[kept].sum(), modes.means[kept], modes.deviations[kept]
            )
            modes, likelihood = _maximise(scaled, modes, floor)
        bic = (3 * len(modes.weights) - 1) * math.log(n) - 2.0 * likelihood
        if bic < best_bic:
            best, best_bic = modes, bic
        if len(modes.weights) == 1:
            return _Gaussians(best.weights, best.means * spread + center, best.deviations * spread)
        modes = _merge_pair(modes)


def _maximise(points: _Points, modes: _Gaussians, floor: float) -> tuple[_Gaussians, float]:
    """Run expectation-maximisation; return the mixture and its log-likelihood."""
    n, before = float(points.counts.sum()), -math.inf
    for _ in range(_MAX_ITERATIONS):
        squares = points.variances[:, None] + np.square(points.means[:, None] - modes.means)
        # a group has the mean log-density of its values, with which no iteration lowers the likelihood
        logs = np.log(modes.weights / modes.deviations) - 0.5 * squares / np.square(modes.deviations)
        top = logs.max(axis=1, keepdims=True)
        parts = np.exp(logs - top)
        sums = parts.sum(axis=1, keepdims=True)
        likelihood = float(points.counts @ (top + np.log(sums))[:, 0]) - 0.5 * n * math.log(2.0 * math.pi)
        if likelihood - before <= _TOLERANCE * n:
            break
        before = likelihood
        responsibilities = parts / sums * points.counts[:, None]
        sizes = np.maximum(responsibilities.sum(axis=0), 1e-9)
        means = (responsibilities * points.means[:, None]).sum(axis=0) / sizes
        squares = points.variances[:, None] + np.square(points.means[:, None] - means)
        deviations = np.sqrt((responsibilities * squares).sum(axis=0) / sizes)
        modes = _Gaussians(sizes / sizes.sum(), means, np.maximum(deviations, floor))
    return modes, likelihood


def _merge_pair(modes: _Gaussians) -> _Gaussians:
    """Merge the pair with the lowest cost, an upper bound of the Kullback-Leibler divergence (Runnalls 2007)."""
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
