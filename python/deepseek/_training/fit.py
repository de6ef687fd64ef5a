"""The fit loop: the engine trains in blocks of steps; history, callbacks and Ctrl-C are handled between two blocks.

The loop does not affect the result of the training.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from .._config.checks import MOST, flag, integer
from .._data.rows import B, fit_data
from ..callbacks import Callback, Checkpoint, as_callbacks, overrides
from ..errors import CollapseError, DivergenceError
from ..history import History
from ..progress import ProgressBar, is_terminal
from .fit_state import FitConfig, FitState
from .interrupts import Interrupts
from .monitors import EpochMonitor
from .progress import progress_of

if TYPE_CHECKING:
    from .base import Model

BLOCK_SECONDS = 0.03
"""Duration of a block in seconds, and so the interval at which Ctrl-C and the progress line are handled."""


def fit(
    model: Model,
    config: FitConfig,
    callbacks: list[Callback],
    read: Callable[[], B],
    read_validation: Callable[[], B] | None,
    *,
    class_weight: Any,
    resume: bool,
) -> History:
    """Run the `fit` of a Net or a Rec.

    Parameters
    ----------
    model : Model
        Model to train.
    config : FitConfig
        Options of the fit.
    callbacks : list of Callback
        Callbacks, validated.
    read, read_validation : callable
        Functions that validate and return the rows; the second is None without validation data.
    class_weight, resume
        The arguments of `fit`.
    """
    with model._lock.fit(model._core):
        state = resumed(model, config) if resume else None
        config = config if state is None else state.config
        data = fit_data(read, read_validation, config.validation_fraction, class_weight, model._config)
        if state is None:
            return train(
                model, data.arrays, FitState(config.with_sizes(*data.sizes)), callbacks, resume=False
            )
        state.check_sizes(*data.sizes)
        if state.finished:
            return nothing_left()
        return train(model, data.arrays, state, callbacks, resume=True)


def resumed(model: Model, config: FitConfig) -> FitState:
    """Return the state of the last fit for its completion; raise ValueError for options other than its own."""
    state = model._fit_state
    if state is None:
        raise ValueError("resume: got True, but the model has no fit to resume; expected False")
    state.check_resumed(config)
    return state


def pass_once(model: Model, config: FitConfig, read: Callable[[], B], *, class_weight: Any) -> float:
    """Run the `partial_fit` of a Net or a Rec: one epoch without history; return its mean loss."""
    with model._lock.fit(model._core):
        data = fit_data(read, None, 0.0, class_weight, model._config)
        return float(train_once(model, data.arrays, config.with_sizes(*data.sizes))["loss"])


def train_once(model: Model, data: tuple[Any, ...], config: FitConfig) -> dict[str, Any]:
    """Train one epoch and return the engine's entry for it. The caller holds the fit lock."""
    with model._lock.state_lock:
        model._lock.engine_holds_data = True
        try:
            model._core.begin(*data, config.options(resume=False))
            model._fit_state = None
            block = model._core.run(1, BLOCK_SECONDS)
            while not (block["finished"] or block["diverged"]):
                block = model._core.run(1, BLOCK_SECONDS)
        finally:
            model._core.end()
            model._lock.engine_holds_data = False
    if block["diverged"]:
        raise DivergenceError(block["epoch"] + 1, block["step"], block["diverged_loss"])
    entry: dict[str, Any] = block["epochs"][-1]
    return entry


def callbacks_of(callbacks: Any, verbose: Any, checkpoint: Any, interval: Any) -> list[Callback]:
    """Return the callbacks of a fit: the user's, a progress line if requested, and a checkpoint.

    The checkpoint is last, so that it saves the entries that the other callbacks add to the history.
    """
    result = as_callbacks(callbacks)
    if verbose is not None:
        verbose = flag("verbose", verbose)
    has_bar = any(isinstance(callback, ProgressBar) for callback in result)
    if not has_bar and (is_terminal(sys.stderr) if verbose is None else verbose):
        result.append(ProgressBar())
    interval = integer("checkpoint_interval", interval)
    if checkpoint is not None:
        result.append(Checkpoint(checkpoint, interval))
    return result


