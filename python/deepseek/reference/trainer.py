"""The training loop: mini-batches, schedule, update, validation, early stopping. Mirrors ``train/trainer``.

An epoch's loss is the weighted mean over its batches as they were trained on (penalties not counted).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import optimizer, schedule
from .shuffle import permutation
from .spec import Spec, complete_fit

if TYPE_CHECKING:
    from .net import Net

Array = NDArray[np.float64]


@dataclass
class TrainingState:
    """What goes on from one fit to the next."""

    epoch: int = 0
    updates: int = 0
    moments: dict[str, optimizer.State] = field(default_factory=dict)
    plateau: schedule.Plateau = field(default_factory=schedule.Plateau)


def update(net: Net, gradients: dict[str, Array], rate: float) -> None:
    """One step of the optimizer over all parameters."""
    spec, state = net.spec["optimizer"], net.training
    state.updates += 1
    for name, g in optimizer.clip(spec, gradients).items():
        moments = state.moments.setdefault(name, {})
        decays = net.params[name].ndim == 2
        net.params[name] = optimizer.update(spec, net.params[name], g, moments, rate, state.updates, decays)


def fit(
    net: Net,
    x: Array,
    target: NDArray[Any],
    w: NDArray[Any] | None,
    validation: tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None] | None,
    options: Spec,
) -> list[dict[str, float]]:
    options = complete_fit(options)
    rows, size = len(x), min(options["batch_size"], len(x))
    steps = -(-rows // size)
    spec, base, state = net.spec["schedule"], net.spec["optimizer"]["rate"], net.training
    first = state.epoch
    start, horizon = (0, spec["epochs"]) if spec["epochs"] else (first, options["epochs"])  # of the schedule
    best, best_params, waited = math.inf, net.get_params(), 0
    history: list[dict[str, float]] = []
    for epoch in range(first, first + options["epochs"]):
        order = permutation(net.spec["seed"], epoch, rows) if options["shuffle"] else np.arange(rows)
        loss_sum = weight_sum = rate = 0.0
        for step in range(steps):
            at = order[step * size : (step + 1) * size]
            weight = None if w is None else w[at]
            loss, gradients, _, tapes = net.step_gradients(x[at], target[at], weight, (epoch, step))
            position = (epoch - start, (epoch - start) * steps + step, horizon * steps)
            rate = schedule.rate(spec, base, *position, state.plateau)
            update(net, gradients, rate)
            net.track_statistics(tapes)
            batch_weight = float(len(at) if weight is None else weight.sum())
            loss_sum, weight_sum = loss_sum + loss * batch_weight, weight_sum + batch_weight
        state.epoch += 1
        entry = {
            "epoch": state.epoch,
            "loss": loss_sum / (weight_sum or 1.0),
            "val_loss": math.nan,
            "rate": rate,
        }
        if validation is not None:
            entry["val_loss"] = net.evaluate(*validation)
        history.append(entry)
        schedule.observe(spec, state.plateau, base, entry["loss" if validation is None else "val_loss"])
        watched = entry["loss" if validation is None else options["monitor"]]
        if not options["patience"]:
            continue
        if watched < best - options["min_delta"]:
            best, best_params, waited = watched, net.get_params(), 0
        else:
            waited += 1
            if waited >= options["patience"]:
                break
    if options["patience"] and options["restore_best"]:
        net.set_params(best_params)
    return history
