"""Early stopping: when a fit ends before its last epoch. A description; the engine does the watching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._described import Described, count, name, number, switch

__all__ = ["EarlyStopping"]


@dataclass(frozen=True, repr=False)
class EarlyStopping(Described):
    """Stop once the watched loss has not improved for ``patience`` epochs (Prechelt 1998).

    Parameters
    ----------
    patience : int, default=10
        Epochs without improvement after which training stops, at least 1.
    min_delta : float, default=0.0
        An improvement is a loss more than this below the best so far.
    monitor : {"val_loss", "loss"}, optional
        The loss to watch; default: the validation loss if the fit has validation data, else the training
        loss.
    restore_best : bool, default=True
        Put the weights of the best epoch in place when the fit ends; else those of the last epoch stay.
    """

    patience: int = count(10)
    min_delta: float = number(0.0)
    monitor: str | None = name(None, ("val_loss", "loss"))
    restore_best: bool = switch(True)


def as_early_stopping(value: Any) -> EarlyStopping | None:
    """What `fit` takes: None or False (never), True (with the defaults), or a description."""
    if value is None or value is False:
        return None
    if value is True:
        return EarlyStopping()
    if isinstance(value, EarlyStopping):
        return value
    raise TypeError(f"early_stopping must be EarlyStopping(...), True or None, got {value!r}")
