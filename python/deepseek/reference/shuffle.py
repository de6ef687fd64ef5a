"""The order of an epoch's rows. Mirrors ``csrc/core/random``.

Fisher-Yates from the last item down; integers below a bound by Lemire's method (ACM TOMACS 29, 2019).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from . import philox


def permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    order = np.arange(n)
    words = _words(seed, epoch, n)
    for i in range(n - 1, 0, -1):
        j = _below(words, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def _words(seed: int, epoch: int, n: int) -> Iterator[int]:
    """All words of the epoch's place, drawn a good many at a time."""
    for first in itertools.count(0, n // 4 + 1):
        drawn = philox.words(seed, philox.SHUFFLE, np.arange(first, first + n // 4 + 1), epoch=epoch)
        yield from map(int, drawn.ravel())


def _below(words: Iterator[int], bound: int) -> int:
    """Uniform on 0 … bound - 1: the high half of a product, its low half refused where it would be biased."""
    while True:
        product = next(words) * bound
        if product & 0xFFFFFFFF >= (2**32 - bound) % bound:
            return product >> 32
