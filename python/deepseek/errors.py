"""What can go wrong beyond a ValueError or TypeError.

A file that cannot be read as a model raises `ModelFileError`, which lives with the files.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CollapseError", "DivergenceError"]


class DivergenceError(ArithmeticError):
    """The loss or a weight became infinite or NaN while training.

    Training stopped at that step; the model holds the last finite weights and predicts with them.

    Attributes
    ----------
    epoch : int
        Epoch under way, counted from 1 since the model was made or reset.
    step : int
        Complete steps of that epoch.
    loss : float
        Mean loss of the epoch up to there, or the value that was not finite.
    history : History or None
        The epochs this fit did complete.
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
            "the last finite weights are kept. A smaller rate, clip_norm= or scaled inputs usually help"
        )


class CollapseError(DivergenceError):
    """A generator's samples became all alike while a `Gen` trained.

    Seen by the monitors of a fit, see `Gen.fit`. The fit is over; the model holds the best weights, if early
    stopping watched for them, else those of that epoch.

    Attributes
    ----------
    epoch, step, loss, history
        As of `DivergenceError`.
    reason : str
        What was seen.
    """

    def __init__(self, epoch: int, step: int, loss: float, history: Any = None, reason: str = "") -> None:
        super().__init__(epoch, step, loss, history)
        self.args = (epoch, step, loss, history, reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the generator collapsed by epoch {self.epoch}: {self.reason}. A penalty, pack=, minibatch_std= or "
            "a smaller rate usually help"
        )
