"""The fit loop: the engine trains in blocks, and between two of them is everything else.

That is history, callbacks, Ctrl-C, other threads' predictions. Nothing here decides a bit of the result.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from .._checks import MOST, flag, integer
from .._data.rows import B, fit_data
from ..callbacks import Callback, Checkpoint, Progress, as_callbacks, overrides
from ..errors import CollapseError, DivergenceError
from ..history import History
from ..progress import ProgressBar, is_terminal
from .interrupt import Interrupts
from .run import Plan, Run

if TYPE_CHECKING:
    from .base import Model

BUDGET = 0.03
"""Seconds of a block: Ctrl-C is answered and a progress line repainted that often."""


class Watch(Protocol):
    """Judges each epoch of a fit before the callbacks hear of it; what the engine does not judge by itself."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the history that it fills."""

    def observe(self, epoch: int, logs: dict[str, Any]) -> bool:
        """Add to the logs; whether the fit has trained enough. May raise CollapseError."""

    def catch_up(self) -> bool:
        """Observe an epoch that an interrupt kept from it; whether the fit has trained enough already."""

    def settle(self) -> None:
        """The fit is over: put the best weights in place, if that was asked for."""


def fit(
    model: Model,
    plan: Plan,
    callbacks: list[Callback],
    read: Callable[[], B],
    read_validation: Callable[[], B] | None,
    *,
    class_weight: Any,
    resume: bool,
) -> History:
    """A model's `fit`, once the data have come in at the door.

    Parameters
    ----------
    model : Model
    plan : Plan
        What is asked for.
    callbacks : list of Callback
    read, read_validation : callable
        Return the rows, checked; the second is None if there are no validation data.
    class_weight, resume
        As `fit` takes them.
    """
    with model._gate.fit(model._core):
        run = resumed(model, plan) if resume else None
        plan = plan if run is None else run.plan
        data = fit_data(read, read_validation, plan.validation_fraction, class_weight, model._config)
        if run is None:
            return train(model, data.arrays, Run(plan.with_sizes(*data.sizes)), callbacks, resume=False)
        run.check_sizes(*data.sizes)
        if run.finished:
            return nothing_left()
        return train(model, data.arrays, run, callbacks, resume=True)


def resumed(model: Model, plan: Plan) -> Run:
    """The last fit, which is to be completed; refuses another plan than its own."""
    run = model._run
    if run is None:
        raise ValueError(
            "resume=True found no fit to resume: this model has not been fitted since it was made"
        )
    run.check_resumed(plan)
    return run


def pass_once(model: Model, plan: Plan, read: Callable[[], B], *, class_weight: Any) -> float:
    """A model's `partial_fit`: one epoch without history; the loss met on the way."""
    with model._gate.fit(model._core):
        data = fit_data(read, None, 0.0, class_weight, model._config)
        return float(train_once(model, data.arrays, plan.with_sizes(*data.sizes))["loss"])


def train_once(model: Model, data: tuple[Any, ...], plan: Plan) -> dict[str, Any]:
    """One epoch; what the engine tells of it. The model is held by its gate."""
    with model._gate.room:
        model._gate.open = True
        try:
            model._core.begin(*data, plan.options(resume=False))
            model._run = None
            block = model._core.run(1, BUDGET)
            while not (block["finished"] or block["diverged"]):
                block = model._core.run(1, BUDGET)
        finally:
            model._core.end()
            model._gate.open = False
    if block["diverged"]:
        raise DivergenceError(block["epoch"] + 1, block["step"], block["diverged_loss"])
    entry: dict[str, Any] = block["epochs"][-1]
    return entry


def callbacks_of(callbacks: Any, verbose: Any, checkpoint: Any, every: Any) -> list[Callback]:
    """Those given, a progress line if wanted, a checkpoint last, so that it holds what the others added."""
    called = as_callbacks(callbacks)
    if verbose is not None:
        verbose = flag("verbose", verbose)
    shown = any(isinstance(callback, ProgressBar) for callback in called)
    if not shown and (is_terminal(sys.stderr) if verbose is None else verbose):
        called.append(ProgressBar())
    every = integer("checkpoint_every", every)
    if checkpoint is not None:
        called.append(Checkpoint(checkpoint, every))
    return called


def train(
    model: Model,
    data: tuple[Any, ...],
    run: Run,
    callbacks: list[Callback],
    *,
    resume: bool,
    watch: Watch | None = None,
) -> History:
    """Run a fit to its end, or to whatever ends it before.

    Parameters
    ----------
    model : Model
        Held by its gate.
    data : tuple
        Inputs, targets, weights, and the same of the validation data, as the engine reads them; None where
        there is none.
    run : Run
        What to do.
    callbacks : list of Callback
    resume : bool
        Whether the engine goes on with the run it holds.
    watch : Watch, optional
        What judges the epochs.
    """
    history = History()
    history.outcome = "running"
    model._stop = False
    with Interrupts(model._core.cancel) as interrupts, ExitStack() as endings:
        try:
            for callback in callbacks:
                callback.model = model
                callback.on_fit_begin()
                endings.callback(callback.on_fit_end, history)
            history.outcome = _Loop(model, run, callbacks, history, interrupts, watch)(data, resume)
        except BaseException as error:
            history.outcome = _ENDINGS.get(type(error), "failed")
            raise
    return history


