"""Packed sequences: one array of steps, with the start and the length of each sequence in it.

A sequence may start at any row, so a padded array is used in place: its padding belongs to no sequence.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .inputs import ErrorLocation

Array = NDArray[Any]


class Packed(NamedTuple):
    """Values of many sequences in the form that the engine reads.

    Sequence i is ``values[starts[i] : starts[i] + lengths[i]]``. If `lengths` is None, the lengths of the
    inputs apply. If `starts` is None too, there is one value per sequence.
    """

    values: Array
    starts: Array | None = None
    lengths: Array | None = None

    def take(self, order: Array) -> Packed:
        """Return the sequences numbered `order`; values that have starts are not copied."""
        if self.starts is None:
            return Packed(self.values[order])
        return Packed(self.values, self.starts[order], None if self.lengths is None else self.lengths[order])


def starts_of(lengths: Array) -> Array:
    """Return the starts of sequences of these lengths that follow each other without a gap."""
    starts = np.zeros(len(lengths), np.int64)
    np.cumsum(lengths[:-1], out=starts[1:])
    return starts


def real_rows(starts: Array, lengths: Array) -> Array:
    """Return the row numbers of all steps that belong to a sequence, one sequence after another."""
    return np.repeat(starts - starts_of(lengths), lengths) + np.arange(int(lengths.sum()))


def in_steps(starts: Array, column: str = "column") -> ErrorLocation:
    """Return a function that describes a row of a packed array by sequence, step and column; `starts` ascend."""

    def location(row: int, index: int | None = None) -> str:
        sequence = int(np.searchsorted(starts, row, side="right")) - 1
        step = f"sequence {sequence}, step {row - int(starts[sequence])}"
        return step if index is None else f"{step}, {column} {index}"

    return location
