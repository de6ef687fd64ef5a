"""Layout of a batch of sequences: packed, time-major, without padding.

The sequences are sorted by length, longest first. Step t has a row for each of the first active[t] sequences, from
row offset[t] on. `rows` and `sequences` are the rows of random words of the packed rows and of the sequences: their
positions here, or, if sequences have numbers, a function of number and step alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Packing:
    """The layout of sequences of these sorted `lengths`, whose first step is number `first` of at most `most`.

    The random words of step t of sequence number i are those of row i·most + t.
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[np.int64],
        numbers: NDArray[np.int64] | None = None,
        first: int = 0,
        most: int = 0,
    ) -> None:
        self.lengths = lengths
        self.active = [sum(length > t for length in lengths) for t in range(lengths[0])]
        self.offset = np.cumsum([0, *self.active])[:-1]
        self.sequences = np.arange(len(lengths)) if numbers is None else numbers
        self.rows = np.arange(sum(self.active))
        if numbers is not None:
            steps = enumerate(self.active, first)
            self.rows = np.concatenate([numbers[:n] * most + t for t, n in steps])

    @classmethod
    def of(cls, lengths: NDArray[np.int64], most: int) -> Packing:
        """Return the layout of sequences 0, 1, … of these unsorted lengths; the sort is stable."""
        order = np.argsort(-lengths, kind="stable")
        return cls(lengths[order], order, 0, most)

    def steps(self) -> list[slice]:
        """Return the rows of each step."""
        return [slice(start, start + n) for start, n in zip(self.offset, self.active, strict=True)]

    def pack(self, sequences: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
        return np.array([sequences[r][t] for t, n in enumerate(self.active) for r in range(n)])

    def unpack(self, packed: NDArray[Any]) -> list[NDArray[Any]]:
        return [packed[self.offset[:length] + r] for r, length in enumerate(self.lengths)]
