"""Columns of categories: one-hot and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .block import block, missing_value_message
from .raw import Array, Config, RawColumn, column_label

MAX_CATEGORIES = 1000


@dataclass(frozen=True)
class Categories:
    """A column of categories; "missing" is the last category where values can be missing.

    Attributes
    ----------
    family : {"real", "whole", "values"}
        Family of the values, see `raw`.
    categories : tuple
        Distinct values, ascending, numbers before text; declared categories in their order.
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
    def fit(raw: RawColumn, declared: list[Any] | None = None) -> Categories:
        """Return the column of the categories that occur, in the declared order, else ascending."""
        seen = set(raw.present.tolist())
        if len(seen) > MAX_CATEGORIES:
            advice = "leave out a column of identifiers"
            if raw.family == "values" and all(_reads_as_number(item) for item in seen):
                advice = "all are numbers written as text: convert them, for example with astype(float)"
            raise ValueError(
                f"{column_label(raw.name)}: got {len(seen)} different values in {len(raw.values)} rows; expected at "
                f"most {MAX_CATEGORIES} categories ({advice})"
            )
        order = declared if declared else sorted(seen, key=lambda item: (isinstance(item, str), item))
        return Categories(raw.family, tuple(item for item in order if item in seen), bool(raw.missing.any()))

    @property
    def entries(self) -> int:
        """Number of categories, including "missing"."""
        return len(self.categories) + self.optional

    @property
    def blocks(self) -> list[Config]:
        """Output blocks: one with all entries; none for a constant column."""
        return [block("gumbel", self.entries)] if self.entries > 1 else []

    def codes(self, raw: RawColumn) -> NDArray[np.int64]:
        """Return the entry of each value; raise ValueError for a value that fit did not see."""
        codes = np.array([self._codes.get(item, -1) for item in raw.values.tolist()], np.int64)
        codes[raw.missing] = len(self.categories) if self.optional else -2
        for row in np.flatnonzero(codes < 0)[:1].tolist():
            if codes[row] == -2:
                raise ValueError(missing_value_message(raw, row))
            known = ", ".join(map(repr, self.categories[:8])) + (", …" if len(self.categories) > 8 else "")
            value = raw.values.tolist()[row]
            raise ValueError(
                f"{column_label(raw.name)}: got {value!r} in row {row}; expected a value seen at fit: "
                f"{known or 'none'}"
            )
        return codes

    def encode(self, raw: RawColumn, draws: Callable[[], Array]) -> Array:
        """Return one-hot rows."""
        codes = self.codes(raw)
        return np.eye(self.entries)[codes] if self.entries > 1 else np.empty((len(codes), 0))

    def decode(self, rows: Array) -> tuple[Array, Array]:
        """Return (values, missing) of the largest entry of each row."""
        return self.values(rows.argmax(axis=1) if rows.shape[1] else np.zeros(len(rows), np.int64))

    def values(self, codes: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return (values, missing) of entry numbers."""
        dtype = {"real": np.float64, "whole": np.int64}.get(self.family, object)
        table = np.zeros(len(self.categories) + 1, dtype)
        table[: len(self.categories)] = self.categories
        return table[codes], codes == len(self.categories)

    def to_config(self) -> Config:
        """Return a plain dictionary for a file."""
        fields = {"family": self.family, "categories": [*self.categories], "optional": self.optional}
        return {"type": "categories", **fields}


def checked_categories(family: Any, categories: Any, optional: Any) -> Categories:
    """Return the column that `Categories.to_config` wrote; raise ValueError for anything else."""
    kinds: Any = {"real": float, "whole": int}.get(family, (str, bool, int, float))
    if (
        family not in ("real", "whole", "values")
        or type(optional) is not bool
        or type(categories) is not list
    ):
        raise ValueError(
            f"column of categories: got family={family!r}, categories of type {type(categories).__name__}, "
            f"optional={optional!r}; expected a known family, a list and a bool"
        )
    if not all(isinstance(item, kinds) for item in categories) or len(set(categories)) != len(categories):
        raise ValueError(f"categories: got {categories!r}; expected different values of the family {family}")
    if not categories and not optional:
        raise ValueError(
            "column of categories: got optional=False without categories; expected optional=True"
        )
    return Categories(family, tuple(categories), optional)


def _reads_as_number(item: Any) -> bool:
    try:
        float(item)
    except ValueError:
        return False
    return True
