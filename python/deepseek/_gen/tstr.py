"""TSTR ("train on synthetic, test on real"): accuracy of a classifier trained on generated rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._metrics.samples import standardized
from ..net import Net
from ..optimizers import Adam


def tstr(
    real: ArrayLike, labels: ArrayLike, fake: ArrayLike, fake_labels: ArrayLike, classes: int, seed: int = 0
) -> float:
    """Return the accuracy on real rows of a `Net` trained on generated rows; higher is better (Esteban et al. 2017)."""
    a, b = standardized(real, fake)
    classifier = Net([a.shape[1], 64, max(classes, 2)], loss="cross_entropy", optimizer=Adam(5e-3), seed=seed)
    classifier.fit(b, fake_labels, epochs=20, batch_size=32, verbose=False)
    return float(np.mean(classifier.predict_classes(a) == np.asarray(labels)))
