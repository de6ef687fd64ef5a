"""Learning-rate schedules: the rate of a step from its position. Mirrors ``csrc/training/schedule``.

Only the plateau rule has a state, in a `Plateau`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

NAMES = ("constant", "step", "exponential", "cosine", "one_cycle", "plateau")


@dataclass
class Plateau:
    """State of the plateau rule: the best loss, the epochs since, and the product of the factors so far."""

    best: float = math.inf
    bad_epochs: int = 0
    scale: float = 1.0


def _anneal(a: float, b: float, t: float) -> float:
    """Return the value at t of half a cosine from a (t = 0) to b (t = 1)."""
    return b + (a - b) * 0.5 * (1.0 + math.cos(math.pi * t))


def _fraction(part: int, whole: int) -> float:
    return min(part / whole, 1.0) if whole > 0 else 1.0


def rate(spec: dict[str, Any], base: float, epoch: int, step: int, total: int, plateau: Plateau) -> float:
    """Return the rate of `step` (in `epoch`) of `total` steps, all counted from the start of the schedule."""
    name, final = spec["name"], spec["final"]
    if name == "one_cycle":
        rise = int(spec["peak"] * total)
        if step < rise:
            return base * _anneal(1.0 / spec["div"], 1.0, _fraction(step, rise))
        return base * _anneal(1.0, final, _fraction(step - rise, total - 1 - rise))
    warm = int(spec["warmup"] * total) if spec["warmup"] < 1 else int(spec["warmup"])
    if step < warm:
        return base * (step + 1) / warm
    match name:
        case "constant":
            return base
        case "step":
            return float(base * spec["decay"] ** (epoch // spec["interval"]))
        case "exponential":
            return float(base * spec["decay"] ** epoch)
        case "cosine":
            return base * _anneal(1.0, final, _fraction(step - warm, total - warm))
        case "plateau":
            return max(base * plateau.scale, float(spec["min_learning_rate"]))
    raise ValueError(f"schedule.name: got {name!r}; expected one of {', '.join(NAMES)}")


def observe(spec: dict[str, Any], plateau: Plateau, base: float, loss: float) -> None:
    """Update the plateau rule with the loss of an epoch."""
    if spec["name"] != "plateau":
        return
    if plateau.best == math.inf or loss < plateau.best - spec["threshold"] * abs(plateau.best):
        plateau.best, plateau.bad_epochs = loss, 0
        return
    plateau.bad_epochs += 1
    if plateau.bad_epochs > spec["patience"]:
        plateau.bad_epochs = 0
        if base * plateau.scale > spec["min_learning_rate"]:
            plateau.scale *= spec["factor"]
