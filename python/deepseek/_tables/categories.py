"""Columns of categories: one-hot and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .block import block, unexpected
from .raw import Array, Config, Raw, called

MOST_CATEGORIES = 1000


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
                raise ValueError(unexpected(raw, row))
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


def checked_categories(family: Any, categories: Any, optional: Any) -> Categories:
    """A column of a configuration; ValueError for what no column writes."""
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


def _reads_as_number(item: Any) -> bool:
    try:
        float(item)
    except ValueError:
        return False
    return True