class _Loop:
    """One fit's loop; called once."""

    def __init__(
        self,
        model: Model,
        run: Run,
        callbacks: list[Callback],
        history: History,
        interrupts: Interrupts,
        watch: Watch | None,
    ) -> None:
        self.model, self.run, self.history, self.interrupts = model, run, history, interrupts
        self.watch = watch
        self.core, self.gate = model._core, model._gate
        self.epoch_hooks = [c.on_epoch_end for c in callbacks if overrides(c, "on_epoch_end")]
        self.block_hooks = [c.on_block_end for c in callbacks if overrides(c, "on_block_end")]
        self.most = (
            1 if self.epoch_hooks or watch is not None else MOST
        )  # an epoch's callbacks see the weights of that epoch's end
        self.complete = self.settled = False
        self.began = time.perf_counter()

    def __call__(self, data: tuple[Any, ...], resume: bool) -> str:
        self.interrupts.shield()
        try:
            with self.gate.room:
                self.core.begin(*data, self.run.plan.options(resume))
                self.gate.open = True
                self.model._run = self.run
        except BaseException:
            self.interrupts.deliver()
            raise
        try:
            return self._blocks()
        except CollapseError as error:
            self._over("collapsed")
            error.history = self.history
            raise
        finally:
            self.interrupts.shield()
            with self.gate.room:
                self.core.end()  # puts the best weights in place, if the run is complete
                if self.watch is not None and self.settled:
                    self.watch.settle()
                self.gate.open = False
                self.run.finished = self.complete
            self.interrupts.deliver()

    def _blocks(self) -> str:
        if self.watch is not None and self.watch.catch_up():
            return self._over("stopped early")
        while True:
            self.interrupts.shield()
            started = time.perf_counter()
            with self.gate.room:
                block = self.core.run(self.most, BUDGET)
                logs = self._record(block)
            self.interrupts.deliver()
            if block["diverged"]:
                raise DivergenceError(block["epoch"] + 1, block["step"], block["diverged_loss"], self.history)
            enough = block["stopped_early"] or (logs is not None and self._tell_epoch(logs))
            if self.block_hooks:
                self._tell_block(block, started)
            if block["finished"] or enough:
                return self._over("stopped early" if enough else "finished")
            if self.model._stop:
                return "stopped"
            self.gate.pause()

    def _over(self, outcome: str) -> str:
        """Nothing is left to resume, and what the watch kept goes in place."""
        self.complete = self.settled = True
        return outcome

    def _record(self, block: dict[str, Any]) -> dict[str, Any] | None:
        """Into the histories; the logs of the last epoch, if one was completed."""
        logs = None
        for entry in block["epochs"]:
            logs = self.run.logs(entry, self.model.logged)
            self.history.add(logs)
            self.model.history.add(logs)
        self.run.done += len(block["epochs"])
        # What is watched is not complete before the watch has seen the last epoch: see _over.
        self.complete = block["diverged"] or (block["finished"] and self.watch is None)
        return logs

    def _tell_epoch(self, logs: dict[str, Any]) -> bool:
        """To the watch, which says whether it is enough, and to the callbacks."""
        epoch, enough = logs.pop("epoch"), False
        if self.watch is not None:
            enough = self._watched(self.watch, epoch, logs)
        for hook in self.epoch_hooks:
            hook(epoch, logs)
            self._amend(logs)
        return enough

    def _watched(self, watch: Watch, epoch: int, logs: dict[str, Any]) -> bool:
        try:
            return watch.observe(epoch, logs)
        finally:
            self._amend(logs)

    def _names(self) -> tuple[str, ...]:
        return self.watch.names if self.watch is not None else ()

    def _amend(self, logs: dict[str, Any]) -> None:
        self.history.amend(logs)
        self.model.history.amend(logs)

    def _tell_block(self, block: dict[str, Any], started: float) -> None:
        now = time.perf_counter()
        between = (
            block["step"] == 0 and self.history.epochs > 0
        )  # at an epoch's end: tell of the epoch just done
        done = block["epoch"] - between
        progress = Progress(
            epoch=done + 1,
            epochs=block["epoch"] + self.run.plan.epochs - self.run.done,
            step=block["steps_per_epoch"] if between else block["step"],
            steps=block["steps_per_epoch"],
            loss=self.history["loss"][-1] if between else block["running_loss"],
            val_loss=_last(self.history, "val_loss"),
            rate=_last(self.history, "rate"),
            samples_per_second=block["samples"] / max(now - started, 1e-9),
            seconds=now - self.began,
            figures={key: _last(self.history, key) for key in (*self.model.shown, *self._names())},
        )
        for hook in self.block_hooks:
            hook(progress)


_ENDINGS: dict[type[BaseException], str] = {
    KeyboardInterrupt: "interrupted",
    DivergenceError: "diverged",
    CollapseError: "collapsed",
}


def nothing_left() -> History:
    """What a resume of a complete fit returns."""
    history = History(epoch=[], loss=[])
    history.outcome = "finished"
    return history


def _last(history: History, key: str) -> float:
    values = history.get(key)
    return float(values[-1]) if values else math.nan
