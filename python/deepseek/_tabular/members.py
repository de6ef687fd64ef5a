"""Training of the members of a `TabularNet`, each on its own folds, and the average of their outputs.

A member trains on all rows but those of one fold, and keeps the weights of the epoch with the lowest loss on
that fold. A linear model trains on the same rows. The outputs of the first members for the rows that they held out
decide on the weights of both, and calibrate probabilities and intervals.
"""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..callbacks import Callback, Progress
from ..errors import DivergenceError
from ..history import History
from ..many import fit_many
from ..net import Net
from ..progress import is_terminal
from ..stopping import EarlyStopping
from .folds import assign_folds
from .recipe import InputShape, Recipe, linear_epochs, linear_net

Array = NDArray[Any]

FOLDS = 5
"""Number of folds; fewer members leave some folds in the training data of all members."""
_MIN_EPOCHS = 12  # fewest epochs to which a time limit shortens the training before it drops members
_PERIOD = 0.1  # seconds between two updates of the progress line
_PROBE_ROWS = 2048
_PROBE_SHARE = 0.9  # share of the time limit that the plan of the training uses


@dataclass(frozen=True)
class TrainingRows:
    """Encoded rows, and the machine that trains on them.

    Attributes
    ----------
    inputs : ndarray of float32, shape (rows, inputs)
        Encoded features.
    shape : InputShape
        Numbers of inputs.
    targets : ndarray, shape (rows,) of int64 or (rows, 1) of float32
        Class indices or standardised numbers.
    weights : ndarray of float64, shape (rows,), or None
        Weights of the rows; None if all are equal.
    classes : int or None
        Number of classes; None for numbers.
    seed : int
        Seed of folds and members.
    threads : int or None
        Largest number of threads.
    device : str
        Device of the members.
    """

    inputs: NDArray[np.float32]
    shape: InputShape
    targets: Array
    weights: NDArray[np.float64] | None
    classes: int | None
    seed: int
    threads: int | None
    device: str

    def linear_net(self) -> Net:
        """Return an untrained linear model."""
        return linear_net(
            self.shape.plain, self.classes, seed=self.seed, threads=self.threads, device=self.device
        )

    def net(self, recipe: Recipe, member: int) -> Net:
        """Return an untrained member."""
        seed = (self.seed + member) % 2**64
        return recipe.net(
            self.shape, member, self.classes, seed=seed, threads=self.threads, device=self.device
        )


@dataclass
class Members:
    """Trained members and their out-of-fold outputs.

    Attributes
    ----------
    nets, linear : list of Net
        Members and linear models.
    held_out : ndarray of int64, shape (rows,)
        First member that held the row out; -1 for rows that no member held out.
    outputs, linear_outputs : ndarray of float32, shape (rows, outputs)
        Output of that member, and of its linear model, for the row; unspecified where `held_out` is -1.
    totals, counts : ndarray of float32, shape (rows, outputs) and (rows, 1)
        Sum of the outputs of all members that held the row out, and their number.
    """

    nets: list[Net]
    linear: list[Net]
    held_out: NDArray[np.int64]
    outputs: NDArray[np.float32]
    linear_outputs: NDArray[np.float32]
    totals: NDArray[np.float32]
    counts: NDArray[np.float32]


class _Monitor(Callback):
    """Callback that ends all fits at a deadline and shows their progress in one line of a terminal."""

    def __init__(self, nets: Sequence[Net], deadline: float | None, verbose: bool) -> None:
        self.nets, self.deadline = nets, deadline
        self.shown = verbose and is_terminal(sys.stderr)
        self.finished = 0
        self.next_update = 0.0

    def on_block_end(self, progress: Progress) -> None:
        """Check the deadline and print the progress."""
        now = time.perf_counter()
        if self.deadline is not None and now > self.deadline:
            for net in self.nets:
                # Somebody must answer: the first member trains for at least one epoch.
                if net is not self.nets[0] or (self.model is net and progress.epoch > 1):
                    net.stop()
        if self.shown and now >= self.next_update:
            self.next_update = now + _PERIOD
            text = f"member {self.finished + 1}/{len(self.nets)}  epoch {progress.epoch}/{progress.epochs}"
            if not math.isnan(progress.val_loss):  # before the end of the first epoch
                text += f"  val_loss {progress.val_loss:.4g}"
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def on_fit_end(self, history: History) -> None:
        """Count the members."""
        self.finished += 1


