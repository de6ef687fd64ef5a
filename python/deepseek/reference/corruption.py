"""What the discriminator is shown instead of a row x: m∘x + a, drawn anew for every row it sees.

Instance noise (Sønderby et al. 2017) adds normal numbers whose deviation sinks to 0. Augmentation (Karras et al.
2020) changes each row with probability p in each of three ways: scaled as a whole, some features put to 0, normal
numbers added; p follows how well the discriminator tells the training rows, see `Adaptation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import draws, philox
from .philox import Place
from .spec import Spec

Array = NDArray[np.float64]


class Corruption(NamedTuple):
    """The m and a of some rows."""

    factor: Array
    added: Array

    def forward(self, x: Array) -> Array:
        return x * self.factor + self.added

    def backward(self, d: Array) -> Array:
        return d * self.factor


def corruption(spec: Spec, rows: int, place: Place, probability: float) -> Corruption:
    """Of rows 0, 1, … at a place of the training; `spec` is a Gen's.

    Of sequences a row holds all steps. What is added has numbers of its own at every step; a sequence is scaled as a
    whole, and its features are put to 0 at all steps.
    """
    seed, width, steps = spec["seed"], spec["data"], max(spec["length"], 1)
    factor, added = np.ones((rows, steps, width)), np.zeros((rows, steps, width))

    def normal(stream: int, width: int, layer: int) -> Array:
        found = (draws.normal(seed, stream, rows, width, place, layer + t) for t in range(steps))
        return np.stack(list(found), axis=1)

    noise, augment = spec["noise"], spec["augment"]
    if noise["deviation"]:
        left = max(1.0 - place[0] / noise["epochs"], 0.0) if noise["epochs"] else 1.0
        added += noise["deviation"] * left * normal(philox.NOISE, width, 0)
    if augment["target"]:
        chance = draws.uniform(seed, philox.AUGMENT, rows, width + 3, place)[:, None]
        drawn = normal(philox.AUGMENT, width + 1, 1)
        scaled, cut, jittered = (chance[:, :, i, None] < probability for i in range(3))
        factor *= np.where(scaled, np.exp(augment["scale"] * drawn[:, :1, -1:]), 1.0)
        factor *= np.where(cut & (chance[:, :, 3:] < augment["cutout"]), 0.0, 1.0)
        added += np.where(jittered, augment["jitter"] * drawn[:, :, :-1], 0.0)
    return Corruption(factor.reshape(rows, -1), added.reshape(rows, -1))


@dataclass
class Adaptation:
    """How often rows are augmented, and what was seen since that last changed.

    `told` sums sign(a - b) over pairs of a training row's score and a generated one's. After every `every`
    updates p rises, if its mean is above the target, else sinks, by the rows seen of the `rows` from 0 to 1.
    """

    probability: float = 0.0
    told: float = 0.0
    pairs: int = 0
    updates: int = 0

    def observe(self, spec: Spec, a: Array, b: Array) -> None:
        if not spec["target"]:
            return
        self.told += float(np.sign(a - b).sum())
        self.pairs += len(a)
        self.updates += 1
        if self.updates < spec["every"]:
            return
        step = self.pairs / spec["rows"] * (1.0 if self.told > spec["target"] * self.pairs else -1.0)
        self.probability = min(max(self.probability + step, 0.0), spec["limit"])
        self.told, self.pairs, self.updates = 0.0, 0, 0
