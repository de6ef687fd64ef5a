"""Noise on the discriminator's input: a row x becomes m∘x + a, with m and a drawn for every row and update.

Instance noise (Sønderby et al. 2017) adds normal numbers whose standard deviation decays to 0. Augmentation
(Karras et al. 2020) has three transformations, each applied to a row with probability p: the row is scaled, some
features are set to 0, normal numbers are added. `AdaptiveAugment` adapts p.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import draws
from .philox import Place
from .spec import Spec

Array = NDArray[np.float64]


class InputNoise(NamedTuple):
    """The factors m and the summands a of some rows."""

    factor: Array
    added: Array

    def forward(self, x: Array) -> Array:
        return x * self.factor + self.added

    def backward(self, d: Array) -> Array:
        return d * self.factor


def draw_input_noise(spec: Spec, rows: int, place: Place, probability: float) -> InputNoise:
    """Draw the noise of rows 0, 1, … at a place of the training; `spec` is a Gen's.

    A row of sequences holds all steps. Every step has its own summands; all steps share the factor of scaling and
    the features that are set to 0.
    """
    seed, width, steps = spec["seed"], spec["data_size"], max(spec["steps"], 1)
    factor, added = np.ones((rows, steps, width)), np.zeros((rows, steps, width))

    def normal(purpose: int, width: int, stream: int) -> Array:
        found = (draws.normal(seed, purpose, rows, width, place, stream + t) for t in range(steps))
        return np.stack(list(found), axis=1)

    noise, augment = spec["instance_noise"], spec["augmentation"]
    if noise["std"]:
        left = max(1.0 - place[0] / noise["epochs"], 0.0) if noise["epochs"] else 1.0
        added += noise["std"] * left * normal(rng_streams.NOISE, width, 0)
    if augment["target"]:
        chance = draws.uniform(seed, rng_streams.AUGMENT, rows, width + 3, place)[:, None]
        drawn = normal(rng_streams.AUGMENT, width + 1, rng_streams.AUGMENT_SIZE)
        scaled, cut, jittered = (chance[:, :, i, None] < probability for i in range(3))
        factor *= np.where(scaled, np.exp(augment["scale"] * drawn[:, :1, -1:]), 1.0)
        factor *= np.where(cut & (chance[:, :, 3:] < augment["cutout"]), 0.0, 1.0)
        added += np.where(jittered, augment["jitter"] * drawn[:, :, :-1], 0.0)
    return InputNoise(factor.reshape(rows, -1), added.reshape(rows, -1))


@dataclass
class AdaptiveAugment:
    """The probability p of each transformation, and the statistics since its last change.

    `sign_sum` sums sign(a - b) over pairs of scores: a of a training row, b of a generated one. After every
    `interval` updates p rises if the mean is above the target, and falls otherwise. The step is the number of pairs
    divided by the option `rows`.
    """

    probability: float = 0.0
    sign_sum: float = 0.0
    pairs: int = 0
    updates: int = 0

    def observe(self, spec: Spec, a: Array, b: Array) -> None:
        if not spec["target"]:
            return
        self.sign_sum += float(np.sign(a - b).sum())
        self.pairs += len(a)
        self.updates += 1
        if self.updates < spec["interval"]:
            return
        step = self.pairs / spec["rows"] * (1.0 if self.sign_sum > spec["target"] * self.pairs else -1.0)
        self.probability = min(max(self.probability + step, 0.0), spec["limit"])
        self.sign_sum, self.pairs, self.updates = 0.0, 0, 0
