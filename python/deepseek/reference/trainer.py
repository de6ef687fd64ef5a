"""The training loop: mini-batches, schedule, update, validation, early stopping. Mirrors ``csrc/training/trainer``.

The loss of an epoch is the weighted mean of the losses of its updates, without penalties.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from . import optimizer, schedule
from .model import Model
from .philox import Place
from .shuffle import permutation
from .spec import Spec, complete_fit

Array = NDArray[np.float64]
Update = tuple[float, float, dict[str, Array]]  # loss, weight, gradients


def update(model: Model, gradients: dict[str, Array], rate: float) -> None:
    """Update all parameters by one step of the optimizer."""
    spec, state = model.spec["optimizer"], model.training
    state.updates += 1
    for name, g in optimizer.clip(spec, gradients).items():
        moments = state.moments.setdefault(name, {})
        decays = model.params[name].ndim == 2
        model.params[name] = optimizer.update(
            spec, model.params[name], g, moments, rate, state.updates, decays
        )


def fit(
    model: Model,
    rows: int,
    updates: Callable[[NDArray[np.int64], Place], Iterator[Update]],
    evaluate: Callable[[], float] | None,
    options: Spec,
    micro_steps: int = 1,
) -> list[dict[str, float]]:
    """Train on `rows` rows; return a dict per epoch.

    `updates` takes the rows of a batch and the place of its first update, and yields at most `micro_steps` updates.
    Every batch counts as `micro_steps` steps, even if it yields fewer updates. So the number of steps in an epoch
    does not depend on the order of the rows.
    """
    options = complete_fit(options)
    size = min(options["batch_size"], rows)
    batches = -(-rows // size)
    steps = batches * micro_steps
    spec, base, state = model.spec["schedule"], model.spec["optimizer"]["learning_rate"], model.training
    first = state.epoch
    start, horizon = (0, spec["epochs"]) if spec["epochs"] else (first, options["epochs"])  # of the schedule
    best, best_params, waited = math.inf, model.get_params(), 0
    history: list[dict[str, float]] = []
    for epoch in range(first, first + options["epochs"]):
        order = permutation(model.spec["seed"], epoch, rows) if options["shuffle"] else np.arange(rows)
        loss_sum = weight_sum = rate = 0.0
        for batch in range(batches):
            at = order[batch * size : (batch + 1) * size]
            first_step = batch * micro_steps
            for step, (loss, weight, gradients) in enumerate(updates(at, (epoch, first_step)), first_step):
                position = (epoch - start, (epoch - start) * steps + step, horizon * steps)
                rate = schedule.rate(spec, base, *position, state.plateau)
                update(model, gradients, rate)
                loss_sum, weight_sum = loss_sum + loss * weight, weight_sum + weight
        state.epoch += 1
        entry = {
            "epoch": state.epoch,
            "loss": loss_sum / (weight_sum or 1.0),
            "val_loss": math.nan,
            "learning_rate": rate,
        }
        if evaluate is not None:
            entry["val_loss"] = evaluate()
        history.append(entry)
        schedule.observe(spec, state.plateau, base, entry["loss" if evaluate is None else "val_loss"])
        monitored = entry["loss" if evaluate is None else options["monitor"]]
        if not options["patience"]:
            continue
        if monitored < best - options["min_delta"]:
            best, best_params, waited = monitored, model.get_params(), 0
        else:
            waited += 1
            if waited >= options["patience"]:
                break
    if options["patience"] and options["restore_best"]:
        model.set_params(best_params)
    return history