def train(
    model: Model,
    data: tuple[Any, ...],
    state: FitState,
    callbacks: list[Callback],
    *,
    resume: bool,
    epoch_monitor: EpochMonitor | None = None,
) -> History:
    """Run a fit until it is complete, stopped or interrupted.

    Parameters
    ----------
    model : Model
        Model to train; the caller holds its fit lock.
    data : tuple
        Inputs, targets and weights, then the same of the validation data, in the form that the engine reads;
        None where absent.
    state : FitState
        Options of the fit and number of completed epochs.
    callbacks : list of Callback
        Callbacks, validated.
    resume : bool
        Whether the engine continues the fit that it holds.
    epoch_monitor : EpochMonitor, optional
        Monitor that evaluates each epoch before the callbacks; default: early stopping by the engine only.
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
            history.outcome = _Loop(model, state, callbacks, history, interrupts, epoch_monitor)(data, resume)
        except BaseException as error:
            history.outcome = OUTCOMES.get(type(error), "failed")
            raise
    return history


class _Loop:
    """The loop of one fit; called once."""

    def __init__(
        self,
        model: Model,
        state: FitState,
        callbacks: list[Callback],
        history: History,
        interrupts: Interrupts,
        epoch_monitor: EpochMonitor | None,
    ) -> None:
        self.model, self.state, self.history, self.interrupts = model, state, history, interrupts
        self.epoch_monitor = epoch_monitor
        self.core, self.lock = model._core, model._lock
        self.epoch_hooks = [c.on_epoch_end for c in callbacks if overrides(c, "on_epoch_end")]
        self.block_hooks = [c.on_block_end for c in callbacks if overrides(c, "on_block_end")]
        # With epoch callbacks a block ends at each epoch, so that they see the weights of the end of that epoch.
        self.max_epochs = 1 if self.epoch_hooks or epoch_monitor is not None else MOST
        self.complete = self.over = False
        self.began = time.perf_counter()

    def __call__(self, data: tuple[Any, ...], resume: bool) -> str:
        self.interrupts.shield()
        try:
            with self.lock.state_lock:
                self.core.begin(*data, self.state.config.options(resume))
                self.lock.engine_holds_data = True
                self.model._fit_state = self.state
        except BaseException:
            self.interrupts.deliver()
            raise
        try:
            return self._blocks()
        except CollapseError as error:
            self._finish("collapsed")
            error.history = self.history
            raise
        finally:
            self.interrupts.shield()
            with self.lock.state_lock:
                self.core.end()  # restores the best weights if the fit is complete
                if self.epoch_monitor is not None and self.over:
                    self.epoch_monitor.finish()
                self.lock.engine_holds_data = False
                self.state.finished = self.complete
            self.interrupts.deliver()

    def _blocks(self) -> str:
        if self.epoch_monitor is not None and self.epoch_monitor.catch_up():
            return self._finish("stopped early")
        while True:
            self.interrupts.shield()
            started = time.perf_counter()
            with self.lock.state_lock:
                block = self.core.run(self.max_epochs, BLOCK_SECONDS)
                logs = self._record(block)
            self.interrupts.deliver()
            if block["diverged"]:
                raise DivergenceError(block["epoch"] + 1, block["step"], block["diverged_loss"], self.history)
            stop = (logs is not None and self._call_epoch_hooks(logs)) or block["stopped_early"]
            if self.block_hooks:
                self._call_block_hooks(block, started)
            if block["finished"] or stop:
                return self._finish("stopped early" if stop else "finished")
            if self.model._stop:
                return "stopped"
            self.lock.pause()

    def _finish(self, outcome: str) -> str:
        """Mark the fit as complete: it cannot be resumed, and the monitor restores the best weights."""
        self.complete = self.over = True
        return outcome

    def _record(self, block: dict[str, Any]) -> dict[str, Any] | None:
        """Add the completed epochs to the histories; return the logs of the last one, if there is one."""
        logs = None
        for entry in block["epochs"]:
            logs = self.state.logs(entry, self.model.logged)
            self.history.add(logs)
            self.model.history.add(logs)
        self.state.epochs_done += len(block["epochs"])
        # A monitored fit is complete only after the monitor has evaluated the last epoch, see _finish.
        self.complete = block["diverged"] or (block["finished"] and self.epoch_monitor is None)
        return logs

    def _call_epoch_hooks(self, logs: dict[str, Any]) -> bool:
        """Pass the epoch to the monitor and the callbacks; return whether the monitor stops the fit."""
        epoch, stop = logs.pop("epoch"), False
        if self.epoch_monitor is not None:
            stop = self._observe(self.epoch_monitor, epoch, logs)
        for hook in self.epoch_hooks:
            hook(epoch, logs)
            self._amend(logs)
        return stop

    def _observe(self, epoch_monitor: EpochMonitor, epoch: int, logs: dict[str, Any]) -> bool:
        try:
            return epoch_monitor.observe(epoch, logs)
        finally:
            self._amend(logs)

    def _names(self) -> tuple[str, ...]:
        return self.epoch_monitor.names if self.epoch_monitor is not None else ()

    def _amend(self, logs: dict[str, Any]) -> None:
        self.history.amend(logs)
        self.model.history.amend(logs)

    def _call_block_hooks(self, block: dict[str, Any], started: float) -> None:
        names = (*self.model.shown, *self._names())
        progress = progress_of(block, self.history, self.state, started, self.began, names)
        for hook in self.block_hooks:
            hook(progress)


OUTCOMES: dict[type[BaseException], str] = {
    KeyboardInterrupt: "interrupted",
    DivergenceError: "diverged",
    CollapseError: "collapsed",
}
"""Outcomes of fits that an exception ends; others are "failed"."""


def nothing_left() -> History:
    """Return the history of a resume of a complete fit."""
    history = History(epoch=[], loss=[])
    history.outcome = "finished"
    return history
