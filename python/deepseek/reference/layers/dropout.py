"""Dropout (Srivastava et al. 2014), inverted: kept values times 1/(1-rate). Mirrors ``csrc/layers/dropout``.

Forward and backward are the same product with a mask of 0 and the scale. The mask is a function of the place
alone: an element is decided by its word of `philox.grid`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import philox
from ..philox import Place, Rows


def keep_threshold(rate: float) -> int:
    """A value is kept when its word is below this."""
    return min(int((1.0 - rate) * 2.0**32), 2**32 - 1)


def dropout_mask(
    seed: int, rate: float, rows: Rows, width: int, *, layer: int, epoch: int, step: int
) -> NDArray[np.float64]:
    drawn = philox.grid(seed, philox.DROPOUT, rows, width, layer=layer, place=(epoch, step))
    return np.where(drawn < keep_threshold(rate), 1.0 / (1.0 - rate), 0.0)


def training_mask(
    seed: int, rate: float, rows: Rows, width: int, layer: int, place: Place | None
) -> NDArray[np.float64] | None:
    """The mask at a place of the training; None where nothing is dropped: at rate 0, and in inference."""
    if place is None or not rate:
        return None
    return dropout_mask(seed, rate, rows, width, layer=layer, epoch=place[0], step=place[1])
