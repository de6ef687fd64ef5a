"""The order of an epoch's rows. Mirrors ``csrc/core/random``.

Fisher-Yates from the last item down; integers below a bound by Lemire's method (ACM TOMACS 29, 2019).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import philox


def permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    order = np.arange(n)
    words = _words(seed, epoch, n)
    for i in range(n - 1, 0, -1):
        j = _uniform_below(words, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def _words(seed: int, epoch: int, n: int) -> Iterator[int]:
    """Yield all words of the epoch; they are drawn in blocks."""
    for first in itertools.count(0, n // 4 + 1):
        drawn = philox.words(seed, rng_streams.SHUFFLE, np.arange(first, first + n // 4 + 1), epoch=epoch)
        yield from map(int, drawn.ravel())


def _uniform_below(words: Iterator[int], bound: int) -> int:
    """Return a uniform integer in 0 … bound - 1: the high half of a product whose low half causes no bias."""
    while True:
        product = next(words) * bound
        if product & 0xFFFFFFFF >= (2**32 - bound) % bound:
            return product >> 32
