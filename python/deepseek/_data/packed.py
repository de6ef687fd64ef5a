"""Sequences one after another in one array: where each starts, how long it is, and which rows are real.

Nothing is padded here, but a sequence may start anywhere: a padded array is such an array as it lies, its
padding merely belongs to no sequence.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .inputs import Place

Array = NDArray[Any]


class Packed(NamedTuple):
    """Values of many sequences as the engine reads them.

    Sequence i is ``values[starts[i] : starts[i] + lengths[i]]``. Without `lengths` they are those of the
    inputs; without `starts` too there is one value a sequence.
    """

    values: Array
    starts: Array | None = None
    lengths: Array | None = None

    def take(self, order: Array) -> Packed:
        """Some of the sequences; those that have starts are not copied."""
        if self.starts is None:
            return Packed(self.values[order])
        return Packed(self.values, self.starts[order], None if self.lengths is None else self.lengths[order])


def starts_of(lengths: Array) -> Array:
    """Where sequences of these lengths start when they follow each other without a gap."""
    starts = np.zeros(len(lengths), np.int64)
    np.cumsum(lengths[:-1], out=starts[1:])
    return starts


def real_rows(starts: Array, lengths: Array) -> Array:
    """The rows of all sequences, one sequence after another."""
    return np.repeat(starts - starts_of(lengths), lengths) + np.arange(int(lengths.sum()))


def in_steps(starts: Array, column: str = "column") -> Place:
    """Says where a row of a packed array is: its sequence, step and column; `starts` ascend."""

    def place(row: int, at: int | None = None) -> str:
        sequence = int(np.searchsorted(starts, row, side="right")) - 1
        step = f"sequence {sequence}, step {row - int(starts[sequence])}"
        return step if at is None else f"{step}, {column} {at}"

    return place
