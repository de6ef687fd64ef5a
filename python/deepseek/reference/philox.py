"""Philox4x32-10 (Salmon et al., SC 2011). Mirrors ``csrc/core/random/philox``.

A counter-based generator: the numbers are a function of seed and counter alone, so there is no state. The counter is
``(block, step, epoch, purpose | stream << 8)``; each block has four 32-bit words. A place is (epoch, step).
Purposes and streams are those of ``deepseek/_rng_streams.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Place = tuple[int, int]  # epoch, and step of the epoch
Rows = int | NDArray[np.int64]  # number of rows, or their numbers

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox4x32(key: tuple[int, int], counters: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Run ten rounds over counters (n, 4); return words (n, 4)."""
    c0, c1, c2, c3 = (counters[:, i].astype(np.uint64) for i in range(4))
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1 = (p1 >> _HALF) ^ c1 ^ np.uint64(k0), p1 & _LOW
        c2, c3 = (p0 >> _HALF) ^ c3 ^ np.uint64(k1), p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)


def words(
    seed: int, purpose: int, blocks: NDArray[np.int64], *, stream: int = 0, epoch: int = 0, step: int = 0
) -> NDArray[np.uint32]:
    """Return the four words of each of `blocks` at an epoch and step."""
    counters = np.empty((len(blocks), 4), np.uint32)
    counters[:, 0] = blocks
    counters[:, 1:] = step, epoch, purpose | stream << 8
    return philox4x32((seed & 0xFFFFFFFF, seed >> 32), counters)


def grid(
    seed: int, purpose: int, rows: Rows, width: int, *, stream: int = 0, place: Place = (0, 0)
) -> NDArray[np.uint32]:
    """Return a word for each element of some rows, or of rows 0, 1, …; a function of row and column alone.

    Row r has ceil(width/64) groups of 64 columns. Group g has the 16 blocks (r·groups + g)·16 + l, and word w of
    block l belongs to column g·64 + w·16 + l. If width < 64, n = 64 // width rows share a group: row r has the
    columns of group r // n from (r mod n)·width on.
    """
    groups, each = -(-width // 64), max(64 // max(width, 1), 1)
    numbers = np.arange(rows) if isinstance(rows, int) else rows
    blocks = (numbers // each)[:, None] * groups * 16 + np.arange(groups * 16)
    drawn = words(seed, purpose, blocks.ravel(), stream=stream, epoch=place[0], step=place[1])
    by_column = drawn.reshape(len(numbers), groups, 16, 4).swapaxes(2, 3).reshape(len(numbers), groups * 64)
    first = numbers % each * width
    return np.take_along_axis(by_column, first[:, None] + np.arange(width), axis=1)