def train_members(
    rows: TrainingRows, recipe: Recipe, *, members: int, time_limit: float | None, verbose: bool
) -> Members:
    """Train the members, each on one thread.

    Parameters
    ----------
    rows : TrainingRows
        Encoded rows.
    recipe : Recipe
        Architecture and options of the training.
    members : int
        Number of members.
    time_limit : float or None
        Seconds for the training; None for no limit.
    verbose : bool
        Whether to show the progress if standard error is a terminal.

    Returns
    -------
    Members

    Raises
    ------
    DivergenceError
        If every member diverges.
    """
    began = time.perf_counter()
    count = len(rows.inputs)
    folds = min(FOLDS, count)
    fold = assign_folds(count, folds, rows.seed, rows.targets if rows.classes else None)
    if time_limit is not None:
        recipe, members = _plan(rows, recipe, members, time_limit)
    nets = [rows.net(recipe, member) for member in range(members)]
    linear = [rows.linear_net() for _ in range(min(folds, members))]
    monitor = _Monitor(nets, None if time_limit is None else began + time_limit, verbose)
    try:
        histories = _fit_all(rows, recipe, fold, nets, linear, monitor)
    finally:
        if monitor.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    outputs = np.zeros((3, count, rows.classes or 1), np.float32)
    result = Members(
        [],
        [],
        np.full(count, -1, np.int64),
        outputs[0],
        outputs[1],
        totals=outputs[2],
        counts=np.zeros((count, 1), np.float32),
    )
    for member in _usable(histories[:members], histories[members:]):
        net, own_linear = nets[member], linear[member % folds]
        held_out = fold == member % folds
        own = outputs_of(net, rows.inputs[held_out])
        result.totals[held_out] += own
        result.counts[held_out] += 1
        if member < folds:
            result.held_out[held_out] = len(result.nets)
            result.outputs[held_out] = own
            result.linear_outputs[held_out] = outputs_of(own_linear, rows.inputs[held_out])
        result.nets.append(net)
        result.linear.append(own_linear)
    for net in (*nets, *linear):
        net.history = _without_times(net.history)
    return result


def _fit_all(
    rows: TrainingRows,
    recipe: Recipe,
    fold: NDArray[np.int64],
    nets: list[Net],
    linear: list[Net],
    monitor: _Monitor,
) -> list[History]:
    """Train all members and linear models, and return their histories; those of as many inputs train together."""
    # A patience of all epochs never stops the fit, but restores the weights of the best epoch.
    best = EarlyStopping(patience=recipe.epochs)
    histories = [History()] * (len(nets) + len(linear))
    for width in dict.fromkeys(net.layers[0] for net in (*nets, *linear)):
        chosen = [(i, net) for i, net in enumerate(nets) if net.layers[0] == width]
        plain = [(i, net) for i, net in enumerate(linear) if net.layers[0] == width]
        held_out = [fold == i % min(FOLDS, len(fold)) for i, _ in (*chosen, *plain)]
        validated = [bool(mask.any()) and k < len(chosen) for k, mask in enumerate(held_out)]
        epochs = [linear_epochs(int((~mask).sum()), recipe.batch_size) for mask in held_out]
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", category=RuntimeWarning
            )  # of divergence, which `_usable` handles
            found = fit_many(
                [net for _, net in (*chosen, *plain)],
                np.ascontiguousarray(rows.inputs[:, :width]),
                rows.targets,
                rows=[~mask for mask in held_out],
                validation_rows=[
                    mask if use else None for mask, use in zip(held_out, validated, strict=True)
                ],
                epochs=[recipe.epochs] * len(chosen) + epochs[len(chosen) :],
                batch_size=recipe.batch_size,
                sample_weight=rows.weights,
                early_stopping=[best if use else None for use in validated],
                callbacks=[monitor] * len(chosen) + [None] * len(plain),
                threads=rows.threads,
            )
        positions = [i for i, _ in chosen] + [len(nets) + i for i, _ in plain]
        for position, history in zip(positions, found, strict=True):
            histories[position] = history
    return histories


def _usable(members: list[History], linear: list[History]) -> list[int]:
    """Return the members whose training is complete or, if there is none, the one with the most epochs."""
    pairs = [(history, linear[member % len(linear)]) for member, history in enumerate(members)]
    trained = [i for i, pair in enumerate(pairs) if all(history.outcome != "diverged" for history in pair)]
    if not trained:
        history = next(history for pair in pairs for history in pair if history.outcome == "diverged")
        raise DivergenceError(history.epochs + 1, 0, float("nan"), history)
    complete = [member for member in trained if members[member].outcome in ("finished", "stopped early")]
    return complete or [max(trained, key=lambda member: members[member].epochs)]


def _plan(rows: TrainingRows, recipe: Recipe, members: int, time_limit: float) -> tuple[Recipe, int]:
    """Return the recipe with the number of epochs, and the number of members, that fit into the time limit.

    Fewer epochs come first, down to half of them, then fewer members, then fewer epochs again.
    """
    probe = rows.net(recipe, 0)
    part = rows.inputs[:_PROBE_ROWS, : probe.layers[0]], rows.targets[:_PROBE_ROWS]
    began = time.perf_counter()
    probe.fit(*part, epochs=1, batch_size=min(recipe.batch_size, len(part[0])), verbose=False)
    seconds = time.perf_counter() - began
    per_epoch = max(seconds, 1e-6) * len(rows.inputs) / len(part[0])
    affordable = max(1, int((_PROBE_SHARE * time_limit - seconds) / per_epoch))  # epochs of all members
    least = max(1, min(recipe.epochs, max(recipe.epochs // 2, _MIN_EPOCHS)))
    members = max(1, min(members, affordable // least))
    return replace(recipe, epochs=max(1, min(recipe.epochs, affordable // members))), members


def _without_times(history: History) -> History:
    """Return the history without wall times, so that equal models give equal files."""
    kept = History({key: values for key, values in history.items() if key != "seconds"})
    kept.outcome = history.outcome
    return kept


def outputs_of(net: Net, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the outputs of a member or linear model, which reads the leading inputs, of shape (rows, outputs)."""
    return np.asarray(net.predict(inputs[:, : net.layers[0]]))


def mean_outputs(nets: Sequence[Net], inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean of the members' outputs, of shape (rows, outputs)."""
    total = np.zeros((len(inputs), nets[0].layers[-1]))
    for net in nets:
        total += outputs_of(net, inputs)
    return total / len(nets)
