"""Columns of numbers: modes of a mixture and places in them, on the grid and within the range of the fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .block import block, unexpected
from .mixture import Mixture, fit_mixture
from .raw import Array, Config, Raw, called

_MOST_DECIMALS = 6
_EXACT = 2**53  # float64 counts up to here


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, and the grid that they lie on, (low + step·k) / 10**decimals for whole k.

    Attributes
    ----------
    whole : bool
        Whether decoded values are int64.
    decimals : int or None
        None: no grid; the mixture is of the values themselves, else of k.
    low, step : int
        Of the grid.
    least, most : float
        Range of what the mixture is of.
    optional : bool
        Whether values can be missing.
    mixture : Mixture
    """

    whole: bool
    decimals: int | None
    low: int
    step: int
    least: float
    most: float
    optional: bool
    mixture: Mixture

    @staticmethod
    def fit(raw: Raw, integer: bool = False) -> Numbers:
        """The grid and the mixture of a column; `integer`: the values are to be whole, whatever they are now."""
        values = raw.present
        optional, whole = bool(raw.missing.any()), raw.family == "whole"
        if integer and not whole and not np.array_equal(values, np.rint(values)):
            row = int(np.flatnonzero(~raw.missing)[np.argmax(values != np.rint(values))])
            raise ValueError(
                f"{called(raw.name)} is said to be integer, but has {raw.values[row]} in row {row}"
            )
        decimals = 0 if whole else _decimals(values)
        low, step = 0, 1
        if decimals is not None:
            counts = values if whole else np.rint(values * 10.0**decimals).astype(np.int64)
            low = int(counts.min())
            if int(counts.max()) - low >= _EXACT:
                raise ValueError(
                    f"{called(raw.name)} spans {low} to {counts.max()}, too much to be learned as numbers"
                )
            step = max(1, int(np.gcd.reduce(counts - low)))
        made = Numbers(whole, decimals, low, step, 0.0, 0.0, optional, Mixture((1.0,), (0.0,), (0.0,)))
        places = made._places(values)
        mixture = fit_mixture(places, 0.0 if decimals is None else 1.0)
        return Numbers(
            whole, decimals, low, step, float(places.min()), float(places.max()), optional, mixture
        )

    @property
    def entries(self) -> int:
        """Modes, and the missing one."""
        return len(self.mixture) + self.optional

    @property
    def blocks(self) -> list[Config]:
        """The place in the mode, and the mode if there is a choice."""
        return [block("tanh", 1)] + ([block("gumbel", self.entries)] if self.entries > 1 else [])

    def encode(self, raw: Raw, draws: Callable[[], Array]) -> Array:
        """The place in the mode, then the mode one-hot."""
        if raw.family == "values" and not raw.missing.all():
            row = int(np.flatnonzero(~raw.missing)[0])
            raise TypeError(
                f"{called(raw.name)} must hold numbers as at fit, got {raw.values[row]!r} in row {row}"
            )
        if raw.missing.any() and not self.optional:
            raise ValueError(unexpected(raw, int(np.argmax(raw.missing))))
        rows = np.zeros((len(raw.values), 1 + (self.entries if self.entries > 1 else 0)))
        places = self._places(raw.present)
        several = len(self.mixture) > 1
        modes = self.mixture.choose(places, draws()[~raw.missing] if several else np.zeros(len(places)))
        rows[~raw.missing, 0] = self.mixture.encode(places, modes)
        if self.entries > 1:
            chosen = np.full(len(rows), len(self.mixture))
            chosen[~raw.missing] = modes
            rows[np.arange(len(rows)), 1 + chosen] = 1.0
        return rows

    def decode(self, rows: Array) -> tuple[Array, Array]:
        """The values on the grid and within the range of the fit."""
        modes = rows[:, 1:].argmax(axis=1) if rows.shape[1] > 1 else np.zeros(len(rows), np.int64)
        missing = modes == len(self.mixture)
        modes = np.minimum(modes, len(self.mixture) - 1)
        places = np.clip(self.mixture.decode(rows[:, 0], modes), self.least, self.most)
        if self.decimals is None:
            return places, missing
        counts = self.low + self.step * np.rint(places).astype(np.int64)
        return (counts if self.whole else counts / 10.0**self.decimals), missing

    def _places(self, values: Array) -> Array:
        if self.decimals is None:
            return values.astype(np.float64)
        if self.whole and values.dtype.kind == "i":
            return (values - self.low) / self.step
        counts = values * 10.0**self.decimals
        near = np.rint(counts)
        counts = np.where(np.abs(counts - near) < 1e-6 * np.maximum(1.0, np.abs(near) * 1e-6), near, counts)
        return np.asarray((counts - self.low) / self.step)

    def to_config(self) -> Config:
        """Plain dictionary."""
        names = ("whole", "decimals", "low", "step", "least", "most", "optional")
        kept = {name: getattr(self, name) for name in names}
        return {"type": "numbers", **kept, "mixture": self.mixture.to_config()}


def checked_numbers(
    whole: Any, decimals: Any, low: Any, step: Any, least: Any, most: Any, optional: Any, mixture: Any
) -> Numbers:
    """A column of a configuration; ValueError for what no column writes."""
    right = type(whole) is bool and type(optional) is bool
    right = right and (decimals is None or (type(decimals) is int and 0 <= decimals <= _MOST_DECIMALS))
    right = right and type(low) is int and type(step) is int and 1 <= step < 2**63 and abs(low) < 2**63
    right = right and all(type(v) is float and math.isfinite(v) for v in (least, most)) and least <= most
    right = right and (decimals is None or abs(low) + step * max(abs(least), abs(most)) < 2**63)
    if not right or (whole and decimals != 0):
        raise ValueError("a column of numbers needs its grid, range, mixture, and whether it is optional")
    return Numbers(whole, decimals, low, step, least, most, optional, Mixture.from_config(mixture))


def _decimals(values: Array) -> int | None:
    """Fewest decimal places, up to six, that all values have; None if they have more."""
    single = values.astype(np.float32) if np.array_equal(values.astype(np.float32), values) else None
    for decimals in range(_MOST_DECIMALS + 1):
        power = 10.0**decimals
        if np.abs(values).max() * power >= _EXACT:
            return None
        rounded = np.rint(values * power) / power
        if np.array_equal(rounded, values) or (
            single is not None and np.array_equal(rounded.astype(np.float32), single)
        ):
            return decimals
    return None
