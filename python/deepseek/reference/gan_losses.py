"""Losses of a GAN, from the scores a of real rows and b of generated rows, pair by pair.

`discriminator` returns (loss, da, db), `generator` returns (loss, db). A loss is a mean over rows, so its gradients
are divided by their number. In the losses that use probabilities the score is the logit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .activation import sigmoid, softplus

Array = NDArray[np.float64]

NAMES = ("minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic")


def discriminator(name: str, a: Array, b: Array) -> tuple[float, Array, Array]:
    match name:
        case "minimax" | "non_saturating":  # Goodfellow et al. 2014
            rows, da, db = softplus(-a) + softplus(b), -sigmoid(-a), sigmoid(b)
        case "least_squares":  # Mao et al. 2017
            rows, da, db = 0.5 * (a - 1.0) ** 2 + 0.5 * b * b, a - 1.0, b
        case "hinge":  # Lim & Ye 2017
            rows = np.maximum(1.0 - a, 0.0) + np.maximum(1.0 + b, 0.0)
            da, db = np.where(a < 1.0, -1.0, 0.0), np.where(b > -1.0, 1.0, 0.0)
        case "wasserstein":  # Arjovsky et al. 2017
            rows, da, db = b - a, -np.ones_like(a), np.ones_like(b)
        case "relativistic":  # Jolicoeur-Martineau 2019; Huang et al. 2024
            rows, da, db = softplus(b - a), -sigmoid(b - a), sigmoid(b - a)
        case _:
            raise ValueError(f"loss: got {name!r}; expected one of {', '.join(NAMES)}")
    return float(rows.mean()), da / len(a), db / len(b)


def generator(name: str, a: Array, b: Array) -> tuple[float, Array]:
    match name:
        case "minimax":
            rows, db = -softplus(b), -sigmoid(b)
        case "non_saturating":
            rows, db = softplus(-b), -sigmoid(-b)
        case "least_squares":
            rows, db = 0.5 * (b - 1.0) ** 2, b - 1.0
        case "hinge" | "wasserstein":
            rows, db = -b, -np.ones_like(b)
        case "relativistic":
            rows, db = softplus(a - b), -sigmoid(a - b)
        case _:
            raise ValueError(f"loss: got {name!r}; expected one of {', '.join(NAMES)}")
    return float(rows.mean()), db / len(b)
