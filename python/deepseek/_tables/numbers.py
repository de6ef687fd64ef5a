"""Columns of numbers, encoded as the mode of a mixture and the position within it; decoded on the grid of the fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .block import block, missing_value_message
from .mixture import Mixture, fit_mixture
from .raw import Array, Config, RawColumn, column_label

_MAX_DECIMALS = 6
_MAX_EXACT = 2**53  # float64 represents every whole number up to here


@dataclass(frozen=True)
class Numbers:
    """A column of numbers and their grid, (low + step·k) / 10**decimals for whole k.

    Attributes
    ----------
    whole : bool
        Whether decoded values are int64.
    decimals : int or None
        Decimal places of the grid; None if there is no grid.
    low, step : int
        Offset and step of the grid.
    least, most : float
        Range of k or, without a grid, of the values.
    optional : bool
        Whether values can be missing.
    mixture : Mixture
        Mixture of k or, without a grid, of the values.
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
    def fit(raw: RawColumn, integer: bool = False) -> Numbers:
        """Fit the grid and the mixture of a column; `integer` requires whole numbers of a column of floats."""
        values = raw.present
        optional, whole = bool(raw.missing.any()), raw.family == "whole"
        if integer and not whole and not np.array_equal(values, np.rint(values)):
            row = int(np.flatnonzero(~raw.missing)[np.argmax(values != np.rint(values))])
            raise ValueError(
                f"{column_label(raw.name)}: got {raw.values[row]} in row {row}; expected whole numbers (integer names "
                "the column)"
            )
        decimals = 0 if whole else _decimals(values)
        low, step = 0, 1
        if decimals is not None:
            counts = values if whole else np.rint(values * 10.0**decimals).astype(np.int64)
            low = int(counts.min())
            if int(counts.max()) - low >= _MAX_EXACT:
                raise ValueError(
                    f"{column_label(raw.name)}: got a range of {low} to {counts.max()}; expected at most 2**53 (leave "
                    "out a column of identifiers)"
                )
            step = max(1, int(np.gcd.reduce(counts - low)))
        grid = Numbers(whole, decimals, low, step, 0.0, 0.0, optional, Mixture((1.0,), (0.0,), (0.0,)))
        k = grid._grid_index(values)
        mixture = fit_mixture(k, 0.0 if decimals is None else 1.0)
        return Numbers(whole, decimals, low, step, float(k.min()), float(k.max()), optional, mixture)

    @property
    def entries(self) -> int:
        """Number of modes, plus one for missing values."""
        return len(self.mixture) + self.optional

    @property
    def blocks(self) -> list[Config]:
        """Output blocks: the position within the mode, and the mode if there are several entries."""
        return [block("tanh", 1)] + ([block("gumbel", self.entries)] if self.entries > 1 else [])

    def encode(self, raw: RawColumn, draws: Callable[[], Array]) -> Array:
        """Return rows of the position within the mode, then the mode one-hot."""
        if raw.family == "values" and not raw.missing.all():
            row = int(np.flatnonzero(~raw.missing)[0])
            raise TypeError(
                f"{column_label(raw.name)}: got {raw.values[row]!r} in row {row}; expected numbers, as at fit"
            )
        if raw.missing.any() and not self.optional:
            raise ValueError(missing_value_message(raw, int(np.argmax(raw.missing))))
        rows = np.zeros((len(raw.values), 1 + (self.entries if self.entries > 1 else 0)))
        k = self._grid_index(raw.present)
        several = len(self.mixture) > 1
        modes = self.mixture.choose(k, draws()[~raw.missing] if several else np.zeros(len(k)))
        rows[~raw.missing, 0] = self.mixture.encode(k, modes)
        if self.entries > 1:
            chosen = np.full(len(rows), len(self.mixture))
            chosen[~raw.missing] = modes
            rows[np.arange(len(rows)), 1 + chosen] = 1.0
        return rows

    def decode(self, rows: Array) -> tuple[Array, Array]:
        """Return (values, missing); values lie on the grid and within the range of the fit."""
        modes = rows[:, 1:].argmax(axis=1) if rows.shape[1] > 1 else np.zeros(len(rows), np.int64)
        missing = modes == len(self.mixture)
        modes = np.minimum(modes, len(self.mixture) - 1)
        k = np.clip(self.mixture.decode(rows[:, 0], modes), self.least, self.most)
        if self.decimals is None:
            return k, missing
        counts = self.low + self.step * np.rint(k).astype(np.int64)
        return (counts if self.whole else counts / 10.0**self.decimals), missing

    def _grid_index(self, values: Array) -> Array:
        """Return k of each value or, without a grid, the values."""
        if self.decimals is None:
            return values.astype(np.float64)
        if self.whole and values.dtype.kind == "i":
            return (values - self.low) / self.step
        counts = values * 10.0**self.decimals
        near = np.rint(counts)
        counts = np.where(np.abs(counts - near) < 1e-6 * np.maximum(1.0, np.abs(near) * 1e-6), near, counts)
        return np.asarray((counts - self.low) / self.step)

    def to_config(self) -> Config:
        """Return a plain dictionary for a file."""
        names = ("whole", "decimals", "low", "step", "least", "most", "optional")
        fields = {name: getattr(self, name) for name in names}
        return {"type": "numbers", **fields, "mixture": self.mixture.to_config()}


def checked_numbers(
    whole: Any, decimals: Any, low: Any, step: Any, least: Any, most: Any, optional: Any, mixture: Any
) -> Numbers:
    """Return the column that `Numbers.to_config` wrote; raise ValueError for anything else."""
    valid = type(whole) is bool and type(optional) is bool
    valid = valid and (decimals is None or (type(decimals) is int and 0 <= decimals <= _MAX_DECIMALS))
    valid = valid and type(low) is int and type(step) is int and 1 <= step < 2**63 and abs(low) < 2**63
    valid = valid and all(type(v) is float and math.isfinite(v) for v in (least, most)) and least <= most
    valid = valid and (decimals is None or abs(low) + step * max(abs(least), abs(most)) < 2**63)
    if not valid or (whole and decimals != 0):
        raise ValueError(
            f"column of numbers: got whole={whole!r}, decimals={decimals!r}, low={low!r}, step={step!r}, "
            f"range {least!r} to {most!r}, optional={optional!r}; expected a valid grid and range"
        )
    return Numbers(whole, decimals, low, step, least, most, optional, Mixture.from_config(mixture))


def _decimals(values: Array) -> int | None:
    """Return the number of decimal places, up to six, that represents all values; None if they need more."""
    single = values.astype(np.float32) if np.array_equal(values.astype(np.float32), values) else None
    for decimals in range(_MAX_DECIMALS + 1):
        power = 10.0**decimals
        if np.abs(values).max() * power >= _MAX_EXACT:
            return None
        rounded = np.rint(values * power) / power
        if np.array_equal(rounded, values) or (
            single is not None and np.array_equal(rounded.astype(np.float32), single)
        ):
            return decimals
    return None
