"""Where the steps of a batch of sequences lie: packed, time-major, nothing padded.

The sequences come sorted by length, longest first. Step t has the first active[t] of them, one row each, from
row offset[t] on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Packing:
    """Of sequences of these `lengths`, sorted."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = lengths
        self.active = [sum(length > t for length in lengths) for t in range(lengths[0])]
        self.offset = np.cumsum([0, *self.active])[:-1]

    def steps(self) -> list[slice]:
        """The rows of each step."""
        return [slice(start, start + n) for start, n in zip(self.offset, self.active, strict=True)]

    def pack(self, sequences: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
        return np.array([sequences[r][t] for t, n in enumerate(self.active) for r in range(n)])

    def unpack(self, packed: NDArray[Any]) -> list[NDArray[Any]]:
        return [packed[self.offset[:length] + r] for r, length in enumerate(self.lengths)]
