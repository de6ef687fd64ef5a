"""Progress of a fit, as `Callback.on_block_end` gets it."""

from __future__ import annotations

import math
import time
from typing import Any

from ..callbacks import Progress
from ..history import History
from .fit_state import FitState


def progress_of(
    block: dict[str, Any],
    history: History,
    state: FitState,
    started: float,
    began: float,
    names: tuple[str, ...] = (),
) -> Progress:
    """Return the progress of a fit after a block.

    Parameters
    ----------
    block : dict
        The engine's result of the block: ``epoch``, ``step``, ``steps_per_epoch``, ``running_loss``, ``samples``.
    history : History
        Epochs of this fit.
    state : FitState
        State of this fit.
    started, began : float
        Times of ``time.perf_counter()`` at the start of the block and of the fit, in seconds.
    names : tuple of str, default=()
        Further columns of the history to report.
    """
    now = time.perf_counter()
    at_end = block["step"] == 0 and history.epochs > 0  # between two epochs, the completed one is reported
    return Progress(
        epoch=block["epoch"] - at_end + 1,
        epochs=block["epoch"] + state.config.epochs - state.epochs_done,
        step=block["steps_per_epoch"] if at_end else block["step"],
        steps=block["steps_per_epoch"],
        loss=history["loss"][-1] if at_end else block["running_loss"],
        val_loss=_last(history, "val_loss"),
        learning_rate=_last(history, "learning_rate"),
        samples_per_second=block["samples"] / max(now - started, 1e-9),
        seconds=now - began,
        metrics={key: _last(history, key) for key in names},
    )


def _last(history: History, key: str) -> float:
    values = history.get(key)
    return float(values[-1]) if values else math.nan
