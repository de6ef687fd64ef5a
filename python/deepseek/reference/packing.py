"""Where the steps of a batch of sequences lie: packed, time-major, nothing padded.

The sequences come sorted by length, longest first. Step t has the first active[t] of them, one row each, from
row offset[t] on. `rows` and `sequences` say which rows of random words belong to the packed rows and to the
sequences: as they lie here, or, where sequences have numbers, by number and step alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Packing:
    """Of sequences of these `lengths`, sorted; or their steps from `first` on, of at most `most` that there are.

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
        """Of sequences 0, 1, … of these lengths, in any order; of equal ones the first comes first."""
        order = np.argsort(-lengths, kind="stable")
        return cls(lengths[order], order, 0, most)

    def steps(self) -> list[slice]:
        """The rows of each step."""
        return [slice(start, start + n) for start, n in zip(self.offset, self.active, strict=True)]

    def pack(self, sequences: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
        return np.array([sequences[r][t] for t, n in enumerate(self.active) for r in range(n)])

    def unpack(self, packed: NDArray[Any]) -> list[NDArray[Any]]:
        return [packed[self.offset[:length] + r] for r, length in enumerate(self.lengths)]
