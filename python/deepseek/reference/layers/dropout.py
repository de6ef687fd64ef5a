"""Dropout (Srivastava et al. 2014), inverted: kept values times 1/(1-rate). Mirrors ``csrc/layers/dropout``.

Forward and backward are the same product with a mask of 0 and the scale. The mask is a function of the place
alone: row r owns ceil(width/64) groups of 64 values, group g takes the 16 blocks (r·groups + g)·16 + l, and
word w of block l decides column g·64 + w·16 + l.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import philox

Place = tuple[int, int]  # epoch, and step of the epoch: where in the training


def keep_threshold(rate: float) -> int:
    """A value is kept when its word is below this."""
    return min(int((1.0 - rate) * 2.0**32), 2**32 - 1)


def dropout_mask(
    seed: int, rate: float, rows: int, width: int, *, layer: int, epoch: int, step: int
) -> NDArray[np.float64]:
    groups = -(-width // 64)
    blocks = np.arange(rows * groups * 16)
    words = philox.words(seed, philox.DROPOUT, blocks, layer=layer, epoch=epoch, step=step)
    drawn = words.reshape(rows, groups, 16, 4).swapaxes(2, 3).reshape(rows, groups * 64)[:, :width]
    return np.where(drawn < keep_threshold(rate), 1.0 / (1.0 - rate), 0.0)


def training_mask(
    seed: int, rate: float, rows: int, width: int, layer: int, place: Place | None
) -> NDArray[np.float64] | None:
    """The mask at a place of the training; None where nothing is dropped: at rate 0, and in inference."""
    if place is None or not rate:
        return None
    return dropout_mask(seed, rate, rows, width, layer=layer, epoch=place[0], step=place[1])
