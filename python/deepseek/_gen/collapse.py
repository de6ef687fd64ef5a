"""Detection of mode collapse: whether the samples of a generator are nearly identical."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._metrics.samples import spread

Array = NDArray[Any]

ROWS = 256
"""Number of samples that are compared."""

PATIENCE = 3
"""Number of consecutive monitored epochs with collapsed samples after which a fit fails."""

_THRESHOLD = 0.05  # mean distance of collapsed samples, relative to that of the data


def collapse_reason(real: Array, real_labels: Array | None, fake: Array, labels: Array | None) -> str | None:
    """Return a description of the collapse of samples, or None.

    Parameters
    ----------
    real, fake : ndarray of shape (n, columns)
        Real rows and samples; the first `ROWS` of each are used.
    real_labels, labels : ndarray of shape (n,), or None
        Their labels.
    """
    real, fake = real[:ROWS], fake[:ROWS]
    if _is_collapsed(real, fake):
        return f"the mean distance of its samples is {spread(fake):.3g}, of the data {spread(real):.3g}"
    if real_labels is None or labels is None:
        return None
    real_labels, labels = real_labels[:ROWS], labels[:ROWS]
    per_label = [
        _is_collapsed(real_part, fake_part)
        for label in np.unique(labels)
        if len(fake_part := fake[labels == label]) > 1
        and spread(real_part := real[real_labels == label]) > 0.0
    ]
    return "the samples of each label are nearly equal" if per_label and all(per_label) else None


def _is_collapsed(real: Array, fake: Array) -> bool:
    return spread(fake) < _THRESHOLD * spread(real)
