"""Encoder of dates: scaled time and parts of the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import dates
from ..cells import Array, Cells, read_cells
from .encoded import Encoded, Floats, indicator, rows_with, stacked
from .scaling import scaled


@dataclass(frozen=True)
class Times:
    """A column as times.

    Attributes
    ----------
    distinct : ndarray of int64, shape (times + 1,)
        Milliseconds since 1970, NO_DATE for a text that is no date; the last one is NO_DATE.
    codes : ndarray of int64, shape (rows,)
        Index of each row's time; -1 where missing.
    bad : list of str
        Distinct texts that are no dates.
    bad_rows : int
        Rows with one of them.
    """

    distinct: NDArray[np.int64]
    codes: NDArray[np.int64]
    bad: list[str]
    bad_rows: int

    @staticmethod
    def read(array: Array, style: str) -> Times:
        """Read a column of dates or of texts of a known style."""
        if array.dtype.kind == "M":
            distinct = np.append(array.astype("M8[ms]").astype(np.int64), dates.NO_DATE)
            return Times(distinct, np.arange(len(array)), [], 0)
        cells = read_cells(array).without_placeholders()
        return Times.of(cells, dates.read_in_any_style(cells.texts, style))

    @staticmethod
    def of(cells: Cells, distinct: NDArray[np.int64]) -> Times:
        """Return the times of a column of texts from those of its distinct texts."""
        wrong = np.flatnonzero(distinct == dates.NO_DATE).tolist()
        bad = [cells.texts[i] for i in wrong]
        return Times(np.append(distinct, dates.NO_DATE), cells.codes, bad, rows_with(cells, wrong))

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Mask of the rows without a date, shape (rows,)."""
        gone: NDArray[np.bool_] = self.distinct == dates.NO_DATE
        return gone[self.codes]


@dataclass(frozen=True)
class DateEncoder:
    """A column of dates: scaled time ("age"), calendar parts, the weekday as a category, and an indicator.

    Attributes
    ----------
    name : str
        Name of the column.
    style : str
        How the dates are written, a key of `dates.STYLES`.
    centre, factor : float
        Median of the days since 1970, and factor of their robust scale.
    parts : list of str
        Calendar parts, keys of `dates.PARTS`.
    has_weekday, optional : bool
        Whether the weekday is an input; whether missing values have an indicator.
    """

    kind: ClassVar[str] = "date"
    name: str
    style: str
    centre: float
    factor: float
    parts: list[str]
    has_weekday: bool
    optional: bool

    @property
    def numbers(self) -> list[str]:
        """Names of the numeric inputs."""
        inputs = [self.name] * (self.factor > 0) + [f"{self.name} {part}" for part in self.parts]
        return inputs + [f"{self.name} is missing"] * self.optional

    @property
    def sizes(self) -> dict[str, int]:
        """Number of codes of each categorical input: 0 for a missing date, then Monday to Sunday."""
        return {f"{self.name} weekday": 8} if self.has_weekday else {}

    def encode(self, array: Array) -> Encoded:
        """Encode a column of dates or of texts."""
        read = Times.read(array, self.style)
        missing = read.distinct == dates.NO_DATE
        inputs: list[Floats] = []
        if self.factor > 0:
            days = np.where(missing, np.nan, read.distinct / dates.DAY)
            inputs.append(scaled(days, self.centre, self.factor))
        valid = np.where(missing, 0, read.distinct)
        for part in self.parts:
            value = dates.PARTS[part](valid)
            value[missing] = 0.0
            inputs.append(value)
        inputs += indicator(missing, self.optional)
        weekdays = np.where(missing, 0, dates.weekday(valid) + 1)
        return Encoded(
            stacked(inputs, len(valid))[read.codes],
            [weekdays[read.codes]] if self.has_weekday else [],
            new=read.bad,
            new_rows=read.bad_rows,
            gaps=0 if self.optional else int(missing[read.codes].sum()) - read.bad_rows,
        )
