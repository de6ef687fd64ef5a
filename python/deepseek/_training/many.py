"""The loop of many fits: the engine trains Nets in blocks; history, callbacks and Ctrl-C are handled between two.

Each Net is trained by one worker at a time, with the bits of a fit of its own. The engine gets the next Nets when it
needs them, so the memory of prepared fits stays small.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from .. import _core
from .._data.selected import SharedData
from ..callbacks import Callback
from ..history import History
from .fit import BLOCK_SECONDS, OUTCOMES
from .fit_state import FitConfig, FitState
from .interrupts import Interrupts
from .locks import ModelLock, all_held
from .observers import Observers

if TYPE_CHECKING:
    from .base import Model

FITS_PER_WORKER = 4
"""Number of prepared fits per worker at the beginning; it doubles when a block ends for lack of fits."""

MOST_FITS = 1024
"""Largest number of prepared fits; a block acquires the lock of each."""

SHORT_BLOCK_SECONDS = 0.002
"""Duration of a block if some of its fits stop after each epoch: they wait for the end of the block."""


def fit_many(
    models: Sequence[Model],
    configs: Sequence[FitConfig],
    callbacks: Sequence[list[Callback]],
    read: Callable[[], SharedData],
    *,
    threads: int,
) -> list[History]:
    """Train each of many Nets on its rows.

    Parameters
    ----------
    models : sequence of Net
        Nets to train, without repetition.
    configs : sequence of FitConfig
        Options of each fit.
    callbacks : sequence of list of Callback
        Callbacks of each fit, validated.
    read : callable
        Function that validates and returns the data.
    threads : int
        Largest number of Nets in training at a time.

    Returns
    -------
    list of History
        One history per Net.
    """
    fits = _core.NetFits()
    held: list[ModelLock] = []
    with Interrupts(fits.cancel) as interrupts:
        interrupts.shield()
        try:
            for number, model in enumerate(models):
                model._lock.acquire_fit(model._core, f"nets[{number}]")
                held.append(model._lock)
                model._stop = False
            interrupts.deliver()
            return _ManyLoop(models, configs, callbacks, read(), fits, interrupts, threads)()
        finally:
            interrupts.shield()
            for lock in held:
                lock.release_fit()
            interrupts.deliver()


class _ManyLoop:
    """The loop of one call; called once."""

    def __init__(
        self,
        models: Sequence[Model],
        configs: Sequence[FitConfig],
        callbacks: Sequence[list[Callback]],
        data: SharedData,
        fits: _core.NetFits,
        interrupts: Interrupts,
        threads: int,
    ) -> None:
        self.models, self.configs, self.callbacks, self.data = models, configs, callbacks, data
        self.fits, self.interrupts, self.threads = fits, interrupts, threads
        self.histories = [History() for _ in models]
        # The longest fits come first, so that the workers end at about the same time.
        work = [m.num_parameters * data.count(i) * configs[i].epochs for i, m in enumerate(models)]
        self.waiting = deque(sorted(range(len(models)), key=work.__getitem__, reverse=True))
        self.active: dict[int, FitState] = {}  # fits that the engine has
        self.observers: dict[int, Observers] = {}  # of fits that have begun, if they have callbacks
        self.limit = FITS_PER_WORKER * threads
        self.sized: dict[tuple[FitConfig, int, int], tuple[FitConfig, dict[str, Any]]] = {}

    def __call__(self) -> list[History]:
        try:
            self._train()
        except BaseException as error:
            for number in self.observers:
                self.histories[number].outcome = OUTCOMES.get(type(error), "failed")
            raise
        finally:
            with ExitStack() as endings:
                for observers in self.observers.values():
                    endings.callback(observers.end)
        return self.histories

    def _train(self) -> None:
        try:
            while self.waiting or self.active:
                self._block()
        finally:
            self.interrupts.shield()
            try:
                self._end()
            finally:
                self.interrupts.deliver()

    def _end(self) -> None:
        with self._states():
            try:
                self._record()
            finally:
                for number, state in self.active.items():  # if memory was too short to record their epochs
                    if self.fits.has_begun(number):
                        self.models[number]._fit_state = state
                self.fits.end()
                for number in self.active:
                    self.models[number]._lock.engine_holds_data = False

    def _block(self) -> None:
        new = self._begin_fits()
        self.interrupts.shield()
        for number in new:
            self._add(number)
        by_epoch = any(observers.by_epoch for observers in self.observers.values())
        started = time.perf_counter()
        with self._states():
            self.fits.run(self.threads, SHORT_BLOCK_SECONDS if by_epoch else BLOCK_SECONDS)
            observed = self._record()
        self.interrupts.deliver()
        for number, outcome, logs, block in observed:
            if outcome != "diverged" and (logs is not None or block["samples"]):
                self.observers[number].after_block(self.active[number], logs, block, started)
            if outcome is not None:
                self._finish(number, outcome)
        for number in [number for number in self.active if self.models[number]._stop]:
            self._finish(number, "stopped")
        if len(self.active) < self.threads:
            self.limit = min(2 * self.limit, MOST_FITS)
        self.models[0]._lock.pause()

    def _states(self) -> AbstractContextManager[None]:
        return all_held([self.models[number]._lock.state_lock for number in self.active])

    def _begin_fits(self) -> list[int]:
        """Return the numbers of the Nets to add; call their callbacks."""
        new: list[int] = []
        while self.waiting and len(self.active) + len(new) < self.limit:
            number = self.waiting.popleft()
            model = self.models[number]
            if self.callbacks[number] and not model._stop:
                observers = Observers(model, self.callbacks[number], self.histories[number])
                self.observers[number] = observers
                observers.begin()
            if not model._stop:
                new.append(number)
                continue
            self.histories[number].outcome = "stopped"
            if number in self.observers:
                self.observers.pop(number).end()
        return new

    def _add(self, number: int) -> None:
        model, data = self.models[number], self.data.of(number)
        key = self.configs[number], *data.sizes
        if key not in self.sized:
            config = self.configs[number].with_sizes(*data.sizes)
            self.sized[key] = config, config.options(resume=False)
        config, options = self.sized[key]
        held_out: tuple[Any, Any, Any, Any] = (None, None, None, None)
        if data.validation is not None:
            held_out = data.validation.arrays
        observers = self.observers.get(number)
        self.fits.add(
            number,
            model._core,
            *data.training.arrays,
            *held_out,
            options=options,
            by_epoch=observers is not None and observers.by_epoch,
            observed=observers is not None,
        )
        model._lock.engine_holds_data = True
        self.active[number] = FitState(config)

    def _record(self) -> list[tuple[int, str | None, dict[str, Any] | None, dict[str, Any]]]:
        """Add the completed epochs to the histories.

        Returns
        -------
        list of tuple
            Of each fit with callbacks: its number, its outcome or None, the logs of its last new epoch or None, and
            the engine's result of the block.
        """
        observed = []
        for number, outcome, columns, progress in self.fits.report():
            model, state = self.models[number], self.active[number]
            model._fit_state = state
            epochs = dict(zip(model.logged, columns, strict=True))
            if not state.config.validation_rows:
                del epochs["val_loss"]
            if epochs["epoch"]:
                self.histories[number].extend(epochs)
                model.history.extend(epochs)
                state.epochs_done += len(epochs["epoch"])
            if outcome is not None:
                state.finished = True
            if number in self.observers:
                logs = {key: values[-1] for key, values in epochs.items()} if epochs["epoch"] else None
                observed.append((number, outcome, logs, dict(zip(_PROGRESS, progress, strict=True))))
            elif outcome is not None:
                self._leave(number, outcome)
        return observed

    def _finish(self, number: int, outcome: str) -> None:
        """End the fit of a Net that the engine still has."""
        self.interrupts.shield()
        with self.models[number]._lock.state_lock:
            self.fits.remove(number)
            self._leave(number, outcome)
        self.interrupts.deliver()
        if number in self.observers:
            self.observers.pop(number).end()

    def _leave(self, number: int, outcome: str) -> None:
        del self.active[number]
        self.models[number]._lock.engine_holds_data = False
        self.histories[number].outcome = outcome


_PROGRESS = ("epoch", "step", "steps_per_epoch", "running_loss", "samples")
"""Names of the engine's result of a block."""
