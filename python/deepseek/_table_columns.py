"""Columns of a table as a generator's outputs: numbers by mixtures, categories one-hot, and both ways back.

A number becomes its mode (one-hot, "gumbel") and its place in that mode ("tanh"), as CTGAN has it (Xu et al. 2019).
What is missing is one more entry beside the modes or categories, with the place 0: the one-hot still sums to 1, as
whatever a generator makes does; all zeros would tell a discriminator at once which rows are real. Blocks of one entry
are left out, so a constant column has no width.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._mixture import EDGE, MODES, Mixture, fit_mixture
from ._raw import Array, Config, Raw, called

MOST_CATEGORIES = 1000
TEMPERATURE = 0.5
_REPEATED = 5  # how often each of few different numbers occurs, on average, where they are categories
_MOST_DECIMALS = 6
_EXACT = 2**53  # float64 counts up to here


class Column(Protocol):
    """What a table's column has to do."""

    @property
    def blocks(self) -> list[Config]:
        """Output blocks, as the generator's specification wants them."""

    def encode(self, raw: Raw, draws: Callable[[], Array]) -> Array:
        """Rows (n, width) of a column's values; `draws` gives n numbers of [0, 1)."""

    def decode(self, rows: Array) -> tuple[Array, Array]:
        """(values, missing) of encoded rows."""

    def to_config(self) -> Config:
        """Plain dictionary."""


def block(activation: str, units: int) -> Config:
    """A generator's output block."""
    return {
        "activation": activation,
        "units": units,
        "alpha": 0.01,
        "temperature": TEMPERATURE,
        "hard": False,
    }


def is_categorical(raw: Raw) -> bool:
    """Whether a column holds categories, by itself.

    Text and booleans do. Numbers do if there are at most ten different ones, as many as a mixture has modes: each would
    be a mode of its own, and its place in the mode would say nothing. But each has to occur five times on average, so
    that a few rows of measurements are not taken for categories.
    """
    if raw.family == "values":
        return True
    distinct = len(np.unique(raw.present))
    return distinct <= MODES and distinct * _REPEATED <= len(raw.present)


@dataclass(frozen=True)
class Categories:
    """A column of categories; the missing one, if there is any, comes last.

    Attributes
    ----------
    family : str
        real, whole or values.
    categories : tuple
        Ascending; numbers before text.
    optional : bool
        Whether values can be missing.
    """

    family: str
    categories: tuple[Any, ...]
    optional: bool
    _codes: dict[Any, int] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._codes.update({item: code for code, item in enumerate(self.categories)})

    @staticmethod
    def fit(raw: Raw, declared: list[Any] | None = None) -> Categories:
        """The categories that occur, in the order declared, else ascending."""
        seen = set(raw.present.tolist())
        if len(seen) > MOST_CATEGORIES:
            numeric = ""
            if raw.family == "values" and all(_reads_as_number(item) for item in seen):
                numeric = "; all are numbers written as text: convert them, for example with astype(float)"
            raise ValueError(
                f"{called(raw.name)} has {len(seen)} different values in {len(raw.values)} rows, more than "
                f"{MOST_CATEGORIES}: an identifier, which should be left out{numeric}"
            )
        order = declared if declared else sorted(seen, key=lambda item: (isinstance(item, str), item))
        return Categories(raw.family, tuple(item for item in order if item in seen), bool(raw.missing.any()))

    @property
    def entries(self) -> int:
        """Categories, and the missing one."""
        return len(self.categories) + self.optional

    @property
    def blocks(self) -> list[Config]:
        """One of all entries, if there is a choice."""
        return [block("gumbel", self.entries)] if self.entries > 1 else []

    def codes(self, raw: Raw) -> NDArray[np.int64]:
        """The entry of each value; ValueError for one that was not there at fit."""
        codes = np.array([self._codes.get(item, -1) for item in raw.values.tolist()], np.int64)
        codes[raw.missing] = len(self.categories) if self.optional else -2
        for row in np.flatnonzero(codes < 0)[:1].tolist():
            if codes[row] == -2:
                raise ValueError(_unexpected(raw, row))
            known = ", ".join(map(repr, self.categories[:8])) + (", …" if len(self.categories) > 8 else "")
            value = raw.values.tolist()[row]
            raise ValueError(
                f"{called(raw.name)} has {value!r} in row {row}; the values at fit were {known or 'none'}"
            )
        return codes

    def encode(self, raw: Raw, draws: Callable[[], Array]) -> Array:
        """One-hot rows."""
        codes = self.codes(raw)
        return np.eye(self.entries)[codes] if self.entries > 1 else np.empty((len(codes), 0))

    def decode(self, rows: Array) -> tuple[Array, Array]:
        """The value of the largest entry."""
        return self.values(rows.argmax(axis=1) if rows.shape[1] else np.zeros(len(rows), np.int64))

    def values(self, codes: NDArray[np.int64]) -> tuple[Array, Array]:
        """(values, missing) of entries."""
        dtype = {"real": np.float64, "whole": np.int64}.get(self.family, object)
        table = np.zeros(len(self.categories) + 1, dtype)
        table[: len(self.categories)] = self.categories
        return table[codes], codes == len(self.categories)

    def to_config(self) -> Config:
        """Plain dictionary."""
        kept = {"family": self.family, "categories": [*self.categories], "optional": self.optional}
        return {"type": "categories", **kept}


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
            raise ValueError(_unexpected(raw, int(np.argmax(raw.missing))))
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


def column_from_config(config: Any) -> Categories | Numbers:
    """The column that `to_config` wrote; ValueError for anything else."""
    try:
        kept = dict(config)
        kind = kept.pop("type")
        if kind == "categories":
            return _checked_categories(**kept)
        if kind == "numbers":
            return _checked_numbers(**kept)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"a table's column is not what a model writes: {error}") from None
    raise ValueError(f"a table's column must be of type categories or numbers, got {kind!r}")


def _checked_categories(family: Any, categories: Any, optional: Any) -> Categories:
    kinds: Any = {"real": float, "whole": int}.get(family, (str, bool, int, float))
    if (
        family not in ("real", "whole", "values")
        or type(optional) is not bool
        or type(categories) is not list
    ):
        raise ValueError(
            "a column of categories needs a family, a list of categories, and whether it is optional"
        )
    if not all(isinstance(item, kinds) for item in categories) or len(set(categories)) != len(categories):
        raise ValueError(f"categories must be different values of the family {family}, got {categories!r}")
    if not categories and not optional:
        raise ValueError("a column without categories must be optional")
    return Categories(family, tuple(categories), optional)


def _checked_numbers(
    whole: Any, decimals: Any, low: Any, step: Any, least: Any, most: Any, optional: Any, mixture: Any
) -> Numbers:
    right = type(whole) is bool and type(optional) is bool
    right = right and (decimals is None or (type(decimals) is int and 0 <= decimals <= _MOST_DECIMALS))
    right = right and type(low) is int and type(step) is int and 1 <= step < 2**63 and abs(low) < 2**63
    right = right and all(type(v) is float and math.isfinite(v) for v in (least, most)) and least <= most
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


def _reads_as_number(item: Any) -> bool:
    try:
        float(item)
    except ValueError:
        return False
    return True


def _unexpected(raw: Raw, row: int) -> str:
    return f"{called(raw.name)} has no value in row {row}, but was never missing at fit"


__all__ = [
    "EDGE",
    "MOST_CATEGORIES",
    "Categories",
    "Column",
    "Numbers",
    "column_from_config",
    "is_categorical",
]
