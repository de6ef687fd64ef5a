"""Whether a generator's samples have become all alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .metrics import spread

Array = NDArray[Any]

ROWS = 256
"""Samples that are looked at."""

TIMES = 3
"""Monitored epochs running after which it is a collapse."""

_SHARE = 0.05  # of the data's mean distance


def sameness(real: Array, real_labels: Array | None, fake: Array, labels: Array | None) -> str | None:
    """What is wrong with some samples, in words, or None.

    Parameters
    ----------
    real, fake : ndarray of shape (n, columns)
        At most `ROWS` of each are looked at.
    real_labels, labels : ndarray of shape (n,), or None
    """
    real, fake = real[:ROWS], fake[:ROWS]
    if _alike(real, fake):
        return f"the mean distance of its samples is {spread(fake):.3g}, of the data {spread(real):.3g}"
    if real_labels is None or labels is None:
        return None
    real_labels, labels = real_labels[:ROWS], labels[:ROWS]
    judged = [
        _alike(ours, theirs)
        for label in np.unique(labels)
        if len(theirs := fake[labels == label]) > 1 and spread(ours := real[real_labels == label]) > 0.0
    ]
    return "each label's samples are all one row" if judged and all(judged) else None


def _alike(real: Array, fake: Array) -> bool:
    return spread(fake) < _SHARE * spread(real)
