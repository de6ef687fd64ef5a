"""Callbacks of one of many fits that run at the same time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..callbacks import Callback, overrides
from ..history import History
from .fit_state import FitState
from .progress import progress_of

if TYPE_CHECKING:
    from .base import Model


class Observers:
    """Callbacks of one fit. They may be shared with other fits, so each call sets their `model` first.

    Parameters
    ----------
    model : Model
        Model of the fit.
    callbacks : sequence of Callback
        Callbacks, validated.
    history : History
        Epochs of the fit.
    """

    def __init__(self, model: Model, callbacks: Sequence[Callback], history: History) -> None:
        self.model, self.callbacks, self.history = model, callbacks, history
        self._epoch_hooks = [c for c in callbacks if overrides(c, "on_epoch_end")]
        self._block_hooks = [c for c in callbacks if overrides(c, "on_block_end")]
        self._endings = ExitStack()
        self._began = 0.0

    @property
    def by_epoch(self) -> bool:
        """Whether the fit has to stop after each epoch, so that callbacks see the weights of its end."""
        return bool(self._epoch_hooks)

    def begin(self) -> None:
        """Call on_fit_begin; the callbacks for which it succeeds get on_fit_end."""
        self._began = time.perf_counter()
        for callback in self.callbacks:
            callback.model = self.model
            callback.on_fit_begin()
            self._endings.callback(self._end_one, callback)

    def after_block(
        self, state: FitState, logs: dict[str, Any] | None, block: dict[str, Any], started: float
    ) -> None:
        """Call on_epoch_end if there are logs of an epoch, then on_block_end."""
        if logs is not None:
            epoch = logs.pop("epoch")
            for callback in self._epoch_hooks:
                callback.model = self.model
                callback.on_epoch_end(epoch, logs)
                self.history.amend(logs)
                self.model.history.amend(logs)
        if self._block_hooks:
            progress = progress_of(block, self.history, state, started, self._began, self.model.shown)
            for callback in self._block_hooks:
                callback.model = self.model
                callback.on_block_end(progress)

    def end(self) -> None:
        """Call on_fit_end of all callbacks, the last one first, also if one of them fails."""
        self._endings.close()

    def _end_one(self, callback: Callback) -> None:
        callback.model = self.model
        callback.on_fit_end(self.history)
