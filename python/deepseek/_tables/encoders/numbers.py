"""Encoders of numbers and booleans: a missing value becomes 0, and sets an indicator if fit saw values missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..cells import Array, Cells, canonical_text, read_cells, split_numbers
from ..number_formats import PLAIN, NumberFormat, number_format, read_numbers
from .encoded import Encoded, Floats, indicator, rows_with, stacked
from .scaling import scaled

TRUE_FALSE = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off"))
"""Pairs of texts that a column of booleans may consist of, in lower case."""

_TRUE = {true for true, _ in TRUE_FALSE} | {"1"}
_FALSE = {false for _, false in TRUE_FALSE} | {"0"}


@dataclass(frozen=True)
class Numbers:
    """A column of any dtype as numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (rows,)
        Numbers; NaN where missing or no number.
    bad : list of str
        Distinct texts that are no numbers.
    bad_rows : int
        Rows with one of them.
    """

    values: Floats
    bad: list[str]
    bad_rows: int

    @staticmethod
    def read(
        array: Array, style: NumberFormat = PLAIN, decimal: str | None = None, cells: Cells | None = None
    ) -> Numbers:
        """Read a column of any dtype; durations count in seconds.

        Parameters
        ----------
        array : ndarray of shape (rows,)
            Column.
        style : NumberFormat
            Format of numbers that are written as text.
        decimal : {".", ","}, optional
            Decimal mark of the file, if known.
        cells : Cells, optional
            Cells of the column, if they are known.
        """
        if array.dtype.kind in "fiub":
            return Numbers(array.astype(np.float64), [], 0)
        if array.dtype.kind == "m":
            return Numbers(np.asarray(array / np.timedelta64(1, "s"), np.float64), [], 0)
        cells = read_cells(array) if cells is None else cells
        if not cells.has_numbers:
            return Numbers.of(cells.without_placeholders(), style, decimal)
        values, others = split_numbers(array)
        texts = Numbers.of(read_cells(others).without_placeholders(), style, decimal)
        return Numbers(np.where(np.isnan(values), texts.values, values), texts.bad, texts.bad_rows)

    @staticmethod
    def of(cells: Cells, style: NumberFormat = PLAIN, decimal: str | None = None) -> Numbers:
        """Read a column of texts."""
        distinct = read_numbers(cells.texts, style, decimal)
        wrong = np.flatnonzero(np.isnan(distinct)).tolist()
        values = np.append(distinct, np.nan)[cells.codes]
        return Numbers(values, [cells.texts[i] for i in wrong], rows_with(cells, wrong))


def written_texts(array: Array, cells: Cells) -> list[str]:
    """Return the distinct texts of a column of texts and numbers that are not numbers of Python or NumPy."""
    if array.dtype.kind in "fiu":
        return []
    if cells.has_numbers:
        cells = read_cells(split_numbers(array)[1])
    return cells.without_placeholders().texts


def found_format(array: Array, cells: Cells, decimal: str | None = None) -> NumberFormat | None:
    """Return the common format of the numbers of a column of texts and numbers, see `number_format`."""
    texts = written_texts(array, cells)
    if not texts:
        return PLAIN if cells.has_numbers else None
    style = number_format(texts, decimal)
    is_percent = style is not None and style.affix == "%"
    return None if is_percent and cells.has_numbers else style  # "5%" is another number than 5


@dataclass(frozen=True)
class NumberEncoder:
    """A column of numbers: one scaled input if it varies, and an indicator if fit saw values missing.

    Attributes
    ----------
    name : str
        Name of the column.
    centre, factor : float
        Median, and factor of the robust scale.
    optional : bool
        Whether missing values have an indicator.
    decimal, affix : str
        How the numbers are written, see `NumberFormat`.
    others : bool
        Whether fit saw texts that are no numbers, so that another one is nothing new.
    infinite : bool
        Whether fit saw infinite numbers, which are clipped then; otherwise they count as missing.
    """

    kind: ClassVar[str] = "number"
    name: str
    centre: float
    factor: float
    optional: bool
    decimal: str = "."
    affix: str = ""
    others: bool = False
    infinite: bool = True

    @property
    def numbers(self) -> list[str]:
        """Names of the numeric inputs."""
        return [self.name] * (self.factor > 0) + [f"{self.name} is missing"] * self.optional

    @property
    def sizes(self) -> dict[str, int]:
        """Number of codes of each categorical input: none."""
        return {}

    def encode(self, array: Array, decimal: str | None = None) -> Encoded:
        """Encode a column of any dtype; `decimal` is the decimal mark of its file, if known."""
        read = Numbers.read(array, NumberFormat(self.decimal, self.affix), decimal)
        values, infinite = read.values, 0
        if not self.infinite and (infinite := int(np.isinf(values).sum())):
            values = np.where(np.isinf(values), np.nan, values)
        missing = np.isnan(values)
        inputs = [scaled(values, self.centre, self.factor)] if self.factor > 0 else []
        return Encoded(
            stacked(inputs + indicator(missing, self.optional), len(array)),
            new=[] if self.others else read.bad,
            new_rows=0 if self.others else read.bad_rows,
            gaps=0 if self.optional else int(missing.sum()) - read.bad_rows - infinite,
            infinite=infinite,
        )


@dataclass(frozen=True)
class BooleanEncoder:
    """A column of true and false: one input of 1, -1 or 0 where missing, and an indicator."""

    kind: ClassVar[str] = "boolean"
    name: str
    optional: bool

    @property
    def numbers(self) -> list[str]:
        """Names of the numeric inputs."""
        return [self.name] + [f"{self.name} is missing"] * self.optional

    @property
    def sizes(self) -> dict[str, int]:
        """Number of codes of each categorical input: none."""
        return {}

    def encode(self, array: Array) -> Encoded:
        """Encode a column of any dtype."""
        cells = read_cells(array).without_placeholders()
        signs = [boolean_sign(text) for text in cells.texts]
        values = np.array([*signs, 0.0])[cells.codes]
        wrong = [i for i, sign in enumerate(signs) if sign == 0.0]
        return Encoded(
            stacked([values, *indicator(values == 0.0, self.optional)], len(array)),
            new=[cells.texts[i] for i in wrong],
            new_rows=rows_with(cells, wrong),
            gaps=0 if self.optional else int(cells.missing.sum()),
        )


def boolean_sign(text: str) -> float:
    """Return 1 for a text that says true, -1 for one that says false, and 0 for any other."""
    word = canonical_text(text).lower()
    return 1.0 if word in _TRUE else -1.0 if word in _FALSE else 0.0
