"""Encoder of texts of many values: which frequent n-grams they contain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..cells import Array, read_cells
from ..ngrams import bucket_matrix
from .encoded import Encoded


@dataclass(frozen=True)
class TextEncoder:
    """A column of texts: one input of 0 or 1 for each bucket of n-grams, and an indicator of missing values."""

    kind: ClassVar[str] = "text"
    name: str
    buckets: list[int]
    optional: bool

    @property
    def numbers(self) -> list[str]:
        """Names of the numeric inputs."""
        return [f"{self.name} n-gram {b}" for b in self.buckets] + [f"{self.name} is missing"] * self.optional

    @property
    def sizes(self) -> dict[str, int]:
        """Number of codes of each categorical input: none."""
        return {}

    def encode(self, array: Array) -> Encoded:
        """Encode a column of any dtype; no text is new, as every text has n-grams."""
        cells = read_cells(array)
        width = len(self.buckets)
        distinct = np.zeros((len(cells.texts) + 1, width + self.optional), bool)
        distinct[:-1, :width] = bucket_matrix(cells.texts, self.buckets)
        distinct[-1, width:] = True  # the row of a missing value, which has code -1
        gaps = 0 if self.optional else int(cells.missing.sum())
        return Encoded(np.take(distinct, cells.codes, axis=0), gaps=gaps)
