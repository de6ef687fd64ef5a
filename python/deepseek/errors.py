"""Exceptions of a fit besides ValueError and TypeError; `ModelFileError` is defined with the files."""

from __future__ import annotations

from typing import Any

__all__ = ["CollapseError", "DivergenceError"]


class DivergenceError(ArithmeticError):
    """Raised when the loss or a weight becomes infinite or NaN during training.

    Training ends at that step. The model keeps the last finite weights and can predict with them.

    Attributes
    ----------
    epoch : int
        Current epoch, counted from 1 since the model was created or reset.
    step : int
        Number of completed steps of that epoch.
    loss : float
        Mean loss of the epoch so far, or the value that was not finite.
    history : History or None
        Completed epochs of this fit.
    """

    def __init__(self, epoch: int, step: int, loss: float, history: Any = None) -> None:
        super().__init__(epoch, step, loss, history)
        self.epoch = epoch
        self.step = step
        self.loss = loss
        self.history = history

    def __str__(self) -> str:
        return (
            f"training diverged in epoch {self.epoch} after {self.step} steps (loss {self.loss:g}); "
            "the last finite weights are kept. A smaller learning_rate, clip_norm= or scaled inputs usually help"
        )


class CollapseError(DivergenceError):
    """Raised when the samples of a generator become nearly identical during the fit of a `Gen` (mode collapse).

    It is detected by the monitors of a fit, see `Gen.fit`. The model keeps the best weights if early stopping
    was used, otherwise those of the last epoch.

    Attributes
    ----------
    epoch : int
        Current epoch, counted from 1 since the model was created or reset.
    step : int
        Number of completed steps of that epoch; 0, as monitors run between epochs.
    loss : float
        Mean loss of the discriminator in the last epoch.
    history : History or None
        Completed epochs of this fit.
    reason : str
        Description of the collapse.
    """

    def __init__(self, epoch: int, step: int, loss: float, history: Any = None, reason: str = "") -> None:
        super().__init__(epoch, step, loss, history)
        self.args = (epoch, step, loss, history, reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the generator collapsed by epoch {self.epoch}: {self.reason}. A penalty, pac=, minibatch_std= or "
            "a smaller learning_rate usually help"
        )
