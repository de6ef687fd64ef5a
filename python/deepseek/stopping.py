"""Early stopping: the rule that ends a fit before its last epoch. The engine evaluates it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._config.base import ConfigBase, count, number, one_of, switch

__all__ = ["EarlyStopping"]


@dataclass(frozen=True, repr=False)
class EarlyStopping(ConfigBase):
    """Stops a fit when the monitored loss has not improved for ``patience`` epochs (Prechelt 1998).

    Parameters
    ----------
    patience : int, default=10
        Number of epochs without improvement after which training stops, at least 1.
    min_delta : float, default=0.0
        Smallest decrease of the loss that counts as an improvement, at least 0.
    monitor : {"val_loss", "loss"}, optional
        Loss to monitor; default: the validation loss if the fit has validation data, otherwise the training
        loss.
    restore_best : bool, default=True
        Whether the weights of the best epoch are restored when the fit ends.

    Raises
    ------
    TypeError, ValueError
        For invalid arguments.
    """

    patience: int = count(10)
    min_delta: float = number(0.0)
    monitor: str | None = one_of(None, ("val_loss", "loss"))
    restore_best: bool = switch(True)


def as_early_stopping(value: Any) -> EarlyStopping | None:
    """Validate the argument `early_stopping` of `fit`: EarlyStopping, True (the defaults), False or None."""
    if value is None or value is False:
        return None
    if value is True:
        return EarlyStopping()
    if isinstance(value, EarlyStopping):
        return value
    raise TypeError(f"early_stopping must be EarlyStopping(...), True or None, got {value!r}")
