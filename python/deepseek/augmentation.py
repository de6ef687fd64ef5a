"""Augmentation of what a discriminator sees: a description; the engine does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._described import Described, count, number

__all__ = ["Augmentation"]


@dataclass(frozen=True, repr=False)
class Augmentation(Described):
    """Change rows before the discriminator sees them, the more often the better it knows the data by heart.

    For small data (Karras et al. 2020). With chance p each, a row is scaled as a whole, has some columns put to
    0, has noise added; samples are never changed. p starts at 0 and follows how often the discriminator
    scores a training row above a generated one.

    Parameters
    ----------
    target : float, default=0.6
        Mean of sign(score of a real row - score of a generated one) that p holds, in (0, 1).
    every : int, default=4
        Updates of the discriminator between two changes of p.
    rows : int, default=100_000
        Rows seen while p goes from 0 to 1.
    limit : float, default=0.8
        Largest p, in (0, 1].
    scale : float, default=0.2
        Deviation of the logarithm of the factor.
    cutout : float, default=0.25
        Share of the columns put to 0, in [0, 1].
    jitter : float, default=0.1
        Deviation of the noise.
    """

    target: float = number(0.6, 0, 1, above=True, below=True)
    every: int = count(4)
    rows: int = count(100_000)
    limit: float = number(0.8, 0, 1, above=True)
    scale: float = number(0.2)
    cutout: float = number(0.25, 0, 1)
    jitter: float = number(0.1)


def as_augmentation(value: Any) -> Augmentation | None:
    """What `Gen` takes: None or False (none), True (with the defaults), or a description."""
    if value is None or value is False:
        return None
    if value is True:
        return Augmentation()
    if isinstance(value, Augmentation):
        return value
    raise TypeError(f"augmentation must be Augmentation(...), True or None, got {value!r}")
