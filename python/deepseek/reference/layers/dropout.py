"""Inverted dropout (Srivastava et al. 2014): kept values times 1/(1-rate). Mirrors ``csrc/layers/dropout``.

Forward and backward are the same product with a mask of 0 and 1/(1-rate). The mask is a function of seed and place
alone: the word of an element in `philox.grid` decides whether it is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ... import _rng_streams as rng_streams
from .. import philox
from ..philox import Place, Rows


def keep_threshold(rate: float) -> int:
    """Return the threshold below which a word keeps its value."""
    return min(int((1.0 - rate) * 2.0**32), 2**32 - 1)


def dropout_mask(
    seed: int, rate: float, rows: Rows, width: int, *, stream: int, epoch: int, step: int
) -> NDArray[np.float64]:
    drawn = philox.grid(seed, rng_streams.DROPOUT, rows, width, stream=stream, place=(epoch, step))
    return np.where(drawn < keep_threshold(rate), 1.0 / (1.0 - rate), 0.0)


def training_mask(
    seed: int, rate: float, rows: Rows, width: int, stream: int, place: Place | None
) -> NDArray[np.float64] | None:
    """Return the mask at a place of the training; None at rate 0 and in inference (`place` is None)."""
    if place is None or not rate:
        return None
    return dropout_mask(seed, rate, rows, width, stream=stream, epoch=place[0], step=place[1])
