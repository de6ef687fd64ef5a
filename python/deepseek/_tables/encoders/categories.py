"""Encoder of categories: one code a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..cells import Array, canonical_text, number_text, read_cells
from .encoded import Encoded, rows_with


@dataclass(frozen=True)
class CategoryEncoder:
    """A column of categories: one code; 0 for any other value, the last for missing if fit saw values missing.

    Attributes
    ----------
    name : str
        Name of the column.
    categories : list of str
        Texts of the codes 1, 2, …
    optional : bool
        Whether a missing value has a code of its own.
    others : bool
        Whether fit saw categories that are not in the list, so that a value with code 0 is nothing new.
    """

    kind: ClassVar[str] = "category"
    name: str
    categories: list[str]
    optional: bool
    others: bool = False

    @property
    def numbers(self) -> list[str]:
        """Names of the numeric inputs: none."""
        return []

    @property
    def sizes(self) -> dict[str, int]:
        """Number of codes of the categorical input, including 0."""
        return {self.name: 1 + len(self.categories) + self.optional}

    def encode(self, array: Array) -> Encoded:
        """Encode a column of any dtype; "1.0" and 1.0 are the category "1" of a numeric code."""
        cells = read_cells(array)
        index = {canonical_text(text): code for code, text in enumerate(self.categories, start=1)}
        index.update({text: code for code, text in enumerate(self.categories, start=1)})
        distinct = [_code(text, index) for text in cells.texts]
        gap = 1 + len(self.categories) if self.optional else 0
        codes = np.array([*distinct, gap], np.int64)[cells.codes]
        unknown = [] if self.others else [i for i, code in enumerate(distinct) if code == 0]
        return Encoded(
            np.empty((len(array), 0)),
            [codes],
            new=[cells.texts[i] for i in unknown],
            new_rows=rows_with(cells, unknown),
            gaps=0 if self.optional else int(cells.missing.sum()),
        )


def _code(text: str, index: dict[str, int]) -> int:
    """Return the code of a text, 0 if it has none; fit may have seen long whole numbers as floats, such as 1e+17."""
    code = index.get(text)
    if code is None:
        canonical = canonical_text(text)
        code = index.get(canonical)
        if code is None and 15 < len(canonical) < 300 and canonical.lstrip("-").isdecimal():
            code = index.get(number_text(float(canonical)))
    return code or 0
